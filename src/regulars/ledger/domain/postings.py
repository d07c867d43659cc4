"""What may be asked of the ledger: one frozen value for each kind of posting.

Every posting carries an id made by its caller: the same id with the same content is one posting
for ever, with other content it is refused. Times are not part of the content, so that a retry
that reads the clock again is still the same request.
"""

from datetime import datetime
from enum import StrEnum
from hashlib import blake2b
from struct import Struct as Layout
from typing import Final
from uuid import UUID

from msgspec import Struct

from regulars.kit.errors import Refusal
from regulars.ledger.domain.accounts import Currency, OwedPolicy

GRACE_DAYS: Final = 30  # what a restored point lives on when its lot has expired meanwhile
HOLD_DAYS_MAX: Final = 31

_CONTENT = Layout("<BBhqqq")
_INT64 = range(-(2**63), 2**63)


class Posting(Struct, frozen=True, kw_only=True, gc=False):
    """What every posting says: its id, whose points, when it happened, and why."""

    id: UUID
    member_id: int
    occurred_at: datetime
    currency: Currency = Currency.POINTS
    event_id: int | None = None
    rule_version_id: int | None = None
    store_id: int | None = None
    actor_id: int | None = None
    reason_code: int = 0
    business_id: UUID | None = None


class Earn(Posting, frozen=True, kw_only=True, gc=False):
    """Grant points in a new lot. `usable_from` None waits until the lot is released."""

    amount: int
    usable_from: datetime | None
    expires_at: datetime | None


class Open(Posting, frozen=True, kw_only=True, gc=False):
    """Bring in a lot from an earlier system."""

    amount: int
    usable_from: datetime | None
    expires_at: datetime | None


class Spend(Posting, frozen=True, kw_only=True, gc=False):
    """Take points, soonest to expire first."""

    amount: int


class Adjust(Posting, frozen=True, kw_only=True, gc=False):
    """Correct a balance by hand: up into a new lot, down like a spend. Always with a reason."""

    amount: int
    expires_at: datetime | None = None


class Gift(Posting, frozen=True, kw_only=True, gc=False):
    """Hand points to another member; they keep their expiry."""

    recipient_id: int
    amount: int


class Clawback(Posting, frozen=True, kw_only=True, gc=False):
    """Reverse a grant, in whole or in part; `amount` None reverses what is left of it."""

    reverses: UUID
    amount: int | None
    policy: OwedPolicy = OwedPolicy.OWE


class Restore(Posting, frozen=True, kw_only=True, gc=False):
    """Reverse a spend to its own lots; `amount` None restores what is left of it."""

    reverses: UUID
    amount: int | None
    grace_days: int = GRACE_DAYS


class Hold(Posting, frozen=True, kw_only=True, gc=False):
    """Set points aside for a while; the id is the hold's."""

    amount: int
    expires_at: datetime


class Commit(Posting, frozen=True, kw_only=True, gc=False):
    """Spend what was held, or a part of it once; the rest is free again."""

    hold_id: UUID
    amount: int | None


class Void(Posting, frozen=True, kw_only=True, gc=False):
    """Let go what was held."""

    hold_id: UUID


class PostedAs(StrEnum):
    """What became of a posting."""

    POSTED = "posted"
    EXISTS = "exists"
    REFUSED = "refused"


class Posted(Struct, frozen=True, gc=False):
    """The answer to one posting, in the order they were given.

    `taken` is what moved on the member's account, `repaid` what a debt took of it at once,
    `owed` and `forgiven` what a clawback could not take, `lapsed` what had expired already.
    """

    id: UUID
    outcome: PostedAs
    refusal: Refusal | None = None
    taken: int = 0
    repaid: int = 0
    owed: int = 0
    forgiven: int = 0
    lapsed: int = 0

    @property
    def is_done(self) -> bool:
        return self.outcome is not PostedAs.REFUSED


def request_hash(posting: Posting, *, member_id: int | None = None) -> bytes:
    """Digest what the posting asks for; `member_id` stands in for members merged since."""
    whose = posting.member_id if member_id is None else member_id
    amount = getattr(posting, "amount", None)
    other = getattr(posting, "recipient_id", 0)
    packed = _CONTENT.pack(
        _CODES[type(posting)],
        posting.currency,
        posting.reason_code,
        whose,
        -(2**63) if amount is None or amount not in _INT64 else amount,
        other,
    )
    about = getattr(posting, "reverses", None) or getattr(posting, "hold_id", None)
    if about is not None:
        packed += about.bytes
    return blake2b(packed, digest_size=16).digest()


def grant_hash(posting: Earn | Open, member_id: int) -> bytes:
    """Digest a grant: `request_hash` without its questions, for the path that runs most."""
    return blake2b(
        _CONTENT.pack(
            _CODES[type(posting)],
            posting.currency,
            posting.reason_code,
            member_id,
            posting.amount,
            0,
        ),
        digest_size=16,
    ).digest()


_CODES: dict[type[Posting], int] = {
    Posting: 0,
    Earn: 1,
    Open: 2,
    Spend: 3,
    Adjust: 4,
    Gift: 5,
    Clawback: 6,
    Restore: 7,
    Hold: 8,
    Commit: 9,
    Void: 10,
}
