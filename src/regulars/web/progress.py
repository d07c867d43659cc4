"""Long work that people wait for: ask, begin, advance, cancel, end; and read how far it is.

The row is written on a connection of its own while the work runs, so that a reader sees it move
although the work itself is one long reading, and so that a wish to stop reaches the work.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from regulars.kit.errors import Kind, Refusal
from regulars.kit.ids import time_ordered_uuid
from regulars.kit.messages import message
from regulars.kit.progress import Progress, ProgressState
from regulars.web import paging, sql
from regulars.web.retention import Sweep

WORK = Sweep(
    name="jobs",
    title=message("Jobs that are over"),
    purpose=message("To show what was done in the background, and how it ended."),
    since=message("the end of the job"),
    table="web_progress",
    key="public_id",
    aged_by="ended_at",
    limit=timedelta(days=90),
)
_COLUMNS = (
    "public_id, kind, owner, state, done, total, facts, result, asked_at, started_at, ended_at,"
    " cancel_asked_at"
)
_MATCHING = (
    "(%s::text IS NULL OR owner = %s::text) AND (%s::text = '' OR kind = %s::text)"
    " AND (%s::text = '' OR state = %s::text)"
)


class ProgressNotFound(Refusal):
    """There is no such work, or it is somebody else's."""

    kind = Kind.NOT_FOUND
    reason = message("There is no such job.")


class Cancelled(Refusal):
    """The work was asked to stop."""

    kind = Kind.CONFLICT
    reason = message("The job was stopped.")


def begin(
    *, kind: str, owner: str, at: datetime, total: int | None = None, facts: Mapping[str, Any] = {}
) -> UUID:
    """Write down that work was asked for; `facts` hold nothing personal. Answers its id."""
    made = time_ordered_uuid(at)
    sql.run(
        "INSERT INTO web_progress (public_id, kind, owner, state, done, total, facts, result,"
        " asked_at) VALUES (%s::uuid, %s::text, %s::text, 'waiting', 0, %s::bigint, %s::jsonb,"
        " '{}', %s::timestamptz)",
        [made, kind, owner, total, orjson.dumps(dict(facts)).decode(), at],
    )
    return made


class Reporter:
    """Moves the bar of one piece of work from beside it; raises Cancelled when told to stop."""

    def __init__(self, progress_id: UUID, beside: BaseDatabaseWrapper) -> None:
        self._id = progress_id
        self._beside = beside

    def advance(self, done: int, *, total: int | None = None) -> None:
        """Say how many rows are done so far."""
        with self._beside.cursor() as cursor:
            cursor.execute(
                "UPDATE web_progress SET done = %s::bigint, total = coalesce(%s::bigint, total)"
                " WHERE public_id = %s::uuid AND state = 'running' RETURNING cancel_asked_at",
                [done, total, self._id],
            )
            found = cursor.fetchone()
        if found is not None and found[0] is not None:
            raise Cancelled


@contextmanager
def reporting(progress_id: UUID) -> Iterator[Reporter]:
    """Open a connection beside the work's own, to report on."""
    beside = connections.create_connection("default")
    try:
        yield Reporter(progress_id, beside)
    finally:
        beside.close()


def start(progress_id: UUID, *, at: datetime) -> bool:
    """Set the work running, again after a worker died; False when it is over or was called off."""
    return bool(
        sql.run(
            "UPDATE web_progress SET state = 'running', done = 0,"
            " started_at = coalesce(started_at, %s::timestamptz)"
            " WHERE public_id = %s::uuid AND state IN ('waiting', 'running')"
            " AND cancel_asked_at IS NULL",
            [at, progress_id],
        )
    )


def advance(progress_id: UUID, *, done: int, total: int | None = None) -> None:
    """Say how far the work is, inside the transaction of the part that was done.

    Raises Cancelled when somebody asked the work to stop.
    """
    found = sql.row(
        "UPDATE web_progress SET done = %s::bigint, total = coalesce(%s::bigint, total)"
        " WHERE public_id = %s::uuid AND state = 'running' RETURNING cancel_asked_at",
        [done, total, progress_id],
    )
    if found is not None and found[0] is not None:
        raise Cancelled


def finish(progress_id: UUID, *, at: datetime, result: Mapping[str, Any] = {}) -> None:
    """Write that the work is done, and what came of it."""
    _end(progress_id, ProgressState.DONE, at=at, result=result)


