"""What the ledger writes into the event log when points move by a command."""

from regulars.events.domain import EventType
from regulars.kit.messages import message

_ID: dict[str, object] = {"type": "string", "format": "uuid"}
_AMOUNT: dict[str, object] = {"type": "integer"}


def _schema(*required: str, **optional: dict[str, object]) -> dict[str, object]:
    known: dict[str, object] = {
        "transfer_id": _ID,
        "amount": _AMOUNT,
        "currency": {"type": "string"},
        "reason_code": {"type": "integer"},
    }
    properties = {name: known[name] for name in required if name in known} | optional
    return {
        "type": "object",
        "required": list(required),
        "properties": properties,
        "additionalProperties": False,
    }


EVENT_TYPES: tuple[EventType, ...] = (
    EventType(
        name="points.earned",
        version=1,
        title=message("Earned {amount} points"),
        schema=_schema("transfer_id", "amount", "currency", "reason_code"),
        public=("amount", "currency"),
    ),
    EventType(
        name="points.spent",
        version=1,
        title=message("Spent {amount} points"),
        schema=_schema("transfer_id", "amount", "currency", "reason_code"),
        public=("amount", "currency"),
    ),
    EventType(
        name="points.adjusted",
        version=1,
        title=message("Points corrected by {amount}"),
        schema=_schema("transfer_id", "amount", "currency", "reason_code"),
        public=("amount", "currency", "reason_code"),
    ),
    EventType(
        name="points.reversed",
        version=1,
        title=message("Reversed {amount} points"),
        schema=_schema(
            "transfer_id", "amount", "currency", "reverses", "owed", reverses=_ID, owed=_AMOUNT
        ),
        public=("amount", "currency", "owed"),
    ),
    EventType(
        name="points.given",
        version=1,
        title=message("Gave {amount} points to another member"),
        schema=_schema("transfer_id", "amount", "currency", "recipient_id", recipient_id=_AMOUNT),
        public=("amount", "currency"),
    ),
    EventType(
        name="points.expired",
        version=1,
        title=message("{amount} points expired"),
        schema=_schema("amount", "currency"),
        public=("amount", "currency"),
    ),
)
