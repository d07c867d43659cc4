"""Read imports of files: one, a page of their history, why rows were not taken, what is kept."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson

from regulars.ingest.domain.batches import (
    Batch,
    BatchMissing,
    BatchQuery,
    BatchState,
    ProblemReason,
    Tally,
)
from regulars.ingest.domain.files import FileKind
from regulars.ingest.domain.uploads import Upload, UploadMissing, UploadState
from regulars.web import crypto, seeking, sql
from regulars.web.seeking import Condition, Counted, Seek

COLUMNS = (
    "id, public_id, kind, source_id, file_name, state, options::text, headers::text,"
    " mapping::text, layout, rows_total, things_total, things_done, rows_new, rows_updated,"
    " rows_skipped, rows_parked, rows_error, wrapped_key, error_file, started_at, finished_at,"
    " started_by, progress_id, error_file_until, reverted_at"
)
UPLOAD_CONTEXT = "ingest_upload|sample"
_UPLOAD = (
    "id, public_id, owner, kind, file_name, size_bytes, options::text, headers::text, signature,"
    " state, rehearsal_id, batch_id, progress_id, uploaded_at, expires_at"
)


@dataclass(frozen=True, slots=True)
class BatchPage:
    """Imports, newest first, and where the next page begins."""

    batches: tuple[Batch, ...]
    next_cursor: str | None


def find_batch(*, public_id: str) -> Batch:
    """Answer the import of this id. Raises BatchMissing."""
    try:
        wanted = UUID(public_id)
    except ValueError as error:
        raise BatchMissing(batch=public_id[:40]) from error
    found = sql.row(f"SELECT {COLUMNS} FROM ingest_batch WHERE public_id = %s::uuid", [wanted])
    if found is None:
        raise BatchMissing(batch=public_id)
    return as_batch(found)


def list_batches(
    *, query: BatchQuery, cursor: str | None = None, limit: int | None = None
) -> BatchPage:
    """List imports, newest first. Raises CursorMalformed."""
    found = seeking.page(_seek(query), cursor=cursor, limit=limit)
    return BatchPage(tuple(as_batch(row) for row in found.rows), found.next_cursor)


def count_batches(*, query: BatchQuery) -> Counted:
    """Count the imports that match."""
    return seeking.count(_seek(query))


def public_ids_of(*, batch_ids: Iterable[int]) -> dict[int, UUID]:
    """Answer the public ids of these imports."""
    found = sql.rows(
        "SELECT id, public_id FROM ingest_batch WHERE id = ANY(%s::bigint[])", [list(batch_ids)]
    )
    return dict(found)


def list_problem_reasons(*, batch_id: int, limit: int = 50) -> list[ProblemReason]:
    """Gather the rows in error of an import by reason and column, the most frequent first."""
    found = sql.rows(
        "SELECT code, column_name, count(*), min(row), (array_agg(facts::text ORDER BY row))[1]"
        " FROM ingest_batcherror WHERE batch_id = %s::bigint GROUP BY code, column_name"
        " ORDER BY count(*) DESC, code, column_name LIMIT %s::int",
        [batch_id, limit],
    )
    return [
        ProblemReason(code, column, rows, first, orjson.loads(facts))
        for code, column, rows, first, facts in found
    ]


def get_upload(*, public_id: UUID, owner: str | None = None) -> Upload:
    """Answer an upload, of this owner where one is named; raises UploadMissing."""
    found = sql.row(
        f"SELECT {_UPLOAD} FROM ingest_upload WHERE public_id = %s::uuid"
        " AND (%s::text IS NULL OR owner = %s::text) AND state <> 'dropped'",
        [public_id, owner, owner],
    )
    if found is None:
        raise UploadMissing
    return _upload(found)


def lock_upload(*, public_id: UUID) -> Upload:
    """Lock an upload for whoever moves it on; raises UploadMissing."""
    found = sql.row(
        f"SELECT {_UPLOAD} FROM ingest_upload WHERE public_id = %s::uuid"
        " AND state <> 'dropped' FOR UPDATE",
        [public_id],
    )
    if found is None:
        raise UploadMissing
    return _upload(found)


def list_uploads(*, owner: str, limit: int = 10) -> list[Upload]:
    """List what somebody has handed over and not yet imported, newest first."""
    found = sql.rows(
        f"SELECT {_UPLOAD} FROM ingest_upload WHERE owner = %s::text"
        " AND state NOT IN ('imported', 'dropped') ORDER BY id DESC LIMIT %s::int",
        [owner, limit],
    )
    return [_upload(row) for row in found]


def find_upload_of(*, batch_id: UUID) -> Upload | None:
    """Answer the upload an import was made from, or None."""
    found = sql.row(
        f"SELECT {_UPLOAD} FROM ingest_upload WHERE batch_id = %s::uuid ORDER BY id DESC LIMIT 1",
        [batch_id],
    )
    return None if found is None else _upload(found)


def read_sample(*, upload: Upload) -> list[list[str]]:
    """Open the first rows of an upload; nothing once its file is gone."""
    found = sql.row(
        "SELECT sample, wrapped_key FROM ingest_upload WHERE id = %s::bigint", [upload.id]
    )
    if found is None or found[0] is None or found[1] is None:
        return []
    context = f"{UPLOAD_CONTEXT}|{upload.public_id}"
    rows = orjson.loads(crypto.unseal(bytes(found[0]), key=bytes(found[1]), context=context))
    return [[str(cell) for cell in row] for row in rows]


def upload_key(*, upload_id: int) -> bytes | None:
    """Answer the wrapped key of an upload's file; None once it is destroyed."""
    found = sql.row("SELECT wrapped_key FROM ingest_upload WHERE id = %s::bigint", [upload_id])
    return None if found is None or found[0] is None else bytes(found[0])


