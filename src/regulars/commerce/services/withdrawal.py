"""Take back what an import batch wrote: its own orders go, others become what they were."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from msgspec.structs import replace

from regulars.commerce import domain, selectors
from regulars.commerce.domain import Order
from regulars.commerce.selectors.locks import ORDER_COLUMNS
from regulars.commerce.services.orders import Draft, append_changes
from regulars.web import sql

_RESTORED = ", ".join(
    f"{name} = b.{name}"
    for name in (*Order.__struct_fields__, "state", "net_minor", "touched_batch_id")
    if name not in {"source_id", "external_id"}
)


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """What one step of taking a batch back did; `more` says whether to call again."""

    removed: int = 0
    restored: int = 0
    kept: int = 0
    more: bool = False


@transaction.atomic
def withdraw_orders(*, batch_id: int, at: datetime, limit: int = 500) -> Withdrawn:
    """Take back up to `limit` orders of a batch; call again while `more`.

    Orders that only this batch made are removed, orders it changed become what they were before,
    and each is told with a net of what it is worth now, so that points follow. Orders that
    somebody else has changed since stay as they are and are counted as kept.
    """
    removed = _remove(batch_id, at, limit)
    restored, kept = _restore(batch_id, at, limit)
    refunds = _withdraw_refunds(batch_id, at, limit)
    full = max(removed, restored + kept, refunds) >= limit
    if not full:
        sql.run("UPDATE commerce_order SET batch_id = NULL WHERE batch_id = %s::bigint", [batch_id])
    return Withdrawn(removed=removed, restored=restored + refunds, kept=kept, more=full)


def _remove(batch_id: int, at: datetime, limit: int) -> int:
    found = sql.rows(
        "SELECT o.id FROM commerce_order o WHERE o.batch_id = %s::bigint"
        " AND o.touched_batch_id = %s::bigint AND NOT EXISTS (SELECT 1 FROM commerce_refund r"
        " WHERE r.order_id = o.id AND r.batch_id IS DISTINCT FROM o.batch_id)"
        " ORDER BY o.id LIMIT %s::int",
        [batch_id, batch_id, limit],
    )
    held = selectors.lock_orders_by_id([order_id for (order_id,) in found]) if found else {}
    drafts = []
    for each in held.values():
        draft = Draft(each)
        draft.after = replace(each.order, closed_at=each.order.closed_at or at)
        drafts.append(draft)
    if not drafts:
        return 0
    append_changes(drafts, award=True, batch_id=batch_id, at=at)
    ids = list(held)
    for table in ("line", "payment", "refund", "waitingbuyer"):
        sql.run(f"DELETE FROM commerce_{table} WHERE order_id = ANY(%s::bigint[])", [ids])
    sql.run("DELETE FROM commerce_order WHERE id = ANY(%s::bigint[])", [ids])
    return len(ids)


def _restore(batch_id: int, at: datetime, limit: int) -> tuple[int, int]:
    found = sql.rows(
        f"SELECT b.order_id, {ORDER_COLUMNS} FROM commerce_orderbefore b,"
        " jsonb_populate_record(NULL::commerce_order, b.before) o"
        " WHERE b.batch_id = %s::bigint ORDER BY b.order_id LIMIT %s::int",
        [batch_id, limit],
    )
    before = {row[0]: Order(*row[1:]) for row in found}
    if not before:
        return 0, 0
    untouched = _last_touched_by(batch_id, list(before))
    drafts = []
    for order_id, each in selectors.lock_orders_by_id(untouched).items():
        draft = Draft(each)
        draft.after = before[order_id]
        drafts.append(draft)
    if drafts:
        _give_back(batch_id, [draft.id for draft in drafts], at)
        _drop_refunds(batch_id, [draft.id for draft in drafts])
        append_changes(drafts, award=True, batch_id=batch_id, at=at)
    sql.run(
        "DELETE FROM commerce_orderbefore WHERE batch_id = %s::bigint"
        " AND order_id = ANY(%s::bigint[])",
        [batch_id, list(before)],
    )
    return len(drafts), len(before) - len(drafts)


def _last_touched_by(batch_id: int, order_ids: list[int]) -> list[int]:
    found = sql.rows(
        "SELECT id FROM commerce_order WHERE id = ANY(%s::bigint[])"
        " AND touched_batch_id = %s::bigint ORDER BY id",
        [order_ids, batch_id],
    )
    return [order_id for (order_id,) in found]


def _give_back(batch_id: int, order_ids: list[int], at: datetime) -> None:
    sql.run(
        f"UPDATE commerce_order o SET {_RESTORED}, changed_at = %s::timestamptz"
        " FROM commerce_orderbefore k, jsonb_populate_record(NULL::commerce_order, k.before) b"
        " WHERE k.batch_id = %s::bigint AND k.order_id = o.id AND o.id = ANY(%s::bigint[])",
        [at, batch_id, order_ids],
    )
    for table, column in (("line", "lines"), ("payment", "payments")):
        sql.run(f"DELETE FROM commerce_{table} WHERE order_id = ANY(%s::bigint[])", [order_ids])
        sql.run(
            f"INSERT INTO commerce_{table} SELECT r.* FROM commerce_orderbefore k,"
            f" jsonb_populate_recordset(NULL::commerce_{table}, k.{column}) r"
            " WHERE k.batch_id = %s::bigint AND k.order_id = ANY(%s::bigint[])",
            [batch_id, order_ids],
        )


def _drop_refunds(batch_id: int, order_ids: list[int]) -> None:
    sql.run(
        "DELETE FROM commerce_refund WHERE batch_id = %s::bigint AND order_id = ANY(%s::bigint[])",
        [batch_id, order_ids],
    )


def _withdraw_refunds(batch_id: int, at: datetime, limit: int) -> int:
    """Drop refunds of the batch on orders that stay, and tell those orders anew."""
    found = sql.rows(
        "SELECT id, order_id FROM commerce_refund WHERE batch_id = %s::bigint ORDER BY id"
        " LIMIT %s::int",
        [batch_id, limit],
    )
    if not found:
        return 0
    held = selectors.lock_orders_by_id([order_id for _, order_id in found if order_id is not None])
    sql.run(
        "DELETE FROM commerce_refund WHERE id = ANY(%s::bigint[])",
        [[refund_id for refund_id, _ in found]],
    )
    sums = _refund_sums(list(held))
    drafts = []
    for order_id, each in held.items():
        draft = Draft(each)
        single, so_far = sums.get(order_id, (0, 0))
        draft.after = replace(each.order, refunds_minor=single, refunded_so_far_minor=so_far)
        draft.refunded_at = at
        drafts.append(draft)
    _write_sums(drafts, at)
    append_changes(drafts, award=True, batch_id=batch_id, at=at)
    return len(found)


def _refund_sums(order_ids: list[int]) -> dict[int, tuple[int, int]]:
    goods = "GREATEST(amount_minor - shipping_minor, 0)"
    found = sql.rows(
        f"SELECT order_id,"
        f" COALESCE(sum({goods}) FILTER (WHERE external_id IS NOT NULL), 0)::bigint,"
        f" COALESCE(max({goods}) FILTER (WHERE external_id IS NULL), 0)::bigint"
        " FROM commerce_refund WHERE order_id = ANY(%s::bigint[]) GROUP BY order_id",
        [order_ids],
    )
    return {order_id: (single, so_far) for order_id, single, so_far in found}


def _write_sums(drafts: list[Draft], at: datetime) -> None:
    sql.run(
        "UPDATE commerce_order o SET refunds_minor = u.single, refunded_so_far_minor = u.so_far,"
        " state = u.state, net_minor = u.net, changed_at = %s::timestamptz"
        " FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::smallint[], %s::bigint[])"
        " AS u(id, single, so_far, state, net) WHERE o.id = u.id",
        [
            at,
            [draft.id for draft in drafts],
            [draft.order.refunds_minor for draft in drafts],
            [draft.order.refunded_so_far_minor for draft in drafts],
            [int(domain.state_of(draft.order)) for draft in drafts],
            [domain.net_minor(draft.order) for draft in drafts],
        ],
    )
