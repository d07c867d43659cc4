"""Find the table in a file: the header under the title, the rows under the header, no totals.

A sheet answers its headers, made unique (分销员, then 分销员 (2)), and streams its rows padded to
the width of the header, numbered as a spreadsheet numbers them.
"""

import hashlib
import re
import unicodedata
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from regulars.ingest.domain.files import (
    CellRefused,
    FileEmpty,
    FileLimits,
    FileTypeUnknown,
    FileUnreadable,
    HeaderTooWide,
    MacroFile,
    RowTooWide,
)
from regulars.ingest.parsers.cells import BLANKS
from regulars.ingest.parsers.text_files import Record, TextShape, examine, iter_records
from regulars.ingest.parsers.workbooks import check_workbook, iter_workbook

HEADER_WITHIN_ROWS = 20
TOTALS_CHARS_MAX = 15

_TOTALS = frozenset(
    ["合计", "总计", "小计", "共计", "汇总", "total", "totals", "grandtotal", "sum"]
)
_DIGEST_BYTES = 1 << 20
_PUNCTUATION = re.compile(r"[\s_\-:：*()（）\[\]【】.#\"'“”/\\]+")
_UNITS = "元|人民币|rmb|cny|yuan|¥|gbp|usd|eur|必填|选填|必填项|可选|required"
_REMARK = re.compile(rf"[(\[](?:{_UNITS})[)\]]$")
_NUMBERISH = re.compile(r"[-+¥￥$£€(]?[\d,.]+%?[元)]?")


@dataclass(frozen=True, slots=True)
class Sheet:
    """The table of a file: what its columns are called, and how to read its rows, repeatedly."""

    name: str
    sha256: bytes
    headers: tuple[str, ...]
    header_row: int
    open_rows: Callable[[], Iterator[Record]]

    @property
    def signature(self) -> bytes:
        """Name the layout: a digest of the sorted headers, whatever their order."""
        return signature_of(self.headers)

    def iter_rows(self) -> Iterator[Record]:
        """Stream (row number, cells, problem) below the header, without blank rows and totals."""
        width = len(self.headers)
        held: Record | None = None
        for row, cells, problem in self.open_rows():
            if row <= self.header_row or not any(cells):
                continue
            if held is not None:
                yield held
            held = _fitted(row, cells, problem, width)
            if held[2] is None and _is_totals(held[1]):
                held = None
        if held is not None and not (held[2] is None and _is_bare_sum(held[1])):
            yield held


def open_sheet(
    path: Path, *, known_headers: Collection[str], limits: FileLimits | None = None
) -> Sheet:
    """Open a file of whatever sort and find its table. Raises FileRefused.

    `known_headers` are header keys this kind understands: the row that holds the most of them is
    the header, so a title above it does no harm.
    """
    limits = limits or FileLimits()
    name = path.name.lower()
    if not path.is_file():
        raise FileUnreadable(name=path.name)
    if name.endswith((".xlsm", ".xltm", ".xlsb")):
        raise MacroFile
    if name.endswith(".xlsx"):
        check_workbook(path, limits=limits)
        digest, opener = _digest(path), lambda: iter_workbook(path, limits=limits)
    elif name.endswith((".csv", ".csv.gz")):
        shape: TextShape = examine(path, limits=limits)
        digest, opener = shape.sha256, lambda: iter_records(path, shape, limits=limits)
    else:
        raise FileTypeUnknown(name=path.name)
    header_row, cells = _header(opener, known_headers)
    if len(cells) > limits.columns_max:
        raise HeaderTooWide(limit=limits.columns_max)
    return Sheet(path.name, digest, _unique(cells), header_row, opener)


def signature_of(headers: Collection[str]) -> bytes:
    """Name a layout: a digest of the sorted headers, whatever their order."""
    words = "\x1f".join(sorted(header_key(header) for header in headers))
    return hashlib.sha256(words.encode()).digest()


def header_key(header: str) -> str:
    """Write a header so that spaces, case, width, punctuation and units do not matter."""
    plain = _REMARK.sub("", unicodedata.normalize("NFKC", header).lower().strip())
    return _PUNCTUATION.sub("", plain)


def _header(
    opener: Callable[[], Iterator[Record]], known: Collection[str]
) -> tuple[int, list[str]]:
    rows = opener()
    first = [
        (row, [cell.strip().lstrip("\ufeff'").strip() for cell in cells])
        for row, cells, problem in islice(rows, HEADER_WITHIN_ROWS)
        if problem is None and any(cell.strip() for cell in cells)
    ]
    _close(rows)
    if not first:
        raise FileEmpty
    scores = [(_known(cells, known), row, cells) for row, cells in first]
    best = max(scores, key=lambda score: (score[0], -score[1]))
    if best[0] == 0 or (best[0] == 1 and _names(best[2]) < 2):
        best = max(scores, key=lambda score: (_names(score[2]), -score[1]))
    cells = best[2]
    while cells and not cells[-1]:
        cells.pop()
    return best[1], cells


def _close(rows: Iterator[Record]) -> None:
    close = getattr(rows, "close", None)
    if close is not None:
        close()


def _known(cells: list[str], known: Collection[str]) -> int:
    return len({header_key(cell) for cell in cells if cell} & set(known))


def _names(cells: list[str]) -> int:
    return len({cell for cell in cells if cell and not _NUMBERISH.fullmatch(cell)})


def _unique(cells: list[str]) -> tuple[str, ...]:
    seen: dict[str, int] = {}
    unique = []
    for place, cell in enumerate(cells, 1):
        name = " ".join(cell.split())[:100] or f"column {place}"
        seen[name] = seen.get(name, 0) + 1
        unique.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return tuple(unique)


def _fitted(row: int, cells: list[str], problem: CellRefused | None, width: int) -> Record:
    if len(cells) < width:
        cells = cells + [""] * (width - len(cells))
    elif len(cells) > width:
        if problem is None and any(cell.strip() for cell in cells[width:]):
            problem = RowTooWide(cells=len(cells), columns=width)
        cells = cells[:width]
    return row, cells, problem


def _is_totals(cells: list[str]) -> bool:
    first = next((cell for cell in cells if cell and not cell.isspace()), "")
    if not first or len(first) > TOTALS_CHARS_MAX or first[0].isdigit():
        return False
    return header_key(first) in _TOTALS


def _is_bare_sum(cells: list[str]) -> bool:
    """Tell whether the last row is a sum nobody labelled: first cell empty, the others numbers."""
    filled = [cell.strip() for cell in cells if cell.strip() and cell.strip() not in BLANKS]
    if not filled or (cells[0].strip() and cells[0].strip() not in BLANKS):
        return False
    few = len(filled) * 2 <= len(cells)
    return few and all(_NUMBERISH.fullmatch(cell) and len(cell) < 11 for cell in filled)


def _digest(path: Path) -> bytes:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(_DIGEST_BYTES):
            digest.update(block)
    return digest.digest()
