"""The child that parses one workbook: limits on, rows out as blocks of msgpack, then gone.

Run by `workbooks.iter_workbook`. Everything becomes text here, so that a sheet and a CSV of the
same table read alike: whole numbers without a point, dates as ISO, truths as TRUE and FALSE.
"""

import datetime as dt
import sys

import msgspec
from python_calamine import SheetVisibleEnum, load_workbook

from regulars.ingest.parsers.workbooks import LENGTH_BYTES, limit_child

BLOCK_ROWS = 500
EXACT_MAX = 10**15  # a spreadsheet keeps 15 digits; what stands beyond is made up


def as_text(cell: object) -> str:
    """Write one cell as text."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float):
        return _number(cell)
    if isinstance(cell, dt.datetime):
        return cell.isoformat(sep=" ", timespec="seconds")
    if isinstance(cell, dt.date | dt.time):
        return cell.isoformat()
    return "" if cell is None else str(cell)


def main(path: str, memory_bytes: int, seconds: int) -> None:
    """Read the first shown sheet and write its rows to standard output."""
    limit_child(memory_bytes, seconds)
    workbook = load_workbook(path)
    shown = [
        index
        for index, sheet in enumerate(workbook.sheets_metadata)
        if sheet.visible == SheetVisibleEnum.Visible
    ]
    block: list[tuple[int, list[str]]] = []
    if shown:
        sheet = workbook.get_sheet_by_index(shown[0])
        first = sheet.start[0] + 1 if sheet.start else 1
        for row, cells in enumerate(sheet.iter_rows(), first):
            block.append((row, [as_text(cell) for cell in cells]))
            if len(block) == BLOCK_ROWS:
                _write(block)
                block.clear()
    if block:
        _write(block)
    sys.stdout.buffer.write((0).to_bytes(LENGTH_BYTES, "big"))
    sys.stdout.buffer.flush()


def _number(number: float) -> str:
    if number != number or number in (float("inf"), float("-inf")):  # noqa: PLR0124 not a number
        return ""
    if number.is_integer():
        return str(int(number)) if abs(number) < EXACT_MAX else f"{number:E}"
    return f"{number:.10f}".rstrip("0") if abs(number) < EXACT_MAX else f"{number:E}"


def _write(block: list[tuple[int, list[str]]]) -> None:
    body = msgspec.msgpack.encode(block)
    sys.stdout.buffer.write(len(body).to_bytes(LENGTH_BYTES, "big") + body)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
