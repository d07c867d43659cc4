"""What others may ask about programmes, awards and tiers."""

from regulars.loyalty.selectors.awards import (
    list_awarded_orders,
    list_awards,
    list_awards_of_transfers,
    read_surroundings,
)
from regulars.loyalty.selectors.programme import find_programme, get_programme
from regulars.loyalty.selectors.tiers import (
    Held,
    PathStep,
    count_tiers,
    held_by,
    list_growth,
    progress,
    tier_history,
    tier_of,
)

__all__ = [
    "Held",
    "PathStep",
    "count_tiers",
    "find_programme",
    "get_programme",
    "held_by",
    "list_awarded_orders",
    "list_awards",
    "list_awards_of_transfers",
    "list_growth",
    "progress",
    "read_surroundings",
    "tier_history",
    "tier_of",
]
