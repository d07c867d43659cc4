"""Read figures over orders: what members bought, and what a house sold in a window."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from regulars.access.domain import Scope
from regulars.commerce.domain import State
from regulars.web import seeking, sql

_PAID = [int(State.PAID), int(State.COMPLETED), int(State.PARTIALLY_REFUNDED)]


@dataclass(frozen=True, slots=True)
class Purchases:
    """What one member bought: all orders, those since a moment, their net worth, the last one.

    Amounts are in one currency: the one of the newest paid order.
    """

    orders: int
    orders_since: int
    net_since_minor: int
    currency: str
    last_at: datetime | None


@dataclass(frozen=True, slots=True)
class Sales:
    """What was sold since a moment in one currency."""

    currency: str
    orders: int
    buyers: int
    net_minor: int


def purchases_of(*, owners: Mapping[int, int], since: datetime) -> dict[int, Purchases]:
    """Sum what members bought; `owners` gives each member id the id that stands for it.

    Only valid orders count in the window and for the last one: paid, and not wholly refunded.
    """
    found = sql.rows(
        "SELECT w.owner, o.currency, count(*),"
        " count(*) FILTER (WHERE o.state = ANY(%s::smallint[]) AND o.paid_at >= %s::timestamptz),"
        " coalesce(sum(o.net_minor) FILTER"
        "   (WHERE o.state = ANY(%s::smallint[]) AND o.paid_at >= %s::timestamptz), 0),"
        " max(o.paid_at) FILTER (WHERE o.state = ANY(%s::smallint[]))"
        " FROM unnest(%s::bigint[], %s::bigint[]) AS w(id, owner)"
        " JOIN commerce_order o ON o.member_id = w.id GROUP BY w.owner, o.currency"
        " ORDER BY w.owner, max(o.paid_at) DESC NULLS LAST",
        [_PAID, since, _PAID, since, _PAID, list(owners), list(owners.values())],
    )
    bought: dict[int, Purchases] = {}
    for owner, currency, orders, recent, net, last_at in found:
        newest = bought.get(owner)
        if newest is None:
            bought[owner] = Purchases(orders, recent, int(net), currency, last_at)
        else:
            bought[owner] = replace(newest, orders=newest.orders + orders)
    return bought


def last_orders_of(*, owners: Mapping[int, int]) -> dict[int, datetime]:
    """Answer when members last bought something valid; `owners` as for `purchases_of`."""
    found = sql.rows(
        "SELECT w.owner, max(o.paid_at) FROM unnest(%s::bigint[], %s::bigint[]) AS w(id, owner)"
        " JOIN commerce_order o ON o.member_id = w.id"
        " WHERE o.state = ANY(%s::smallint[]) AND o.paid_at IS NOT NULL GROUP BY w.owner",
        [list(owners), list(owners.values()), _PAID],
    )
    return dict(found)


def sales_since(*, scope: Scope, since: datetime) -> list[Sales]:
    """Sum the valid orders paid since a moment in the stores in scope, by currency."""
    within, values = scope.condition("o.store_id")
    found = sql.rows(
        "SELECT o.currency, count(*), count(DISTINCT o.member_id), sum(o.net_minor)"
        f" FROM commerce_order o WHERE {within} AND o.paid_at >= %s::timestamptz"
        " AND o.state = ANY(%s::smallint[]) GROUP BY o.currency ORDER BY sum(o.net_minor) DESC",
        [*values, since, _PAID],
    )
    return [Sales(currency, orders, buyers, int(net)) for currency, orders, buyers, net in found]


def sales_by_day(*, scope: Scope, since: datetime, currency: str, zone: str) -> dict[date, int]:
    """Sum the net worth of valid orders in one currency by the day they were paid, in a zone."""
    within, values = scope.condition("o.store_id")
    found = sql.rows(
        "SELECT (o.paid_at AT TIME ZONE %s::text)::date AS day, sum(o.net_minor)"
        f" FROM commerce_order o WHERE {within} AND o.paid_at >= %s::timestamptz"
        " AND o.currency = %s::text AND o.state = ANY(%s::smallint[]) GROUP BY day",
        [zone, *values, since, currency, _PAID],
    )
    return {day: int(net) for day, net in found}


def find_by_number(
    *, number: str, source_ids: Sequence[int], scope: Scope, limit: int = 20
) -> list[UUID]:
    """Answer the public ids of the orders with this number in the stores in scope."""
    within, values = scope.condition("o.store_id")
    found = sql.rows(
        "SELECT o.public_id FROM commerce_order o"
        " WHERE o.source_id = ANY(%s::bigint[]) AND o.external_id = %s::text"
        f" AND {within} ORDER BY o.id DESC LIMIT %s::int",
        [list(source_ids), number, *values, limit],
    )
    return [public_id for (public_id,) in found]


def public_ids_of(*, order_ids: Sequence[int]) -> dict[int, tuple[UUID, str]]:
    """Answer (public id, number) of these orders."""
    found = sql.rows(
        "SELECT id, public_id, external_id FROM commerce_order WHERE id = ANY(%s::bigint[])",
        [list(order_ids)],
    )
    return {order_id: (public_id, number) for order_id, public_id, number in found}


@dataclass(frozen=True, slots=True)
class Stretch:
    """What was sold in one currency between two moments, and how much of it to members.

    `repeat_buyers` are those who bought at least twice in the stretch.
    """

    currency: str
    orders: int
    net_minor: int
    buyers: int
    repeat_buyers: int
    member_net_minor: int


def sales_between(*, scope: Scope, since: datetime, until: datetime) -> list[Stretch]:
    """Sum the valid orders paid in [since, until) in the stores in scope, most sold first."""
    found = _sold(scope, [since, until])
    return sorted((stretch for _, stretch in found), key=lambda each: -each.net_minor)


def sales_by_step(
    *, scope: Scope, edges: Sequence[datetime], currency: str
) -> list[Stretch | None]:
    """Sum the valid orders paid in one currency between each two edges; of none there is None."""
    found = {place: sold for place, sold in _sold(scope, edges) if sold.currency == currency}
    return [found.get(place) for place in range(1, len(edges))]


def _sold(scope: Scope, edges: Sequence[datetime]) -> list[tuple[int, Stretch]]:
    """Sum what was sold between each two edges, by the place of the first, from 1."""
    within, values = scope.condition("o.store_id")
    found = sql.rows(
        "WITH bought AS (SELECT width_bucket(o.paid_at, %s::timestamptz[]) AS place, o.currency,"
        " o.member_id, count(*) AS orders, sum(o.net_minor) AS net FROM commerce_order o"
        f" WHERE {within} AND o.paid_at >= %s::timestamptz AND o.paid_at < %s::timestamptz"
        " AND o.state = ANY(%s::smallint[]) GROUP BY place, o.currency, o.member_id)"
        " SELECT place, currency, sum(orders), sum(net), count(member_id),"
        " count(member_id) FILTER (WHERE orders > 1),"
        " coalesce(sum(net) FILTER (WHERE member_id IS NOT NULL), 0)"
        " FROM bought GROUP BY place, currency",
        [list(edges), *values, edges[0], edges[-1], _PAID],
    )
    return [(row[0], Stretch(row[1], *map(int, row[2:]))) for row in found]


def estimate_orders() -> int:
    """Answer about how many orders there are, without counting them."""
    return seeking.estimate_rows("commerce_order")
