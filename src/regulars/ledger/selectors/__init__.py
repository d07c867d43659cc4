"""What can be asked of the ledger: balances, lots, entries, transfers, holds, checks."""

from regulars.ledger.selectors.balances import (
    balances,
    get_balance,
    list_entries,
    list_lots,
)
from regulars.ledger.selectors.checks import CHECKS
from regulars.ledger.selectors.transfers import (
    get_hold,
    get_transfer,
    get_zone_name,
    list_holds,
)

__all__ = [
    "CHECKS",
    "balances",
    "get_balance",
    "get_hold",
    "get_transfer",
    "get_zone_name",
    "list_entries",
    "list_holds",
    "list_lots",
]
