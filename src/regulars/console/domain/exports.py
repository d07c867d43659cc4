"""Files that leave the house: what may be asked for, how a cell is written, when a file goes."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Final, Self
from uuid import UUID
from zoneinfo import ZoneInfo

from regulars.access.domain import Actor
from regulars.console.domain.lists import Filter, frozen
from regulars.kit.amounts import exponent
from regulars.kit.errors import Kind, Refusal
from regulars.kit.messages import message
from regulars.kit.sheets import safe_cell

KEPT: Final = timedelta(hours=24)
FORMS: Final = ("csv", "xlsx")
SHEET_ROWS_MAX: Final = 1_000_000  # a worksheet ends at 1,048,576
TRIES_MAX: Final = 3  # a file is written again when somebody in it is erased meanwhile

REASONS: Final[Mapping[str, str]] = {
    "service": message("Serve the members in it"),
    "accounting": message("Accounting"),
    "audit": message("Check or audit"),
    "campaign": message("Prepare a campaign"),
    "analysis": message("Analysis"),
    "move": message("Move to another system"),
}
GONE: Final[Mapping[str, str]] = {
    "expired": message("Its 24 hours are over."),
    "erased": message("Somebody in it was erased. Ask for it again."),
}


class ExportNotFound(Refusal):
    """There is no such file, it is somebody else's, or it is gone."""

    kind = Kind.NOT_FOUND
    reason = message("There is no such file. Files are kept for 24 hours.")


class ExportUnknown(Refusal):
    """Something is asked for that no list offers."""

    kind = Kind.INVALID
    reason = message("“{what}” cannot be exported.")


class ExportReasonMissing(Refusal):
    """A file that leaves the house needs a reason, which is logged."""

    kind = Kind.INVALID
    reason = message("Choose what the file is for.")


class ExportColumnsMissing(Refusal):
    """No column was chosen."""

    kind = Kind.INVALID
    reason = message("Choose at least one column.")


class ExportFilterGone(Refusal):
    """A filter means nothing any more, or nothing to whom the list is read for."""

    kind = Kind.CONFLICT
    reason = message("The list is no longer filtered like this. Open it again and export anew.")


class ExportOvertaken(Refusal):
    """Somebody in the file was erased each time it was written."""

    kind = Kind.TRY_LATER
    reason = message("Members in it were erased while it was written. Ask for it again.")


class ExportBroken(Refusal):
    """Writing the file broke on our side."""

    kind = Kind.TRY_LATER
    reason = message("Something broke on our side. Ask for it again; the log has the rest.")


