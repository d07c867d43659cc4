"""Read the runs of retention that are on the record."""

from typing import Any, Final

import orjson

from regulars.console.domain.retaining import RetentionRun, RetentionRunUnknown, counts_from
from regulars.web import paging, sql

_RUN = "id, origin, actor_kind, actor_id, started_at, finished_at, rows, counts::text"
_END: Final = 2**63 - 1


def list_retention_runs(
    *, cursor: str | None = None, limit: int | None = None
) -> tuple[list[RetentionRun], str | None]:
    """Answer a page of runs, newest first, and the cursor of the next; raises CursorMalformed."""
    size = paging.clamp(limit)
    before = paging.decode_number(cursor) if cursor else _END
    found = sql.rows(
        f"SELECT {_RUN} FROM console_retention_run WHERE id < %s::bigint"
        " ORDER BY id DESC LIMIT %s::int",
        [before, size + 1],
    )
    page = [_run(row) for row in found[:size]]
    return page, paging.encode(page[-1].id) if len(found) > size else None


def get_retention_run(*, run_id: int) -> RetentionRun:
    """Answer one run; raises RetentionRunUnknown."""
    if run_id > _END:
        raise RetentionRunUnknown
    found = sql.row(f"SELECT {_RUN} FROM console_retention_run WHERE id = %s::bigint", [run_id])
    if found is None:
        raise RetentionRunUnknown
    return _run(found)


def find_open_run() -> RetentionRun | None:
    """Answer the run that was begun and has not ended, if there is one."""
    found = sql.row(f"SELECT {_RUN} FROM console_retention_run WHERE finished_at IS NULL")
    return _run(found) if found else None


def find_last_night() -> RetentionRun | None:
    """Answer the newest run the clock asked for."""
    found = sql.row(
        f"SELECT {_RUN} FROM console_retention_run WHERE origin = 'clock' ORDER BY id DESC LIMIT 1"
    )
    return _run(found) if found else None


def _run(row: tuple[Any, ...]) -> RetentionRun:
    return RetentionRun(
        id=row[0],
        origin=row[1],
        actor_kind=row[2],
        actor_id=row[3],
        started_at=row[4],
        finished_at=row[5],
        rows=row[6],
        counts=counts_from(orjson.loads(row[7])),
    )
