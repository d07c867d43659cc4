"""Read orders for staff and callers, within their scope."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from regulars.access.domain import Scope
from regulars.commerce import domain
from regulars.commerce.domain import (
    LineView,
    Order,
    OrderMissing,
    OrderQuery,
    OrderView,
    PaymentView,
    RefundView,
    State,
)
from regulars.commerce.selectors.locks import ORDER_COLUMNS
from regulars.members import domain as people
from regulars.members import selectors as members
from regulars.web import paging, seeking, sql
from regulars.web.seeking import Condition, Counted, Seek

_COLUMNS = f"o.id, o.public_id, o.state, o.net_minor, o.recorded_at, o.batch_id, {ORDER_COLUMNS}"
_TAIL = 6


@dataclass(frozen=True, slots=True)
class OrderPage:
    """A page of orders, newest recorded first, and where the next one starts."""

    items: tuple[OrderView, ...]
    next_cursor: str | None
    stopped: bool = False


def list_orders(
    *,
    scope: Scope,
    member_id: int | None = None,
    store_id: int | None = None,
    state: State | None = None,
    since: datetime | None = None,
    cursor: str | None = None,
    limit: int | None = None,
) -> OrderPage:
    """List orders, newest recorded first.

    With `member_id`, the orders of that member and of all records merged into it, if the member
    is in scope (else MemberNotFound); without, the orders of the stores in scope.
    """
    conditions, values = _conditions(scope, member_id)
    for condition, value in (
        ("o.store_id = %s::bigint", store_id),
        ("o.state = %s::smallint", None if state is None else int(state)),
        ("o.paid_at >= %s::timestamptz", since),
        ("o.id < %s::bigint", None if cursor is None else _after(cursor)),
    ):
        if value is not None:
            conditions.append(condition)
            values.append(value)
    size = paging.clamp(limit)
    found = sql.rows(
        f"SELECT {_COLUMNS} FROM commerce_order o WHERE {' AND '.join(conditions)}"
        " ORDER BY o.id DESC LIMIT %s::int",
        [*values, size + 1],
    )
    items = tuple(_view(row) for row in found[:size])
    more = len(found) > size
    return OrderPage(items, paging.encode(items[-1].id) if more else None)


def list_orders_matching(
    *, scope: Scope, query: OrderQuery, cursor: str | None = None, limit: int | None = None
) -> OrderPage:
    """List the orders of the stores in scope that match, newest recorded or paid first.

    `stopped` tells that the page ends because many orders were passed that do not match.
    """
    found = seeking.page(_seek(query, scope), cursor=cursor, limit=limit)
    return OrderPage(tuple(_view(row) for row in found.rows), found.next_cursor, found.stopped)


def count_orders_matching(*, scope: Scope, query: OrderQuery) -> Counted:
    """Count the orders that match; of all orders an estimate."""
    counted = seeking.count(_seek(query, scope))
    if counted.is_exact or query != OrderQuery(descending=query.descending):
        return counted
    if not scope.everything:
        return counted
    return Counted(seeking.estimate_rows("commerce_order"), is_exact=False)


def count_of_batch(*, batch_id: int) -> tuple[int, int]:
    """Count the orders and returns an import brought, and the orders of others it changed."""
    found = sql.row(
        "SELECT (SELECT count(*) FROM commerce_order WHERE batch_id = %s::bigint)"
        " + (SELECT count(*) FROM commerce_refund WHERE batch_id = %s::bigint"
        "    AND order_id IS NULL),"
        " (SELECT count(*) FROM commerce_orderbefore WHERE batch_id = %s::bigint)",
        [batch_id, batch_id, batch_id],
    )
    assert found is not None
    return int(found[0]), int(found[1])


def list_channels(*, limit: int = 50) -> list[str]:
    """List the channels that orders came through, looking at the newest of them."""
    found = sql.rows(
        "SELECT DISTINCT channel FROM (SELECT channel FROM commerce_order"
        " ORDER BY id DESC LIMIT 20000) AS newest WHERE channel <> '' ORDER BY channel"
        " LIMIT %s::int",
        [limit],
    )
    return [channel for (channel,) in found]


def list_orders_of(
    *, member_ids: Sequence[int], cursor: str | None = None, limit: int | None = None
) -> OrderPage:
    """List the orders of these very member ids, newest recorded first.

    For whoever has read the member and its aliases within a scope. Raises CursorMalformed.
    """
    size = paging.clamp(limit)
    found = sql.rows(
        f"SELECT {_COLUMNS} FROM commerce_order o WHERE o.member_id = ANY(%s::bigint[])"
        " AND (%s::bigint IS NULL OR o.id < %s::bigint) ORDER BY o.id DESC LIMIT %s::int",
        [list(member_ids), *[None if cursor is None else _after(cursor)] * 2, size + 1],
    )
    items = tuple(_view(row) for row in found[:size])
    return OrderPage(items, paging.encode(items[-1].id) if len(found) > size else None)


def get_order(*, public_id: UUID, scope: Scope) -> OrderView:
    """Answer one order with lines, payments and refunds.

    Raises OrderMissing, also where neither its store nor its member is in scope.
    """
    found = sql.row(
        f"SELECT {_COLUMNS} FROM commerce_order o WHERE o.public_id = %s::uuid", [public_id]
    )
    if found is None:
        raise OrderMissing
    order = _view(found)
    if not scope.covers_store(order.store_id) and not _sees_member(order.member_id, scope):
        raise OrderMissing
    return replace(
        order,
        lines=_lines(order.id),
        payments=_payments(order.id),
        refunds=_refunds(order.id),
    )


def buyers_among(*, member_ids: Sequence[int]) -> set[int]:
    """Answer which of these members have an order."""
    found = sql.rows(
        "SELECT DISTINCT member_id FROM commerce_order WHERE member_id = ANY(%s::bigint[])",
        [list(member_ids)],
    )
    return {member_id for (member_id,) in found}


def count_orders(*, member_id: int) -> int:
    """Count the orders of a member and of all records merged into it."""
    found = sql.row(
        "SELECT count(*) FROM commerce_order WHERE member_id = ANY(%s::bigint[])",
        [list(members.aliases(member_id=member_id))],
    )
    assert found is not None
    return int(found[0])


def orders_total_of(*, member_ids: Sequence[int]) -> dict[str, int]:
    """Sum the net worth of the orders of these member ids, by currency."""
    return {
        currency: int(total)
        for currency, total in sql.rows(
            "SELECT currency, sum(net_minor) FROM commerce_order"
            " WHERE member_id = ANY(%s::bigint[]) GROUP BY currency ORDER BY currency",
            [list(member_ids)],
        )
    }


def _seek(query: OrderQuery, scope: Scope) -> Seek:
    by_payment = query.by_payment or query.paid_since or query.paid_until
    along: list[Condition] = [("o.paid_at IS NOT NULL", [])] if by_payment else []
    among: list[Condition] = []
    place = among if by_payment else along
    if query.store_id is not None:
        place.append(("o.store_id = %s::bigint", [query.store_id]))
    if not scope.everything:
        within, values = scope.condition("o.store_id")
        among.append((within, list(values)))
    for condition, value, some in (
        ("o.paid_at >= %s::timestamptz", query.paid_since, along),
        ("o.paid_at < %s::timestamptz", query.paid_until, along),
        ("o.state = %s::smallint", None if query.state is None else int(query.state), among),
        ("o.channel = %s::text", query.channel or None, among),
    ):
        if value is not None:
            some.append((condition, [value]))
    if query.has_member is not None:
        among.append((f"o.member_id IS {'NOT ' if query.has_member else ''}NULL", []))
    return Seek(
        columns=_COLUMNS,
        table="commerce_order o",
        keys=(("o.paid_at", "timestamptz"), ("o.id", "bigint"))
        if by_payment
        else (("o.id", "bigint"),),
        along=tuple(along),
        among=tuple(among),
        descending=query.descending,
    )


def _conditions(scope: Scope, member_id: int | None) -> tuple[list[str], list[Any]]:
    if member_id is None:
        within, values = scope.condition("o.store_id")
        return [within], list(values)
    member = members.get_member(member_id=member_id, scope=scope)
    return ["o.member_id = ANY(%s::bigint[])"], [list(members.aliases(member_id=member.id))]


def _sees_member(member_id: int | None, scope: Scope) -> bool:
    if member_id is None:
        return False
    try:
        members.get_member(member_id=member_id, scope=scope)
    except people.MemberNotFound:
        return False
    return True


def _after(cursor: str) -> int:
    (last,) = paging.decode(cursor, parts=1)
    if not isinstance(last, int):
        raise paging.CursorMalformed
    return last


def _view(row: tuple[Any, ...]) -> OrderView:
    order = Order(*row[_TAIL:])
    return OrderView(
        id=row[0],
        public_id=row[1],
        source_id=order.source_id,
        number=order.external_id,
        member_id=order.member_id,
        store_id=order.store_id,
        store_code=order.store_code,
        channel=order.channel,
        currency=order.currency,
        state=State(row[2]).word,
        created_at=order.created_at,
        paid_at=order.paid_at,
        completed_at=order.completed_at,
        closed_at=order.closed_at,
        goods_minor=order.goods_minor,
        shipping_minor=order.shipping_minor,
        discount_minor=order.discount_minor,
        points_tender_minor=order.points_tender_minor,
        goods_paid_minor=domain.goods_paid_minor(order),
        refunded_minor=domain.refunded_minor(order),
        net_minor=row[3],
        lines_count=order.lines_count,
        recorded_at=row[4],
        batch_id=row[5],
    )


def _lines(order_id: int) -> tuple[LineView, ...]:
    found = sql.rows(
        "SELECT l.sku, COALESCE(NULLIF(l.name, ''), p.name, ''), l.quantity, l.amount_minor,"
        " l.kind FROM commerce_line l LEFT JOIN commerce_product p ON p.sku = l.sku"
        " WHERE l.order_id = %s::bigint ORDER BY l.position",
        [order_id],
    )
    return tuple(LineView(*row) for row in found)


def _payments(order_id: int) -> tuple[PaymentView, ...]:
    found = sql.rows(
        "SELECT method, amount_minor, paid_at FROM commerce_payment"
        " WHERE order_id = %s::bigint ORDER BY position",
        [order_id],
    )
    return tuple(PaymentView(*row) for row in found)


def _refunds(order_id: int) -> tuple[RefundView, ...]:
    found = sql.rows(
        "SELECT public_id, external_id, amount_minor, refunded_at, undated, external_id IS NULL"
        " FROM commerce_refund WHERE order_id = %s::bigint ORDER BY refunded_at, id",
        [order_id],
    )
    return tuple(RefundView(*row) for row in found)