def _seek(query: BatchQuery) -> Seek:
    conditions: list[Condition] = []
    for condition, value in (
        ("kind = %s::text", query.kind and query.kind.value),
        ("state = %s::text", query.state and query.state.value),
        ("source_id = %s::bigint", query.source_id),
        ("started_by = %s::text", query.started_by),
    ):
        if value:
            conditions.append((condition, [value]))
    return Seek(
        columns=COLUMNS,
        table="ingest_batch",
        keys=(("id", "bigint"),),
        along=tuple(conditions),
    )


def as_batch(row: tuple[Any, ...]) -> Batch:
    return Batch(
        id=row[0],
        public_id=str(row[1]),
        kind=FileKind(row[2]),
        source_id=row[3],
        file_name=row[4],
        state=BatchState(row[5]),
        options=orjson.loads(row[6]),
        headers=tuple(orjson.loads(row[7])),
        mapping=orjson.loads(row[8]),
        layout=row[9],
        rows=row[10],
        things=row[11],
        done=row[12],
        tally=Tally(*row[13:18]),
        wrapped_key=None if row[18] is None else bytes(row[18]),
        error_file=row[19],
        started_at=row[20],
        finished_at=row[21],
        started_by=row[22],
        progress_id=row[23],
        error_file_until=row[24],
        reverted_at=row[25],
    )


def _upload(row: tuple[Any, ...]) -> Upload:
    return Upload(
        id=row[0],
        public_id=row[1],
        owner=row[2],
        kind=FileKind(row[3]),
        file_name=row[4],
        size_bytes=row[5],
        options=orjson.loads(row[6]),
        headers=tuple(orjson.loads(row[7])),
        signature=bytes(row[8]),
        state=UploadState(row[9]),
        rehearsal=None if row[10] is None else str(row[10]),
        batch=None if row[11] is None else str(row[11]),
        progress_id=row[12],
        uploaded_at=row[13],
        expires_at=row[14],
    )
