"""Read a body of rows: at once where all are well formed, row by row where one is not.

Size, number, nesting and node count are bounded before anything is built. What is malformed is
named by its field and the kind of fault; values are never repeated.
"""

import re
import types
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import msgspec

from regulars.ingest.domain.refusals import (
    BodyMalformed,
    BodyTooLarge,
    BodyUnreadable,
    RowMalformed,
    TooManyRows,
)
from regulars.ingest.domain.rows import ROW_TYPES, Row

BODY_BYTES_MAX = 5_000_000
ROWS_MAX = 1_000
NODES_MAX = 400_000
DEPTH_MAX = 32

_TOKENS = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[\]{}]')
_AT = re.compile(r" - at `(?P<path>[^`]*)`$")
_NULL = rb"\u0000"  # how JSON spells the one character that the database cannot hold
_FAULTS: tuple[tuple[str, str], ...] = (
    ("unknown field", "unknown field"),
    ("missing required field", "missing"),
    ("Invalid enum value", "not one of the allowed words"),
    ("length", "wrong length"),
    ("datetime", "not an instant (ISO 8601)"),
    ("date", "not a date (ISO 8601)"),
    ("decimal", "not a number"),
    ("Expected", "wrong type"),
)


@dataclass(frozen=True, slots=True)
class Body:
    """A batch as read: one entry per row, the row itself or why it is none."""

    source: str | None
    rows: tuple[Row | RowMalformed, ...]


class _Envelope(msgspec.Struct, forbid_unknown_fields=True):
    rows: list[msgspec.Raw]
    source: str | None = None
    type: str | None = None


def check_size(length: int) -> None:
    """Refuse a body that is longer than is read; raises BodyTooLarge."""
    if length > BODY_BYTES_MAX:
        raise BodyTooLarge(bytes_max=BODY_BYTES_MAX)


def read_body(body: bytes, *, kind: str) -> Body:
    """Read a batch of rows of one kind.

    Raises BodyTooLarge, BodyUnreadable, BodyMalformed, TooManyRows. A malformed row is an entry
    of its own; the others stand.
    """
    check_size(len(body))
    _check_nodes(body)
    if _NULL in body:
        return _read_singly(body, kind)
    try:
        found = _decoder(kind).decode(body)
    except msgspec.ValidationError:
        return _read_singly(body, kind)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise BodyUnreadable(problem="not JSON") from error
    _check_count(len(found.rows))
    return Body(found.source, tuple(found.rows))


def read_type(body: bytes) -> str:
    """Read which kind of rows a webhook body holds; raises like `read_body`."""
    check_size(len(body))
    _check_nodes(body)
    kind = _envelope(body).type
    if kind not in ROW_TYPES or kind == "balances":
        raise BodyMalformed(problem="not one of the allowed words", field="type")
    return kind


def read_row(raw: bytes, *, kind: str) -> Row:
    """Read one row; raises RowMalformed."""
    try:
        row: Row = _row_decoder(kind).decode(raw)
    except msgspec.ValidationError as error:
        raise malformed(error) from error
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise RowMalformed(field="row", problem="not JSON") from error
    if _NULL in raw and (field := _find_null(msgspec.json.decode(raw))) is not None:
        raise RowMalformed(field=field or "row", problem="holds a null character")
    return row


def write_row(row: Row) -> bytes:
    """Write a row the way it can be read again."""
    return msgspec.json.encode(row)


def malformed(error: msgspec.ValidationError) -> RowMalformed:
    """Turn a decoder's complaint into a refusal that names field and fault only."""
    text = str(error)
    found = _AT.search(text)
    field = found["path"].removeprefix("$").removeprefix(".") if found else ""
    fault = next((name for mark, name in _FAULTS if mark in text), "malformed")
    return RowMalformed(field=field or "row", problem=fault)


@lru_cache(maxsize=len(ROW_TYPES))
def _decoder(kind: str) -> msgspec.json.Decoder[Any]:
    rows: Any = types.GenericAlias(list, (ROW_TYPES[kind],))
    batch = msgspec.defstruct(
        f"Batch_{kind}",
        [("rows", rows), ("source", str | None, None), ("type", str | None, None)],
        forbid_unknown_fields=True,
    )
    return msgspec.json.Decoder(batch)


@lru_cache(maxsize=len(ROW_TYPES))
def _row_decoder(kind: str) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(ROW_TYPES[kind])


def _read_singly(body: bytes, kind: str) -> Body:
    _check_depth(body)
    envelope = _envelope(body)
    _check_count(len(envelope.rows))
    rows: list[Row | RowMalformed] = []
    for raw in envelope.rows:
        try:
            rows.append(read_row(bytes(raw), kind=kind))
        except RowMalformed as no:
            rows.append(no)
    return Body(envelope.source, tuple(rows))


def _find_null(value: Any, path: str = "") -> str | None:
    """Find the field whose text holds a null character; None where there is none."""
    if isinstance(value, str):
        return path if "\x00" in value else None
    if isinstance(value, dict):
        if any("\x00" in name for name in value):
            return path
        inner = ((f"{path}.{name}".lstrip("."), each) for name, each in value.items())
    elif isinstance(value, list):
        inner = ((f"{path}[{place}]", each) for place, each in enumerate(value))
    else:
        return None
    return next((found for at, each in inner if (found := _find_null(each, at)) is not None), None)


def _envelope(body: bytes) -> _Envelope:
    try:
        return msgspec.json.decode(body, type=_Envelope)
    except msgspec.ValidationError as error:
        no = malformed(error)
        raise BodyMalformed(**no.facts) from error
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise BodyUnreadable(problem="not JSON") from error


def _check_count(rows: int) -> None:
    if rows > ROWS_MAX:
        raise TooManyRows(rows_max=ROWS_MAX, rows=rows)


def _check_nodes(body: bytes) -> None:
    if sum(map(body.count, (b",", b":", b"{", b"["))) > NODES_MAX:
        raise BodyUnreadable(problem="too many values")


def _check_depth(body: bytes) -> None:
    depth = 0
    for token in _TOKENS.finditer(body):
        mark = body[token.start()]
        if mark in b"[{":
            depth += 1
            if depth > DEPTH_MAX:
                raise BodyUnreadable(problem="nested too deeply")
        elif mark in b"]}":
            depth -= 1
