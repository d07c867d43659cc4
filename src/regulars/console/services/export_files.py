"""The files themselves: written row by row in bounded memory, kept beside the ids they name."""

import csv
import mmap
import os
import secrets
from array import array
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson
from django.conf import settings
from django.utils.translation import gettext
from xlsxwriter import Workbook

from regulars.console.domain.exports import (
    SHEET_ROWS_MAX,
    Export,
    ExportColumn,
    ExportRow,
    ExportTooLong,
    cell_of,
)

FOLDER: Final = "exports"
_WIDE: Final = 18


def folder() -> Path:
    """Answer the folder of exports, made for nobody else to read."""
    place = Path(settings.REGULARS_VAR) / FOLDER
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    return place


def path_of(export: Export) -> Path:
    """Answer where the file of an export stands."""
    return folder() / f"{export.id}.{export.form}"


def remove(export_id: UUID) -> None:
    """Remove everything that was written for an export."""
    for path in folder().glob(f"{export_id}.*"):
        path.unlink(missing_ok=True)


def json_of(values: Mapping[str, Any]) -> str:
    """Write a mapping as JSON for the database."""
    return orjson.dumps(dict(values)).decode()


class Writer:
    """Writes a file under a passing name; `settle` gives it its own once it may be handed out."""

    def __init__(self, export: Export) -> None:
        self.rows = 0
        self._export, self._ids = export, array("q")
        self._sheet: _Lines | _Sheet | None = None
        self._half = folder() / f"{export.id}.{secrets.token_hex(4)}.part"

    def __enter__(self) -> Self:
        return self

    def begin(self, columns: Sequence[ExportColumn], *, zone: ZoneInfo) -> None:
        """Write the head; the last column is the watermark."""
        self._codes, self._zone = [column.code for column in columns], zone
        self._sheet = _Sheet(self._half) if self._export.form == "xlsx" else _Lines(self._half)
        self._sheet.line([*(gettext(column.title) for column in columns), gettext("Export")])

    def write(self, rows: Sequence[ExportRow]) -> None:
        """Write rows; raises ExportTooLong where a worksheet is full."""
        if self._export.form == "xlsx" and self.rows + len(rows) > SHEET_ROWS_MAX:
            raise ExportTooLong(most=SHEET_ROWS_MAX)
        assert self._sheet is not None
        zone, mark, codes = self._zone, self._export.mark, self._codes
        for row in rows:
            values = row.values
            self._sheet.line([*(cell_of(values[code], zone=zone) for code in codes), mark])
            self._ids.extend(row.member_ids)
        self.rows += len(rows)

    def end(self) -> None:
        """Close the file: everything is written."""
        self._close()
        self._ids = array("q", sorted(set(self._ids)))

    def pages_of_ids(self, size: int) -> Iterator[list[int]]:
        """Answer the ids of the members in the file, some at a time."""
        for start in range(0, len(self._ids), size):
            yield self._ids[start : start + size].tolist()

    def settle(self) -> int:
        """Put the file in its place, with the ids it names beside it; answers its size in bytes."""
        with os.fdopen(_open(_ids_path(self._export.id)), "wb") as file:
            self._ids.tofile(file)
        place = path_of(self._export)
        self._half.replace(place)
        return place.stat().st_size

    def __exit__(
        self,
        kind: type[BaseException] | None,
        trouble: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._close()
        self._half.unlink(missing_ok=True)

    def _close(self) -> None:
        if self._sheet is not None:
            self._sheet.close()
        self._sheet = None


class _Lines:
    """A CSV file that spreadsheets open as UTF-8."""

    def __init__(self, path: Path) -> None:
        self._file = os.fdopen(_open(path), "w", encoding="utf-8-sig", newline="")
        self._writer = csv.writer(self._file)

    def line(self, cells: Sequence[str]) -> None:
        self._writer.writerow(cells)

    def close(self) -> None:
        self._file.close()


class _Sheet:
    """A workbook of one sheet, every cell a text, in constant memory."""

    def __init__(self, path: Path) -> None:
        os.close(_open(path))
        options = {"constant_memory": True, "tmpdir": str(path.parent), "strings_to_urls": False}
        self._book = Workbook(str(path), options)
        self._page = self._book.add_worksheet()
        self._page.set_column(0, 40, _WIDE)
        self._page.freeze_panes(1, 1)
        self._row = 0

    def line(self, cells: Sequence[str]) -> None:
        for place, cell in enumerate(cells):
            self._page.write_string(self._row, place, cell)
        self._row += 1

    def close(self) -> None:
        self._book.close()


def names_any(export_id: UUID, member_ids: Sequence[int]) -> bool:
    """Tell whether one of these members stands in the file."""
    path = _ids_path(export_id)
    if not path.exists() or path.stat().st_size == 0:
        return False
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as held:
        ids = memoryview(held).cast("q")
        try:
            return any(_holds(ids, member_id) for member_id in member_ids)
        finally:
            ids.release()


def _holds(ids: memoryview, member_id: int) -> bool:
    place = bisect_left(ids, member_id)
    return place < len(ids) and ids[place] == member_id


def _ids_path(export_id: UUID) -> Path:
    return folder() / f"{export_id}.ids"


def _open(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
