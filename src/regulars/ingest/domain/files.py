"""Files that come in: what may be read, what a broken cell is called, and how much is too much.

A file is refused whole when it cannot be trusted (a bomb, a macro, no header); a row is refused
alone when one of its cells cannot be read, and the rest of the file goes in. No refusal carries
the text of a cell: the error file shows the cell to the one who sent it, logs never do.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from regulars.kit.errors import Kind, Refusal
from regulars.kit.messages import message

ERROR_FILE_DAYS = 30


class FileKind(StrEnum):
    """What the rows of a file are."""

    STORES = "stores"
    PRODUCTS = "products"
    MEMBERS = "members"
    ORDERS = "orders"
    LINES = "lines"
    BALANCES = "balances"


@dataclass(frozen=True, slots=True)
class FileLimits:
    """How big a file may be; beyond them it is refused with a sentence, before it hurts."""

    file_bytes_max: int = 2_000_000_000
    unpacked_bytes_max: int = 4_000_000_000
    gzip_ratio_max: int = 200
    line_chars_max: int = 100_000
    record_lines_max: int = 100
    cell_chars_max: int = 20_000
    columns_max: int = 500
    zip_entries_max: int = 1_000
    zip_unpacked_bytes_max: int = 500_000_000
    zip_ratio_max: int = 100
    sheet_columns_max: int = 1_000
    sheet_rows_max: int = 1_048_576
    sheet_cells_max: int = 30_000_000
    shared_strings_max: int = 500_000
    child_memory_bytes_max: int = 3_000_000_000
    child_seconds_max: int = 120


@dataclass(frozen=True, slots=True)
class RowProblem:
    """One row that could not be taken: where, why, and what stood there.

    `column` is the header as the file writes it, or empty when the row as a whole is meant.
    """

    row: int
    column: str
    code: str
    facts: Mapping[str, object]
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReadingRules:
    """What the reader cannot know from the file: zone, currency, region of plain phone numbers.

    `stores` leads from the name of a store to its code, because exports write names.
    """

    zone: str
    currency: str
    file_at: datetime
    region: str = "CN"
    stores: Mapping[str, str] = field(default_factory=dict)


class FileRefused(Refusal):
    """Base of the reasons for which a whole file is turned away."""

    kind: ClassVar[Kind] = Kind.INVALID
    reason: ClassVar[str] = message("The file was refused.")


class FileUnreadable(FileRefused):
    """The file is not there, or the system does not let us read it."""

    reason = message("The file “{name}” cannot be opened.")


class FileEmpty(FileRefused):
    """There is nothing in the file."""

    reason = message("The file holds no rows.")


class FileTypeUnknown(FileRefused):
    """The name promises something we do not read, or the content breaks the name's promise."""

    reason = message("“{name}” is not a file we read. Save it as .csv, .csv.gz or .xlsx.")


class MacroFile(FileRefused):
    """The workbook holds macros."""

    reason = message("The workbook holds macros. Save it as .xlsx without them.")


class FileTooLarge(FileRefused):
    """The file, or what it unpacks to, is beyond the limit."""

    reason = message("The file unpacks to more than {limit_mb} MB. Split it, or save it as CSV.")


class FileExplodes(FileRefused):
    """The file is packed so tightly that it can only be meant to hurt."""

    reason = message("The file unpacks to more than {ratio} times its size and was not opened.")


class ArchiveBroken(FileRefused):
    """The archive is damaged, locked, or holds what a workbook does not hold."""

    reason = message("The workbook is damaged or locked, or holds other archives or links.")


class SheetTooWide(FileRefused):
    """The sheet has more columns, strings or cells than any export has."""

    reason = message("The sheet has more than {limit} {what}.")


class SheetUnreadable(FileRefused):
    """The reader gave up on the workbook: memory, time or structure."""

    reason = message(
        "The workbook could not be read in the memory and time allowed: save it as CSV."
    )


class HeaderMissing(FileRefused):
    """No row names the columns this kind of file needs."""

    reason = message("No column of the file was recognised as {needed}. Name it with --map.")


