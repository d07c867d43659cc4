"""The list of orders as a file."""

from collections.abc import Iterator, Sequence
from uuid import UUID

from regulars.access import selectors as access
from regulars.access.domain import Scope
from regulars.commerce import selectors as commerce
from regulars.commerce.domain import OrderQuery, OrderView
from regulars.console.domain.exports import (
    Ask,
    Exportable,
    ExportColumn,
    ExportFilterGone,
    ExportRow,
    Money,
    Value,
)
from regulars.console.domain.lists import read_state
from regulars.console.domain.order_list import ORDERS as ORDERS_LIST
from regulars.console.selectors import orders
from regulars.kit.messages import message
from regulars.loyalty import selectors as loyalty
from regulars.members import selectors as members

BATCH = 200


def _asked(ask: Ask) -> tuple[Scope, OrderQuery, dict[int, str]]:
    scope = ask.actor.scope_for("orders.read")
    stores = access.list_stores(scope)
    spec = orders.spec_for(stores, channels=commerce.list_channels())
    state = read_state(spec, ask.filters)
    if (ask.filters.keys() & spec.filter_keys) - state.filters.keys():
        raise ExportFilterGone
    query = orders.query_of(state, stores, at=ask.at, zone=loyalty.get_programme().tz)
    return scope, query, {store.id: store.name for store in stores}


def _count(ask: Ask, at_most: int) -> int:
    scope, query, _ = _asked(ask)
    counted = commerce.count_orders_matching(scope=scope, query=query)
    return min(counted.rows, at_most) if counted.is_exact else at_most


def _batches(ask: Ask) -> Iterator[Sequence[ExportRow]]:
    scope, query, stores = _asked(ask)
    cursor: str | None = None
    while True:
        page = commerce.list_orders_matching(scope=scope, query=query, cursor=cursor, limit=BATCH)
        ids = [order.member_id for order in page.items if order.member_id is not None]
        seen = members.visible(member_ids=ids, scope=ask.actor.scope_for("members.read"))
        numbers = members.list_numbers(member_ids=seen)
        yield [_row(order, numbers, stores) for order in page.items]
        cursor = page.next_cursor
        if cursor is None:
            return


def _row(
    order: OrderView, numbers: dict[int, tuple[UUID, str]], stores: dict[int, str]
) -> ExportRow:
    member = numbers.get(order.member_id or 0)
    values: dict[str, Value] = {
        "number": order.number,
        "paid_at": order.paid_at,
        "state": order.state,
        "member": member[1] if member else "",
        "store": stores.get(order.store_id or 0, order.store_code),
        "channel": order.channel,
        "currency": order.currency,
        "goods": Money(order.goods_paid_minor, order.currency),
        "refunded": Money(order.refunded_minor, order.currency),
        "net": Money(order.net_minor, order.currency),
        "lines": order.lines_count,
        "recorded_at": order.recorded_at,
    }
    return ExportRow(
        member_ids=() if order.member_id is None else (order.member_id,), values=values
    )


ORDERS = Exportable(
    code="orders",
    title=message("Orders"),
    permission="orders.read",
    filters=ORDERS_LIST.filters,
    columns=(
        ExportColumn("number", message("Order")),
        ExportColumn("paid_at", message("Paid")),
        ExportColumn("state", message("State")),
        ExportColumn("member", message("Member number")),
        ExportColumn("store", message("Store")),
        ExportColumn("channel", message("Channel")),
        ExportColumn("currency", message("Currency")),
        ExportColumn("goods", message("Goods paid")),
        ExportColumn("refunded", message("Refunded")),
        ExportColumn("net", message("Net")),
        ExportColumn("lines", message("Lines")),
        ExportColumn("recorded_at", message("Received here")),
    ),
    count=_count,
    batches=_batches,
)
