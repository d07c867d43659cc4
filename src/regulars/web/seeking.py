"""Look through a big table a page at a time: along an index, so far and no further.

Some conditions are answered by the index that also gives the order (`along`). The others
(`among`) are tried on the rows passed on the way, and at most so many rows are passed for one
page. A rare match deep in ten million rows then costs another page, never a full scan: the page
says where it stopped, and its cursor goes on from there.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from regulars.web import paging, sql

PASSED_MAX: Final = 50_000
COUNTED_MAX: Final = 10_000
_INT64 = range(-(2**63), 2**63)

KeyKind = Literal["timestamptz", "bigint", "text"]
Condition = tuple[str, list[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seek:
    """What to look through, in SQL of ours; values are always parameters.

    `keys` are the columns of the order with their types; no key may be null along the way. The
    `table` may be a query of its own with `table_values`: few rows that are found otherwise.
    """

    columns: str
    table: str
    table_values: tuple[Any, ...] = ()
    keys: tuple[tuple[str, KeyKind], ...]
    along: tuple[Condition, ...] = ()
    among: tuple[Condition, ...] = ()
    descending: bool = True


@dataclass(frozen=True, slots=True)
class Sought:
    """A page of rows; `stopped` tells that it ends because enough rows were passed."""

    rows: tuple[tuple[Any, ...], ...]
    next_cursor: str | None
    stopped: bool = False


@dataclass(frozen=True, slots=True)
class Counted:
    """How many rows match; not exact where too many rows would have to be passed."""

    rows: int
    is_exact: bool


def page(
    seek: Seek, *, cursor: str | None, limit: int | None, passed_max: int = PASSED_MAX
) -> Sought:
    """Answer the next page; raises CursorMalformed."""
    size = paging.clamp(limit)
    where, values = _along(seek, cursor)
    names = [f"seek_{place}" for place, _ in enumerate(seek.keys)]
    keys = ", ".join(f"{key} AS {name}" for (key, _), name in zip(seek.keys, names, strict=True))
    wanted, asked = joined(seek.among)
    found = sql.rows(
        f"SELECT * FROM (SELECT {keys}, ({wanted}) AS seek_wanted, {seek.columns}"
        f" FROM {seek.table} WHERE {where} ORDER BY {_order(seek)} LIMIT %s::bigint) AS sought"
        f" WHERE seek_wanted ORDER BY {_direct(names, seek)} LIMIT %s::bigint",
        [
            *(*asked, *seek.table_values, *values),
            *(passed_max if seek.among else size + 1, size + 1),
        ],
    )
    head = len(names)
    rows = tuple(row[head + 1 :] for row in found[:size])
    if len(found) > size:
        return Sought(rows, paging.encode(*found[size - 1][:head]))
    if not seek.among:
        return Sought(rows, None)
    stop = sql.row(
        f"SELECT {keys} FROM {seek.table} WHERE {where} ORDER BY {_order(seek)}"
        " OFFSET %s::bigint LIMIT 1",
        [*seek.table_values, *values, passed_max - 1],
    )
    return Sought(rows, None if stop is None else paging.encode(*stop), stopped=stop is not None)


def count(seek: Seek, *, passed_max: int = COUNTED_MAX) -> Counted:
    """Count what matches, giving up where more rows than that would be passed."""
    where, values = joined(seek.along)
    wanted, asked = joined(seek.among)
    found = sql.row(
        f"SELECT count(*) FILTER (WHERE wanted), count(*) FROM (SELECT ({wanted}) AS wanted"
        f" FROM {seek.table} WHERE {where} ORDER BY {_order(seek)} LIMIT %s::bigint) AS passed",
        [*asked, *seek.table_values, *values, passed_max + 1],
    )
    assert found is not None
    return Counted(int(found[0]), is_exact=int(found[1]) <= passed_max)


def estimate_rows(table: str) -> int:
    """Answer about how many rows a table of ours holds, partitions with it, at no cost."""
    found = sql.row(
        "SELECT COALESCE(sum(GREATEST(c.reltuples, 0)), 0)::bigint FROM pg_class c"
        " WHERE c.relkind = 'r' AND (c.oid = %s::text::regclass OR c.oid IN"
        " (SELECT inhrelid FROM pg_inherits WHERE inhparent = %s::text::regclass))",
        [table, table],
    )
    return int(found[0]) if found else 0


def joined(conditions: Sequence[Condition]) -> tuple[str, list[Any]]:
    """Join conditions by AND, with their values in the same order."""
    if not conditions:
        return "TRUE", []
    values: list[Any] = []
    for _, said in conditions:
        values += said
    return " AND ".join(f"({condition})" for condition, _ in conditions), values


def _along(seek: Seek, cursor: str | None) -> tuple[str, list[Any]]:
    where, values = joined(seek.along)
    if cursor is None:
        return where, values
    after = _read(cursor, seek)
    names = ", ".join(key for key, _ in seek.keys)
    marks = ", ".join(f"%s::{kind}" for _, kind in seek.keys)
    sign = "<" if seek.descending else ">"
    return f"{where} AND ({names}) {sign} ({marks})", [*values, *after]


def _read(cursor: str, seek: Seek) -> list[Any]:
    """Read a cursor against the types of its keys: whatever else it holds is not one of ours."""
    said = paging.decode(cursor, parts=len(seek.keys))
    return [_read_key(value, kind) for value, (_, kind) in zip(said, seek.keys, strict=True)]


def _read_key(value: Any, kind: KeyKind) -> Any:
    if kind == "bigint":
        if isinstance(value, int) and value in _INT64:
            return value
        raise paging.CursorMalformed
    if not isinstance(value, str) or "\x00" in value:
        raise paging.CursorMalformed
    if kind == "text":
        return value
    try:
        moment = datetime.fromisoformat(value)
    except ValueError as error:
        raise paging.CursorMalformed from error
    if moment.tzinfo is None:
        raise paging.CursorMalformed
    return moment


def _order(seek: Seek) -> str:
    return _direct([key for key, _ in seek.keys], seek)


def _direct(names: Sequence[str], seek: Seek) -> str:
    direction = "DESC" if seek.descending else "ASC"
    return ", ".join(f"{name} {direction}" for name in names)