class HeaderTooWide(FileRefused):
    """There are more columns than any export has."""

    reason = message("The file has more than {limit} columns.")


class MapUnreadable(FileRefused):
    """The mapping file is not JSON or YAML of the expected shape."""

    reason = message("The mapping file is not as expected: {problem}.")


class MapColumnMissing(FileRefused):
    """The mapping names a column that the file does not have."""

    reason = message("The mapping names the column “{column}”, which the file does not have.")


class OrdersScattered(FileRefused):
    """The lines of too many orders lie apart, so they cannot be gathered in little memory."""

    reason = message("The lines of an order lie far apart. Sort the file by order number first.")


class CellRefused(Refusal):
    """Base of the reasons for which one cell, and so its row, is turned away."""

    kind: ClassVar[Kind] = Kind.INVALID
    reason: ClassVar[str] = message("The cell cannot be read.")


class CellMissing(CellRefused):
    """A cell that the row cannot do without is empty."""

    reason = message("This cell is empty, and the row cannot be taken without it.")


class CellTooLong(CellRefused):
    """There is more text than the field can hold."""

    reason = message("The text is longer than {limit} characters.")


class FormulaCell(CellRefused):
    """The cell holds a formula where a value is needed."""

    reason = message("The cell holds a formula. Put its value there.")


class NullByte(CellRefused):
    """The row holds a null byte: the file was damaged on its way."""

    reason = message("The row holds a null byte: the file was damaged on its way.")


class BrokenCharacters(CellRefused):
    """Bytes that are no text in the file's encoding."""

    reason = message("The row holds characters that cannot be read. Save the file as UTF-8.")


class RowTooLong(CellRefused):
    """One line is longer than any row can be, or a quotation mark was never closed."""

    reason = message("The row is too long, or a quotation mark in it was never closed.")


class RowTooWide(CellRefused):
    """The row has more filled cells than the header has columns."""

    reason = message("The row has {cells} cells; the header has {columns} columns.")


class DigitsLost(CellRefused):
    """A spreadsheet has rounded the number: its last digits are gone for good."""

    reason = message("The spreadsheet has rounded this number. Format the column as text first.")


class NotADate(CellRefused):
    """The text is no date that we read."""

    reason = message("This is not a date. Write for example 2024-01-05 10:00.")


class AmbiguousDate(CellRefused):
    """Day and month cannot be told apart."""

    reason = message("Day and month cannot be told apart. Say date_order in the mapping file.")


class AbsurdDate(CellRefused):
    """The date lies where no shop has been."""

    reason = message("The year {year} cannot be right.")


class NotANumber(CellRefused):
    """The text is no number."""

    reason = message("This is not a number.")


class NotAnAmount(CellRefused):
    """The text is no amount of money."""

    reason = message("This is not an amount. Write for example 1,234.50.")


class NegativeAmount(CellRefused):
    """An amount that may not be below zero is."""

    reason = message("The amount may not be below zero.")


class UnknownWord(CellRefused):
    """The word stands for nothing we know in this column."""

    reason = message("The word is not known in this column. Explain it in the mapping file.")


class PhoneMasked(CellRefused):
    """Part of the phone is hidden and nothing else says who is meant."""

    reason = message("The phone is masked and nothing else in the row names the member.")


class NobodyNamed(CellRefused):
    """No cell of the row says who is meant."""

    reason = message("No cell of the row says who the member is.")


class RefundUntold(CellRefused):
    """The order is said to be partly refunded, and no cell says how much."""

    reason = message("The order is said to be partly refunded, and no cell says how much.")


class RefundTooLarge(CellRefused):
    """More is said to be refunded than was paid."""

    reason = message("More was refunded than was paid.")


class RowContradicts(CellRefused):
    """The same key stands in the file twice with another content."""

    reason = message("Row {other_row} says something else about the same {what}.")


class SiblingBroken(CellRefused):
    """Another row of the same order could not be read, and an order goes in whole or not at all."""

    reason = message("Row {other_row} of the same order has an error; the order was left out.")


class TooManyLines(CellRefused):
    """An order has more lines than any slip."""

    reason = message("The order has more than {limit} lines.")
