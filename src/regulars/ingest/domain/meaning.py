"""What a row means: amounts in minor units, moments in UTC, states, identities.

Pure: the source, the moment of arrival and the stores are given. Raises RowMalformed with the
field, never with the value.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from functools import lru_cache

from msgspec import Struct

from regulars.commerce.domain import (
    Amounts,
    Estimated,
    Line,
    OrderInput,
    Payment,
    ProductInput,
    RefundInput,
    State,
)
from regulars.ingest.domain.moments import Moments
from regulars.ingest.domain.refusals import RowMalformed
from regulars.ingest.domain.rows import (
    AmountsRow,
    LineRow,
    MemberRef,
    MemberRow,
    OrderRow,
    PaymentRow,
    ProductRow,
    RefundRow,
)
from regulars.ingest.domain.sources import Source
from regulars.kit.amounts import InvalidAmount, UnknownCurrency, exponent, parse_amount
from regulars.members.domain import Identity, IdentityKind

QUANTITY_MAX = Decimal(10**9)
_PLAIN_CENTS = re.compile(r"[0-9]{1,11}\.[0-9]{2}")
_STATES = {"created": State.CREATED, "paid": State.PAID, "completed": State.COMPLETED}
_STATES["closed"] = State.CLOSED
_PAID_STATES = frozenset({"paid", "completed"})
_PAID, _COMPLETED = int(Estimated.PAID), int(Estimated.COMPLETED)
_CLOSED = int(Estimated.CLOSED)


_places = lru_cache(maxsize=512)(exponent)


def minor(text: str, currency: str, field: str, *, signed: bool = False) -> int:
    """Read an amount; plain cents take a short path. Raises RowMalformed."""
    if _PLAIN_CENTS.fullmatch(text) and _places(currency) == 2:
        return int(text.replace(".", ""))
    try:
        amount = parse_amount(text, currency)
    except (InvalidAmount, UnknownCurrency) as error:
        raise RowMalformed(field=field, problem="not an amount in its currency") from error
    if amount < 0 and not signed:
        raise RowMalformed(field=field, problem="below zero")
    return amount


def currency_of(said: str | None, source: Source) -> str:
    """Answer the currency of a row: its own, else the source's; raises RowMalformed."""
    if said is None:
        return source.currency
    try:
        exponent(said)
    except UnknownCurrency as error:
        raise RowMalformed(field="currency", problem="not a currency code") from error
    return said


def text_of(value: str | None, field: str) -> str | None:
    """Refuse text that no table can hold."""
    if value is not None and "\x00" in value:
        raise RowMalformed(field=field, problem="holds a null character")
    return value


def order_meaning(
    row: OrderRow, *, source: Source, moments: Moments, stores: Mapping[str, int]
) -> OrderInput:
    """Read an order row; moments that a state implies and nobody names are estimated."""
    currency = currency_of(row.currency, source)
    text_of(row.external_id, "external_id")
    lines = None if row.lines is None else _lines(row.lines, currency)
    store_id = None if row.store is None else stores.get(row.store)
    times = _times(row, moments)
    return OrderInput(
        source_id=source.id,
        external_id=row.external_id,
        version_at=times.version_at,
        state=None if row.state is None else _STATES[row.state],
        created_at=times.created_at,
        paid_at=times.paid_at,
        completed_at=times.completed_at,
        closed_at=times.closed_at,
        estimated=times.estimated,
        amounts=_amounts(row, currency, lines),
        lines=lines,
        payments=None if row.payments is None else _payments(row.payments, currency, moments),
        store_id=store_id,
        store_code=text_of(row.store, "store") if store_id is None else None,
        channel=text_of(row.channel, "channel"),
        reports_completion=source.reports_completion,
    )


def refund_meaning(row: RefundRow, *, source: Source, moments: Moments) -> RefundInput:
    """Read a refund row; without a date it is dated at its arrival and flagged."""
    currency = currency_of(row.currency, source)
    refunded_at = moments.read("refunded_at", row.refunded_at)
    text_of(row.order, "order")
    return RefundInput(
        source_id=source.id,
        order=row.order,
        amount_minor=minor(row.amount, currency, "amount"),
        currency=row.currency,
        shipping_minor=0 if row.shipping is None else minor(row.shipping, currency, "shipping"),
        external_id=None if row.cumulative else text_of(row.external_id, "external_id"),
        refunded_at=refunded_at or moments.at,
        undated=row.undated or refunded_at is None,
        lines=() if row.lines is None else _lines(row.lines, currency),
    )


def product_meaning(row: ProductRow, *, source: Source) -> ProductInput:
    """Read a product row."""
    currency = currency_of(row.currency, source)
    path = [part.strip() for part in (row.category or "").split("/")]
    for name in ("sku", "name", "category", "brand"):
        text_of(getattr(row, name), name)
    return ProductInput(
        sku=row.sku,
        name=row.name,
        category=tuple(part for part in path if part) or None,
        brand=row.brand,
        currency=currency,
        price_minor=None if row.price is None else minor(row.price, currency, "price"),
        cost_minor=None if row.cost is None else minor(row.cost, currency, "cost"),
    )


