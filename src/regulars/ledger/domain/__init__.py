"""What the ledger knows without touching anything: values, rules, refusals, facts.

Points live in lots, because points expire. A transfer moves an amount from one account to
another, so nothing can be unbalanced. Nothing here reads a clock or a table.
"""

from regulars.ledger.domain.accounts import (
    AMOUNT_MAX,
    CURRENCIES,
    HOUSE_KINDS,
    WITHOUT_LOTS,
    AccountKind,
    Currency,
    HoldState,
    OwedPolicy,
    TransferKind,
    house_account,
    house_kind,
)
from regulars.ledger.domain.books import Account, Books, HeldLots, Lot, Original, UsedLot, Writes
from regulars.ledger.domain.checking import Check
from regulars.ledger.domain.facts import EVENT_TYPES
from regulars.ledger.domain.holding import release_expired
from regulars.ledger.domain.moving import (
    check_unmerge,
    plan_close,
    plan_expiry,
    plan_merge,
    plan_unmerge,
)
from regulars.ledger.domain.planning import plan_postings
from regulars.ledger.domain.postings import (
    GRACE_DAYS,
    HOLD_DAYS_MAX,
    Adjust,
    Clawback,
    Commit,
    Earn,
    Gift,
    Hold,
    Open,
    Posted,
    PostedAs,
    Posting,
    Restore,
    Spend,
    Void,
    request_hash,
)
from regulars.ledger.domain.refusals import (
    AccountClosed,
    AccountFrozen,
    AmountOutOfRange,
    BalanceTooLarge,
    ClawbackBlocked,
    GiftToSelf,
    HoldExpired,
    HoldMissing,
    HoldResolved,
    HoldTooShort,
    HoldTooSmall,
    InsufficientPoints,
    MergeRefused,
    PointsBusy,
    ReversalTooLarge,
    TransferConflict,
    TransferMissing,
    TransferNotReversible,
)
from regulars.ledger.domain.spending import plan_lots
from regulars.ledger.domain.values import (
    Balance,
    Entry,
    EntryPage,
    Finding,
    HeldPoints,
    OpenLot,
    Transfer,
    Verdict,
)

__all__ = [
    "AMOUNT_MAX", "CURRENCIES", "EVENT_TYPES", "GRACE_DAYS", "HOLD_DAYS_MAX", "HOUSE_KINDS",
    "WITHOUT_LOTS", "Account", "AccountClosed", "AccountFrozen", "AccountKind", "Adjust",
    "AmountOutOfRange", "Balance", "BalanceTooLarge", "Books", "Check", "Clawback",
    "ClawbackBlocked", "Commit", "Currency", "Earn", "Entry", "EntryPage", "Finding", "Gift",
    "GiftToSelf", "HeldLots", "HeldPoints", "Hold", "HoldExpired", "HoldMissing", "HoldResolved",
    "HoldState", "HoldTooShort", "HoldTooSmall", "InsufficientPoints", "Lot", "MergeRefused",
    "Open", "OpenLot", "Original", "OwedPolicy", "PointsBusy", "Posted", "PostedAs", "Posting",
    "Restore", "ReversalTooLarge", "Spend", "Transfer", "TransferConflict", "TransferKind",
    "TransferMissing", "TransferNotReversible", "UsedLot", "Verdict", "Void", "Writes",
    "check_unmerge",
    "house_account", "house_kind", "plan_close", "plan_expiry", "plan_lots", "plan_merge",
    "plan_postings", "plan_unmerge", "release_expired", "request_hash",
]  # fmt: skip
