"""Read CSV files of unknown encoding and delimiter, packed or not, in bounded memory.

One pass looks at every byte and answers the file's shape: digest, encoding, delimiter. The
second streams records. A line that is too long or a quotation mark that is never closed costs
its own line, not the lines that follow.
"""

import codecs
import csv
import gzip
import hashlib
import io
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from regulars.ingest.domain.files import (
    ArchiveBroken,
    BrokenCharacters,
    CellRefused,
    FileEmpty,
    FileExplodes,
    FileLimits,
    FileTooLarge,
    FileTypeUnknown,
    NullByte,
    RowTooLong,
)

BLOCK_BYTES = 1 << 20
DELIMITERS = (",", "\t", ";", "|")
SAMPLE_LINES = 40

_REPLACEMENT = "\ufffd"
_BROKEN_SHARE_MAX = 0.05
_RATIO_FROM_BYTES = 10_000_000
_MARKUP = (b"<!doctype", b"<html", b"<?xml", b"<table", b"%pdf", b"{\\rtf")
_TRUNCATED_CHARS = 2_000

Record = tuple[int, list[str], CellRefused | None]


@dataclass(frozen=True, slots=True)
class TextShape:
    """What one look at the whole file has told."""

    sha256: bytes
    encoding: str
    delimiter: str


def examine(path: Path, *, limits: FileLimits) -> TextShape:
    """Read every byte once: digest, encoding, delimiter. Raises FileRefused."""
    digest = hashlib.sha256()
    head = b""
    utf8 = codecs.getincrementaldecoder("utf-8")()
    is_utf8 = True
    for block in _blocks(path, limits=limits):
        digest.update(block)
        head = head if len(head) >= BLOCK_BYTES else head + block
        if is_utf8:
            is_utf8 = _decodes(utf8, block)
    if not head.strip():
        raise FileEmpty
    if head[:4] == b"PK\x03\x04" or head.lstrip().lower().startswith(_MARKUP):
        raise FileTypeUnknown(name=path.name)
    encoding = _encoding(
        path, head, limits=limits, is_utf8=is_utf8 and _decodes(utf8, b"", final=True)
    )
    return TextShape(digest.digest(), encoding, _delimiter(head, encoding))


def iter_records(path: Path, shape: TextShape, *, limits: FileLimits) -> Iterator[Record]:
    """Stream (row number, cells, problem) as a spreadsheet would number them, from 1.

    A row with a problem carries what could be read of it. Memory does not grow with the file.
    """
    feed = _Feed(_lines(path, shape.encoding, limits=limits), limits=limits)
    reader = csv.reader(feed, delimiter=shape.delimiter)
    row = 0
    width = 0
    while True:
        feed.taken.clear()
        problem: CellRefused | None = None
        try:
            cells = next(reader)
        except StopIteration:
            return
        except (csv.Error, _QuoteOpenError):
            cells = []
        row += 1
        taken = feed.taken
        gave_up = not cells and any(line.strip() for line in taken)
        is_torn = len(taken) > 1 and (_is_open(taken, cells) or (width and len(cells) != width))
        if gave_up or is_torn:
            problem = RowTooLong()
        if problem is not None:
            cells = taken[0][:_TRUNCATED_CHARS].rstrip("\n").split(shape.delimiter)
            feed.give_back(taken[1:])
            reader = csv.reader(feed, delimiter=shape.delimiter)
        else:
            problem = _damage(taken, limits.line_chars_max)
            width = max(width, len(cells)) if row <= SAMPLE_LINES else width
        yield row, cells, problem


class _QuoteOpenError(Exception):
    """A record runs over more lines than any address has."""


class _Feed:
    """Lines for the CSV reader, remembering those of the record at hand so they can be re-read."""

    def __init__(self, lines: Iterator[str], *, limits: FileLimits) -> None:
        self.taken: list[str] = []
        self._lines = lines
        self._returned: list[str] = []
        self._lines_max = limits.record_lines_max

    def __iter__(self) -> "_Feed":
        return self

    def __next__(self) -> str:
        line = self._returned.pop() if self._returned else next(self._lines)
        self.taken.append(line)
        if len(self.taken) > self._lines_max:
            raise _QuoteOpenError
        return line

    def give_back(self, lines: list[str]) -> None:
        """Hand lines out again, first line first."""
        self._returned.extend(reversed(lines))


def _is_open(taken: list[str], cells: list[str]) -> bool:
    """Tell whether a quotation mark in these lines was never closed, or closed by chance."""
    if sum(line.count('"') for line in taken) % 2 == 1:
        return True
    return bool(cells) and cells[-1].endswith("\n") and not taken[-1].rstrip().endswith('"')


def _damage(taken: list[str], line_chars_max: int) -> CellRefused | None:
    for line in taken:
        if len(line) > line_chars_max:
            return RowTooLong()
        if "\x00" in line:
            return NullByte()
        if _REPLACEMENT in line:
            return BrokenCharacters()
    return None


