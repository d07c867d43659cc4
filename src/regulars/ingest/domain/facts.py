"""Events that come from outside or that ingest itself writes; ids, codes and plain words only."""

import re
from typing import Any

from regulars.events.domain import EventType
from regulars.ingest.domain.refusals import EventNotOutside, PersonalData
from regulars.kit.messages import message

BALANCE_DECLARED = "balance.declared"
IMPORT_REVERTED = "import.reverted"

_WORD: dict[str, Any] = {"type": "string", "minLength": 1, "maxLength": 128}
_SHORT: dict[str, Any] = {"type": "string", "minLength": 1, "maxLength": 40}
_AMOUNT: dict[str, Any] = {"type": "integer", "minimum": 0}
_DAY: dict[str, Any] = {"type": ["string", "null"]}


def _facts(required: dict[str, Any], **optional: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {**required, **optional},
        "required": sorted(required),
        "additionalProperties": False,
    }


OUTSIDE_TYPES: tuple[EventType, ...] = (
    EventType(
        "page.viewed",
        1,
        message("Viewed a page"),
        _facts({"page": _WORD}, channel=_SHORT),
        ("page",),
    ),
    EventType(
        "product.viewed",
        1,
        message("Viewed the product {sku}"),
        _facts({"sku": _WORD}, channel=_SHORT),
        ("sku", "channel"),
    ),
    EventType(
        "cart.changed",
        1,
        message("Changed the cart"),
        _facts(
            {"skus": {"type": "array", "items": _WORD, "maxItems": 100}},
            channel=_SHORT,
            value_minor=_AMOUNT,
            currency={"type": "string", "pattern": "^[A-Z]{3}$"},
        ),
        ("skus", "channel", "value_minor", "currency"),
    ),
    EventType(
        "store.visited", 1, message("Visited a store"), _facts({}, channel=_SHORT), ("channel",)
    ),
    EventType(
        "content.shared",
        1,
        message("Shared {content}"),
        _facts({"content": _WORD}, channel=_SHORT),
        ("content", "channel"),
    ),
    EventType(
        "custom.recorded",
        1,
        message("Did {name}"),
        _facts(
            {"name": {"type": "string", "pattern": "^[a-z][a-z0-9_.]{0,63}$"}},
            properties={
                "type": "object",
                "maxProperties": 30,
                "propertyNames": {"pattern": "^[a-z][a-z0-9_]{0,39}$"},
                "additionalProperties": {
                    "anyOf": [
                        {"type": "string", "maxLength": 100},
                        {"type": "number"},
                        {"type": "boolean"},
                    ]
                },
            },
        ),
        ("name", "properties"),
    ),
)

EVENT_TYPES: tuple[EventType, ...] = (
    *OUTSIDE_TYPES,
    EventType(
        BALANCE_DECLARED,
        1,
        message("Opening balance: {amount} {currency}"),
        _facts(
            {
                "currency": {"enum": ["points", "growth", "stored_value"]},
                "amount": _AMOUNT,
                "lots": {
                    "type": "array",
                    "items": _facts({"amount": _AMOUNT, "earned_on": _DAY, "expires_on": _DAY}),
                },
                "as_of": {"type": "string"},
                "replaces": {"type": "boolean"},
            }
        ),
        ("currency", "amount", "as_of"),
    ),
    EventType(
        IMPORT_REVERTED,
        1,
        message("Import undone"),
        _facts({"batch_id": {"type": "integer"}, "kind": _SHORT}),
    ),
)

_OUTSIDE_NAMES = frozenset(kind.name for kind in OUTSIDE_TYPES)
_EMAIL = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")
_PHONE = re.compile(r"(?<!\d)(\+?86[- ]?)?1[3-9]\d[- ]?\d{4}[- ]?\d{4}(?!\d)")


def check_outside(name: str, facts: dict[str, Any]) -> None:
    """Refuse types that only we may write, and facts that look like personal data."""
    if name not in _OUTSIDE_NAMES:
        raise EventNotOutside
    for key, value in _texts(facts):
        if _EMAIL.search(value) or _PHONE.search(value):
            raise PersonalData(field=key)


def _texts(value: Any, key: str = "facts") -> list[tuple[str, str]]:
    if isinstance(value, str):
        return [(key, value)]
    if isinstance(value, dict):
        return [found for name, each in value.items() for found in _texts(each, str(name))]
    if isinstance(value, list):
        return [found for each in value for found in _texts(each, key)]
    return []
