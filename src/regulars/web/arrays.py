"""Send lists to PostgreSQL as arrays, built in one pass and mostly binary.

A batch is mostly arrays, and psycopg's own dumpers look at every element twice. Here the type of
the list is settled once and the array is joined in C. Lists of mixed or unusual types take
psycopg's way.
"""

import struct
import sys
from array import array
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from psycopg import postgres, pq
from psycopg.abc import AdaptContext, DumperKey
from psycopg.adapt import Dumper, PyFormat
from psycopg.types.array import ListDumper

from regulars.web.binary import NULL, bigint, moment, sized, uuid

Write = Callable[[list[Any]], bytes]

_NONE = type(None)
_HEADER = struct.Struct(">5i").pack


def _binary(oid: int, elements: list[bytes], *, has_null: bool = False) -> bytes:
    return _HEADER(1, has_null, oid, len(elements), 1) + b"".join(elements)


def _integers(values: list[Any]) -> bytes:
    """Write integers by eight strides over all of them instead of one by one."""
    try:
        big = array("q", values)
    except TypeError:
        pieces = [NULL if value is None else bigint(8, value) for value in values]
        return _binary(_INT8, pieces, has_null=True)
    if sys.byteorder == "little":
        big.byteswap()
    flat, written = big.tobytes(), bytearray(bigint(8, 0)) * len(values)
    for place in range(8):
        written[4 + place :: 12] = flat[place::8]
    return _HEADER(1, 0, _INT8, len(values), 1) + written


def _each(name: str, piece: Callable[[Any], bytes]) -> Write:
    oid = postgres.types[name].oid

    def write(values: list[Any]) -> bytes:
        if None in values:
            pieces = [NULL if value is None else piece(value) for value in values]
            return _binary(oid, pieces, has_null=True)
        return _binary(oid, list(map(piece, values)))

    return write


def _boolean(value: bool) -> bytes:  # noqa: FBT001 an element of a list
    return b"\0\0\0\1\1" if value else b"\0\0\0\1\0"


def _plain(values: list[Any]) -> bytes:
    joined = ",".join(["NULL" if value is None else str(value) for value in values])
    return f"{{{joined}}}".encode()


def _texts(values: list[Any]) -> bytes:
    if None not in values:
        joined = '","'.join(values)
        if "\\" not in joined and joined.count('"') == 2 * len(values) - 2:
            return f'{{"{joined}"}}'.encode()
    quoted = ",".join(["NULL" if value is None else f'"{value}"' for value in values])
    if "\\" in quoted or quoted.count('"') != 2 * (len(values) - values.count(None)):
        quoted = ",".join([_escaped(value) for value in values])
    return f"{{{quoted}}}".encode()


def _escaped(value: str | None) -> str:
    if value is None:
        return "NULL"
    safe = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{safe}"'


_INT8 = postgres.types["int8"].oid
_TEXT, _BINARY = pq.Format.TEXT, pq.Format.BINARY
_WRITERS: dict[type, tuple[str, pq.Format, Write]] = {
    int: ("int8", _BINARY, _integers),
    bool: ("bool", _BINARY, _each("bool", _boolean)),
    str: ("text", _TEXT, _texts),  # joined in one stroke, which beats one length for each
    bytes: ("bytea", _BINARY, _each("bytea", sized)),
    UUID: ("uuid", _BINARY, _each("uuid", uuid)),
    datetime: ("timestamptz", _BINARY, _each("timestamptz", moment)),
    date: ("date", _TEXT, _plain),
    float: ("float8", _TEXT, _plain),
    Decimal: ("numeric", _TEXT, _plain),
}


def _kind(values: list[Any], form: PyFormat) -> type | None:
    """Answer the one type of a list's values; None where psycopg's own way is to be taken."""
    if form is PyFormat.TEXT:
        return None
    if values and type(values[0]) is int:
        return int  # the writer looks at every value anyway
    kinds = set(map(type, values))
    kinds.discard(_NONE)
    kind = kinds.pop() if len(kinds) == 1 else None
    return kind if kind in _WRITERS else None


class ArrayDumper(Dumper):
    """Dumps a list of one type as the array that holds it."""

    def __init__(self, cls: type, context: AdaptContext | None = None) -> None:
        super().__init__(cls, context)
        self._context = context
        self.write: Write = _plain

    def get_key(self, obj: list[Any], format: PyFormat) -> DumperKey:  # noqa: A002 psycopg's name
        """Tell lists of different types apart."""
        kind = _kind(obj, format)
        return self._usual().get_key(obj, format) if kind is None else (self.cls, kind)

    def upgrade(self, obj: list[Any], format: PyFormat) -> Dumper:  # noqa: A002 psycopg's name
        """Answer the dumper for this type of list."""
        kind = _kind(obj, format)
        if kind is None:
            return self._usual().upgrade(obj, format)
        name, form, write = _WRITERS[kind]
        dumper = type(self)(self.cls, self._context)
        dumper.oid = postgres.types[name].array_oid
        dumper.format = form
        dumper.write = write
        return dumper

    def dump(self, obj: list[Any]) -> bytes:
        """Write the array."""
        return self.write(obj)

    def _usual(self) -> ListDumper:
        return ListDumper(self.cls, self._context)