def _lines(path: Path, encoding: str, *, limits: FileLimits) -> Iterator[str]:
    """Decode and split; a line beyond the limit is cut to just over it, its rest is dropped."""
    decoder = io.IncrementalNewlineDecoder(
        codecs.getincrementaldecoder(encoding)(errors="replace"), translate=True
    )
    limit = limits.line_chars_max
    rest = ""
    for block in _blocks(path, limits=limits):
        parts = (rest + decoder.decode(block)).split("\n")
        rest = parts.pop()
        if len(rest) > 2 * limit:
            rest = rest[: limit + 1]
        if parts and max(map(len, parts)) > limit:
            parts = [part if len(part) <= limit else _cut(part, limit) for part in parts]
        for part in parts:
            yield part + "\n"
    for part in (rest + decoder.decode(b"", final=True)).split("\n"):
        if part:
            yield (part if len(part) <= limit else _cut(part, limit)) + "\n"


def _cut(line: str, limit: int) -> str:
    """Keep the start of an endless line, still too long, so that its row is refused alone."""
    return line[: limit + 1].replace('"', "'")


def _blocks(path: Path, *, limits: FileLimits) -> Iterator[bytes]:
    packed_bytes = path.stat().st_size
    if packed_bytes > limits.file_bytes_max:
        raise FileTooLarge(limit_mb=limits.file_bytes_max // 1_000_000)
    unpacked = 0
    with path.open("rb") as raw:
        is_packed = raw.read(2) == b"\x1f\x8b"
        raw.seek(0)
        if path.suffix.lower() == ".gz" and not is_packed:
            raise FileTypeUnknown(name=path.name)
        stream = cast("BinaryIO", gzip.GzipFile(fileobj=raw)) if is_packed else raw
        while block := _read(stream):
            unpacked += len(block)
            if unpacked > limits.unpacked_bytes_max:
                raise FileTooLarge(limit_mb=limits.unpacked_bytes_max // 1_000_000)
            if is_packed and unpacked > max(
                _RATIO_FROM_BYTES, packed_bytes * limits.gzip_ratio_max
            ):
                raise FileExplodes(ratio=limits.gzip_ratio_max)
            yield block


def _read(stream: BinaryIO) -> bytes:
    try:
        return stream.read(BLOCK_BYTES)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise ArchiveBroken from error


def _decodes(decoder: codecs.IncrementalDecoder, block: bytes, *, final: bool = False) -> bool:
    try:
        decoder.decode(block, final)
    except UnicodeDecodeError:
        return False
    return True


def _encoding(path: Path, head: bytes, *, limits: FileLimits, is_utf8: bool) -> str:
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if guess := _bare_utf16(head):
        return guess
    if is_utf8 or head.startswith(codecs.BOM_UTF8) or _mostly(head, "utf-8"):
        return "utf-8-sig"
    decoder = codecs.getincrementaldecoder("gb18030")()
    is_chinese = all(_decodes(decoder, block) for block in _blocks(path, limits=limits))
    return "gb18030" if is_chinese or _mostly(head, "gb18030") else "cp1252"


def _bare_utf16(head: bytes) -> str:
    """Recognise UTF-16 without its mark: every other byte of Western text is null."""
    sample = head[:4_000]
    if len(sample) < 4:
        return ""
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    half = len(sample) // 2
    if odd > half * 0.4 and even < half * 0.05:
        return "utf-16-le"
    if even > half * 0.4 and odd < half * 0.05:
        return "utf-16-be"
    return ""


def _mostly(head: bytes, encoding: str) -> bool:
    """Tell whether the encoding fits but for a few broken bytes."""
    text = codecs.getincrementaldecoder(encoding)(errors="replace").decode(head)
    beyond_ascii = sum(1 for char in text if char > "\x7f")
    return text.count(_REPLACEMENT) < beyond_ascii * _BROKEN_SHARE_MAX


def _delimiter(head: bytes, encoding: str) -> str:
    """Choose the delimiter that cuts the first lines into the most columns most evenly."""
    text = codecs.getincrementaldecoder(encoding)(errors="replace").decode(head[:200_000])
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")[:SAMPLE_LINES]
    lines = [line + "\n" for line in lines if line.strip() and "\x00" not in line]
    best, best_score = DELIMITERS[0], 1.0
    for delimiter in DELIMITERS:
        reader = csv.reader(lines, delimiter=delimiter)
        try:
            widths = Counter(map(len, reader))
        except csv.Error:
            continue
        if not widths:
            continue
        width, count = max(widths.items(), key=lambda item: (item[1] * (item[0] > 1), item[0]))
        rows = widths.total()
        if reader.line_num > rows and not _is_well_quoted(lines, delimiter):
            rows = reader.line_num  # a quote that is none here has swallowed whole lines
        score = width * count / rows
        if width > 1 and score > best_score:
            best, best_score = delimiter, score
    return best


def _is_well_quoted(lines: list[str], delimiter: str) -> bool:
    """Tell whether every quote that closes stands before a delimiter or an end of line.

    A cell that is still open where the sample ends is well: it may close behind it.
    """
    reader = csv.reader([*lines, '"'], delimiter=delimiter, strict=True)
    try:
        for _ in reader:
            pass
    except csv.Error:
        return reader.line_num > len(lines)
    return True
