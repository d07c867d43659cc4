"""Read .xlsx workbooks without trusting them.

Before anything is parsed, the archive is unpacked once into nothing, counting: entries, bytes,
ratio, strings, columns, cells; macros, links, other archives and document types are refused.
Only then a child process with limits on memory and time reads the first sheet that is shown
and hands its rows over a pipe. If it dies, the file is refused and nothing else notices.
"""

import os
import re
import resource
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import msgspec

from regulars.ingest.domain.files import (
    ArchiveBroken,
    FileExplodes,
    FileLimits,
    FileTooLarge,
    FileTypeUnknown,
    MacroFile,
    SheetTooWide,
    SheetUnreadable,
)
from regulars.ingest.parsers.text_files import Record

READ_BYTES = 1 << 18
LENGTH_BYTES = 4

_RATIO_FROM_BYTES = 1_000_000
_OVERLAP_BYTES = 64
_NESTED = (".zip", ".xlsx", ".xlsm", ".xlsb", ".docx", ".gz", ".7z", ".rar", ".jar", ".tar", ".bin")
_NESTED_STARTS = (b"PK\x03\x04", b"\x1f\x8b", b"7z\xbc\xaf", b"Rar!", b"\xd0\xcf\x11\xe0")
_HARMLESS_BINARIES = ("printersettings",)
_DOCUMENT_TYPE = re.compile(rb"<!(DOCTYPE|ENTITY)|D\x00O\x00C\x00T\x00Y\x00P\x00E", re.IGNORECASE)
_CELL = re.compile(rb"<(?:\w+:)?c[\s>/]")
_REFERENCE = re.compile(rb'\br="([A-Z]{1,7})(\d{1,9})"')
_STRING = re.compile(rb"<(?:\w+:)?si[\s>/]")


def check_workbook(path: Path, *, limits: FileLimits) -> None:
    """Refuse a workbook that could hurt, before it is parsed. Raises FileRefused."""
    if path.suffix.lower() != ".xlsx":
        raise FileTypeUnknown(name=path.name)
    try:
        with zipfile.ZipFile(path) as archive:
            _check_entries(archive, path, limits=limits)
            _check_contents(archive, limits=limits)
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, RuntimeError, ValueError) as error:
        raise ArchiveBroken from error


