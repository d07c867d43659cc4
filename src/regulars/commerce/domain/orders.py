"""How messages about an order add up, whatever order they arrive in.

Every part of an order is joined by a rule that does not care who came first: an exact moment
beats an estimated one, then the earlier wins; content (amounts, lines, payments, place) is that
of its last writer by (version, status rank, content hash); refunds are a set. So every shuffle
and repetition of the same messages ends in the same order.
"""

from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from hashlib import blake2b
from typing import Any

from msgspec.structs import replace

from regulars.commerce.domain.values import (
    Amounts,
    Estimated,
    Line,
    Order,
    OrderInput,
    Payment,
    Reckoning,
    State,
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_HASH_BYTES = 8
_VERSION_OFFSET = 1 << 62  # keeps moments before 1970 in order


def merge(known: Order | None, said: OrderInput) -> Order:
    """Join one message to what is known of its order.

    The result is the same for every arrival order of the same messages, and for repetitions.
    """
    if known is None:
        return _first(said)
    changes: dict[str, Any] = {}
    stamp = _stamp(said)
    _merge_moments(known, said, changes)
    _merge_content(known, said, changes, stamp)
    _merge_place(known, said, changes, stamp)
    if known.member_id is None and said.member_id is not None:
        changes["member_id"] = said.member_id
    return replace(known, **changes) if changes else known


def state_of(order: Order) -> State:
    """Derive the state: closed is final; refunds count once the order is paid."""
    return reckon(order).state


def reckon(order: Order) -> Reckoning:
    """Derive state and sums at once: what was paid for goods, given back, and is left."""
    goods, refunded = goods_paid_minor(order), refunded_minor(order)
    if order.closed_at is not None:
        return Reckoning(State.CLOSED, goods, refunded, 0)
    if order.paid_at is None:
        return Reckoning(State.CREATED, goods, refunded, 0)
    if refunded > 0:
        state = State.REFUNDED if refunded >= goods else State.PARTIALLY_REFUNDED
    else:
        state = State.PAID if order.completed_at is None else State.COMPLETED
    return Reckoning(state, goods, refunded, max(goods - refunded, 0))


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
    return reckon(order).net_minor


def change_between(before: Order | None, after: Order) -> str | None:
    """Name the most telling thing that changed, or None where nothing did."""
    old = _NOTHING if before is None else before
    if after.closed_at is not None and old.closed_at is None:
        return "closed"
    if refunded_minor(after) != refunded_minor(old):
        return "refunded"
    if after.completed_at is not None and old.completed_at is None:
        return "completed"
    if after.paid_at is not None and old.paid_at is None:
        return "paid"
    return "created" if before is None else _smaller_change(before, after)


def _smaller_change(before: Order, after: Order) -> str | None:
    if after.member_id != before.member_id:
        return "attributed"
    return "updated" if _shown(after) != _shown(before) else None


def changed_at(
    change: str, order: Order, *, refunded_at: datetime | None, at: datetime
) -> datetime:
    """Answer when the change happened outside; `at` where nobody said."""
    moment = refunded_at
    if change != "refunded":
        name = _TOLD_AT.get(change)
        moment = None if name is None else getattr(order, name)
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


def _first(said: OrderInput) -> Order:
    """Make an order from its first message; the same as joining it to nothing, only faster."""
    stamp = _stamp(said)
    amounts, lines, payments = said.amounts, said.lines, said.payments
    names_store = said.store_id is not None or said.store_code is not None
    sums = amounts or _NO_AMOUNTS
    return Order(
        said.source_id, said.external_id,
        said.created_at, said.paid_at, said.completed_at, said.closed_at,
        _estimated(said) if said.estimated else 0,
        sums.currency, sums.goods_minor, sums.shipping_minor, sums.discount_minor,
        sums.points_tender_minor, sums.paid_minor,
        _excluded_minor(lines) if lines else 0, len(lines) if lines else 0, 0, 0,
        said.store_id, said.store_code or "", said.channel or "", said.member_id,
        stamp + _digest(_amounts_key(amounts)) if amounts is not None else b"",
        stamp + _digest(_lines_key(lines)) if lines is not None else b"",
        stamp + _digest(_payments_key(payments)) if payments is not None else b"",
        stamp + _word_digest(_store_key(said)) if names_store else b"",
        stamp + _word_digest(said.channel) if said.channel is not None else b"",
    )  # fmt: skip


def _estimated(said: OrderInput) -> int:
    """Keep the marks of the moments that are there."""
    return sum(
        flag for name, flag in _MOMENTS if said.estimated & flag and getattr(said, name) is not None
    )


def _merge_moments(order: Order, said: OrderInput, changes: dict[str, Any]) -> None:
    estimated = order.estimated
    for name, flag in _MOMENTS:
        moment = getattr(said, name)
        if moment is None:
            continue
        known = getattr(order, name)
        is_estimate = said.estimated & flag > 0
        if known is not None and (is_estimate, moment) >= (estimated & flag > 0, known):
            continue
        changes[name] = moment
        estimated = estimated | flag if is_estimate else estimated & ~flag
    if estimated != order.estimated:
        changes["estimated"] = estimated


def _merge_content(order: Order, said: OrderInput, changes: dict[str, Any], stamp: bytes) -> None:
    if said.amounts is not None:
        version = stamp + _digest(_amounts_key(said.amounts))
        if version > order.amounts_version:
            changes["amounts_version"] = version
            changes.update(_amounts_changes(said.amounts))
    if said.lines is not None:
        version = stamp + _digest(_lines_key(said.lines))
        if version > order.lines_version:
            changes["lines_version"] = version
            changes["lines_count"] = len(said.lines)
            changes["excluded_minor"] = _excluded_minor(said.lines)
    if said.payments is not None:
        version = stamp + _digest(_payments_key(said.payments))
        if version > order.payments_version:
            changes["payments_version"] = version


def _merge_place(order: Order, said: OrderInput, changes: dict[str, Any], stamp: bytes) -> None:
    if said.store_id is not None or said.store_code is not None:
        version = stamp + _word_digest(_store_key(said))
        if version > order.store_version:
            changes["store_version"] = version
            changes["store_id"] = said.store_id
            changes["store_code"] = said.store_code or ""
    if said.channel is not None:
        version = stamp + _word_digest(said.channel)
        if version > order.channel_version:
            changes["channel_version"] = version
            changes["channel"] = said.channel


def _excluded_minor(lines: tuple[Line, ...]) -> int:
    return sum([line.amount_minor for line in lines if line.kind not in _EARNING_KINDS])


def _amounts_changes(amounts: Amounts) -> dict[str, Any]:
    return {
        "currency": amounts.currency,
        "goods_minor": amounts.goods_minor,
        "shipping_minor": amounts.shipping_minor,
        "discount_minor": amounts.discount_minor,
        "points_tender_minor": amounts.points_tender_minor,
        "paid_minor": amounts.paid_minor,
    }


def _stamp(said: OrderInput) -> bytes:
    """Write what makes one message later than another: moment, then status rank.

    With the hash of the content behind it, a version sorts as bytes.
    """
    past = said.version_at - _EPOCH
    seconds = past.days * 86_400 + past.seconds
    micros = seconds * 1_000_000 + past.microseconds + _VERSION_OFFSET
    rank = 0 if said.state is None else said.state
    return (micros << 8 | rank).to_bytes(9, "big")


def _digest(content: str) -> bytes:
    return blake2b(content.encode(), digest_size=_HASH_BYTES).digest()


_word_digest = lru_cache(maxsize=1024)(_digest)  # of words that come again and again


def _store_key(said: OrderInput) -> str:
    return f"{said.store_id or ''}|{said.store_code or ''}"


def _amounts_key(amounts: Amounts) -> str:
    return (
        f"{amounts.currency}|{amounts.goods_minor}|{amounts.shipping_minor}"
        f"|{amounts.discount_minor}|{amounts.points_tender_minor}|{amounts.paid_minor}"
    )


def _lines_key(lines: tuple[Line, ...]) -> str:
    return "\n".join(
        [
            f"{line.sku}|{_plain(line.quantity)}|{line.amount_minor}|{line.kind}|{line.name}"
            for line in lines
        ]
    )


@lru_cache(maxsize=1024)
def _plain(quantity: Decimal) -> str:
    """Write equal quantities alike: 1, 1.0 and 1E+0."""
    return f"{quantity.normalize():f}"


def _payments_key(payments: tuple[Payment, ...]) -> str:
    return "\n".join(
        f"{tender.method}|{tender.amount_minor}|{tender.paid_at}" for tender in payments
    )


_MOMENTS: tuple[tuple[str, int], ...] = (
    ("created_at", int(Estimated.CREATED)),
    ("paid_at", int(Estimated.PAID)),
    ("completed_at", int(Estimated.COMPLETED)),
    ("closed_at", int(Estimated.CLOSED)),
)
_TOLD_AT = {
    "closed": "closed_at",
    "completed": "completed_at",
    "paid": "paid_at",
    "created": "created_at",
    "attributed": "paid_at",
}
_EARNING_KINDS = frozenset({"goods"})
_NO_AMOUNTS = Amounts(currency="CNY", goods_minor=0)
_NOTHING = Order(0, "")
