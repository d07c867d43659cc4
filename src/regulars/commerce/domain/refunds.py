"""How refunds add up: single refunds are summed, sums so far take the largest."""

from collections.abc import Iterable

from msgspec.structs import replace

from regulars.commerce.domain.values import Order, RefundInput


def with_refunds(order: Order, refunds: Iterable[RefundInput]) -> Order:
    """Join refunds that are new to the order; each key must come at most once, ever."""
    single, so_far = order.refunds_minor, order.refunded_so_far_minor
    for refund in refunds:
        if refund.external_id is None:
            so_far = max(so_far, refund.goods_minor)
        else:
            single += refund.goods_minor
    return replace(order, refunds_minor=single, refunded_so_far_minor=so_far)
