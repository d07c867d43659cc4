"""What may be sent about points: every body refuses fields that are not declared."""

from typing import Annotated
from uuid import UUID

from ninja import Schema
from pydantic import AfterValidator, AwareDatetime, ConfigDict, Field, StrictInt
from pydantic.config import JsonDict

from regulars.kit.instants import in_utc
from regulars.ledger.domain import AMOUNT_MAX, GRACE_DAYS, OwedPolicy

REASON_MAX = 32_000

Moment = Annotated[AwareDatetime, AfterValidator(in_utc)]


def shown(example: JsonDict) -> ConfigDict:
    """Configure a body: what is not declared is refused, and the reference shows an example."""
    return ConfigDict(extra="forbid", str_max_length=256, json_schema_extra={"example": example})


class Body(Schema):
    """A request body: what is not declared is refused."""

    model_config = ConfigDict(extra="forbid", str_max_length=256)


class EarnIn(Body):
    """Points to grant; usable at once and for ever unless dated."""

    model_config = shown({"amount": 100, "expires_at": "2027-12-31T16:00:00Z", "reason_code": 3})

    amount: StrictInt = Field(ge=1, le=AMOUNT_MAX)
    id: UUID | None = None
    usable_from: Moment | None = None
    expires_at: Moment | None = None
    occurred_at: Moment | None = None
    reason_code: StrictInt = Field(default=0, ge=0, le=REASON_MAX)
    store: str | None = None


class SpendIn(Body):
    """Points to take, soonest to expire first."""

    model_config = shown({"amount": 60, "store": "SH01"})

    amount: StrictInt = Field(ge=1, le=AMOUNT_MAX)
    id: UUID | None = None
    reason_code: StrictInt = Field(default=0, ge=0, le=REASON_MAX)
    store: str | None = None


class GiveIn(Body):
    """Points to hand to another member; they keep their expiry."""

    model_config = shown({"amount": 50, "recipient": "01926b6e-7a40-7000-8000-000000000002"})

    amount: StrictInt = Field(ge=1, le=AMOUNT_MAX)
    recipient: UUID
    id: UUID | None = None


class HoldIn(Body):
    """Points to set aside."""

    model_config = shown({"amount": 200, "expires_at": "2026-11-21T10:15:00Z"})

    amount: StrictInt = Field(ge=1, le=AMOUNT_MAX)
    expires_at: Moment
    id: UUID | None = None


class AdjustIn(Body):
    """A correction by hand, up or down, with a reason."""

    model_config = shown({"amount": -20, "reason_code": 7})

    amount: StrictInt = Field(ge=-AMOUNT_MAX, le=AMOUNT_MAX)
    reason_code: StrictInt = Field(ge=1, le=REASON_MAX)
    id: UUID | None = None
    expires_at: Moment | None = None


class CommitIn(Body):
    """How much of a hold to spend; all of it where nothing is said."""

    model_config = shown({"amount": 150, "store": "SH01"})

    amount: StrictInt | None = Field(default=None, ge=1, le=AMOUNT_MAX)
    store: str | None = None


class ReverseIn(Body):
    """What to undo; what is left of the movement where no amount is given."""

    model_config = shown({"amount": 40, "policy": "owe"})

    amount: StrictInt | None = Field(default=None, ge=1, le=AMOUNT_MAX)
    policy: OwedPolicy = OwedPolicy.OWE
    grace_days: StrictInt = Field(default=GRACE_DAYS, ge=0, le=3660)
    reason_code: StrictInt = Field(default=0, ge=0, le=REASON_MAX)
    id: UUID | None = None