def fail(progress_id: UUID, *, at: datetime, code: str, facts: Mapping[str, Any] = {}) -> None:
    """Write that the work failed, and why: a refusal's code and facts."""
    _end(progress_id, ProgressState.FAILED, at=at, result={"code": code, "facts": dict(facts)})


def stop(progress_id: UUID, *, at: datetime, result: Mapping[str, Any] = {}) -> None:
    """Write that the work stopped because it was asked to."""
    _end(progress_id, ProgressState.CANCELLED, at=at, result=result)


def cancel(*, progress_id: UUID, owner: str | None, at: datetime) -> None:
    """Ask the work to stop; what has not begun ends at once. Raises ProgressNotFound.

    `owner` None is for those who may stop everybody's work.
    """
    changed = sql.run(
        "UPDATE web_progress SET cancel_asked_at = coalesce(cancel_asked_at, %s::timestamptz),"
        " ended_at = CASE WHEN state = 'waiting' THEN %s::timestamptz ELSE ended_at END,"
        " state = CASE WHEN state = 'waiting' THEN 'cancelled' ELSE state END"
        " WHERE public_id = %s::uuid AND (%s::text IS NULL OR owner = %s::text)"
        " AND state IN ('waiting', 'running', 'cancelled')",
        [at, at, progress_id, owner, owner],
    )
    if not changed:
        get(progress_id=progress_id, owner=owner)  # over already: nothing to stop


def get(*, progress_id: UUID, owner: str | None = None) -> Progress:
    """Read one piece of work, of this owner where one is named; raises ProgressNotFound."""
    found = sql.row(
        f"SELECT {_COLUMNS} FROM web_progress WHERE public_id = %s::uuid"
        " AND (%s::text IS NULL OR owner = %s::text)",
        [progress_id, owner, owner],
    )
    if found is None:
        raise ProgressNotFound
    return _progress(found)


def list_progress(
    *,
    owner: str | None,
    kind: str = "",
    state: str = "",
    cursor: str | None = None,
    limit: int | None = None,
) -> tuple[list[Progress], str | None]:
    """Answer a page of work, newest first, and the cursor of the next; raises CursorMalformed."""
    size = paging.clamp(limit)
    before = _before(cursor) if cursor else None
    found = sql.rows(
        f"SELECT {_COLUMNS} FROM web_progress WHERE {_MATCHING}"
        " AND (%s::uuid IS NULL OR public_id < %s::uuid)"
        " ORDER BY public_id DESC LIMIT %s::int",
        [owner, owner, kind, kind, state, state, before, before, size + 1],
    )
    page = [_progress(row) for row in found[:size]]
    return page, paging.encode(page[-1].id) if len(found) > size else None


def count_progress(*, owner: str | None, kind: str = "", state: str = "") -> int:
    """Count the work that `list_progress` lists."""
    found = sql.row(
        f"SELECT count(*) FROM web_progress WHERE {_MATCHING}",
        [owner, owner, kind, kind, state, state],
    )
    return int(found[0]) if found else 0


def _end(
    progress_id: UUID, state: ProgressState, *, at: datetime, result: Mapping[str, Any]
) -> None:
    sql.run(
        "UPDATE web_progress SET state = %s::text, ended_at = %s::timestamptz, result = %s::jsonb,"
        " done = CASE WHEN %s::text = 'done' THEN coalesce(total, done) ELSE done END"
        " WHERE public_id = %s::uuid AND state IN ('waiting', 'running')",
        [state.value, at, orjson.dumps(dict(result)).decode(), state.value, progress_id],
    )


def _before(cursor: str) -> UUID:
    (last,) = paging.decode(cursor, parts=1)
    try:
        return UUID(str(last))
    except ValueError as error:
        raise paging.CursorMalformed from error


def _progress(row: tuple[Any, ...]) -> Progress:
    return Progress(
        id=row[0],
        kind=row[1],
        owner=row[2],
        state=ProgressState(row[3]),
        done=row[4],
        total=row[5],
        facts=_json(row[6]),
        result=_json(row[7]),
        asked_at=row[8],
        started_at=row[9],
        ended_at=row[10],
        cancel_asked_at=row[11],
    )


def _json(text: str) -> dict[str, Any]:
    found = orjson.loads(text)
    assert isinstance(found, dict)
    return found
