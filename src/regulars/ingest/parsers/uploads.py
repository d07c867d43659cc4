"""Look at a file that was handed over, before anything reads it: it must be what it is called.

A file that is two things at once (a sheet with an archive behind it, a picture named .csv) is
refused whole, and so is the pattern by which virus scanners are tested, also when packed.
"""

import gzip
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final, cast

from regulars.ingest.domain.files import (
    ArchiveBroken,
    FileEmpty,
    FileExplodes,
    FileLimits,
    FileTooLarge,
    FileTypeUnknown,
    MacroFile,
)
from regulars.ingest.domain.uploads import UploadDisguised, UploadInfected

BLOCK_BYTES: Final = 1 << 20
_TEST_PATTERN: Final = (
    b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
)
_STARTS: Final = (
    b"PK\x03\x04", b"PK\x05\x06", b"\x1f\x8b", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"RIFF",
    b"\x7fELF", b"%PDF-", b"Rar!", b"7z\xbc\xaf", b"\xd0\xcf\x11\xe0", b"\x00\x00\x01\x00",
    b"\xca\xfe\xba\xbe", b"MZ\x90\x00", b"BZh", b"\xfd7zXZ", b"#!", b"OggS", b"II*\x00",
    b"MM\x00*", b"SQLite format 3",
)  # fmt: skip
_MARKUP: Final = (b"<svg", b"<html", b"<!doctype", b"<?xml", b"<script", b"<table", b"{\\rtf")
_WITHIN: Final = (b"%PDF-", b"<script", b"<?php", b"<svg ", b"\x7fELF", b"\x89PNG\r\n")
_WITHIN_BYTES: Final = 2_048
_END_OF_ARCHIVE: Final = b"PK\x05\x06"
_END_BYTES: Final = 22
_TAIL_BYTES: Final = 65_557


def check_upload(path: Path, *, limits: FileLimits | None = None) -> None:
    """Refuse a file that is not wholly what its name says. Raises FileRefused."""
    limits = limits or FileLimits()
    name = path.name.lower()
    if path.stat().st_size == 0:
        raise FileEmpty
    if name.endswith((".xlsm", ".xltm", ".xlsb")):
        raise MacroFile
    if name.endswith(".xlsx"):
        _check_workbook(path, limits)
    elif name.endswith(".csv.gz"):
        _check_packed(path, limits)
    elif name.endswith(".csv"):
        with path.open("rb") as stream:
            _check_text(_blocks(stream))
    else:
        raise FileTypeUnknown(name=path.name)


def _check_text(blocks: Iterator[bytes]) -> None:
    """Refuse text that begins, or ends, as something else, or holds the test pattern."""
    head, tail = b"", b""
    for block in blocks:
        if not head:
            head = block[:_WITHIN_BYTES]
            _check_head(head)
        seen = tail + block
        if _TEST_PATTERN in seen:
            raise UploadInfected
        tail = seen[-_TAIL_BYTES:]
    if _END_OF_ARCHIVE in tail:
        raise UploadDisguised


def _check_head(head: bytes) -> None:
    plain = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if head.startswith(_STARTS) or plain.startswith(_STARTS):
        raise UploadDisguised
    if plain.lower().startswith(_MARKUP) or any(each in head for each in _WITHIN):
        raise UploadDisguised


def _check_packed(path: Path, limits: FileLimits) -> None:
    with path.open("rb") as stream:
        if stream.read(2) != b"\x1f\x8b":
            raise UploadDisguised
    try:
        with gzip.open(path) as stream:
            _check_text(_bounded(_blocks(cast("BinaryIO", stream)), path, limits))
    except (OSError, EOFError, zlib.error) as error:
        raise ArchiveBroken from error


def _bounded(blocks: Iterator[bytes], path: Path, limits: FileLimits) -> Iterator[bytes]:
    packed, unpacked = path.stat().st_size, 0
    for block in blocks:
        unpacked += len(block)
        if unpacked > limits.unpacked_bytes_max:
            raise FileTooLarge(limit_mb=limits.unpacked_bytes_max // 1_000_000)
        if unpacked > BLOCK_BYTES * 10 and unpacked > packed * limits.gzip_ratio_max:
            raise FileExplodes(ratio=limits.gzip_ratio_max)
        yield block


def _check_workbook(path: Path, limits: FileLimits) -> None:
    """Refuse a workbook with anything before its first entry or behind its directory."""
    size = path.stat().st_size
    with path.open("rb") as stream:
        if stream.read(4) != b"PK\x03\x04":
            raise UploadDisguised
        stream.seek(max(0, size - _END_BYTES))
        end = stream.read(_END_BYTES)
    if not end.startswith(_END_OF_ARCHIVE) or end[-2:] != b"\x00\x00":
        raise UploadDisguised
    if int.from_bytes(end[12:16], "little") + int.from_bytes(end[16:20], "little") > size:
        raise UploadDisguised
    try:
        with zipfile.ZipFile(path) as archive:
            _scan_entries(archive, limits)
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, RuntimeError, ValueError) as error:
        raise ArchiveBroken from error


def _scan_entries(archive: zipfile.ZipFile, limits: FileLimits) -> None:
    """Look for the test pattern in what is packed, within the limits that hold for reading."""
    entries = archive.infolist()
    unpacked = sum(entry.file_size for entry in entries)
    if len(entries) > limits.zip_entries_max or unpacked > limits.zip_unpacked_bytes_max:
        raise FileTooLarge(limit_mb=limits.zip_unpacked_bytes_max // 1_000_000)
    if unpacked > BLOCK_BYTES and unpacked > archive.start_dir * limits.zip_ratio_max:
        raise FileExplodes(ratio=limits.zip_ratio_max)
    for entry in entries:
        if entry.filename.startswith("/") or ".." in entry.filename.split("/"):
            raise UploadDisguised
        with archive.open(entry) as stream:
            tail = b""
            for block in _blocks(cast("BinaryIO", stream)):
                if _TEST_PATTERN in tail + block:
                    raise UploadInfected
                tail = block[-len(_TEST_PATTERN) :]


def _blocks(stream: BinaryIO) -> Iterator[bytes]:
    while block := stream.read(BLOCK_BYTES):
        yield block
