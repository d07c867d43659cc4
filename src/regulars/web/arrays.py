"""Send lists to PostgreSQL as array literals, built in one pass.

A batch is mostly arrays, and psycopg's own dumpers look at every element twice. Here the type of
the list is settled once and the literal is joined in C. Lists of mixed or unusual types take
psycopg's way.
"""

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from psycopg import postgres, pq
from psycopg.abc import AdaptContext, DumperKey
from psycopg.adapt import Dumper, PyFormat
from psycopg.types.array import ListDumper

from regulars.kit.instants import text_of

Write = Callable[[list[Any]], str]


def _plain(values: list[Any]) -> str:
    return ",".join(["NULL" if value is None else str(value) for value in values])


def _integers(values: list[Any]) -> str:
    return repr(values)[1:-1].replace("None", "NULL")  # all in C


def _booleans(values: list[Any]) -> str:
    return ",".join(["NULL" if v is None else "t" if v else "f" for v in values])


def _texts(values: list[Any]) -> str:
    if None not in values:
        joined = '","'.join(values)
        if "\\" not in joined and joined.count('"') == 2 * len(values) - 2:
            return f'"{joined}"'
    quoted = ",".join(["NULL" if value is None else f'"{value}"' for value in values])
    if "\\" in quoted or quoted.count('"') != 2 * (len(values) - values.count(None)):
        return ",".join([_escaped(value) for value in values])
    return quoted


def _escaped(value: str | None) -> str:
    if value is None:
        return "NULL"
    safe = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{safe}"'


def _bytes(values: list[Any]) -> str:
    return ",".join(["NULL" if value is None else f'"\\\\x{value.hex()}"' for value in values])


def _uuids(values: list[Any]) -> str:
    return ",".join(["NULL" if value is None else f"{value.int:032x}" for value in values])


def _instants(values: list[Any]) -> str:
    return ",".join(["NULL" if value is None else f'"{text_of(value)}"' for value in values])


_NONE = type(None)
_WRITERS: dict[type, tuple[str, Write]] = {
    int: ("int8", _integers),
    bool: ("bool", _booleans),
    str: ("text", _texts),
    bytes: ("bytea", _bytes),
    UUID: ("uuid", _uuids),
    datetime: ("timestamptz", _instants),
    date: ("date", _instants),
    float: ("float8", _plain),
    Decimal: ("numeric", _plain),
}


class ArrayDumper(Dumper):
    """Dumps a list of one type as a text literal of the array type that holds it."""

    format = pq.Format.TEXT

    def __init__(self, cls: type, context: AdaptContext | None = None) -> None:
        super().__init__(cls, context)
        self._context = context
        self.write: Write = _plain

    def get_key(self, obj: list[Any], format: PyFormat) -> DumperKey:  # noqa: A002 psycopg's name
        """Tell lists of different types apart."""
        kinds = set(map(type, obj))
        kinds.discard(_NONE)
        if len(kinds) == 1 and (kind := kinds.pop()) in _WRITERS:
            return (self.cls, kind)
        return self._usual().get_key(obj, format)

    def upgrade(self, obj: list[Any], format: PyFormat) -> Dumper:  # noqa: A002 psycopg's name
        """Answer the dumper for this type of list."""
        kinds = set(map(type, obj))
        kinds.discard(_NONE)
        if len(kinds) != 1 or (kind := kinds.pop()) not in _WRITERS:
            return self._usual().upgrade(obj, format)
        name, write = _WRITERS[kind]
        dumper = type(self)(self.cls, self._context)
        dumper.oid = postgres.types[name].array_oid
        dumper.write = write
        return dumper

    def dump(self, obj: list[Any]) -> bytes:
        """Write the literal."""
        return f"{{{self.write(obj)}}}".encode()

    def _usual(self) -> ListDumper:
        return ListDumper(self.cls, self._context)
