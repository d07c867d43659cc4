"""What can be asked of the ledger: balances, lots, entries, transfers, holds, checks."""

from regulars.ledger.selectors.balances import (
    balances,
    get_balance,
    list_entries,
    list_lots,
)
from regulars.ledger.selectors.checks import CHECKS
from regulars.ledger.selectors.installed import installed_checks, list_checks
from regulars.ledger.selectors.runs import get_verify_run, list_verify_runs
from regulars.ledger.selectors.statements import (
    MovementPage,
    corrected_since,
    count_movements,
    get_movement,
    list_movements,
    list_movements_of,
    sum_movements,
)
from regulars.ledger.selectors.transfers import (
    get_hold,
    get_transfer,
    get_zone_name,
    list_holds,
)

__all__ = [
    "CHECKS",
    "MovementPage",
    "balances",
    "corrected_since",
    "count_movements",
    "get_balance",
    "get_hold",
    "get_movement",
    "get_transfer",
    "get_verify_run",
    "get_zone_name",
    "installed_checks",
    "list_checks",
    "list_entries",
    "list_holds",
    "list_lots",
    "list_movements",
    "list_movements_of",
    "list_verify_runs",
    "sum_movements",
]
