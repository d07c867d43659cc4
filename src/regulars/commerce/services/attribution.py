"""Give orders the buyer and the store that became known after the order did."""

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction
from msgspec.structs import replace

from regulars.commerce import selectors
from regulars.commerce.services.orders import Draft, append_changes, write_changed
from regulars.web import sql

ORDERS_PER_LINK_MAX = 5_000


@transaction.atomic
def attribute_orders(*, identities: Mapping[bytes, int], at: datetime) -> int:
    """Attribute waiting orders to the members that now hold their buyers' identities.

    `identities` maps blind indexes to member ids. Answers how many orders found their buyer;
    each is told as `attributed`, dated when it was paid, and awards like any other.
    """
    if not identities:
        return 0
    found = sql.rows(
        "SELECT order_id, identity FROM commerce_waitingbuyer WHERE identity = ANY(%s::bytea[])"
        " ORDER BY order_id, identity LIMIT %s::int",
        [list(identities), ORDERS_PER_LINK_MAX],
    )
    buyers: dict[int, int] = {}
    for order_id, identity in found:
        buyers.setdefault(order_id, identities[bytes(identity)])
    held = selectors.lock_orders_by_id(list(buyers)) if buyers else {}
    drafts = []
    for order_id, each in held.items():
        draft = Draft(each)
        if each.order.member_id is None:
            draft.after = replace(each.order, member_id=buyers[order_id])
        drafts.append(draft)
    if drafts:
        write_changed(drafts, batch_id=None, at=at)
        append_changes(drafts, award=True, batch_id=None, at=at)
    if buyers:
        sql.run(
            "DELETE FROM commerce_waitingbuyer WHERE order_id = ANY(%s::bigint[])", [list(buyers)]
        )
    return len(drafts)


@transaction.atomic
def link_stores(*, store_ids: Mapping[str, int], at: datetime) -> int:
    """Give orders that named a store by a code unknown then the store of that code."""
    return sql.run(
        "UPDATE commerce_order o SET store_id = u.id, store_code = '', changed_at = %s::timestamptz"
        " FROM unnest(%s::text[], %s::bigint[]) AS u(code, id)"
        " WHERE o.store_id IS NULL AND o.store_code <> '' AND o.store_code = u.code",
        [at, list(store_ids), list(store_ids.values())],
    )
