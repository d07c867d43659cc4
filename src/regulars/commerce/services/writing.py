"""The statements that write orders: one per table and batch, arrays in."""

import operator
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError
from msgspec import Struct
from msgspec.structs import astuple

from regulars.commerce.domain import Line, Order, OrdersBusy, Payment, Reckoning, reckon
from regulars.web import sql
from regulars.web.binary import Shape

_TYPES: dict[str, str] = {
    "source_id": "bigint", "external_id": "text", "created_at": "timestamptz",
    "paid_at": "timestamptz", "completed_at": "timestamptz", "closed_at": "timestamptz",
    "estimated": "smallint", "currency": "text", "goods_minor": "bigint",
    "shipping_minor": "bigint", "discount_minor": "bigint", "points_tender_minor": "bigint",
    "paid_minor": "bigint", "excluded_minor": "bigint", "lines_count": "int",
    "refunds_minor": "bigint", "refunded_so_far_minor": "bigint", "store_id": "bigint",
    "store_code": "text", "channel": "text", "member_id": "bigint", "amounts_version": "bytea",
    "lines_version": "bytea", "payments_version": "bytea", "store_version": "bytea",
    "channel_version": "bytea",
}  # fmt: skip
_FIELDS = Order.__struct_fields__
_NAMES = ", ".join(_FIELDS)
_ARRAYS = ", ".join(f"%s::{_TYPES[name]}[]" for name in _FIELDS)
_READERS = tuple(operator.attrgetter(name) for name in _FIELDS)
_CHANGED = ", ".join(f"{name} = u.{name}" for name in _FIELDS[2:])  # all but the key

_NULLABLE = {
    *("created_at", "paid_at", "completed_at", "closed_at", "paid_minor", "store_id", "member_id"),
}
_REPEATED = {"currency", "store_code", "channel"}
_ORDERS = Shape(
    "commerce_order",
    {
        "id": "bigint", "public_id": "uuid", "state": "smallint", "net_minor": "bigint",
        "reports_completion": "boolean",
        **{
            name: f"{kind}?" if name in _NULLABLE else "word" if name in _REPEATED else kind
            for name, kind in _TYPES.items()
        },
        "award": "boolean", "batch_id": "bigint?", "touched_batch_id": "bigint?",
        "recorded_at": "timestamptz", "changed_at": "timestamptz",
    },
)  # fmt: skip
_NUMBER_TAKEN = "order_number_unique_per_source"
_LINES = Shape(
    "commerce_line",
    {
        "order_id": "bigint", "position": "smallint", "sku": "text", "name": "text",
        "quantity": "numeric", "amount_minor": "bigint", "kind": "word",
    },
)  # fmt: skip
_UPDATE = f"""
UPDATE commerce_order o SET state = u.state, net_minor = u.net_minor,
    {_CHANGED},
    touched_batch_id = %s::bigint, changed_at = %s::timestamptz
FROM unnest(%s::bigint[], %s::smallint[], %s::bigint[], {_ARRAYS})
    AS u(id, state, net_minor, {_NAMES})
WHERE o.id = u.id
"""


class NewOrder(Struct, frozen=True, gc=False):
    """An order about to be inserted."""

    id: int
    public_id: UUID
    reports_completion: bool
    order: Order
    reckoned: Reckoning


def insert_orders(
    new: Sequence[NewOrder], *, award: bool, batch_id: int | None, at: datetime
) -> None:
    """Insert orders in the order given; raises OrdersBusy where one is here already."""
    tail = (award, batch_id, batch_id, at, at)
    rows = [
        (
            *(each.id, each.public_id, each.reckoned.state, each.reckoned.net_minor),
            *(each.reports_completion, *astuple(each.order), *tail),
        )
        for each in new
    ]
    try:
        sql.copy_rows(_ORDERS, rows)
    except IntegrityError as error:
        if _NUMBER_TAKEN in str(error):
            raise OrdersBusy from error
        raise


def update_orders(orders: dict[int, Order], *, batch_id: int | None, at: datetime) -> None:
    """Write what the orders have become; their rows are locked by the caller."""
    values = list(orders.values())
    reckoned = [reckon(order) for order in values]
    sql.run(
        _UPDATE,
        [
            *(batch_id, at),
            list(orders),
            [int(each.state) for each in reckoned],
            [each.net_minor for each in reckoned],
            *columns_of(values),
        ],
    )


def columns_of(orders: Sequence[Order]) -> list[list[Any]]:
    """Turn orders into one array per column, in the order of the value's fields."""
    return [[read(order) for order in orders] for read in _READERS]


def replace_lines(lines: dict[int, tuple[Line, ...]], *, known: Sequence[int]) -> None:
    """Write the lines of these orders; those of `known` orders are dropped first."""
    if known:
        sql.run("DELETE FROM commerce_line WHERE order_id = ANY(%s::bigint[])", [list(known)])
    rows = [
        (order_id, position, line.sku, line.name, line.quantity, line.amount_minor, line.kind)
        for order_id, of_order in lines.items()
        for position, line in enumerate(of_order, start=1)
    ]
    if rows:
        sql.copy_rows(_LINES, rows)


def replace_payments(payments: dict[int, tuple[Payment, ...]], *, known: Sequence[int]) -> None:
    """Write the tenders of these orders; those of `known` orders are dropped first."""
    if known:
        sql.run("DELETE FROM commerce_payment WHERE order_id = ANY(%s::bigint[])", [list(known)])
    flat = [
        (order_id, position, payment)
        for order_id, of_order in payments.items()
        for position, payment in enumerate(of_order, start=1)
    ]
    if not flat:
        return
    sql.run(
        "INSERT INTO commerce_payment (order_id, position, method, amount_minor, paid_at)"
        " SELECT * FROM unnest(%s::bigint[], %s::smallint[], %s::text[], %s::bigint[],"
        " %s::timestamptz[])",
        [
            [order_id for order_id, _, _ in flat],
            [position for _, position, _ in flat],
            [payment.method for _, _, payment in flat],
            [payment.amount_minor for _, _, payment in flat],
            [payment.paid_at for _, _, payment in flat],
        ],
    )


def await_buyers(waiting: Sequence[tuple[bytes, int]]) -> None:
    """Keep blind indexes of buyers nobody is known for, so that a later link finds the order."""
    sql.run(
        "INSERT INTO commerce_waitingbuyer (identity, order_id)"
        " SELECT * FROM unnest(%s::bytea[], %s::bigint[]) ON CONFLICT DO NOTHING",
        [[identity for identity, _ in waiting], [order_id for _, order_id in waiting]],
    )


def keep_before(order_ids: Sequence[int], *, batch_id: int, at: datetime) -> None:
    """Keep what orders made elsewhere were before this import batch first touches them."""
    sql.run(
        "INSERT INTO commerce_orderbefore"
        " (batch_id, order_id, before, lines, payments, recorded_at)"
        " SELECT %s::bigint, o.id, to_jsonb(o),"
        " COALESCE((SELECT jsonb_agg(to_jsonb(l)) FROM commerce_line l WHERE l.order_id = o.id),"
        " '[]'),"
        " COALESCE((SELECT jsonb_agg(to_jsonb(p)) FROM commerce_payment p"
        " WHERE p.order_id = o.id), '[]'), %s::timestamptz FROM commerce_order o"
        " WHERE o.id = ANY(%s::bigint[]) AND o.batch_id IS DISTINCT FROM %s::bigint"
        " ON CONFLICT DO NOTHING",
        [batch_id, at, list(order_ids), batch_id],
    )
