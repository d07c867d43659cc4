"""What a list is: its columns, filters and acts, and how its address is read and written.

All state stands in the address: filters, sort, columns, size, place. What is not known is
ignored, never an error; personal data is never part of it. Nothing here knows rows or pages.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Literal, Self
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from regulars.console.domain.cells import (
    Approximate,
    Cell,
    Empty,
    Fact,
    ListRow,
    PageAction,
    RowAction,
    TabLink,
)
from regulars.console.domain.periods import PRESETS, Days, Span, days_of

__all__ = [
    "SIZES",
    "Approximate",
    "Bulk",
    "Cell",
    "Choice",
    "Column",
    "Empty",
    "Fact",
    "Filter",
    "ListRow",
    "ListSpec",
    "ListState",
    "PageAction",
    "RowAction",
    "TabLink",
    "frozen",
    "read_state",
]

SIZES = (10, 20, 50, 100)
SIZE_DEFAULT = 20
TEXT_LENGTH_MAX = 80
CURSOR_LENGTH_MAX = 500
WHOLE_DIGITS_MAX = 15
RESERVED = frozenset({"sort", "cols", "size", "after", "view", "select"})

_VIEW = re.compile(r"all|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

FilterKind = Literal["choice", "days", "flag", "numbers", "text"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column: `hidden` is not shown until it is chosen, `help` says what it means on hover."""

    code: str
    title: str
    numeric: bool = False
    sorts: bool = False
    hidden: bool = False
    help: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """One value of a filter; `is_data` marks a title that is a name and not to be translated."""

    code: str
    title: str
    count: int | None = None
    is_data: bool = False


@dataclass(frozen=True, slots=True)
class Filter:
    """One question that narrows a list.

    choice: one of `choices` in `?code=`. days: a preset in `?code=`, or `code_from` and `code_to`
    as inclusive ISO dates. flag: `?code=1`. numbers: `code_from`, `code_to`, whole. text: an exact
    code such as an order number, never personal data.
    """

    code: str
    title: str
    kind: FilterKind = "choice"
    choices: tuple[Choice, ...] = ()
    help: str = ""

    @property
    def keys(self) -> tuple[str, ...]:
        """Name the parts of the address this filter owns."""
        match self.kind:
            case "days":
                return (self.code, f"{self.code}_from", f"{self.code}_to")
            case "numbers":
                return (f"{self.code}_from", f"{self.code}_to")
            case "choice" | "flag" | "text":
                return (self.code,)

    def read(self, params: Mapping[str, str]) -> dict[str, str]:
        """Read what the address says about this filter; what makes no sense is left out."""
        said = {key: str(params.get(key, "") or "").strip() for key in self.keys}
        match self.kind:
            case "choice":
                known = {choice.code for choice in self.choices}
                return {key: text for key, text in said.items() if text in known and text}
            case "flag":
                return {key: "1" for key, text in said.items() if text == "1"}
            case "text":
                return {key: text for key, text in said.items() if _is_short(text)}
            case "numbers":
                return {key: text for key, text in said.items() if _is_whole(text)}
            case "days":
                dates = {key: text for key, text in said.items() if _is_day(text)}
                if not dates and said[self.code] in PRESETS:
                    return {self.code: said[self.code]}
                return dates


@dataclass(frozen=True, slots=True)
class Bulk:
    """An act on many rows: its address gets `ids`, or `all=1` and the list's `query`, by POST."""

    code: str
    title: str
    href_name: str
    permission: str
    danger: bool = False
    icon: str = ""


@dataclass(frozen=True, slots=True)
class ListSpec:
    """All that is fixed about a list. The first column names the row and is always shown.

    `sort` is the order without a wish, `-` first means downwards; `is_personal` prints a
    watermark; `export` names what `console-exports` makes of it.
    """

    name: str
    url_name: str
    title: str
    purpose: str
    columns: tuple[Column, ...]
    filters: tuple[Filter, ...] = ()
    sort: str = "-recorded_at"
    bulk: tuple[Bulk, ...] = ()
    export: str | None = None
    is_personal: bool = False

    def __post_init__(self) -> None:
        keys = [key for each in self.filters for key in each.keys]
        if len(keys) != len(set(keys)) or RESERVED & set(keys):
            raise ValueError(f"the filters of {self.name} claim a name twice: {keys}")

    def with_choices(self, **choices: Sequence[Choice]) -> Self:
        """Answer the same list with the choices that depend on the reader or the day."""
        filters = tuple(
            replace(each, choices=tuple(choices[each.code])) if each.code in choices else each
            for each in self.filters
        )
        return replace(self, filters=filters)

    def column(self, code: str) -> Column | None:
        """Answer a column by its code."""
        return next((each for each in self.columns if each.code == code), None)

    @property
    def filter_keys(self) -> frozenset[str]:
        """Answer every name by which an address narrows the list."""
        return frozenset(key for each in self.filters for key in each.keys)

    @property
    def sorts(self) -> frozenset[str]:
        """Answer every order the list may be asked for."""
        codes = [each.code for each in self.columns if each.sorts]
        return frozenset({self.sort, *codes, *(f"-{code}" for code in codes)})

    @property
    def shown_columns(self) -> tuple[str, ...]:
        """Answer the columns shown to somebody who never chose."""
        return tuple(each.code for each in self.columns if not each.hidden)


