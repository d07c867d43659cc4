"""The accounts of the ledger: which currencies there are, whose they are, how house ids are made.

A member has one account for each currency, and an `owed` account once something could not be
taken back. The house's own accounts (issued, redeemed, expired ...) keep no running balance:
they are summed from transfers, because one row that everybody updates would slow everybody.
"""

from enum import IntEnum, StrEnum
from typing import Final


class Currency(IntEnum):
    """What an account counts."""

    POINTS = 1
    GROWTH = 2
    STORED_VALUE = 3
    STORED_GIFT = 4


class AccountKind(IntEnum):
    """Whose account it is, and what for."""

    MEMBER = 0
    OWED = 1
    ISSUED = 2
    REDEEMED = 3
    EXPIRED = 4
    ADJUSTED = 5
    MIGRATED = 6
    PARTNER = 7
    FORGIVEN = 8
    CLOSED = 9


class TransferKind(IntEnum):
    """What a transfer was for."""

    EARN = 1
    SPEND = 2
    EXPIRE = 3
    REVERSE = 4
    RESTORE = 5
    MERGE = 6
    ADJUST = 7
    COMMIT = 8
    OWE = 9
    REPAY = 10
    OPEN = 11
    GIFT = 12
    CLOSE = 13
    FORGIVE = 14


class HoldState(IntEnum):
    """How far a hold has come. Every hold leaves `open` once."""

    OPEN = 0
    COMMITTED = 1
    VOIDED = 2
    EXPIRED = 3


class OwedPolicy(StrEnum):
    """What happens to the part of a clawback that the member no longer holds."""

    OWE = "owe"
    FORGIVE = "forgive"
    BLOCK = "block"


CURRENCIES: Final = tuple(Currency)
HOUSE_KINDS: Final = tuple(kind for kind in AccountKind if kind >= AccountKind.ISSUED)
WITHOUT_LOTS: Final = frozenset({int(Currency.GROWTH)})

# Plain integers for the hot path, where building an enum member costs more than the addition.
EARN: Final = int(TransferKind.EARN)
SPEND: Final = int(TransferKind.SPEND)
EXPIRE: Final = int(TransferKind.EXPIRE)
REVERSE: Final = int(TransferKind.REVERSE)
RESTORE: Final = int(TransferKind.RESTORE)
MERGE: Final = int(TransferKind.MERGE)
ADJUST: Final = int(TransferKind.ADJUST)
COMMIT: Final = int(TransferKind.COMMIT)
OWE: Final = int(TransferKind.OWE)
REPAY: Final = int(TransferKind.REPAY)
OPEN: Final = int(TransferKind.OPEN)
GIFT: Final = int(TransferKind.GIFT)
CLOSE: Final = int(TransferKind.CLOSE)
FORGIVE: Final = int(TransferKind.FORGIVE)

AMOUNT_MAX: Final = 10**12
BALANCE_MAX: Final = 2**62
_KINDS_PER_CURRENCY: Final = 100
_CURRENCIES_PER_PROGRAMME: Final = 100


def house_account(programme_id: int, currency: int, kind: int) -> int:
    """Compute the id of a house account: negative, and known without asking the database."""
    slot = (programme_id * _CURRENCIES_PER_PROGRAMME + currency) * _KINDS_PER_CURRENCY + kind
    return -slot


def house_kind(account_id: int) -> AccountKind | None:
    """Read the kind out of an account id, or None where the account is a member's."""
    return None if account_id > 0 else AccountKind(-account_id % _KINDS_PER_CURRENCY)
