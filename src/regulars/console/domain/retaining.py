"""Retention as values: what each class would lose, what a run ended, when a night is due."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Final
from zoneinfo import ZoneInfo

from regulars.kit.errors import Kind, Refusal
from regulars.kit.messages import message

NIGHT_HOUR: Final = 3  # of the programme's day

ORIGINS: Mapping[str, str] = MappingProxyType(
    {
        "clock": message("by the clock"),
        "command": message("on the command line"),
        "console": message("in the console"),
    }
)


class RetentionRunUnknown(Refusal):
    """There is no run with this number."""

    kind = Kind.NOT_FOUND
    reason = message("There is no such retention run.")


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassReport:
    """One class: how long it stays (None: for ever), what goes or went, what is held back."""

    name: str
    title: str
    purpose: str
    since: str
    limit: timedelta | None
    is_emptied: bool
    rows: int
    oldest_at: datetime | None
    held: int

    def as_json(self) -> dict[str, Any]:
        """Write it for machines; days are whole, 0 means at that very moment."""
        return {
            "class": self.name,
            "limit_days": None if self.limit is None else self.limit.days,
            "ends": "emptied" if self.is_emptied else "deleted",
            "rows": self.rows,
            "oldest_at": self.oldest_at and self.oldest_at.isoformat(),
            "held": self.held,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What a run ended of one class, as it stands on the record."""

    rows: int = 0
    oldest_at: datetime | None = None
    held: int = 0

    def plus(self, rows: int, oldest_at: datetime | None) -> "Counted":
        """Add a batch."""
        known = [each for each in (self.oldest_at, oldest_at) if each is not None]
        return Counted(rows=self.rows + rows, oldest_at=min(known, default=None), held=self.held)


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionRun:
    """A run on the record."""

    id: int
    origin: str
    actor_kind: str
    actor_id: int
    started_at: datetime
    finished_at: datetime | None
    rows: int
    counts: Mapping[str, Counted]


def is_night_due(*, at: datetime, last_at: datetime | None, tz: ZoneInfo) -> bool:
    """Tell whether tonight's run is due: once a day of the programme, from three in the morning.

    An installation that slept through the hour catches up as soon as it wakes.
    """
    here = at.astimezone(tz)
    if here.hour < NIGHT_HOUR:
        return False
    return last_at is None or last_at.astimezone(tz).date() < here.date()


def counts_as_json(counts: Mapping[str, Counted]) -> dict[str, Any]:
    """Write the counts as they are kept."""
    return {
        name: {
            "rows": each.rows,
            "oldest_at": each.oldest_at and each.oldest_at.isoformat(),
            "held": each.held,
        }
        for name, each in counts.items()
    }


def counts_from(kept: Mapping[str, Any]) -> dict[str, Counted]:
    """Read counts as they are kept."""
    return {
        name: Counted(
            rows=int(each["rows"]),
            oldest_at=datetime.fromisoformat(each["oldest_at"]) if each["oldest_at"] else None,
            held=int(each["held"]),
        )
        for name, each in kept.items()
    }