def identities_of(who: MemberRef | MemberRow | None, *, source: Source) -> tuple[Identity, ...]:
    """List the names a row gives a person; outside ids belong to the source."""
    if who is None:
        return ()
    found: list[Identity] = []
    if who.phone:
        found.append(Identity(IdentityKind.PHONE, who.phone))
    if who.unionid:
        found.append(Identity(IdentityKind.UNIONID, who.unionid))
    if who.openid is not None:
        found.append(Identity(IdentityKind.OPENID, who.openid.id, who.openid.app))
    if who.card:
        found.append(Identity(IdentityKind.CARD, who.card))
    if who.external_id:
        found.append(Identity(IdentityKind.EXTERNAL, who.external_id, str(source.id)))
    if who.email:
        found.append(Identity(IdentityKind.EMAIL, who.email))
    return tuple(found)


def profile_of(row: MemberRow) -> dict[str, str]:
    """List the profile fields a member row gives."""
    given = {
        "name": row.name,
        "nickname": row.nickname,
        "birthday": row.birthday,
        "gender": row.gender,
    }
    return {**row.profile, **{name: value for name, value in given.items() if value}}


class _Times(Struct, gc=False):
    """The moments of an order row; those that its state implies may be estimated."""

    created_at: datetime | None
    paid_at: datetime | None
    completed_at: datetime | None
    closed_at: datetime | None
    version_at: datetime
    estimated: int = 0


def _times(row: OrderRow, moments: Moments) -> _Times:
    read = moments.read
    created_at, paid_at = read("created_at", row.created_at), read("paid_at", row.paid_at)
    completed_at = read("completed_at", row.completed_at)
    closed_at = read("closed_at", row.closed_at)
    updated_at = read("updated_at", row.updated_at)
    version_at = updated_at or max(
        [moment for moment in (created_at, paid_at, completed_at, closed_at) if moment],
        default=moments.at,
    )
    times = _Times(created_at, paid_at, completed_at, closed_at, version_at)
    guess = updated_at or paid_at or created_at or moments.at
    if row.state == "closed" and closed_at is None:
        times.closed_at, times.estimated = guess, _CLOSED
    if row.state == "completed" and completed_at is None:
        times.completed_at, times.estimated = guess, times.estimated | _COMPLETED
    if paid_at is None and (row.state in _PAID_STATES or times.completed_at is not None):
        times.paid_at, times.estimated = times.completed_at or guess, times.estimated | _PAID
    return times


def _amounts(row: OrderRow, currency: str, lines: tuple[Line, ...] | None) -> Amounts | None:
    said = row.amounts
    if said is not None:
        return _said_amounts(said, currency)
    if row.state is None or not lines:
        return None
    goods = sum(line.amount_minor for line in lines)
    return Amounts(currency=currency, goods_minor=max(goods, 0))


def _said_amounts(said: AmountsRow, currency: str) -> Amounts:
    goods = minor(said.goods, currency, "amounts.goods")
    shipping, discount = said.shipping, said.discount
    tender, paid = said.points_tender, said.paid
    return Amounts(
        currency=currency,
        goods_minor=goods,
        shipping_minor=0 if shipping is None else minor(shipping, currency, "amounts.shipping"),
        discount_minor=0 if discount is None else minor(discount, currency, "amounts.discount"),
        points_tender_minor=(
            0 if tender is None else minor(tender, currency, "amounts.points_tender")
        ),
        paid_minor=None if paid is None else minor(paid, currency, "amounts.paid"),
    )


def _lines(rows: tuple[LineRow, ...], currency: str) -> tuple[Line, ...]:
    lines = []
    for row in rows:
        quantity, name = row.quantity, row.name
        if not quantity.is_finite() or not -QUANTITY_MAX <= quantity <= QUANTITY_MAX:
            raise RowMalformed(field="lines.quantity", problem="not a number")
        text_of(row.sku, "lines.sku")
        text_of(name, "lines.name")
        lines.append(
            Line(
                sku=row.sku,
                amount_minor=minor(row.amount, currency, "lines.amount", signed=True),
                quantity=quantity,
                name=name or "",
                kind=row.kind,
            )
        )
    return tuple(lines)


def _payments(rows: tuple[PaymentRow, ...], currency: str, moments: Moments) -> tuple[Payment, ...]:
    return tuple(
        Payment(
            method=text_of(row.method, "payments.method") or "",
            amount_minor=minor(row.amount, currency, "payments.amount", signed=True),
            paid_at=moments.read("payments.paid_at", row.paid_at),
        )
        for row in rows
    )
