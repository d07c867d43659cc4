"""The facts this app appends to the log; ids and codes only, nothing personal."""

from typing import Any

from regulars.events.domain import EventType
from regulars.kit.messages import message

_ID: dict[str, Any] = {"type": "integer"}
_CODE: dict[str, Any] = {"type": "string", "maxLength": 64}
_CODES: dict[str, Any] = {"type": "array", "items": _CODE}


def _facts(required: dict[str, Any], **optional: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {**required, **optional},
        "required": sorted(required),
        "additionalProperties": False,
    }


_PAIR = _facts({"winner_id": _ID, "loser_id": _ID, "merge_id": _ID})

EVENT_TYPES: tuple[EventType, ...] = (
    EventType("member.enrolled", 1, message("Joined"), _facts({"kinds": _CODES}), ("kinds",)),
    EventType(
        "member.updated", 1, message("Profile changed"), _facts({"fields": _CODES}), ("fields",)
    ),
    EventType(
        "member.linked", 1, message("Identity linked"), _facts({"kinds": _CODES}), ("kinds",)
    ),
    EventType(
        "member.unlinked", 1, message("Identity removed"), _facts({"kinds": _CODES}), ("kinds",)
    ),
    EventType("member.merged", 1, message("Merged with another record"), _PAIR),
    EventType("member.unmerged", 1, message("Merge undone"), _PAIR),
    EventType(
        "member.frozen", 1, message("Frozen"), _facts({"reason_code": _CODE}), ("reason_code",)
    ),
    EventType("member.unfrozen", 1, message("Unfrozen"), _facts({})),
    EventType(
        "member.erased",
        1,
        message("Erased"),
        _facts({"member_ids": {"type": "array", "items": _ID}, "reason_code": _CODE}),
        ("reason_code",),
    ),
    EventType("member.withdrawn", 1, message("Import undone"), _facts({"batch_id": _ID})),
    EventType(
        "member.tagged",
        1,
        message("Tags changed"),
        _facts({"source": _CODE, "added": _ID, "removed": _ID}),
        ("source", "added", "removed"),
    ),
    EventType(
        "consent.recorded",
        1,
        message("Consent recorded"),
        _facts(
            {
                "purpose": _CODE,
                "channel": _CODE,
                "granted": {"type": "boolean"},
                "policy_version": _CODE,
            }
        ),
        ("purpose", "channel", "granted", "policy_version"),
    ),
    EventType(
        "merge.suggested",
        1,
        message("May be the same person as another member"),
        _facts({"member_id": _ID, "other_id": _ID, "reason": _CODE}),
        ("reason",),
    ),
)
