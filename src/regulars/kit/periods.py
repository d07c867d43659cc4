"""Calendars as shops keep them: days, months and years in the shop's own zone.

Every answer is an instant in UTC. Intervals are half open: a point that expires at the end of
2027 dies at the first moment of 2028.
"""

import calendar
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from regulars.kit.errors import Kind, Refusal
from regulars.kit.messages import message


class UnknownZone(Refusal):
    """A time zone is named after the IANA list."""

    kind = Kind.INVALID
    reason = message("“{zone}” is not a time zone. Write for example Asia/Shanghai.")


@lru_cache(maxsize=256)
def zone(name: str) -> ZoneInfo:
    """Find a time zone by its IANA name; raises UnknownZone."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise UnknownZone(zone=name) from error


def start_of_day(at: datetime, tz: ZoneInfo) -> datetime:
    """Find the first moment of the local day that holds `at`."""
    return _local_midnight(at.astimezone(tz).date(), tz)


def start_of_month(at: datetime, tz: ZoneInfo) -> datetime:
    """Find the first moment of the local month that holds `at`."""
    return _local_midnight(at.astimezone(tz).date().replace(day=1), tz)


def end_of_year(at: datetime, tz: ZoneInfo, years_ahead: int = 1) -> datetime:
    """Find the moment the local year ends, so many years after the one that holds `at`."""
    return _year_end(at.astimezone(tz).year + years_ahead, tz)


def add_months(at: datetime, months: int, tz: ZoneInfo) -> datetime:
    """Move by calendar months in local time; the 31st becomes the last day of a shorter month."""
    local = at.astimezone(tz)
    index = local.year * 12 + local.month - 1 + months
    year, month = divmod(index, 12)
    day = min(local.day, calendar.monthrange(year, month + 1)[1])
    moved = datetime.combine(date(year, month + 1, day), local.time(), tzinfo=tz)
    return moved.astimezone(UTC)


def add_days(at: datetime, days: int) -> datetime:
    """Move by whole days of 24 hours."""
    return at + timedelta(days=days)


@lru_cache(maxsize=1024)
def _year_end(year: int, tz: ZoneInfo) -> datetime:
    return _local_midnight(date(year + 1, 1, 1), tz)


def _local_midnight(day: date, tz: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), tzinfo=tz).astimezone(UTC)