class ExportTooLong(Refusal):
    """A worksheet cannot hold so many rows."""

    kind = Kind.INVALID
    reason = message("A worksheet holds {most} rows. Choose CSV, or narrow the list.")


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in minor units; written in major units as a plain decimal."""

    minor: int
    currency: str


Value = str | int | datetime | date | Money | None


@dataclass(frozen=True, slots=True)
class ExportColumn:
    """A column of a file; `is_personal` ones are masked unless the reader may see through."""

    code: str
    title: str
    is_personal: bool = False


@dataclass(frozen=True, slots=True)
class ExportRow:
    """A row of a file: the members it is about, and its values by column code."""

    member_ids: tuple[int, ...]
    values: Mapping[str, Value]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What a file is made of: for whom, which rows, whether masked, as of when."""

    actor: Actor
    filters: Mapping[str, str]
    is_masked: bool
    at: datetime
    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Exportable:
    """A list that can leave the house as a file.

    `permission` is the one of the list, `is_whole` asks for it in the scope of all stores, and
    `filters` are what the list is narrowed by; `count` answers how many rows there are, up to a
    limit; `batches` reads them, some hundreds or thousands at a time.
    """

    code: str
    title: str
    permission: str
    filters: tuple[Filter, ...]
    columns: tuple[ExportColumn, ...]
    count: Callable[[Ask, int], int]
    batches: Callable[[Ask], Iterator[Sequence[ExportRow]]]
    is_whole: bool = False

    @property
    def has_personal(self) -> bool:
        """Tell whether there is anything that could be shown unmasked."""
        return any(column.is_personal for column in self.columns)

    def chosen(self, codes: Sequence[str]) -> tuple[ExportColumn, ...]:
        """Answer the columns of these codes, in the list's own order."""
        found = tuple(column for column in self.columns if column.code in codes)
        if not found:
            raise ExportColumnsMissing
        return found

    def filters_of(self, said: Mapping[str, str]) -> dict[str, str]:
        """Take from the list's address what chooses and orders its rows, and nothing else."""
        keys = {"sort"} | {key for each in self.filters for key in each.keys}
        return {key: said[key] for key in sorted(keys & said.keys()) if said[key]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What somebody wants to take out: which list, how filtered, which columns, what for."""

    what: str
    filters: Mapping[str, str]
    columns: tuple[str, ...]
    form: str
    is_masked: bool
    reason_code: str
    language: str

    def checked(self, kind: Exportable, *, today: date) -> Self:
        """Answer the wish as it will be done on any later day.

        The columns stand in the list's order; “last 30 days” are the dates they are today; what
        has nothing to unmask is masked.
                Raises ExportReasonMissing, ExportColumnsMissing, ExportUnknown.
        """
        if self.reason_code not in REASONS:
            raise ExportReasonMissing
        if self.form not in FORMS:
            raise ExportUnknown(what=self.form[:10])
        chosen = kind.chosen(self.columns)
        return replace(
            self,
            columns=tuple(column.code for column in chosen),
            filters=frozen(kind.filters, self.filters, today=today),
            is_masked=self.is_masked or not kind.has_personal,
        )

    def as_json(self) -> dict[str, Any]:
        """Write the wish for an approval; nothing in it is personal."""
        return asdict(self) | {"filters": dict(self.filters), "columns": list(self.columns)}

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> Self:
        """Read what `as_json` wrote."""
        return cls(**{**said, "columns": tuple(said["columns"])})


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What came of a wish: work that writes the file, or an approval it waits for."""

    work: UUID | None = None
    approval: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """A file asked for: whose, what, how long it is, until when it can be fetched."""

    id: UUID
    what: str
    filters: dict[str, str]
    columns: tuple[str, ...]
    form: str
    is_masked: bool
    reason_code: str
    language: str
    staff_id: int
    asked_at: datetime
    made_at: datetime | None
    rows: int | None
    size_bytes: int | None
    expires_at: datetime | None
    gone_at: datetime | None
    gone_because: str
    opened: int

    @property
    def wish(self) -> Wish:
        """What was asked for."""
        return Wish(
            what=self.what,
            filters=self.filters,
            columns=self.columns,
            form=self.form,
            is_masked=self.is_masked,
            reason_code=self.reason_code,
            language=self.language,
        )

    def is_there(self, at: datetime) -> bool:
        """Tell whether the file can be fetched."""
        if self.made_at is None or self.gone_at is not None or self.expires_at is None:
            return False
        return at < self.expires_at

    @property
    def file_name(self) -> str:
        """The name the browser saves it under: what, when, and the mark of who asked."""
        day = (self.made_at or self.asked_at).strftime("%Y%m%d-%H%M")
        return f"regulars-{self.what}-{day}-{self.mark}.{self.form}"

    @property
    def mark(self) -> str:
        """The watermark: it leads back to the entry in the audit log."""
        return f"E{self.id.hex[-8:]}"


def cell_of(value: Value, *, zone: ZoneInfo) -> str:
    """Write a value as a cell: no formula, no float, times in the programme's zone."""
    match value:
        case None:
            return ""
        case int():
            return str(value)
        case datetime():
            return value.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")
        case date():
            return value.isoformat()
        case Money(minor, currency):
            return _decimal(minor, exponent(currency))
        case _:
            return safe_cell(value)


def _decimal(minor: int, digits: int) -> str:
    sign, plain = ("-" if minor < 0 else ""), f"{abs(minor):0{digits + 1}d}"
    return sign + (f"{plain[:-digits]}.{plain[-digits:]}" if digits else plain)
