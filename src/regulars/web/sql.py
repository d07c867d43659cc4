"""Speak SQL in sets: one statement for a whole batch, arrays in, tuples out.

Parameters are bound by the server, so a bare `%s` needs its type where PostgreSQL cannot guess
it: `%s::bigint[]`. A literal per cent sign is written `%%`.
"""

import os
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import connections
from psycopg.abc import PQGen
from psycopg.errors import error_from_result
from psycopg.generators import copy_end, copy_to, execute
from psycopg.pq import ExecStatus, TransactionStatus
from psycopg.pq.abc import PGconn

from regulars.web.binary import Shape

_KEPT = "_regulars_cursor"
BLOCK = 1000  # every id sequence counts in steps of a block, so a process asks once per block

_PIECE = 128 * 1024  # the library under the driver does not take much more at once
_blocks: dict[tuple[int, str], tuple[int, int]] = {}
_blocks_lock = threading.Lock()


def rows(sql: str, params: Sequence[Any] = (), using: str = "default") -> list[tuple[Any, ...]]:
    """Run one statement and answer all its rows."""
    with _cursor(using) as cursor:
        cursor.execute(sql, params or None)
        found: list[tuple[Any, ...]] = cursor.fetchall()
        return found


def row(sql: str, params: Sequence[Any] = (), using: str = "default") -> tuple[Any, ...] | None:
    """Run one statement and answer its first row, or None."""
    with _cursor(using) as cursor:
        cursor.execute(sql, params or None)
        found: tuple[Any, ...] | None = cursor.fetchone()
        return found


def run(sql: str, params: Sequence[Any] = (), using: str = "default") -> int:
    """Run one statement and answer how many rows it touched."""
    with _cursor(using) as cursor:
        cursor.execute(sql, params or None)
        return int(cursor.rowcount)


def copy_rows(shape: Shape, rows: Iterable[Sequence[Any]], using: str = "default") -> None:
    """Copy rows of values into the table of a shape, the cheapest way in for rows."""
    data = shape.write(rows)
    with _cursor(using) as cursor:
        link = cursor.connection
        if link.pgconn.transaction_status != TransactionStatus.INTRANS:
            with cursor.copy(shape.statement) as into:  # the driver begins the transaction
                into.write(data)
            return
        with link.lock:
            link.wait(_copying(link.pgconn, shape.statement.encode(), data))


def _copying(server: PGconn, statement: bytes, data: bytes) -> PQGen[None]:
    """Do in a few steps what the driver's copy does in many: half of its time for a batch."""
    server.send_query(statement)
    [ready] = yield from execute(server)
    if ready.status != ExecStatus.COPY_IN:
        raise error_from_result(ready)
    for start in range(0, len(data), _PIECE):
        yield from copy_to(server, data[start : start + _PIECE], flush=len(data) > _PIECE)
    yield from copy_end(server, None)


@contextmanager
def _cursor(using: str) -> Iterator[Any]:
    """Give the driver's own cursor, kept for as long as the connection lives.

    Django's wrapper around it costs more than a small statement does; it is used where somebody
    listens to the statements (wrappers, query logs). Errors become Django's either way.
    """
    link: Any = connections[using]
    if link.execute_wrappers or link.queries_logged:
        with link.cursor() as cursor:
            yield cursor
        return
    link.close_if_health_check_failed()
    link.ensure_connection()
    link.validate_no_broken_transaction()
    kept = vars(link).get(_KEPT)
    if kept is None or kept.connection is not link.connection:
        kept = vars(link)[_KEPT] = link.create_cursor()
    with link.wrap_database_errors:
        yield kept


def take_ids(sequence: str, count: int) -> list[int]:
    """Take `count` rising ids; a process fetches a block at a time, so most calls ask nothing.

    Ids of two processes interleave by blocks: they are unique, not a clock.
    """
    taken: list[int] = []
    place = (os.getpid(), f"{connections['default'].settings_dict['NAME']}/{sequence}")
    with _blocks_lock:
        start, end = _blocks.get(place, (0, 0))
        while True:
            use = min(count - len(taken), end - start)
            taken.extend(range(start, start + use))
            start += use
            if len(taken) == count:
                _blocks[place] = (start, end)
                return taken
            found = row("SELECT nextval(%s::regclass)", [sequence])
            assert found is not None
            start, end = int(found[0]), int(found[0]) + BLOCK


def forget_blocks() -> None:
    """Drop the id blocks in hand: the database under the connection was exchanged."""
    with _blocks_lock:
        _blocks.clear()
