"""Write values and whole rows in PostgreSQL's binary form: the server need not parse them.

A shape is compiled once into one function of a row, as dataclasses compile theirs: columns of
one size that are never null are packed in a single stroke, the others are joined behind them.
"""

import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache
from itertools import starmap
from typing import Any, Final
from uuid import UUID

from psycopg.types.numeric import DecimalBinaryDumper

from regulars.kit.instants import KEPT_MAX

NULL: Final = b"\xff\xff\xff\xff"
WORDS_MAX: Final = 4096
_HEAD: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_TAIL: Final = b"\xff\xff"
_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)
_EPOCH_DAY: Final = date(2000, 1, 1).toordinal()

# Types of one size: how many bytes, the code of `struct`, and how a value is made fit for it.
_FIXED: Final[Mapping[str, tuple[int, str, str]]] = {
    "bigint": (8, "q", "{0}"),
    "xid8": (8, "Q", "{0}"),
    "int": (4, "i", "{0}"),
    "smallint": (2, "h", "{0}"),
    "boolean": (1, "?", "{0}"),
    "double precision": (8, "d", "{0}"),
    "uuid": (16, "16s", "{0}.int.to_bytes(16)"),
    "timestamptz": (8, "8s", "moment({0})[4:]"),
    "date": (4, "i", "days({0})"),
}
# How a value is written behind its length, where it cannot be packed with others.
_LOOSE: Final[Mapping[str, str]] = {
    "bigint": "bigint(8, {0})",
    "int": "int4(4, {0})",
    "smallint": "smallint(2, {0})",
    "uuid": "uuid({0})",
    "timestamptz": "moment({0})",
    "text": "sized({0}.encode())",
    "word": "word({0})",
    "bytea": "sized({0})",
    "jsonb": "sized(b'\\1' + {0})",
    "numeric": "numeric({0})",
}

_NUMERIC: Final = DecimalBinaryDumper(Decimal)

bigint = struct.Struct(">iq").pack
_size = struct.Struct(">i").pack


def sized(data: bytes) -> bytes:
    """Write bytes behind their length."""
    return _size(len(data)) + data


@lru_cache(maxsize=WORDS_MAX)
def word(text: str) -> bytes:
    """Write a text that comes again and again."""
    return sized(text.encode())


def uuid(value: UUID) -> bytes:
    """Write a UUID."""
    return b"\0\0\0\x10" + value.int.to_bytes(16)


@lru_cache(maxsize=KEPT_MAX)
def moment(value: datetime) -> bytes:
    """Write an instant; the same one is written in many places of a batch."""
    past = value - _EPOCH
    return bigint(8, (past.days * 86_400 + past.seconds) * 1_000_000 + past.microseconds)


@lru_cache(maxsize=WORDS_MAX)
def numeric(value: Decimal) -> bytes:
    """Write an exact number; quantities are few."""
    return sized(bytes(_NUMERIC.dump(value) or b""))


def days(value: date) -> int:
    """Count the days of a date from PostgreSQL's epoch."""
    return value.toordinal() - _EPOCH_DAY


class Shape:
    """The columns of a table by name and type, in the order in which a row gives its values.

    A type followed by a question mark may be null. `word` is text of few distinct values.
    """

    def __init__(self, table: str, columns: Mapping[str, str]) -> None:
        packed = [name for name, kind in columns.items() if kind in _FIXED]
        loose = [name for name in columns if name not in packed]
        named = ", ".join(f'"{name}"' for name in packed + loose)
        self.statement = f"COPY {table} ({named}) FROM STDIN (FORMAT binary)"
        self._row = _compiled(columns, packed, loose)

    def write(self, rows: Iterable[Sequence[Any]]) -> bytes:
        """Write rows of values, each in the order of the columns."""
        return b"".join([_HEAD, *starmap(self._row, rows), _TAIL])


def _compiled(
    columns: Mapping[str, str], packed: Sequence[str], loose: Sequence[str]
) -> Callable[..., bytes]:
    codes = "".join(f"i{_FIXED[columns[name]][1]}" for name in packed)
    known: dict[str, Any] = {
        "bigint": bigint, "days": days, "int4": struct.Struct(">ii").pack, "join": b"".join,
        "moment": moment, "null": NULL, "numeric": numeric,
        "pack": struct.Struct(f">h{codes}").pack, "sized": sized,
        "smallint": struct.Struct(">ih").pack, "uuid": uuid, "word": word,
    }  # fmt: skip
    own = {name: f"v{place}" for place, name in enumerate(columns)}
    values = [str(len(columns))]
    for name in packed:
        size, _, fit = _FIXED[columns[name]]
        values += [str(size), fit.format(own[name])]
    pieces = [f"pack({', '.join(values)})"]
    for name in loose:
        kind = columns[name].removesuffix("?")
        piece = _LOOSE[kind].format(own[name])
        is_given = columns[name] == kind
        pieces.append(piece if is_given else f"null if {own[name]} is None else {piece}")
    source = f"lambda {', '.join(own.values())}: join(({', '.join(pieces)},))"
    made: Callable[..., bytes] = eval(source, known)  # noqa: S307 made of the words above alone
    return made