@dataclass(frozen=True, slots=True)
class ListState:
    """What the address of a list says, read against its spec."""

    spec: ListSpec
    filters: Mapping[str, str] = field(default_factory=dict)
    sort: str = ""
    columns: tuple[str, ...] = ()
    size: int = SIZE_DEFAULT
    cursor: str = ""
    view: str = ""
    names_columns: bool = False

    @property
    def sort_code(self) -> str:
        """Answer the column the list is ordered by."""
        return self.sort.removeprefix("-")

    @property
    def descending(self) -> bool:
        """Tell whether the order runs downwards."""
        return self.sort.startswith("-")

    def is_on(self, code: str) -> bool:
        """Tell whether a flag is set."""
        return self.filters.get(code) == "1"

    def days(self, code: str, *, today: date) -> Days | None:
        """Answer the days a filter of days asks for; None where it asks for none."""
        if code in self.filters:
            return days_of(self.filters[code], today=today)
        first, last = self.filters.get(f"{code}_from"), self.filters.get(f"{code}_to")
        if not (first or last):
            return None
        return Days(
            date.fromisoformat(first) if first else None,
            date.fromisoformat(last) if last else None,
        )

    def span(self, code: str, *, at: datetime, zone: ZoneInfo) -> Span:
        """Answer the moments a filter of days asks for: [since, until), open where not asked."""
        days = self.days(code, today=at.astimezone(zone).date())
        return Span(None, None) if days is None else days.span(zone)

    def numbers(self, code: str) -> tuple[int | None, int | None]:
        """Answer the inclusive bounds a filter of numbers asks for."""
        least, most = self.filters.get(f"{code}_from"), self.filters.get(f"{code}_to")
        return int(least) if least else None, int(most) if most else None

    def asks(self, one: Filter) -> bool:
        """Tell whether a filter narrows the list."""
        return any(key in self.filters for key in one.keys)

    def query(self, *, without: Iterable[str] = (), **changes: str) -> str:
        """Write the state as the query of an address: canonical, without the place in the list.

        `changes` replace parts (`sort`, `size`, `cols`, `after`, a filter); an empty one leaves it
        out, as `without` does. What is as by default is not written.
        """
        said = {**self.filters, "sort": self.sort, "size": str(self.size), "view": self.view}
        if self.names_columns:
            said["cols"] = ".".join(self.columns)
        said |= changes
        usual = {("sort", self.spec.sort), ("size", str(SIZE_DEFAULT))}
        dropped = set(without)
        kept = sorted((k, v) for k, v in said.items() if v and k not in dropped)
        return urlencode([pair for pair in kept if pair not in usual])

    def with_columns(self, codes: Sequence[str]) -> Self:
        """Answer the same state with other columns: those the staff member chose once."""
        return replace(self, columns=_columns(self.spec, codes))


def read_state(spec: ListSpec, params: Mapping[str, str]) -> ListState:
    """Read the address of a list; unknown names and values are ignored."""
    filters: dict[str, str] = {}
    for each in spec.filters:
        filters |= each.read(params)
    sort, size = str(params.get("sort", "")), str(params.get("size", ""))
    named = [code for code in str(params.get("cols", "")).split(".") if spec.column(code)]
    view = str(params.get("view", ""))
    return ListState(
        spec=spec,
        filters=filters,
        sort=sort if sort in spec.sorts else spec.sort,
        columns=_columns(spec, named or spec.shown_columns),
        size=int(size) if size in {str(each) for each in SIZES} else SIZE_DEFAULT,
        cursor=str(params.get("after", ""))[:CURSOR_LENGTH_MAX],
        view=view if _VIEW.fullmatch(view) else "",
        names_columns=bool(named),
    )


def frozen(filters: Sequence[Filter], params: Mapping[str, str], *, today: date) -> dict[str, str]:
    """Answer what an address says with named stretches of days (“last 30 days”) as dates."""
    said = dict(params)
    for each in filters:
        if each.kind == "days" and each.read(params).keys() == {each.code}:
            days = days_of(said.pop(each.code), today=today)
            said |= {f"{each.code}_from": str(days.first), f"{each.code}_to": str(days.last)}
    return said


def _columns(spec: ListSpec, codes: Sequence[str]) -> tuple[str, ...]:
    """Keep the columns there are, each once, the one that names the row first."""
    first = spec.columns[0].code
    known = [code for code in dict.fromkeys(codes) if spec.column(code) and code != first]
    return (first, *known)


def _is_short(text: str) -> bool:
    return bool(text) and len(text) <= TEXT_LENGTH_MAX and text.isprintable()


def _is_whole(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= WHOLE_DIGITS_MAX


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return len(text) == len("2026-11-21")
