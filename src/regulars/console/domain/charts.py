"""Lay out a line over days as SVG coordinates: a grid from nought, this period, the one before.

The last day is unfinished and drawn dashed. A spark is such a line in little, without a grid.
Nothing here draws: the template does.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from regulars.kit.errors import Kind, Refusal
from regulars.kit.messages import message

WIDTH, HEIGHT = 680, 236
LEFT, RIGHT, TOP, BOTTOM = 58, 670, 14, 210
STEPS = (1, 2, 5)
GRID_LINES = 4
LABELS = 5
SPARK_WIDTH, SPARK_HEIGHT = 80, 28
SPARK_POINTS_MIN = 2


class NothingToDraw(Refusal):
    """There are no figures yet, so there is no picture of them."""

    kind = Kind.NOT_FOUND
    reason = message("There is nothing to draw yet.")


@dataclass(frozen=True, slots=True)
class Tick:
    """A line of the grid and what stands beside it."""

    y: float
    value: int


@dataclass(frozen=True, slots=True)
class Mark:
    """A day under the axis."""

    x: float
    on: date
    anchor: str


@dataclass(frozen=True, slots=True)
class Point:
    """One day of the line."""

    x: float
    y: float
    on: date
    value: int


@dataclass(frozen=True, slots=True)
class Chart:
    """Everything the template draws, and the figures behind it."""

    now: tuple[Point, ...]
    before: tuple[Point, ...]
    ticks: tuple[Tick, ...]
    marks: tuple[Mark, ...]
    peak: Point
    total: int
    total_before: int

    @property
    def finished(self) -> str:
        """The line up to the last finished day, as SVG points."""
        return _points(self.now[:-1])

    @property
    def unfinished(self) -> str:
        """The stroke to today."""
        return _points(self.now[-2:])

    @property
    def area(self) -> str:
        """The ground under the finished line."""
        first, last = self.now[0], self.now[-2]
        return f"{first.x},{BOTTOM} {self.finished} {last.x},{BOTTOM}"

    @property
    def line_before(self) -> str:
        """The line of the period before."""
        return _points(self.before)

    @property
    def change_bp(self) -> int | None:
        """The change against the period before in basis points; of nothing there is none.

        Today is not over: it and the day it is laid over count on neither side.
        """
        total = sum(point.value for point in self.now[:-1])
        before = sum(point.value for point in self.before[:-1])
        return (total - before) * 10_000 // before if before > 0 else None


@dataclass(frozen=True, slots=True)
class Spark:
    """A small line: its pieces, the piece to an unfinished step, the ends of its figures.

    What is not known is a gap; a place between two gaps is a dot.
    """

    lines: tuple[str, ...]
    unfinished: str
    lowest: float
    highest: float
    newest: float


def spark(
    values: Sequence[float | None], *, from_nought: bool = True, is_finished: bool = True
) -> Spark | None:
    """Lay out a small line; fewer than two known figures, or nothing but noughts, make none."""
    known = [value for value in values if value is not None]
    if len(known) < SPARK_POINTS_MIN or not any(known):
        return None
    low, high = min(known), max(known)
    floor = min(low, 0.0) if from_nought else low
    wide, tall = SPARK_WIDTH / (len(values) - 1), (SPARK_HEIGHT - 2) / ((high - floor) or 1)
    pieces: list[list[str]] = [[]]
    for place, value in enumerate(values):
        if value is None:
            pieces.append([])
        else:
            x, y = place * wide, SPARK_HEIGHT - 1 - (value - floor) * tall
            pieces[-1].append(f"{x:.1f},{y:.1f}")
    last = pieces[-1]
    is_open = not is_finished and len(last) >= SPARK_POINTS_MIN
    if is_open:
        pieces[-1] = last[:-1]
    return Spark(
        lines=tuple(" ".join(piece * 2 if len(piece) == 1 else piece) for piece in pieces if piece),
        unfinished=" ".join(last[-2:]) if is_open else "",
        lowest=low,
        highest=high,
        newest=known[-1],
    )


def line_over_days(values: Mapping[date, int], *, today: date, days: int) -> Chart | None:
    """Lay out the last `days` days and as many before; nothing to show is None."""
    now = [(day, values.get(day, 0)) for day in _days(today, days)]
    before = [(day, values.get(day, 0)) for day in _days(today - timedelta(days=days), days)]
    top = _ceiling(max(value for _, value in now + before))
    if top == 0:
        return None
    drawn = _drawn(now, top)
    marked = range(0, days, max(1, (days - 1) // (LABELS - 1)))
    return Chart(
        now=drawn,
        before=_drawn(before, top),
        ticks=tuple(
            Tick(y=_y(top * line // GRID_LINES, top), value=top * line // GRID_LINES)
            for line in range(GRID_LINES + 1)
        ),
        marks=tuple(
            Mark(x=drawn[at].x, on=drawn[at].on, anchor=_anchor(at, days)) for at in marked
        ),
        peak=max(drawn, key=lambda point: point.value),
        total=sum(value for _, value in now),
        total_before=sum(value for _, value in before),
    )


def _days(last: date, days: int) -> list[date]:
    return [last - timedelta(days=back) for back in reversed(range(days))]


def _drawn(pairs: Sequence[tuple[date, int]], top: int) -> tuple[Point, ...]:
    wide = (RIGHT - LEFT) / (len(pairs) - 1)
    return tuple(
        Point(x=round(LEFT + wide * place, 1), y=_y(value, top), on=day, value=value)
        for place, (day, value) in enumerate(pairs)
    )


def _y(value: int, top: int) -> float:
    return round(BOTTOM - (BOTTOM - TOP) * value / top, 1)


def _ceiling(value: int) -> int:
    """Round up to one, two or five times a power of ten, so that the grid reads well."""
    if value <= 0:
        return 0
    power = 1
    while True:
        for step in STEPS:
            if step * power * GRID_LINES >= value:
                return step * power * GRID_LINES
        power *= 10


def _anchor(place: int, days: int) -> str:
    if place == 0:
        return "start"
    return "end" if place == days - 1 else "middle"


def _points(points: Sequence[Point]) -> str:
    return " ".join(f"{point.x},{point.y}" for point in points)
