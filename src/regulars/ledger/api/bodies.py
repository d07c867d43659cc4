"""What may be sent about points: every body refuses fields that are not declared."""

from uuid import UUID

from ninja import Schema
from pydantic import AwareDatetime, ConfigDict, Field, StrictInt

from regulars.ledger.domain import AMOUNT_MAX, GRACE_DAYS, OwedPolicy

REASON_MAX = 32_000


class Body(Schema):
    """A request body: what is not declared is refused."""

    model_config = ConfigDict(extra="forbid", str_max_length=256)


class EarnIn(Body):
    """Points to grant; usable at once and for ever unless dated."""

    amount: StrictInt = Field(ge=1, le=AMOUNT_MAX)
    id: UUID | None = None
    usable_from: AwareDatetime | None = None
    expires_at: AwareDatetime | None = None
    occurred_at: AwareDatetime | None = None
    reason_code: StrictInt = Field(default=0, ge=0, le=REASON_MAX)
    store: str | None = None


class SpendIn(Body):
    """Points to take, soonest to expire first."""

    amount: StrictInt = Field(ge=1, le=AMOUNT_MAX)
    id: UUID | None = None
    reason_code: StrictInt = Field(default=0, ge=0, le=REASON_MAX)
    store: str | None = None


class GiveIn(Body):
    """Points to hand to another member; they keep their expiry."""

    amount: StrictInt = Field(ge=1, le=AMOUNT_MAX)
    recipient: UUID
    id: UUID | None = None


class HoldIn(Body):
    """Points to set aside."""

    amount: StrictInt = Field(ge=1, le=AMOUNT_MAX)
    expires_at: AwareDatetime
    id: UUID | None = None


class AdjustIn(Body):
    """A correction by hand, up or down, with a reason."""

    amount: StrictInt = Field(ge=-AMOUNT_MAX, le=AMOUNT_MAX)
    reason_code: StrictInt = Field(ge=1, le=REASON_MAX)
    id: UUID | None = None
    expires_at: AwareDatetime | None = None


class CommitIn(Body):
    """How much of a hold to spend; all of it where nothing is said."""

    amount: StrictInt | None = Field(default=None, ge=1, le=AMOUNT_MAX)
    store: str | None = None


class ReverseIn(Body):
    """What to undo; what is left of the movement where no amount is given."""

    amount: StrictInt | None = Field(default=None, ge=1, le=AMOUNT_MAX)
    policy: OwedPolicy = OwedPolicy.OWE
    grace_days: StrictInt = Field(default=GRACE_DAYS, ge=0, le=3660)
    reason_code: StrictInt = Field(default=0, ge=0, le=REASON_MAX)
    id: UUID | None = None
