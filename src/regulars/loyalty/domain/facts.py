"""What loyalty writes into the log."""

from typing import Any

from regulars.events.domain import EventType
from regulars.kit.messages import message

_TIER: dict[str, Any] = {
    "type": "object",
    "properties": {
        "tier": {"type": "string"},
        "from_tier": {"type": "string"},
        "level": {"type": "integer"},
        "from_level": {"type": "integer"},
        "growth": {"type": "integer"},
        "cause": {"enum": ["growth", "review"]},
        "ladder_version": {"type": "integer"},
    },
    "required": ["tier", "from_tier", "level", "from_level", "growth", "cause"],
    "additionalProperties": False,
}
_PUBLIC = ("tier", "from_tier", "growth", "cause")

TIER_REACHED = "tier.reached"
TIER_LOST = "tier.lost"

EVENT_TYPES: tuple[EventType, ...] = (
    EventType(TIER_REACHED, 1, message("Reached the tier {tier}"), _TIER, _PUBLIC),
    EventType(TIER_LOST, 1, message("Fell from the tier {from_tier} to {tier}"), _TIER, _PUBLIC),
)
