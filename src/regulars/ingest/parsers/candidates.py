"""What a parser answers: a candidate for the database, or the problem that keeps it out.

A candidate carries the rows of the file it was made of, so that a refusal further in can still
be shown beside what stood in the file.
"""

from collections.abc import Callable, Sequence

import msgspec

from regulars.ingest.domain.files import CellMissing, ReadingRules, RowProblem
from regulars.ingest.domain.rows import (
    BalanceRow,
    MemberRef,
    MemberRow,
    OpenidRow,
    OrderRow,
    ProductRow,
    RefundRow,
    StoreRow,
)
from regulars.ingest.parsers.cells import read_code, read_email, read_phone, read_text
from regulars.ingest.parsers.gathering import Group, problem_of
from regulars.ingest.parsers.mapping import ColumnMapping
from regulars.kit.contacts import is_masked
from regulars.kit.errors import Refusal

OPENID_APP = "wechat"
STORE_CHARS_MAX = 128
SourceRow = tuple[int, list[str]]


class Candidate(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The rows of the file that make one thing, and the thing in our shape."""

    sources: tuple[SourceRow, ...]
    store: StoreRow | None = None
    product: ProductRow | None = None
    member: MemberRow | None = None
    order: OrderRow | None = None
    refund: RefundRow | None = None
    balances: tuple[BalanceRow, ...] = ()


class RowReader:
    """Look into one row by field, remembering the field, so that a refusal can name its column."""

    __slots__ = ("_constants", "_headers", "_index", "cells", "field", "row", "rules")

    def __init__(self, headers: Sequence[str], mapping: ColumnMapping, rules: ReadingRules) -> None:
        places = {header: place for place, header in enumerate(headers)}
        self._headers = headers
        self._index = {name: places[header] for name, header in mapping.columns.items()}
        self._constants = dict(mapping.constants)
        self.rules = rules
        self.cells: list[str] = []
        self.field = ""
        self.row = 0

    def has(self, field: str) -> bool:
        """Tell whether the sheet, or a constant, says anything of the field."""
        return field in self._index or field in self._constants

    def raw(self, field: str) -> str:
        """Answer the text of the field's cell; the constant where it has no column; or nothing."""
        self.field = field
        place = self._index.get(field)
        if place is None:
            return self._constants.get(field, "")
        return self.cells[place]

    def needed(self, text: str) -> str:
        """Answer the text; raises CellMissing where it is empty."""
        if not text:
            raise CellMissing
        return text

    def problem(self, refusal: Refusal, row: int, cells: Sequence[str]) -> RowProblem:
        """Say what is wrong with the row, naming the column that was last looked at."""
        place = self._index.get(self.field)
        column = self._headers[place] if place is not None and self.field else ""
        facts = {key: value for key, value in refusal.facts.items() if key != "text"}
        return RowProblem(row, column, refusal.code, facts, tuple(cells))

    def problems(self, refusal: Refusal, group: Group) -> list[RowProblem]:
        """Say what is wrong with a group: the siblings cannot go in without the broken row."""
        listed = []
        for row, cells, own in group:
            if own is not None:
                self.field = ""
            is_culprit = own is not None or row == self.row or len(group) == 1
            problem = self.problem(own or refusal, row, cells)
            listed.append(problem if is_culprit else _sibling(problem, self.row))
        return listed

    def store(self, field: str) -> str | None:
        """Answer the code of a store, also where the file writes its name."""
        said = read_text(self.raw(field), STORE_CHARS_MAX)
        return self.rules.stores.get(said, said) or None

    def member_ref(self) -> MemberRef | None:
        """Read whom the row is about; None where nobody is named. A masked name is nobody."""
        names = self.identities()
        return MemberRef(**names) if names else None  # type: ignore[arg-type]

    def identities(self) -> dict[str, str | OpenidRow]:
        """Read every usable identity of the row."""
        index, names = self._index, dict[str, str | OpenidRow]()
        phone = read_phone(self.raw("phone"), self.rules.region) if "phone" in index else ""
        if phone and not is_masked(phone):
            names["phone"] = phone
        if "email" in index and (email := read_email(self.raw("email"))) and not is_masked(email):
            names["email"] = email
        for field in ("card", "external_id", "unionid"):
            if field in index and (code := read_code(self.raw(field))) and not is_masked(code):
                names[field] = code
        if "openid" in index and (code := read_code(self.raw("openid"))):
            names["openid"] = OpenidRow(app=self._constants.get("openid_app", OPENID_APP), id=code)
        return names


def names_in(reader: RowReader, cells: list[str]) -> MemberRef | None:
    """Read whoever a broken row names, field by field; what cannot be read names nobody."""
    reader.cells = cells
    names: dict[str, str] = {}
    for field, read in _LENIENT.items():
        try:
            text = read(reader.raw(field), reader.rules.region) if reader.has(field) else ""
        except (Refusal, IndexError):
            continue
        if text and not is_masked(text):
            names[field] = text
    return MemberRef(**names) if names else None  # type: ignore[arg-type]


def first_problem(reader: RowReader, group: Group) -> list[RowProblem]:
    """Say what was found wrong before any cell was read; empty where nothing was."""
    problem = problem_of(group)
    if problem is None:
        return []
    reader.row = next(row for row, _, own in group if own is not None)
    reader.field = ""
    return reader.problems(problem, group)


def sources_of(group: Group) -> tuple[SourceRow, ...]:
    """Keep the rows of the file that a candidate was made of."""
    return tuple((row, cells) for row, cells, _ in group)


_IDENTITY_FIELDS = ("external_id", "card", "phone", "email", "unionid", "openid")


def key_fields(mapping: ColumnMapping) -> tuple[str, ...]:
    """Name the fields of which the first filled one tells two rows of this kind apart."""
    match mapping.kind.value:
        case "orders" | "lines":
            return ("number",)
        case "stores":
            return ("code", "name")
        case "products":
            return ("sku", "name")
        case _:
            return _IDENTITY_FIELDS


_LENIENT: dict[str, Callable[[str, str], str]] = {
    "phone": read_phone,
    "email": lambda text, _: read_email(text),
    "card": lambda text, _: read_code(text),
    "external_id": lambda text, _: read_code(text),
    "unionid": lambda text, _: read_code(text),
}


def _sibling(problem: RowProblem, row: int) -> RowProblem:
    return RowProblem(problem.row, "", "ingest.sibling_broken", {"other_row": row}, problem.cells)
