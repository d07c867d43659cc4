"""Messages about one order, drawn: any moments, any content, any repetition."""

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from regulars.commerce.domain import (
    Amounts,
    Estimated,
    Line,
    Order,
    OrderInput,
    RefundInput,
    State,
    merge,
    with_refunds,
)

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)

moments = st.integers(0, 40).map(lambda n: NOON + timedelta(minutes=n))
maybe = st.none() | moments
amounts = st.builds(
    Amounts,
    currency=st.sampled_from(["CNY", "USD"]),
    goods_minor=st.integers(0, 500),
    shipping_minor=st.integers(0, 50),
    discount_minor=st.integers(0, 50),
    points_tender_minor=st.integers(0, 50),
    paid_minor=st.none() | st.integers(0, 500),
)
lines = st.lists(
    st.builds(
        Line,
        sku=st.sampled_from(["a", "b"]),
        amount_minor=st.integers(-50, 200),
        kind=st.sampled_from(["goods", "top_up"]),
    ),
    max_size=3,
).map(tuple)
messages = st.builds(
    OrderInput,
    source_id=st.just(1),
    external_id=st.just("T-1"),
    version_at=moments,
    state=st.none() | st.sampled_from(list(State)[:4]),
    created_at=maybe,
    paid_at=maybe,
    completed_at=maybe,
    closed_at=st.none() | st.none() | moments,
    estimated=st.integers(0, 15).map(lambda n: int(Estimated(n))),
    amounts=st.none() | amounts,
    lines=st.none() | lines,
    store_id=st.none() | st.integers(1, 3),
    channel=st.none() | st.sampled_from(["pos", "web"]),
)
refunds = st.builds(
    RefundInput,
    source_id=st.just(1),
    order=st.just("T-1"),
    amount_minor=st.integers(0, 300),
    external_id=st.none(),
    refunded_at=moments,
) | st.integers(1, 5).map(
    lambda n: RefundInput(
        source_id=1, order="T-1", amount_minor=n * 17, external_id=f"R{n}", refunded_at=NOON
    )
)


def told(said: list[OrderInput | RefundInput]) -> Order | None:
    """Tell messages one by one, the way the tables do: refunds wait, and each key counts once."""
    order: Order | None = None
    waiting: list[RefundInput] = []
    seen: set[str] = set()
    for each in said:
        if isinstance(each, OrderInput):
            order = merge(order, each)
        else:
            waiting.append(each)
        if order is not None:
            fresh = {refund.key: refund for refund in waiting if refund.key not in seen}
            seen |= fresh.keys()
            order, waiting = with_refunds(order, fresh.values()), []
    return order
