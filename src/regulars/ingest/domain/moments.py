"""Read the moments a sender names: in its zone where it gives no offset, never in our future."""

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from regulars.ingest.domain.refusals import RowMalformed

SKEW_SECONDS_MAX = 300
YEAR_MIN = 1970
YEAR_MAX = 9998
YEAR_FOREVER = 9999  # 9999-12-31 is how many systems write "does not expire"


class Moments:
    """Reads the moments of one row and remembers what was odd about them."""

    __slots__ = ("age_days_max", "at", "clamped", "zone")

    def __init__(self, at: datetime, zone: ZoneInfo, age_days_max: int | None = None) -> None:
        self.at = at
        self.zone = zone
        self.age_days_max = age_days_max
        self.clamped: tuple[str, ...] = ()

    def read(self, name: str, value: datetime | None) -> datetime | None:
        """Read one moment into UTC; raises RowMalformed for years beyond any shop.

        A moment more than five minutes ahead of arrival becomes the arrival and is flagged.
        """
        if value is None:
            return None
        if not YEAR_MIN <= value.year <= YEAR_MAX:
            raise RowMalformed(field=name, problem="not a moment of any shop")
        if value.tzinfo is not UTC:
            local = value if value.tzinfo is not None else value.replace(tzinfo=self.zone)
            value = local.astimezone(UTC)
        if value > self.at and value - self.at > _SKEW:
            self.clamped += (name,)
            return self.at
        return value

    def flags(self, occurred_at: datetime) -> dict[str, object]:
        """Say what was odd: moments that were clamped, a fact older than the source allows."""
        flags: dict[str, object] = {}
        if self.clamped:
            flags["clamped"] = list(self.clamped)
        if self.age_days_max is not None and self.at - occurred_at > _days(self.age_days_max):
            flags["late"] = True
        return flags


@lru_cache(maxsize=64)
def _days(count: int) -> timedelta:
    return timedelta(days=count)


_SKEW = timedelta(seconds=SKEW_SECONDS_MAX)


def day_of(name: str, value: date | None) -> str | None:
    """Write a day; raises RowMalformed for years beyond any shop."""
    if value is not None and not YEAR_MIN <= value.year <= YEAR_MAX:
        raise RowMalformed(field=name, problem="not a day of any shop")
    return None if value is None else value.isoformat()


def last_day_of(name: str, value: date | None) -> str | None:
    """Write the last day of use; the end of the calendar means that there is none."""
    if value is not None and value.year == YEAR_FOREVER:
        return None
    return day_of(name, value)
