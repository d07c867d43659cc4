"""Named stretches of days: today, the last 7 days, this month; weeks begin on Monday.

Both ends are inclusive days in the shop's zone. Today is given.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
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


def days_of(preset: str, *, today: date) -> Days:
    """Answer the days that a preset names as seen today; raises KeyError for other names."""
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


def _midnight(on: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(on, time(), tzinfo=zone)
