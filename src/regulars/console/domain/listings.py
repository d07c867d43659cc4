"""A list that is declared once, for the page and for the file that is made of it.

A page shows a part of it and a file holds all of it: both open the same list for the same reader,
so they have the same columns, cells, filters and reach. Nothing here knows requests or files.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from regulars.access.domain import Actor
from regulars.console.domain.cells import Approximate, Cell, ListRow
from regulars.console.domain.exports import ExportFilterGone, Money, Value
from regulars.console.domain.lists import ListSpec, ListState

Total = int | Approximate | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Who reads a list, what the address says, when, in which zone."""

    actor: Actor
    params: Mapping[str, str]
    at: datetime
    zone: ZoneInfo


@dataclass(frozen=True, slots=True)
class Part:
    """Some rows of a list and where the next begin; `stopped`: the rows passed were enough."""

    rows: Sequence[ListRow]
    next_cursor: str | None = None
    stopped: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A list as one reader asks for it: `read` takes a cursor and how many rows.

    `total` counts the rows, or says that nobody knows; a list without it shows no total.
    """

    state: ListState
    read: Callable[[str | None, int], Part]
    total: Callable[[], Total] | None = None

    @property
    def spec(self) -> ListSpec:
        """The list with the choices this reader has."""
        return self.state.spec

    def parts(self, size: int) -> Iterator[Part]:
        """Read the whole list, so many rows at a time."""
        cursor: str | None = None
        while True:
            part = self.read(cursor, size)
            yield part
            cursor = part.next_cursor
            if cursor is None:
                return

    def count(self, at_most: int, *, size: int) -> int:
        """Count the rows up to a limit, which is also the answer where nobody knows."""
        if self.total is not None:
            total = self.total()
            return min(total, at_most) if isinstance(total, int) else at_most
        count = 0
        for part in self.parts(size):
            count += len(part.rows)
            if count >= at_most:
                return at_most
        return count

    def demand_filters(self, params: Mapping[str, str]) -> None:
        """Refuse filters that mean nothing to this reader; raises ExportFilterGone."""
        if (params.keys() & self.spec.filter_keys) - self.state.filters.keys():
            raise ExportFilterGone


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A list anybody with `permission` may open; `is_whole`: only in the scope of all stores.

    With `spec.export` it can leave the house as a file of its columns.
    """

    spec: ListSpec
    permission: str
    open: Callable[[Reader], Opened]
    is_whole: bool = False


def value_of(cell: Cell, *, zone: ZoneInfo) -> Value:
    """Answer what a cell says as a value of a file; its small line follows the words."""
    match cell.kind:
        case "number" | "points":
            return cell.amount
        case "money":
            return None if cell.amount is None else Money(cell.amount, cell.unit)
        case "moment":
            return cell.when if isinstance(cell.when, datetime) else _day(cell.when, zone)
        case "day":
            return _day(cell.when, zone)
        case "text" | "status" | "tag" | "link" | "person" | "tier" | "code" | "progress":
            return " · ".join(part for part in (cell.label, cell.note) if part)
        case "dash":
            return None


def _day(when: date | datetime | None, zone: ZoneInfo) -> date | None:
    return when.astimezone(zone).date() if isinstance(when, datetime) else when
