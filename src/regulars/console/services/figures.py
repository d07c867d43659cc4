"""Keep the figures of the home page: counted beforehand, so that the page itself counts nothing."""

import time
from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

import orjson

from regulars.access.domain import Scope
from regulars.commerce.selectors import figures as purchases
from regulars.console.domain.figures import (
    CHOSEN_KEPT,
    EVERYWHERE,
    HISTORY,
    HISTORY_KEPT,
    INLINE_ROWS_MAX,
    Kept,
)
from regulars.console.domain.periods import CHOSEN, is_chosen
from regulars.console.domain.stretches import DEFAULT_PERIOD
from regulars.console.selectors import counting
from regulars.loyalty import selectors as loyalty
from regulars.web import later, sql

TASK = "console.count_figures"


def get_figures(
    *,
    wanted: Sequence[tuple[str, Scope]],
    period: str,
    at: datetime,
    zone: ZoneInfo,
    is_fresh: bool,
) -> dict[str, Kept]:
    """Answer the figures of these parts, each within its scope; those of a large house as kept.

    What is due is counted at once where that is quick, and by a job where it is not; a part that
    was never counted and is slow is left out until the job is done.
    """
    names = [
        (part, counting.reach_of(scope), counting.period_of(part, period)) for part, scope in wanted
    ]
    kept = counting.kept_figures(wanted=names)
    is_small: bool | None = None
    must_ask = False
    for (part, scope), (_, reach, kept_period) in zip(wanted, names, strict=True):
        known = kept.get(part)
        if known is not None and not (is_fresh or known.is_due(at)):
            continue
        if known is None and is_small is None:
            is_small = purchases.estimate_orders() <= INLINE_ROWS_MAX
        if known.is_quick if known else is_small:
            kept[part] = _count(part, scope, reach, kept_period, at=at, zone=zone)
        elif reach == EVERYWHERE:
            must_ask = True
        elif known is None:
            kept[part] = _count(part, scope, reach, kept_period, at=at, zone=zone)
    if must_ask:
        later.defer(TASK, period=period)
    return kept


def count_figures(*, period: str = "", at: datetime) -> int:
    """Count the figures of the whole house that are due; answers how many parts were counted.

    With a period, its figures are counted whether due or not; without one, those of the period
    the home page opens with and every period somebody has looked at. Periods that were chosen
    freely are counted when they are looked at, and forgotten a day later.
    """
    sql.run(
        "DELETE FROM console_figures WHERE strpos(period, %s::text) > 0"
        " AND counted_at < %s::timestamptz",
        [CHOSEN, at - CHOSEN_KEPT],
    )
    zone = loyalty.get_programme().tz
    known = sql.rows(
        "SELECT part, period, counted_at, took_ms FROM console_figures WHERE reach = %s",
        [EVERYWHERE],
    )
    kept = {
        (row[0], row[1]): Kept(part=row[0], period=row[1], at=row[2], took_ms=row[3], figures={})
        for row in known
    }
    first = period or DEFAULT_PERIOD
    wanted = {(part, counting.period_of(part, first)) for part in counting.COUNTERS}
    due = [
        (part, name)
        for part, name in sorted(wanted | {each for each in kept if not is_chosen(each[1])})
        if (part, name) not in kept
        or kept[part, name].is_due(at)
        or (period and (part, name) in wanted)
    ]
    for part, name in due:
        _count(part, Scope.all(), EVERYWHERE, name, at=at, zone=zone)
    return len(due)


def _count(
    part: str, scope: Scope, reach: str, period: str, *, at: datetime, zone: ZoneInfo
) -> Kept:
    started = time.monotonic()
    figures = counting.count(part, scope=scope, period=period, at=at, zone=zone)
    took = round((time.monotonic() - started) * 1000)
    found = sql.row(
        "INSERT INTO console_figures AS k (part, reach, period, counted_at, took_ms, figures)"
        " VALUES (%s, %s, %s, %s::timestamptz, %s::int, %s::jsonb)"
        " ON CONFLICT (part, reach, period) DO UPDATE SET counted_at = EXCLUDED.counted_at,"
        " took_ms = EXCLUDED.took_ms, figures = CASE WHEN EXCLUDED.figures ? %s::text THEN"
        " jsonb_set(EXCLUDED.figures, ARRAY[%s::text], (SELECT jsonb_object_agg(key, value)"
        "  FROM jsonb_each(coalesce(k.figures -> %s::text, '{}') || (EXCLUDED.figures -> %s::text))"
        "  WHERE key >= %s::text)) ELSE EXCLUDED.figures END RETURNING figures::text",
        [
            *(part, reach, period, at, took, orjson.dumps(figures).decode()),
            *(HISTORY, HISTORY, HISTORY, HISTORY, (at - HISTORY_KEPT).date().isoformat()),
        ],
    )
    assert found is not None
    return Kept(part=part, period=period, at=at, took_ms=took, figures=orjson.loads(found[0]))
