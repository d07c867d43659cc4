"""The parts of a record's page: pairs of name and value, and small tables. Ready to be drawn."""

from collections.abc import Sequence
from dataclasses import dataclass

from regulars.console.domain.cells import Cell, PageAction
from regulars.kit.errors import Kind, Refusal
from regulars.kit.messages import message


class WholeHouseNeeded(Refusal):
    """The page is about the whole house, and the reader's role reaches only part of it."""

    kind = Kind.DENIED
    reason = message(
        "This page is about the whole house. Your role reaches only some stores: ask for it in"
        " the scope of all stores."
    )


@dataclass(frozen=True, slots=True)
class Heading:
    """The head of a column of a small table."""

    title: str
    numeric: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One card of a record: pairs, or a table, or a sentence; `aside` stands in the narrow column.

    All words are in the reader's language. `pre` is text of somebody else's, shown as it is.
    """

    title: str
    purpose: str = ""
    pairs: Sequence[tuple[str, Cell]] = ()
    headings: Sequence[Heading] = ()
    rows: Sequence[Sequence[Cell]] = ()
    text: str = ""
    pre: str = ""
    tone: str = ""
    actions: Sequence[PageAction] = ()
    aside: bool = False

    @property
    def columns(self) -> list[list[tuple[Cell, bool]]]:
        """Answer the rows with what each cell's column says of it."""
        return [
            [(cell, head.numeric) for cell, head in zip(row, self.headings, strict=True)]
            for row in self.rows
        ]
