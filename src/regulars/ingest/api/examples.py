"""What the API description says about batches: schemas made from the rows, and worked examples."""

from typing import Any

import msgspec

from regulars.ingest.domain import BODY_BYTES_MAX, ROW_TYPES, ROWS_MAX, Outcome

_ID = "0193a1b2-7c00-7000-8000-000000000001"

EXAMPLES: dict[str, dict[str, Any]] = {
    "stores": {"code": "S01", "name": "Jing'an", "region": "East", "kind": "shop"},
    "products": {
        "sku": "TEA-01",
        "name": "Jasmine tea",
        "category": "Drinks/Tea",
        "price": "18.00",
        "cost": "4.20",
    },
    "members": {
        "external_id": "m-77",
        "phone": "13800138000",
        "name": "林小满",
        "joined_at": "2026-11-01T10:00:00+08:00",
        "home_store": "S01",
        "tags": ["tea"],
        "consents": [{"purpose": "marketing", "policy_version": "2026-01", "granted": True}],
    },
    "orders": {
        "external_id": "T-1001",
        "store": "S01",
        "channel": "pos",
        "state": "completed",
        "created_at": "2026-11-01T10:00:00+08:00",
        "paid_at": "2026-11-01T10:00:30+08:00",
        "completed_at": "2026-11-01T10:05:00+08:00",
        "amounts": {"goods": "57.00", "shipping": "0.00", "paid": "57.00"},
        "lines": [{"sku": "TEA-01", "quantity": 2, "amount": "57.00"}],
        "member": {"phone": "13800138000"},
    },
    "refunds": {
        "external_id": "R-9",
        "order": "T-1001",
        "amount": "9.90",
        "refunded_at": "2026-11-02T10:00:00+08:00",
    },
    "events": {
        "type": "product.viewed",
        "message_id": "ev-1",
        "occurred_at": "2026-11-01T09:58:00+08:00",
        "member": {"phone": "13800138000"},
        "facts": {"sku": "TEA-01"},
    },
}
_OUTCOME_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["row", "outcome", "id", "code", "facts"],
    "properties": {
        "row": {"type": "integer", "description": "Place of the row in what was sent, from 0."},
        "outcome": {"enum": [outcome.value for outcome in Outcome]},
        "id": {"type": ["string", "null"], "format": "uuid"},
        "code": {"type": ["string", "null"], "description": "Why a row was not applied."},
        "facts": {"type": "object"},
    },
}
_KEY_HEADER: dict[str, Any] = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
    "example": "2026-11-01-batch-17",
}


def operation(kind: str) -> dict[str, Any]:
    """Describe the batch operation of one kind of row, for the router's decorator."""
    example = {"source": "api", "rows": [EXAMPLES[kind]]}
    counts = dict.fromkeys((outcome.value for outcome in Outcome), 0) | {"applied": 1}
    row = {"row": 0, "outcome": "applied", "id": _ID, "code": None, "facts": {}}
    return {
        "summary": f"Send {kind}",
        "operation_id": f"send_{kind}",
        "openapi_extra": {
            "parameters": [_KEY_HEADER],
            "requestBody": {
                "required": True,
                "description": f"At most {ROWS_MAX} rows and {BODY_BYTES_MAX} bytes.",
                "content": {"application/json": {"schema": _body_schema(kind), "example": example}},
            },
            "responses": {
                200: {
                    "description": "One answer per row.",
                    "content": {
                        "application/json": {
                            "schema": _answer_schema(),
                            "example": {"results": [row], "counts": counts},
                        }
                    },
                }
            },
        },
    }


def _body_schema(kind: str) -> dict[str, Any]:
    return {
        "type": "object",
        "additionalProperties": False,
        "required": ["rows"],
        "properties": {
            "source": {"type": ["string", "null"], "description": "Name of the source."},
            "rows": {"type": "array", "maxItems": ROWS_MAX, "items": _row_schema(ROW_TYPES[kind])},
        },
    }


def _answer_schema() -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["results", "counts"],
        "properties": {
            "results": {"type": "array", "items": _OUTCOME_SCHEMA},
            "counts": {"type": "object", "additionalProperties": {"type": "integer"}},
        },
    }


def _row_schema(kind: type[Any]) -> dict[str, Any]:
    """Write the schema of a row with its parts in place, for a document without their names."""
    (top,), parts = msgspec.json.schema_components([kind], ref_template="{name}")
    found: dict[str, Any] = _in_place(top, parts)
    return found


def _in_place(schema: Any, parts: dict[str, Any]) -> Any:
    if isinstance(schema, list):
        return [_in_place(each, parts) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _in_place(parts[schema["$ref"]], parts)
    return {
        key: _in_place(value, parts) for key, value in schema.items() if not _is_null(key, value)
    }


def _is_null(key: str, value: Any) -> bool:
    return key == "default" and value is None
