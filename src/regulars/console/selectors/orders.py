"""Read orders as the pages show them: a member's list, one order with all its parts."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

from regulars.access.domain import Scope, Store
from regulars.commerce import selectors as commerce
from regulars.commerce.domain import OrderQuery, OrderView, State
from regulars.console.domain import wording
from regulars.console.domain.lists import Choice, ListSpec, ListState
from regulars.console.domain.movements import (
    AmountLine,
    OrderDetail,
    OrderLine,
    OrderRow,
    PaymentLine,
    RefundLine,
)
from regulars.console.domain.order_list import ORDERS
from regulars.console.domain.stories import Teller
from regulars.console.selectors import house, points
from regulars.ingest import selectors as ingest
from regulars.kit.messages import message
from regulars.loyalty.domain import Programme
from regulars.members import selectors as members
from regulars.members.domain import MemberNotFound, Profile

GOODS = message("Goods")
SHIPPING = message("Shipping")
DISCOUNT = message("Discount")
POINTS_TENDER = message("Paid with points")
REFUNDED = message("Refunded")
NET = message("Net, counts for points")
MOMENTS = {
    "created_at": message("Created"),
    "paid_at": message("Paid"),
    "completed_at": message("Completed"),
    "closed_at": message("Closed"),
    "recorded_at": message("Received here"),
}


def spec_for(stores: Sequence[Store], *, channels: Sequence[str]) -> ListSpec:
    """Answer the list of orders with the stores and channels there are to choose from."""
    return ORDERS.with_choices(
        channel=[Choice(code, wording.CHANNELS.get(code, code)) for code in channels],
        store=[Choice(store.code, store.name, is_data=True) for store in stores],
    )


def query_of(
    state: ListState, stores: Sequence[Store], *, at: datetime, zone: ZoneInfo
) -> OrderQuery:
    """Read what the list's address asks for."""
    span = state.span("paid", at=at, zone=zone)
    store = state.filters.get("store")
    member = state.filters.get("member")
    ids = {each.code: each.id for each in stores}
    return OrderQuery(
        state=State[state.filters["state"].upper()] if "state" in state.filters else None,
        channel=state.filters.get("channel", ""),
        store_id=ids.get(store or ""),
        paid_since=span.since,
        paid_until=span.until,
        has_member=None if member is None else member == "yes",
        by_payment=state.sort_code == "paid_at",
        descending=state.descending,
    )


def rows_of(
    orders: Iterable[OrderView], *, stores: Mapping[int, str], teller: Teller
) -> tuple[OrderRow, ...]:
    """Tell orders as rows; the names of their stores are given."""
    return tuple(_row(order, stores, teller) for order in orders)


def get_order(
    *,
    public_id: UUID,
    scope: Scope,
    members_scope: Scope,
    programme: Programme,
    at: datetime,
    teller: Teller,
) -> OrderDetail:
    """Answer one order whole; raises OrderMissing, also out of scope.

    Its member is named only where the reader may see that member.
    """
    order = commerce.get_order(public_id=public_id, scope=scope)
    stores = house.store_names([order.store_id])
    owner = _owner(order.member_id, members_scope, at=at)
    sources = {each.source.id: each.source for each in ingest.list_sources(at=at)}
    source = sources.get(order.source_id)
    return OrderDetail(
        row=_row(order, stores, teller),
        source=source.name if source else "",
        source_id=source.public_id if source else None,
        batch=_batch(order.batch_id),
        moments=_moments(order),
        lines=tuple(
            OrderLine(
                sku=line.sku,
                name=line.name,
                quantity=_plain(line.quantity),
                amount_minor=line.amount_minor,
            )
            for line in order.lines
        ),
        amounts=_amounts(order),
        payments=_payments(order, teller),
        refunds=_refunds(order),
        awards=tuple(points.list_awards(programme, order_id=order.id, teller=teller)),
        member=owner.member.public_id if owner else None,
        member_name=owner.profile.get("name", "") if owner else "",
        has_member=order.member_id is not None,
    )


def _row(order: OrderView, stores: Mapping[int, str], teller: Teller) -> OrderRow:
    state = wording.ORDER_STATES[order.state]
    return OrderRow(
        public_id=order.public_id,
        number=order.number,
        at=order.paid_at or order.created_at,
        state=teller.translate(state.title),
        tone=state.tone,
        channel=teller.word(wording.CHANNELS, order.channel),
        store=stores.get(order.store_id or 0, order.store_code),
        goods_minor=order.goods_paid_minor,
        refunded_minor=order.refunded_minor,
        net_minor=order.net_minor,
        currency=order.currency,
    )


def _owner(member_id: int | None, scope: Scope, *, at: datetime) -> Profile | None:
    if member_id is None:
        return None
    try:
        return members.get_profile(member_id=member_id, scope=scope, at=at)
    except MemberNotFound:
        return None


def _payments(order: OrderView, teller: Teller) -> tuple[PaymentLine, ...]:
    return tuple(
        PaymentLine(
            method=teller.word(wording.TENDERS, payment.method),
            at=payment.paid_at,
            amount_minor=payment.amount_minor,
        )
        for payment in order.payments
    )


def _refunds(order: OrderView) -> tuple[RefundLine, ...]:
    return tuple(
        RefundLine(
            number=refund.external_id or "",
            at=None if refund.undated else refund.refunded_at,
            amount_minor=refund.amount_minor,
        )
        for refund in order.refunds
    )


def _batch(batch_id: int | None) -> UUID | None:
    return None if batch_id is None else ingest.public_ids_of(batch_ids=[batch_id]).get(batch_id)


def _moments(order: OrderView) -> tuple[tuple[str, datetime], ...]:
    told = [(title, getattr(order, name)) for name, title in MOMENTS.items()]
    return tuple((title, moment) for title, moment in told if moment is not None)


def _amounts(order: OrderView) -> tuple[AmountLine, ...]:
    lines = [AmountLine(GOODS, order.goods_minor)]
    for title, minor in (
        (SHIPPING, order.shipping_minor),
        (DISCOUNT, -order.discount_minor),
        (POINTS_TENDER, -order.points_tender_minor),
        (REFUNDED, -order.refunded_minor),
    ):
        if minor:
            lines.append(AmountLine(title, minor))
    return (*lines, AmountLine(NET, order.net_minor, is_total=True))


def _plain(quantity: Decimal) -> str:
    text = f"{quantity:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
