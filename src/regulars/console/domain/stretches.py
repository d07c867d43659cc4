"""Compare like with like: a period up to now with the one before, and with a year before.

An unfinished period is compared with the same stretch of the earlier one: this month until the
21st at 09:40 with last month until the 21st at 09:40. Weeks begin on Monday.
"""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from regulars.console.domain.periods import Days, Span, days_of, is_chosen
from regulars.kit.messages import message

Base = Literal["before", "year"]

BASES: dict[Base, str] = {
    "before": message("vs previous period"),
    "year": message("vs last year"),
}
DEFAULT_PERIOD = "last_30"
_STEP_DAYS = {
    "today": 1, "yesterday": 1, "last_7": 7, "last_30": 30, "this_week": 7, "last_week": 7,
}  # fmt: skip
_STEP_MONTHS = {"this_month": 1, "last_month": 1, "this_quarter": 3, "this_year": 12}


@dataclass(frozen=True, slots=True)
class Compared:
    """The three stretches of a period: now, the one before, the one a year before."""

    now: Span
    before: Span
    year: Span
    is_finished: bool


def compared(preset: str, *, at: datetime, zone: ZoneInfo) -> Compared:
    """Answer what a period is compared with; raises KeyError for a period nobody knows."""
    local = at.astimezone(zone)
    days = days_of(preset, today=local.date())
    whole = days.span(zone)
    assert whole.since is not None
    assert whole.until is not None
    until = min(whole.until, at)
    now = Span(whole.since, until)
    is_finished = whole.until <= at
    before = (
        _moved(now, zone, days=_length(days)) if is_chosen(preset) else _back(preset, now, zone)
    )
    return Compared(now, before, _a_year_back(now, zone), is_finished)


def change_bp(now: int | None, base: int | None) -> int | None:
    """Answer the change in basis points; against nothing there is none."""
    if now is None or not base or base < 0:
        return None
    return round((now - base) * 10_000 / base)


def _back(preset: str, now: Span, zone: ZoneInfo) -> Span:
    step = _STEP_DAYS.get(preset)
    if step is not None:
        return _moved(now, zone, days=step)
    months = _STEP_MONTHS[preset]
    moved = _moved(now, zone, months=months)
    assert now.since is not None
    assert moved.since is not None
    return Span(moved.since, min(moved.until or now.since, now.since))


def _length(days: Days) -> int:
    assert days.first is not None
    assert days.last is not None
    return (days.last - days.first).days + 1


def _a_year_back(now: Span, zone: ZoneInfo) -> Span:
    return _moved(now, zone, months=12)


def _moved(span: Span, zone: ZoneInfo, *, days: int = 0, months: int = 0) -> Span:
    assert span.since is not None
    assert span.until is not None
    return Span(
        _earlier(span.since, zone, days=days, months=months),
        _earlier(span.until, zone, days=days, months=months),
    )


def _earlier(at: datetime, zone: ZoneInfo, *, days: int, months: int) -> datetime:
    """Go back by days or months of the shop's calendar; the 31st becomes the last of a month."""
    local = at.astimezone(zone)
    day = _months_back(local.date() - timedelta(days=days), months)
    return datetime.combine(day, local.time(), tzinfo=zone)


def _months_back(on: date, months: int) -> date:
    total = on.year * 12 + on.month - 1 - months
    year, month = divmod(total, 12)
    return date(year, month + 1, min(on.day, monthrange(year, month + 1)[1]))
