"""What stands in a list: cells by kind, rows with their acts, and how many rows there are."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, Self

Tone = Literal["ok", "warn", "bad", "info", "mute"]
CellKind = Literal[
    "text", "number", "points", "money", "moment", "day", "status", "tag", "link", "person", "dash",
    "tier", "code", "progress",
]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One value and how it is written; make it with the method named after its kind."""

    kind: CellKind
    label: str = ""
    note: str = ""
    to: str = ""
    tone: str = ""
    unit: str = ""
    amount: int | None = None
    when: datetime | date | None = None
    is_signed: bool = False

    @classmethod
    def text(cls, value: str, sub: str = "") -> Self:
        """Write words as they are, with a small second line."""
        return cls(kind="text", label=value, note=sub)

    @classmethod
    def code(cls, value: str) -> Self:
        """Write a code, an id, a number that is not counted with."""
        return cls(kind="code", label=value)

    @classmethod
    def number(cls, value: int | None, sub: str = "") -> Self:
        """Write a count; nothing known is a dash."""
        return cls(kind="number", amount=value, note=sub)

    @classmethod
    def points(cls, value: int | None, *, signed: bool = False) -> Self:
        """Write points; a movement carries its sign."""
        return cls(kind="points", amount=value, is_signed=signed)

    @classmethod
    def money(cls, minor: int | None, currency: str, sub: str = "") -> Self:
        """Write an amount in minor units."""
        return cls(kind="money", amount=minor, unit=currency, note=sub)

    @classmethod
    def moment(cls, at: datetime | None, sub: str = "") -> Self:
        """Write a moment in the shop's zone."""
        return cls(kind="moment", when=at, note=sub)

    @classmethod
    def day(cls, on: date | datetime | None, sub: str = "") -> Self:
        """Write a day."""
        return cls(kind="day", when=on, note=sub)

    @classmethod
    def status(cls, tone: Tone, label: str, sub: str = "") -> Self:
        """Say a state: a dot and words (in the reader's language)."""
        return cls(kind="status", tone=tone, label=label, note=sub)

    @classmethod
    def tag(cls, label: str, source: str = "", tone: str = "") -> Self:
        """Show a label with its source in small."""
        return cls(kind="tag", label=label, note=source, tone=tone)

    @classmethod
    def tier(cls, level: int, label: str) -> Self:
        """Show a tier in its colour."""
        return cls(kind="tier", amount=level, label=label)

    @classmethod
    def link(cls, label: str, href: str, sub: str = "") -> Self:
        """Lead to another page."""
        return cls(kind="link", label=label, to=href, note=sub)

    @classmethod
    def person(cls, name: str, sub: str, href: str) -> Self:
        """Name a person: masked name, masked number under it; without a way where there is none."""
        return cls(kind="person", label=name, note=sub, to=href)

    @classmethod
    def progress(cls, percent: int, label: str) -> Self:
        """Draw a bar with its words."""
        return cls(kind="progress", amount=percent, label=label)

    @classmethod
    def dash(cls) -> Self:
        """Say that nothing is known."""
        return cls(kind="dash")


@dataclass(frozen=True, slots=True)
class RowAction:
    """Something to do with one row; `href` is a page (acts begin with a form, never a click).

    What may not be done now says `why_not`, and is drawn without its address.
    """

    title: str
    href: str
    icon: str = ""
    danger: bool = False
    why_not: str = ""


@dataclass(frozen=True, slots=True)
class ListRow:
    """One row: its public id for bulk acts, its cells by column, the page it opens.

    `member_ids` are the members it is about: a file with it goes when one of them is erased.
    """

    id: str
    cells: Mapping[str, Cell]
    href: str = ""
    actions: tuple[RowAction, ...] = ()
    member_ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Approximate:
    """A count that is not exact; pages say “about”."""

    count: int


@dataclass(frozen=True, slots=True)
class PageAction:
    """A button of a page head; one page has at most one that is primary, and it stands last.

    What may not be done now says `why_not`, and is drawn without its address.
    """

    title: str
    href: str
    icon: str = ""
    is_primary: bool = False
    why_not: str = ""


@dataclass(frozen=True, slots=True)
class Empty:
    """What a list says while it never had a row: what it is for and how to begin."""

    title: str
    text: str
    actions: tuple[PageAction, ...] = ()
    icon: str = "inbox"


@dataclass(frozen=True, slots=True)
class TabLink:
    """A ready-made view or a tab: a link with a count."""

    title: str
    href: str
    is_current: bool = False
    count: int | None = None


@dataclass(frozen=True, slots=True)
class Fact:
    """One figure of a record's head: its name, its value as written, a small line under it."""

    label: str
    value: str
    sub: str = ""
