"""Named stretches of days: today, the last 7 days, this month; weeks begin on Monday.

Both ends are inclusive days in the shop's zone. Today is given. A stretch somebody chose freely is
named by its days: `2026-11-01..2026-11-20`.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from regulars.kit.messages import message

PRESETS: dict[str, str] = {
    "today": message("Today"),
    "yesterday": message("Yesterday"),
    "last_7": message("Last 7 days"),
    "last_30": message("Last 30 days"),
    "this_week": message("This week"),
    "last_week": message("Last week"),
    "this_month": message("This month"),
    "last_month": message("Last month"),
    "this_quarter": message("This quarter"),
    "this_year": message("This year"),
}
CHOSEN = ".."  # stands between the days of a stretch that was chosen freely
CHOSEN_DAYS_MAX, EARLIEST = 366, date(2000, 1, 1)
BY_DAY_MAX, BY_WEEK_MAX = 31, 186
Step = Literal["hour", "day", "week", "month"]


@dataclass(frozen=True, slots=True)
class Days:
    """Days from one to another, both inclusive; an open end is None."""

    first: date | None
    last: date | None

    def span(self, zone: ZoneInfo) -> "Span":
        """Answer the moments of these days: from the first midnight to the one after the last."""
        since = None if self.first is None else _midnight(self.first, zone)
        until = None if self.last is None else _midnight(self.last + timedelta(days=1), zone)
        return Span(since, until)


@dataclass(frozen=True, slots=True)
class Span:
    """Moments from one (inclusive) until another (exclusive); an open end is None."""

    since: datetime | None
    until: datetime | None

    def covers(self, at: datetime) -> bool:
        """Tell whether a moment lies inside."""
        return (self.since is None or self.since <= at) and (self.until is None or at < self.until)


@dataclass(frozen=True, slots=True)
class Steps:
    """A stretch cut along the calendar: where each step begins, and where the last one ends."""

    unit: Step
    edges: tuple[datetime, ...]


def name_of(first: date, last: date) -> str:
    """Name a stretch that was chosen freely."""
    return f"{first.isoformat()}{CHOSEN}{last.isoformat()}"


def is_chosen(name: str) -> bool:
    """Tell whether a stretch was chosen freely, and is not one of the presets."""
    return CHOSEN in name


def days_of(preset: str, *, today: date) -> Days:
    """Answer the days that a name means as seen today; raises KeyError for other names."""
    if is_chosen(preset):
        return Days(*map(date.fromisoformat, preset.split(CHOSEN)))
    monday = today - timedelta(days=today.weekday())
    first = today.replace(day=1)
    last_of_previous = first - timedelta(days=1)
    quarter = today.replace(month=today.month - (today.month - 1) % 3, day=1)
    return {
        "today": Days(today, today),
        "yesterday": Days(today - timedelta(days=1), today - timedelta(days=1)),
        "last_7": Days(today - timedelta(days=6), today),
        "last_30": Days(today - timedelta(days=29), today),
        "this_week": Days(monday, today),
        "last_week": Days(monday - timedelta(days=7), monday - timedelta(days=1)),
        "this_month": Days(first, today),
        "last_month": Days(last_of_previous.replace(day=1), last_of_previous),
        "this_quarter": Days(quarter, today),
        "this_year": Days(today.replace(month=1, day=1), today),
    }[preset]


def steps_of(span: Span, zone: ZoneInfo) -> Steps:
    """Cut a stretch into hours, days, weeks or months, whichever makes a line of some points."""
    assert span.since is not None
    assert span.until is not None
    first = span.since.astimezone(zone).date()
    last = (span.until - timedelta(microseconds=1)).astimezone(zone).date()
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    if len(days) == 1:
        # an hour is an hour, also where the clocks change, so it is counted and compared in UTC
        since, until = span.since.astimezone(UTC), span.until.astimezone(UTC)
        hours = [since + timedelta(hours=n) for n in range(1, 25)]
        inner = [at.astimezone(zone) for at in hours if at < until]
        return Steps("hour", (span.since, *inner, span.until))
    unit: Step = "day"
    if len(days) > BY_WEEK_MAX:
        unit, days = "month", [day for day in days if day == first or day.day == 1]
    elif len(days) > BY_DAY_MAX:
        unit, days = "week", [day for day in days if day == first or day.weekday() == 0]
    return Steps(unit, (*(_midnight(day, zone) for day in days), span.until))


def _midnight(on: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(on, time(), tzinfo=zone)
