"""How messages about an order add up, whatever order they arrive in.

Every part of an order is joined by a rule that does not care who came first: an exact moment
beats an estimated one, then the earlier wins; content (amounts, lines, payments, place) is that
of its last writer by (version, status rank, content hash); refunds are a set. So every shuffle
and repetition of the same messages ends in the same order.
"""

import hashlib
from datetime import UTC, datetime
from typing import Any

from msgspec.structs import replace

from regulars.commerce.domain.values import (
    Amounts,
    Estimated,
    Line,
    Order,
    OrderInput,
    Payment,
    State,
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_HASH_BYTES = 8
_VERSION_OFFSET = 1 << 62  # keeps moments before 1970 in order


def merge(known: Order | None, said: OrderInput) -> Order:
    """Join one message to what is known of its order.

    The result is the same for every arrival order of the same messages, and for repetitions.
    """
    order = known or Order(said.source_id, said.external_id)
    changes: dict[str, Any] = {}
    _merge_moments(order, said, changes)
    _merge_content(order, said, changes)
    _merge_place(order, said, changes)
    if order.member_id is None and said.member_id is not None:
        changes["member_id"] = said.member_id
    return replace(order, **changes) if changes else order


def state_of(order: Order) -> State:
    """Derive the state: closed is final; refunds count once the order is paid."""
    if order.closed_at is not None:
        return State.CLOSED
    if order.paid_at is None:
        return State.CREATED
    refunded = refunded_minor(order)
    if refunded > 0:
        whole = refunded >= goods_paid_minor(order)
        return State.REFUNDED if whole else State.PARTIALLY_REFUNDED
    return State.COMPLETED if order.completed_at is not None else State.PAID


def goods_paid_minor(order: Order) -> int:
    """Answer what was paid for goods: without shipping, points tender, discounts and top-ups.

    Where the source says what was paid, the answer is never more than that less the postage.
    """
    owed = order.goods_minor - order.discount_minor - order.points_tender_minor
    if order.paid_minor is not None:
        owed = min(owed, order.paid_minor - order.shipping_minor)
    return max(owed - order.excluded_minor, 0)


def refunded_minor(order: Order) -> int:
    """Answer what was given back for goods: single refunds, or the largest sum so far.

    Both tell of the same money, so the larger one counts, not their sum.
    """
    return max(order.refunds_minor, order.refunded_so_far_minor)


def net_minor(order: Order) -> int:
    """Answer what the order is worth: goods paid less goods refunded; nothing once closed."""
    if order.paid_at is None or order.closed_at is not None:
        return 0
    return max(goods_paid_minor(order) - refunded_minor(order), 0)


def change_between(before: Order | None, after: Order) -> str | None:
    """Name the most telling thing that changed, or None where nothing did."""
    old = before or Order(after.source_id, after.external_id)
    told = {
        "closed": after.closed_at is not None and old.closed_at is None,
        "refunded": refunded_minor(after) != refunded_minor(old),
        "completed": after.completed_at is not None and old.completed_at is None,
        "paid": after.paid_at is not None and old.paid_at is None,
        "created": before is None,
        "attributed": after.member_id != old.member_id,
    }
    change = next((name for name, is_so in told.items() if is_so), None)
    if change is None and _shown(after) != _shown(old):
        return "updated"
    return change


def changed_at(
    change: str, order: Order, *, refunded_at: datetime | None, at: datetime
) -> datetime:
    """Answer when the change happened outside; `at` where nobody said."""
    moment = {
        "closed": order.closed_at,
        "refunded": refunded_at,
        "completed": order.completed_at,
        "paid": order.paid_at,
        "created": order.created_at,
        "attributed": order.paid_at or order.created_at,
    }.get(change)
    return moment or order.created_at or order.paid_at or at


def placed_at(order: Order, *, at: datetime) -> datetime:
    """Answer when the order was placed, as well as it is known."""
    return order.created_at or order.paid_at or order.completed_at or order.closed_at or at


def _shown(order: Order) -> tuple[Any, ...]:
    """Answer what a reader can see of an order: all but the moments its content was said at."""
    hashes = tuple(
        version[-_HASH_BYTES:]
        for version in (order.lines_version, order.payments_version, order.amounts_version)
    )
    return (
        *(order.created_at, order.paid_at, order.completed_at, order.closed_at),
        *(order.currency, order.store_id, order.store_code, order.channel, order.member_id),
        *(goods_paid_minor(order), order.shipping_minor, hashes),
    )


def _merge_moments(order: Order, said: OrderInput, changes: dict[str, Any]) -> None:
    estimated = order.estimated
    for name, flag in _MOMENTS:
        moment = getattr(said, name)
        if moment is None:
            continue
        known = getattr(order, name)
        is_estimate = bool(said.estimated & flag)
        if known is not None:
            knew_estimate = bool(estimated & flag)
            if (is_estimate, moment) >= (knew_estimate, known):
                continue
        changes[name] = moment
        estimated = estimated | flag if is_estimate else estimated & ~flag
    if estimated != order.estimated:
        changes["estimated"] = int(estimated)


def _merge_content(order: Order, said: OrderInput, changes: dict[str, Any]) -> None:
    if said.amounts is not None:
        version = _version(said, _amounts_key(said.amounts))
        if version > order.amounts_version:
            changes["amounts_version"] = version
            changes.update(_amounts_changes(said.amounts))
    if said.lines is not None:
        version = _version(said, _lines_key(said.lines))
        if version > order.lines_version:
            changes["lines_version"] = version
            changes["lines_count"] = len(said.lines)
            changes["excluded_minor"] = sum(
                line.amount_minor for line in said.lines if line.kind not in _EARNING_KINDS
            )
    if said.payments is not None:
        version = _version(said, _payments_key(said.payments))
        if version > order.payments_version:
            changes["payments_version"] = version


def _merge_place(order: Order, said: OrderInput, changes: dict[str, Any]) -> None:
    if said.store_id is not None or said.store_code is not None:
        version = _version(said, f"{said.store_id or ''}|{said.store_code or ''}")
        if version > order.store_version:
            changes["store_version"] = version
            changes["store_id"] = said.store_id
            changes["store_code"] = said.store_code or ""
    if said.channel is not None:
        version = _version(said, said.channel)
        if version > order.channel_version:
            changes["channel_version"] = version
            changes["channel"] = said.channel


def _amounts_changes(amounts: Amounts) -> dict[str, Any]:
    return {
        "currency": amounts.currency,
        "goods_minor": amounts.goods_minor,
        "shipping_minor": amounts.shipping_minor,
        "discount_minor": amounts.discount_minor,
        "points_tender_minor": amounts.points_tender_minor,
        "paid_minor": amounts.paid_minor,
    }


def _version(said: OrderInput, content: str) -> bytes:
    """Write a version that sorts as bytes: moment, status rank, hash of the content."""
    micros = round((said.version_at - _EPOCH).total_seconds() * 1_000_000) + _VERSION_OFFSET
    rank = 0 if said.state is None else int(said.state)
    digest = hashlib.blake2b(content.encode(), digest_size=_HASH_BYTES).digest()
    return micros.to_bytes(8, "big") + bytes((rank,)) + digest


def _amounts_key(amounts: Amounts) -> str:
    return (
        f"{amounts.currency}|{amounts.goods_minor}|{amounts.shipping_minor}"
        f"|{amounts.discount_minor}|{amounts.points_tender_minor}|{amounts.paid_minor}"
    )


def _lines_key(lines: tuple[Line, ...]) -> str:
    return "\n".join(
        f"{line.sku}|{line.quantity.normalize()}|{line.amount_minor}|{line.kind}|{line.name}"
        for line in lines
    )


def _payments_key(payments: tuple[Payment, ...]) -> str:
    return "\n".join(
        f"{tender.method}|{tender.amount_minor}|{tender.paid_at}" for tender in payments
    )


_MOMENTS: tuple[tuple[str, Estimated], ...] = (
    ("created_at", Estimated.CREATED),
    ("paid_at", Estimated.PAID),
    ("completed_at", Estimated.COMPLETED),
    ("closed_at", Estimated.CLOSED),
)
_EARNING_KINDS = frozenset({"goods"})
