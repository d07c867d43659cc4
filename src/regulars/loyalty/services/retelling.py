"""Judge orders again because of something else than the orders: a balance, an unmerge."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from regulars.commerce.domain import net_minor, state_of
from regulars.commerce.selectors import HeldOrder
from regulars.loyalty.domain import OrderSnapshot, Verdict
from regulars.loyalty.services.awards import award_orders


def retell_orders(
    *, held: Sequence[HeldOrder], owners: Mapping[int, int], causes: Mapping[int, int], at: datetime
) -> list[Verdict]:
    """Bring these orders to what they are worth now.

    `owners` names the member of each order, `causes` the event because of which each member's
    orders are judged again.
    """
    snapshots = [
        OrderSnapshot(
            event_id=causes[owners[each.id]],
            order_id=each.id,
            member_id=owners[each.id],
            store_id=each.order.store_id,
            currency=each.order.currency,
            state=state_of(each.order).word,
            net_minor=net_minor(each.order),
            occurred_at=each.order.paid_at or at,
            changed_at=at,
            completed_at=each.order.completed_at,
            reports_completion=each.reports_completion,
            awards=each.award,
            is_retold=True,
        )
        for each in held
    ]
    return award_orders(snapshots=snapshots, at=at) if snapshots else []
