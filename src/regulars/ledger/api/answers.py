"""What is answered about points, and the worked examples of the reference."""

from datetime import datetime
from typing import Any
from uuid import UUID

from ninja import Schema

from regulars.access.domain import Approval
from regulars.ledger.domain import HeldPoints

TRANSFER_ID = "0193a1b2-7c00-7000-8000-0000000000cc"
HOLD_ID = "0193a1b2-7c00-7000-8000-0000000000dd"


class LotOut(Schema):
    """A part of the points with dates of its own."""

    transfer_id: UUID
    granted: int
    remaining: int
    held: int
    usable_from: datetime | None
    expires_at: datetime | None


class PointsOut(Schema):
    """What a member holds now."""

    available: int
    pending: int
    held: int
    owed: int
    growth: int
    stored_value: int
    stored_gift: int
    frozen: bool
    lots: list[LotOut]


class MovedOut(Schema):
    """What a movement did. `owed` and `forgiven` could not be taken, `lapsed` had expired."""

    transfer_id: UUID
    amount: int
    repaid: int
    owed: int
    forgiven: int
    lapsed: int
    available: int


class ProposedOut(Schema):
    """A correction above the caller's limit: a second person decides, nothing has moved."""

    approval_id: UUID
    transfer_id: UUID
    state: str
    expires_at: datetime


class HoldOut(Schema):
    """A hold as it stands."""

    id: UUID
    amount: int
    committed_amount: int
    state: str
    expires_at: datetime


def example(value: Any, status: int = 200) -> dict[str, Any]:
    return {"responses": {status: {"content": {"application/json": {"example": value}}}}}


MOVED = {
    "transfer_id": TRANSFER_ID, "amount": 60, "repaid": 0, "owed": 0, "forgiven": 0,
    "lapsed": 0, "available": 140,
}  # fmt: skip
HELD = {
    "id": HOLD_ID, "amount": 60, "committed_amount": 0, "state": "open",
    "expires_at": "2026-03-01T12:15:00Z",
}  # fmt: skip
POINTS = {
    "available": 140, "pending": 57, "held": 0, "owed": 0, "growth": 1250, "stored_value": 0,
    "stored_gift": 0, "frozen": False,
    "lots": [
        {"transfer_id": TRANSFER_ID, "granted": 200, "remaining": 140, "held": 0,
         "usable_from": "2026-03-01T12:00:00Z", "expires_at": "2027-12-31T16:00:00Z"}
    ],
}  # fmt: skip


def proposed(approval: Approval) -> dict[str, Any]:
    return {
        "approval_id": str(approval.public_id),
        "transfer_id": approval.payload["transfer_id"],
        "state": approval.state.value,
        "expires_at": approval.expires_at.isoformat(),
    }


def hold_out(hold: HeldPoints) -> dict[str, Any]:
    return {
        "id": hold.id,
        "amount": hold.amount,
        "committed_amount": hold.committed_amount,
        "state": hold.state.name.lower(),
        "expires_at": hold.expires_at,
    }
