"""The small lines of the home page: each key figure step by step, drawn and as a table.

A step of a figure is the figure itself, counted for that step alone. Levels are known for the days
on which they were counted, as they stood last on each.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext

from regulars.console.domain import charts, formatting
from regulars.console.domain.figures import HISTORY, STEPS, Kept
from regulars.kit.messages import message

UNITS = {
    "hour": message("Hour by hour"),
    "day": message("Day by day"),
    "week": message("Week by week"),
    "month": message("Month by month"),
}
Write = Callable[[float | None], str]


@dataclass(frozen=True, slots=True)
class Line:
    """One figure, step by step: as numbers, as written, drawn, and said in words."""

    shown: tuple[str, ...]
    spark: charts.Spark | None
    label: str


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines of all figures over the same steps."""

    unit: str = ""
    steps: tuple[str, ...] = ()
    is_finished: bool = True
    by_code: Mapping[str, Line] | None = None

    def get(self, code: str) -> Line | None:
        """Answer the line of a figure, where it is known."""
        return (self.by_code or {}).get(code)


def lines_of(kept: Mapping[str, Kept], *, is_finished: bool, zone: ZoneInfo) -> Lines:
    """Answer the lines of every figure that is known step by step."""
    told = [_steps(kept.get(part)) for part in ("sales", "joined")]
    sold, joined = told
    first = next(filter(None, told), None)
    if first is None:
        return Lines()
    edges = [datetime.fromisoformat(edge).astimezone(zone) for edge in first["edges"]]
    series = _series(sold, joined, kept, edges)
    writes = _writes(str(kept["sales"].figures["currency"]) if "sales" in kept else "")
    step = first["unit"]
    unit = gettext(UNITS[step])
    return Lines(
        unit=unit,
        steps=tuple(_named(start, end, step) for start, end in pairwise(edges)),
        is_finished=is_finished,
        by_code={
            code: _line(
                values,
                writes.get(code, _count),
                unit=unit,
                is_level=code in {"members", "points"},
                is_finished=is_finished,
            )
            for code, values in series.items()
            if values
        },
    )


def _steps(known: Kept | None) -> dict[str, Any] | None:
    found = known.figures.get(STEPS) if known else None
    return found if isinstance(found, dict) else None


def _series(
    sold: dict[str, Any] | None,
    joined: dict[str, Any] | None,
    kept: Mapping[str, Kept],
    edges: list[datetime],
) -> dict[str, list[float | None]]:
    """Answer the figures of every step; a part that was counted over other steps is left out."""
    series: dict[str, list[float | None]] = {
        "members": _levels(kept.get("members"), edges),
        "points": _levels(kept.get("points"), edges),
    }
    if joined and (sold is None or joined["edges"][:-1] == sold["edges"][:-1]):
        series["joined"] = list(joined["joined"])
    if sold:
        series |= {
            "buyers": list(sold["buyers"]),
            "net": list(sold["net_minor"]),
            "share": _ratios(sold["member_net_minor"], sold["net_minor"]),
            "repeat": _ratios(sold["repeat_buyers"], sold["buyers"]),
            "average": _ratios(sold["net_minor"], sold["orders"]),
        }
    return series


def _levels(known: Kept | None, edges: list[datetime]) -> list[float | None]:
    """Answer a level at the end of each step, where it was counted within it."""
    history = known.figures.get(HISTORY) if known else None
    if not isinstance(history, dict):
        return []
    days = {date.fromisoformat(day): int(value) for day, value in history.items()}
    levels: list[float | None] = []
    for start, end in pairwise(edges):
        last = (end - timedelta(microseconds=1)).date()
        within = [day for day in days if start.date() <= day <= last]
        levels.append(days[max(within)] if within else None)
    return levels


def _ratios(parts: list[int], wholes: list[int]) -> list[float | None]:
    return [part / whole if whole > 0 else None for part, whole in zip(parts, wholes, strict=True)]


def _writes(currency: str) -> dict[str, Write]:
    def money(value: float | None) -> str:
        return formatting.money(None if value is None else round(value), currency)

    return {"net": money, "average": money, "share": _share, "repeat": _share}


def _count(value: float | None) -> str:
    return formatting.whole(None if value is None else round(value))


def _share(value: float | None) -> str:
    return formatting.MISSING if value is None else f"{100 * value:.1f}%"


def _line(
    values: list[float | None], write: Write, *, unit: str, is_level: bool, is_finished: bool
) -> Line:
    spark = charts.spark(values, from_nought=not is_level, is_finished=is_finished)
    label = ""
    if spark is not None:
        label = gettext("%(unit)s: lowest %(lowest)s, highest %(highest)s, last %(newest)s") % {
            "unit": unit,
            "lowest": write(spark.lowest),
            "highest": write(spark.highest),
            "newest": write(spark.newest),
        }
    return Line(tuple(map(write, values)), spark, label)


def _named(start: datetime, end: datetime, unit: str) -> str:
    if unit == "hour":
        return f"{start:%H:%M}"
    first, last = start.date(), (end - timedelta(microseconds=1)).date()
    if unit == "day" or first == last:
        return first.isoformat()
    return f"{first} – {last}"