def iter_workbook(path: Path, *, limits: FileLimits) -> Iterator[Record]:
    """Stream the rows of the first shown sheet as text, read by a child on a short leash.

    Raises SheetUnreadable when the child runs out of memory or time, or meets what it cannot read.
    """
    command = [sys.executable, "-m", "regulars.ingest.parsers.workbook_child", str(path)]
    home = Path(__file__).parents[3]
    child = subprocess.Popen(  # noqa: S603 our own module, our own interpreter
        [*command, str(limits.child_memory_bytes_max), str(limits.child_seconds_max)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        stdin=subprocess.DEVNULL,
        env={"PYTHONPATH": str(home), "PATH": os.environ.get("PATH", ""), "MALLOC_ARENA_MAX": "2"},
    )
    assert child.stdout is not None
    try:
        yield from _blocks(child.stdout)
    finally:
        child.kill() if child.poll() is None and not child.stdout.closed else None
        child.stdout.close()
        child.wait()


def limit_child(memory_bytes: int, seconds: int) -> None:
    """Put the calling process on its leash; it must hold for whatever a file makes it do."""
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def _blocks(pipe: IO[bytes]) -> Iterator[Record]:
    decode = msgspec.msgpack.Decoder(list[tuple[int, list[str]]]).decode
    while True:
        head = pipe.read(LENGTH_BYTES)
        if len(head) < LENGTH_BYTES:
            raise SheetUnreadable
        length = int.from_bytes(head, "big")
        if length == 0:
            return
        body = pipe.read(length)
        if len(body) < length:
            raise SheetUnreadable
        for row, cells in decode(body):
            yield row, cells, None


def _check_entries(archive: zipfile.ZipFile, path: Path, *, limits: FileLimits) -> None:
    entries = archive.infolist()
    if len(entries) > limits.zip_entries_max:
        raise SheetTooWide(limit=limits.zip_entries_max, what="entries")
    names = {entry.filename.lower() for entry in entries}
    if any("vbaproject" in name or "/macrosheets/" in name for name in names):
        raise MacroFile
    if any("externallinks/" in name or "embeddings/" in name for name in names):
        raise ArchiveBroken
    if "[content_types].xml" not in names or "xl/workbook.xml" not in names:
        raise FileTypeUnknown(name=path.name)
    for entry in entries:
        name = entry.filename.lower()
        harmless = any(word in name for word in _HARMLESS_BINARIES)
        if entry.flag_bits & 0x1 or (name.endswith(_NESTED) and not harmless):
            raise ArchiveBroken
    unpacked = sum(entry.file_size for entry in entries)
    _check_size(unpacked, sum(entry.compress_size for entry in entries), limits=limits)


def _check_size(unpacked: int, packed: int, *, limits: FileLimits) -> None:
    if unpacked > _RATIO_FROM_BYTES and unpacked > packed * limits.zip_ratio_max:
        raise FileExplodes(ratio=limits.zip_ratio_max)
    if unpacked > limits.zip_unpacked_bytes_max:
        raise FileTooLarge(limit_mb=limits.zip_unpacked_bytes_max // 1_000_000)


@dataclass(slots=True)
class _Tally:
    """What has been counted in the archive so far."""

    unpacked: int = 0
    packed: int = 0
    cells: int = 0
    strings: int = 0
    row_cells: int = 0
    widest: int = 0
    deepest: int = 0
    tail: bytes = field(default=b"")


def _check_contents(archive: zipfile.ZipFile, *, limits: FileLimits) -> None:
    """Unpack every entry into nothing: the sizes an archive declares may be lies."""
    tally = _Tally()
    for entry in archive.infolist():
        name = entry.filename.lower()
        tally.packed += entry.compress_size
        tally.tail = b""
        with archive.open(entry) as stream:
            first = True
            while block := stream.read(READ_BYTES):
                if first and block.startswith(_NESTED_STARTS):
                    raise ArchiveBroken
                first = False
                tally.unpacked += len(block)
                _check_size(tally.unpacked, tally.packed, limits=limits)
                if name.endswith((".xml", ".rels")):
                    _count(tally, name, block, limits=limits)


def _count(tally: _Tally, name: str, block: bytes, *, limits: FileLimits) -> None:
    """Count what a block of XML holds; a match that crosses two blocks is seen with the second."""
    text = tally.tail + block
    if _DOCUMENT_TYPE.search(text):
        raise ArchiveBroken
    if name.endswith(".rels") and b"externallink" in text.lower():
        raise ArchiveBroken
    if "macroenabled" in name or (
        name == "[content_types].xml" and b"macroenabled" in text.lower()
    ):
        raise MacroFile
    fresh = len(tally.tail) - _OVERLAP_BYTES // 2
    if name.startswith("xl/sharedstrings"):
        tally.strings += len(_STRING.findall(block))
        if tally.strings > limits.shared_strings_max:
            raise SheetTooWide(limit=limits.shared_strings_max, what="strings")
    elif name.startswith("xl/worksheets/"):
        _count_cells(tally, text, max(fresh, 0), limits=limits)
    tally.tail = text[-_OVERLAP_BYTES:]


def _count_cells(tally: _Tally, text: bytes, start: int, *, limits: FileLimits) -> None:
    found = _REFERENCE.findall(text, start)
    tally.cells += len(found)
    if not found:
        _count_nameless(tally, text[start:])
    else:
        letters = max((letters for letters, _ in found), key=lambda name: (len(name), name))
        tally.widest = max(tally.widest, _column(letters))
        tally.deepest = max(tally.deepest, *(int(number) for _, number in found))
    if tally.widest > limits.sheet_columns_max:
        raise SheetTooWide(limit=limits.sheet_columns_max, what="columns")
    if tally.deepest > limits.sheet_rows_max:
        raise SheetTooWide(limit=limits.sheet_rows_max, what="rows")
    if max(tally.cells, tally.widest * tally.deepest) > limits.sheet_cells_max:
        raise SheetTooWide(limit=limits.sheet_cells_max, what="cells")


def _count_nameless(tally: _Tally, text: bytes) -> None:
    """Count cells that do not say where they stand: they follow one another in their row."""
    for number, part in enumerate(text.split(b"<row")):
        cells = len(_CELL.findall(part))
        tally.cells += cells
        tally.row_cells = cells if number else tally.row_cells + cells
        tally.widest = max(tally.widest, tally.row_cells)


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number
