"""What commerce says in the log: a snapshot of the order at each change, never a delta.

A reader aims at what the snapshot says, so repeats and disorder cannot add up to something else.
"""

from typing import Any
from uuid import UUID

from regulars.commerce.domain.values import Order, Reckoning, State
from regulars.events.domain import EventType
from regulars.kit.instants import text_of
from regulars.kit.messages import message

ORDER_RECORDED = "order.recorded"
RETURN_BOOKED = "return.booked"

CHANGES = (
    "created",
    "updated",
    "attributed",
    "paid",
    "completed",
    "refunded",
    "closed",
)
_WORDS = tuple(state.word for state in State)  # by the number of the state
_INSTANT_OR_NULL: dict[str, Any] = {"type": ["string", "null"]}
_MINOR: dict[str, Any] = {"type": "integer"}

EVENT_TYPES: tuple[EventType, ...] = (
    EventType(
        name=ORDER_RECORDED,
        version=1,
        title=message("Order {number}: {change}"),
        schema={
            "type": "object",
            "additionalProperties": False,
            "required": [
                "order_id",
                "order",
                "number",
                "currency",
                "state",
                "change",
                "net_minor",
                "goods_minor",
                "refunded_minor",
                "paid_at",
                "completed_at",
                "reports_completion",
                "channel",
                "lines",
                "is_new",
                "award",
            ],
            "properties": {
                "order_id": {"type": "integer"},
                "order": {"type": "string"},
                "number": {"type": "string"},
                "currency": {"type": "string"},
                "state": {"enum": [state.word for state in State]},
                "change": {"enum": list(CHANGES)},
                "net_minor": _MINOR,
                "goods_minor": _MINOR,
                "refunded_minor": _MINOR,
                "paid_at": _INSTANT_OR_NULL,
                "completed_at": _INSTANT_OR_NULL,
                "reports_completion": {"type": "boolean"},
                "channel": {"type": "string"},
                "lines": {"type": "integer"},
                "is_new": {"type": "boolean"},
                "award": {"type": "boolean"},
            },
        },
        public=(
            "order",
            "number",
            "currency",
            "state",
            "change",
            "net_minor",
            "goods_minor",
            "refunded_minor",
            "paid_at",
            "completed_at",
            "channel",
            "lines",
        ),
    ),
    EventType(
        name=RETURN_BOOKED,
        version=1,
        title=message("Return for the unknown order {number} booked"),
        schema={
            "type": "object",
            "additionalProperties": False,
            "required": ["refund", "number", "currency", "amount_minor"],
            "properties": {
                "refund": {"type": "string"},
                "number": {"type": "string"},
                "currency": {"type": "string"},
                "amount_minor": _MINOR,
            },
        },
        public=("refund", "number", "currency", "amount_minor"),
    ),
)


def order_facts(
    order: Order,
    *,
    reckoned: Reckoning,
    order_id: int,
    public_id: UUID,
    change: str,
    is_new: bool,
    reports_completion: bool,
    award: bool,
) -> dict[str, Any]:
    """Write down what the order is after the change; everything an award needs is here."""
    return {
        "order_id": order_id,
        "order": str(public_id),
        "number": order.external_id,
        "currency": order.currency,
        "state": _WORDS[reckoned.state],
        "change": change,
        "net_minor": reckoned.net_minor,
        "goods_minor": reckoned.goods_minor,
        "refunded_minor": reckoned.refunded_minor,
        "paid_at": None if order.paid_at is None else text_of(order.paid_at),
        "completed_at": None if order.completed_at is None else text_of(order.completed_at),
        "reports_completion": reports_completion,
        "channel": order.channel,
        "lines": order.lines_count,
        "is_new": is_new,
        "award": award,
    }
