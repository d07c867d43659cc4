"""What others may ask about programmes, awards and tiers."""

from regulars.loyalty.selectors.awards import (
    list_awarded_orders,
    list_awards,
    list_awards_of_transfers,
    list_orders_awarded_since,
    read_surroundings,
)
from regulars.loyalty.selectors.checks import CHECKS
from regulars.loyalty.selectors.programme import find_programme, get_programme
from regulars.loyalty.selectors.statement import StatementLine, StatementPage, list_statement
from regulars.loyalty.selectors.tiers import (
    Held,
    PathStep,
    count_tiers,
    get_progress,
    held_by,
    list_growth,
    list_tier_history,
    tier_of,
)

__all__ = [
    "CHECKS",
    "Held",
    "PathStep",
    "StatementLine",
    "StatementPage",
    "count_tiers",
    "find_programme",
    "get_programme",
    "get_progress",
    "held_by",
    "list_awarded_orders",
    "list_awards",
    "list_awards_of_transfers",
    "list_growth",
    "list_orders_awarded_since",
    "list_statement",
    "list_tier_history",
    "read_surroundings",
    "tier_of",
]
