"""Read what orders were given, and what surrounds a batch of them."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from regulars.ledger.domain import Currency
from regulars.loyalty.domain import (
    Award,
    AwardKind,
    Opening,
    Programme,
    Reason,
    Surroundings,
)
from regulars.web import sql

_COLUMNS = (
    "order_id, step, kind, reason, member_id, event_id, rule_version_id, multiplier_bp, net_minor,"
    " points, points_transfer_id, growth, growth_transfer_id, reverses_step, occurred_at,"
    " usable_from, explanation::text, origin_member_id"
)
_SURROUNDINGS = """
SELECT m.id, s.level, o.origin_member_id, o.currency, o.as_of
FROM unnest(%s::bigint[]) m(id)
LEFT JOIN loyalty_tierstatus s ON s.member_id = m.id AND s.programme_id = %s::int
LEFT JOIN loyalty_opening o ON o.member_id = m.id AND o.ended_at IS NULL
WHERE s.level > 0 OR o.id IS NOT NULL
"""


def list_awards(*, order_ids: Sequence[int]) -> dict[int, list[Award]]:
    """Answer the award rows of these orders, by step."""
    found = sql.rows(
        f"SELECT {_COLUMNS} FROM loyalty_award WHERE order_id = ANY(%s::bigint[])"
        " ORDER BY order_id, step",
        [list(order_ids)],
    )
    given: dict[int, list[Award]] = {}
    for row in found:
        given.setdefault(row[0], []).append(_award(row))
    return given


def list_awards_of_transfers(
    *, member_id: int, transfer_ids: Sequence[UUID]
) -> dict[tuple[UUID, Currency], Award]:
    """Answer the award behind each of these transfers of a member, by transfer and currency."""
    ids = list(transfer_ids)
    found = sql.rows(
        f"SELECT {_COLUMNS} FROM loyalty_award WHERE member_id = %s::bigint"
        " AND (points_transfer_id = ANY(%s::uuid[]) OR growth_transfer_id = ANY(%s::uuid[]))",
        [member_id, ids, ids],
    )
    awards: dict[tuple[UUID, Currency], Award] = {}
    for row in found:
        award = _award(row)
        if award.points_transfer_id is not None:
            awards[award.points_transfer_id, Currency.POINTS] = award
        if award.growth_transfer_id is not None:
            awards[award.growth_transfer_id, Currency.GROWTH] = award
    return awards


def list_awarded_orders(*, member_ids: Sequence[int], until: datetime) -> list[tuple[int, int]]:
    """Answer (order, member) of the orders paid by then whose last award row is a member's."""
    found = sql.rows(
        "SELECT a.order_id, a.member_id FROM loyalty_award a"
        " WHERE a.member_id = ANY(%s::bigint[]) AND a.occurred_at <= %s::timestamptz"
        " AND NOT EXISTS (SELECT 1 FROM loyalty_award b"
        "   WHERE b.order_id = a.order_id AND b.step > a.step) ORDER BY a.order_id",
        [list(member_ids), until],
    )
    return [(order_id, member_id) for order_id, member_id in found]


def list_orders_awarded_since(*, member_id: int, since: datetime) -> list[int]:
    """Answer the orders whose first award to a member was written at or after a moment."""
    found = sql.rows(
        "SELECT order_id FROM loyalty_award WHERE member_id = %s::bigint AND kind = 1"
        " AND recorded_at >= %s::timestamptz ORDER BY order_id",
        [member_id, since],
    )
    return [order_id for (order_id,) in found]


def read_surroundings(
    *, member_ids: Iterable[int], programme: Programme, at: datetime
) -> Surroundings:
    """Answer levels and openings of the members of a batch; who is at the bottom is left out."""
    ids = "{" + ",".join(map(str, member_ids)) + "}"  # an array literal, several times cheaper
    found = sql.rows(_SURROUNDINGS, [ids, programme.id])
    levels: dict[int, int] = {}
    openings: dict[int, Opening] = {}
    origins: dict[int, Opening] = {}
    for member_id, level, origin_id, currency, as_of in found:
        if level:
            levels[member_id] = level
        if as_of is not None:
            openings[member_id] = _later(openings.get(member_id), currency, as_of)
            origins[origin_id] = _later(origins.get(origin_id), currency, as_of)
    return Surroundings(programme, at, levels, openings, origins)


def _later(known: Opening | None, currency: int, as_of: datetime) -> Opening:
    points = known.points_as_of if known else None
    growth = known.growth_as_of if known else None
    if currency == Currency.POINTS:
        points = as_of if points is None else max(points, as_of)
    else:
        growth = as_of if growth is None else max(growth, as_of)
    return Opening(points, growth)


def _award(row: tuple[Any, ...]) -> Award:
    """Build the value; the order of columns is that of its fields."""
    kind, reason, facts = AwardKind(row[2]), Reason(row[3]), orjson.loads(row[16])
    return Award(row[0], row[1], kind, reason, *row[4:16], facts, row[17])  # type: ignore[call-arg]
