"""Count the figures of the home page, one part at a time; the only slow reads of the console."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from regulars.access.domain import Scope
from regulars.commerce.selectors import figures as purchases
from regulars.console.domain.figures import EVERYWHERE, HISTORY, LEVEL, STEPS, Kept
from regulars.console.domain.periods import Steps, steps_of
from regulars.console.domain.stretches import Compared, compared
from regulars.console.selectors.lists import DEFAULT_CURRENCY
from regulars.ledger.selectors import figures as points
from regulars.members import selectors as members
from regulars.members.selectors import figures
from regulars.web import sql

WINDOW_DAYS = 30
EXPIRING_DAYS = 30
SOLD = ("orders", "net_minor", "buyers", "repeat_buyers", "member_net_minor")


def reach_of(scope: Scope) -> str:
    """Name a reach for the figures kept of it; two readers of one reach share them."""
    if scope.everything:
        return EVERYWHERE
    said = f"{scope.store_ids}|{scope.associate_id}"
    return hashlib.blake2b(said.encode(), digest_size=12).hexdigest()


def kept_figures(*, wanted: Sequence[tuple[str, str, str]]) -> dict[str, Kept]:
    """Answer the kept figures of (part, reach, period), by part."""
    parts, reaches, periods = zip(*wanted, strict=True) if wanted else ((), (), ())
    found = sql.rows(
        "SELECT f.part, f.period, f.counted_at, f.took_ms, f.figures::text FROM console_figures f"
        " JOIN unnest(%s::text[], %s::text[], %s::text[]) AS w(part, reach, period)"
        " USING (part, reach, period)",
        [list(parts), list(reaches), list(periods)],
    )
    return {
        row[0]: Kept(
            part=row[0], period=row[1], at=row[2], took_ms=row[3], figures=orjson.loads(row[4])
        )
        for row in found
    }


def count(part: str, *, scope: Scope, period: str, at: datetime, zone: ZoneInfo) -> dict[str, Any]:
    """Count one part now; raises KeyError for a part or period nobody knows."""
    return COUNTERS[part](scope, period, at, zone)


def _members(scope: Scope, period: str, at: datetime, zone: ZoneInfo) -> dict[str, Any]:
    del period
    total = members.count_members(scope=scope)
    return {
        "total": total,
        "by_tier": figures.count_by_tier(scope=scope),
        HISTORY: _as_of(at, zone, total),
    }


def _joined(scope: Scope, period: str, at: datetime, zone: ZoneInfo) -> dict[str, Any]:
    three = compared(period, at=at, zone=zone)
    spans, steps = _spans(three), steps_of(three.now, zone)
    each = list(pairwise(steps.edges))
    counted = figures.count_joined_between(scope=scope, spans=[*spans.values(), *each])
    return {
        **dict(zip(spans, counted, strict=False)),
        STEPS: {**_said(steps), "joined": counted[len(spans) :]},
    }


def _sales(scope: Scope, period: str, at: datetime, zone: ZoneInfo) -> dict[str, Any]:
    three = compared(period, at=at, zone=zone)
    sold = {
        base: purchases.sales_between(scope=scope, since=since, until=until)
        for base, (since, until) in _spans(three).items()
    }
    currency = sold["now"][0].currency if sold["now"] else DEFAULT_CURRENCY
    steps = steps_of(three.now, zone)
    by_step = purchases.sales_by_step(scope=scope, edges=steps.edges, currency=currency)
    return {
        "currency": currency,
        "others": max(0, len(sold["now"]) - 1),
        **{base: _figures(found, currency) for base, found in sold.items()},
        STEPS: {
            **_said(steps),
            **{name: [getattr(one, name) if one else 0 for one in by_step] for name in SOLD},
        },
    }


def _days(scope: Scope, period: str, at: datetime, zone: ZoneInfo) -> dict[str, Any]:
    del period
    since = at - timedelta(days=2 * WINDOW_DAYS)
    sold = purchases.sales_between(scope=scope, since=since, until=at)
    currency = sold[0].currency if sold else DEFAULT_CURRENCY
    by_day = purchases.sales_by_day(scope=scope, since=since, currency=currency, zone=zone.key)
    return {"currency": currency, "net": {day.isoformat(): net for day, net in by_day.items()}}


def _points(scope: Scope, period: str, at: datetime, zone: ZoneInfo) -> dict[str, Any]:
    del scope, period
    found = points.get_outstanding(at=at)
    until = at + timedelta(days=EXPIRING_DAYS)
    return {
        "available": found.available,
        "pending": found.pending,
        "owed": found.owed,
        "expiring": points.count_expiring(at=at, until=until),
        HISTORY: _as_of(at, zone, found.available),
    }


def _as_of(at: datetime, zone: ZoneInfo, value: int) -> dict[str, int]:
    """Say a level with its day; the last one of each day is kept when it is counted anew."""
    return {at.astimezone(zone).date().isoformat(): value}


def _said(steps: Steps) -> dict[str, Any]:
    return {"unit": steps.unit, "edges": [edge.isoformat() for edge in steps.edges]}


def _spans(three: Compared) -> dict[str, tuple[datetime, datetime]]:
    spans: dict[str, tuple[datetime, datetime]] = {}
    for base, span in (("now", three.now), ("before", three.before), ("year", three.year)):
        assert span.since is not None
        assert span.until is not None
        spans[base] = (span.since, span.until)
    return spans


def _figures(found: Sequence[purchases.Stretch], currency: str) -> dict[str, int]:
    mine = next((each for each in found if each.currency == currency), None)
    return {name: getattr(mine, name) if mine else 0 for name in SOLD}


Counter = Callable[[Scope, str, datetime, ZoneInfo], dict[str, Any]]
COUNTERS: Mapping[str, Counter] = {
    "members": _members,
    "joined": _joined,
    "sales": _sales,
    "days": _days,
    "points": _points,
}
LEVELS = frozenset({"members", "days", "points"})


def period_of(part: str, period: str) -> str:
    """Answer under which period a part is kept: figures without one share one."""
    return LEVEL if part in LEVELS else period
