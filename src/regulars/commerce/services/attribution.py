"""Give orders the buyer and the store that became known after the order did."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db import transaction
from msgspec.structs import replace

from regulars.commerce import selectors
from regulars.commerce.services.orders import Draft, append_changes, write_changed
from regulars.members import selectors as members
from regulars.web import later, sql

ORDERS_PER_LINK_MAX = 5_000
TASK = "commerce.attribute_waiting"


@transaction.atomic
def attribute_orders(*, identities: Mapping[bytes, int], at: datetime) -> int:
    """Attribute waiting orders to the members that now hold their buyers' identities.

    `identities` maps blind indexes to member ids. Answers how many orders found their buyer;
    each is told as `attributed`, dated when it was paid, and awards like any other. Where more
    wait than one transaction should hold, a job goes on with the rest.
    """
    if not identities:
        return 0
    found = sql.rows(
        "SELECT order_id, identity FROM commerce_waitingbuyer WHERE identity = ANY(%s::bytea[])"
        " ORDER BY order_id, identity LIMIT %s::int",
        [list(identities), ORDERS_PER_LINK_MAX],
    )
    if not found:
        return 0
    buyers: dict[int, int] = {}
    for order_id, identity in found:
        buyers.setdefault(order_id, identities[bytes(identity)])
    drafts = []
    for order_id, each in selectors.lock_orders_by_id(list(buyers)).items():
        draft = Draft(each)
        if each.order.member_id is None:
            draft.after = replace(each.order, member_id=buyers[order_id])
        drafts.append(draft)
    write_changed(drafts, batch_id=None, at=at)
    append_changes(drafts, award=True, batch_id=None, at=at)
    sql.run("DELETE FROM commerce_waitingbuyer WHERE order_id = ANY(%s::bigint[])", [list(buyers)])
    if len(found) == ORDERS_PER_LINK_MAX:
        for member_id in sorted(set(identities.values())):
            later.defer(TASK, lock=f"{TASK}:{member_id}", member_id=member_id)
    return len(drafts)


@transaction.atomic
def attribute_waiting(*, member_id: int, at: datetime) -> int:
    """Attribute what still waits for whoever stands for a member now; answers how many orders."""
    survivor_id = members.survivors(member_ids=[member_id]).get(member_id, member_id)
    held = members.identity_lookups(member_ids=[survivor_id]).get(survivor_id, [])
    return attribute_orders(identities=dict.fromkeys(held, survivor_id), at=at)


@transaction.atomic
def forget_waiting(*, member_ids: Sequence[int], identities: Sequence[bytes]) -> int:
    """Drop the blind indexes of erased people from orders that wait, and from their own orders."""
    return sql.run(
        "DELETE FROM commerce_waitingbuyer WHERE identity = ANY(%s::bytea[]) OR order_id IN"
        " (SELECT w.order_id FROM commerce_waitingbuyer w JOIN commerce_order o"
        " ON o.id = w.order_id WHERE o.member_id = ANY(%s::bigint[]))",
        [list(identities), list(member_ids)],
    )


@transaction.atomic
def link_stores(*, store_ids: Mapping[str, int], at: datetime) -> int:
    """Give orders that named a store by a code unknown then the store of that code."""
    return sql.run(
        "UPDATE commerce_order o SET store_id = u.id, store_code = '', changed_at = %s::timestamptz"
        " FROM unnest(%s::text[], %s::bigint[]) AS u(code, id)"
        " WHERE o.store_id IS NULL AND o.store_code <> '' AND o.store_code = u.code",
        [at, list(store_ids), list(store_ids.values())],
    )
