"""Hold order rows for a writer, sorted by id, and say which refunds wait for an order."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from msgspec import Struct

from regulars.commerce.domain import Order, RefundInput
from regulars.web import sql

Key = tuple[int, str]  # source id, the source's own number of the order

ORDER_COLUMNS = ", ".join(f"o.{name}" for name in Order.__struct_fields__)
_HELD = f"o.id, o.public_id, o.reports_completion, o.award, o.batch_id, {ORDER_COLUMNS}"


class HeldOrder(Struct, frozen=True, gc=False):
    """An order whose row is locked until the transaction ends."""

    id: int
    public_id: UUID
    reports_completion: bool
    award: bool
    batch_id: int | None
    order: Order


def lock_orders(keys: Iterable[Key]) -> dict[Key, HeldOrder]:
    """Lock the orders with these keys in order of id; keys without an order are left out."""
    wanted = set(keys)
    if not wanted:
        return {}
    found = sql.rows(
        f"SELECT {_HELD} FROM commerce_order o"
        " WHERE o.source_id = ANY(%s::bigint[]) AND o.external_id = ANY(%s::text[])"
        " ORDER BY o.id FOR NO KEY UPDATE",
        [sorted({source for source, _ in wanted}), [external for _, external in wanted]],
    )
    held = [_held(row) for row in found]
    keyed = {(each.order.source_id, each.order.external_id): each for each in held}
    return {key: each for key, each in keyed.items() if key in wanted}


def lock_orders_by_id(order_ids: Sequence[int]) -> dict[int, HeldOrder]:
    """Lock the orders with these ids in order of id; missing ones are left out."""
    found = sql.rows(
        f"SELECT {_HELD} FROM commerce_order o WHERE o.id = ANY(%s::bigint[])"
        " ORDER BY o.id FOR NO KEY UPDATE",
        [sorted(set(order_ids))],
    )
    return {row[0]: _held(row) for row in found}


def find_order_keys(keys: Iterable[Key]) -> set[Key]:
    """Answer which of these orders are here."""
    wanted = set(keys)
    found = sql.rows(
        "SELECT source_id, external_id FROM commerce_order"
        " WHERE source_id = ANY(%s::bigint[]) AND external_id = ANY(%s::text[])",
        [sorted({source for source, _ in wanted}), [external for _, external in wanted]],
    )
    return {(source, external) for source, external in found} & wanted


def stores_of_orders(*, keys: Iterable[Key]) -> dict[Key, int | None]:
    """Answer the store of each of these orders that is here."""
    wanted = set(keys)
    found = sql.rows(
        "SELECT source_id, external_id, store_id FROM commerce_order"
        " WHERE source_id = ANY(%s::bigint[]) AND external_id = ANY(%s::text[])",
        [sorted({source for source, _ in wanted}), [external for _, external in wanted]],
    )
    stores = {(source, external): store_id for source, external, store_id in found}
    return {key: store_id for key, store_id in stores.items() if key in wanted}


def list_unlinked_returns(keys: Iterable[Key]) -> dict[Key, list[tuple[int, RefundInput]]]:
    """Lock the returns that were booked without their order, for the orders that come now."""
    wanted = set(keys)
    found = sql.rows(
        "SELECT id, source_id, order_external_id, external_id, currency, amount_minor,"
        " shipping_minor, refunded_at FROM commerce_refund WHERE order_id IS NULL"
        " AND source_id = ANY(%s::bigint[]) AND order_external_id = ANY(%s::text[])"
        " ORDER BY id FOR UPDATE",
        [sorted({source for source, _ in wanted}), [external for _, external in wanted]],
    )
    waiting: dict[Key, list[tuple[int, RefundInput]]] = {}
    for row in found:
        refund = RefundInput(
            source_id=row[1],
            order=row[2],
            external_id=row[3],
            currency=row[4],
            amount_minor=row[5],
            shipping_minor=row[6],
            refunded_at=row[7],
        )
        waiting.setdefault((refund.source_id, refund.order), []).append((row[0], refund))
    return {key: each for key, each in waiting.items() if key in wanted}


def _held(row: tuple[Any, ...]) -> HeldOrder:
    order_id, public_id, reports_completion, award, batch_id, *order = row
    return HeldOrder(order_id, public_id, reports_completion, award, batch_id, Order(*order))
