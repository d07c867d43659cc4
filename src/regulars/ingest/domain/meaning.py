"""What a row means: amounts in minor units, moments in UTC, states, identities.

Pure: the source, the moment of arrival and the stores are given. Raises RowMalformed with the
field, never with the value.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from functools import lru_cache

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
_PAID, _COMPLETED = int(Estimated.PAID), int(Estimated.COMPLETED)
_CLOSED = int(Estimated.CLOSED)


_places = lru_cache(maxsize=512)(exponent)


def minor(text: str, currency: str, field: str, *, signed: bool = False) -> int:
    """Read an amount; plain cents take a short path. Raises RowMalformed."""
    if _PLAIN_CENTS.fullmatch(text) and _places(currency) == 2:
        return int(text[:-3] + text[-2:])
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
    external_id = row.external_id
    text_of(external_id, "external_id")
    lines = None if row.lines is None else _lines(row.lines, currency)
    amounts = _amounts(row, currency, lines)
    store_id = None if row.store is None else stores.get(row.store)
    times, estimated, version_at = _times(row, moments)
    return OrderInput(
        source_id=source.id,
        external_id=external_id,
        version_at=version_at,
        state=None if row.state is None else _STATES[row.state],
        created_at=times["created_at"],
        paid_at=times["paid_at"],
        completed_at=times["completed_at"],
        closed_at=times["closed_at"],
        estimated=estimated,
        amounts=amounts,
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


def _times(row: OrderRow, moments: Moments) -> tuple[dict[str, datetime | None], int, datetime]:
    read = moments.read
    times = {
        "created_at": read("created_at", row.created_at),
        "paid_at": read("paid_at", row.paid_at),
        "completed_at": read("completed_at", row.completed_at),
        "closed_at": read("closed_at", row.closed_at),
    }
    updated_at = read("updated_at", row.updated_at)
    said = [moment for moment in times.values() if moment is not None]
    version_at = updated_at or (max(said) if said else moments.at)
    estimated = 0
    guess = updated_at or times["paid_at"] or times["created_at"] or moments.at
    if row.state == "closed" and times["closed_at"] is None:
        times["closed_at"], estimated = guess, estimated | _CLOSED
    if row.state == "completed" and times["completed_at"] is None:
        times["completed_at"], estimated = guess, estimated | _COMPLETED
    is_paid = row.state in {"paid", "completed"} or times["completed_at"] is not None
    if is_paid and times["paid_at"] is None:
        times["paid_at"], estimated = times["completed_at"] or guess, estimated | _PAID
    return times, estimated, version_at


def _amounts(row: OrderRow, currency: str, lines: tuple[Line, ...] | None) -> Amounts | None:
    said = row.amounts
    if said is not None:
        return _said_amounts(said, currency)
    if row.state is None or not lines:
        return None
    goods = sum(line.amount_minor for line in lines)
    return Amounts(currency=currency, goods_minor=max(goods, 0))


def _said_amounts(said: AmountsRow, currency: str) -> Amounts:
    def read(text: str | None, field: str) -> int:
        return 0 if text is None else minor(text, currency, field)

    return Amounts(
        currency=currency,
        goods_minor=minor(said.goods, currency, "amounts.goods"),
        shipping_minor=read(said.shipping, "amounts.shipping"),
        discount_minor=read(said.discount, "amounts.discount"),
        points_tender_minor=read(said.points_tender, "amounts.points_tender"),
        paid_minor=None if said.paid is None else minor(said.paid, currency, "amounts.paid"),
    )


def _lines(rows: tuple[LineRow, ...], currency: str) -> tuple[Line, ...]:
    lines = []
    for row in rows:
        quantity = row.quantity
        if not quantity.is_finite() or not -QUANTITY_MAX <= quantity <= QUANTITY_MAX:
            raise RowMalformed(field="lines.quantity", problem="not a number")
        text_of(row.sku, "lines.sku")
        lines.append(
            Line(
                sku=row.sku,
                amount_minor=minor(row.amount, currency, "lines.amount", signed=True),
                quantity=quantity,
                name=text_of(row.name, "lines.name") or "",
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
