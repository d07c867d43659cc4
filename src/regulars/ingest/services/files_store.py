"""Keep the books of file imports: batches, staged chunks, rows in error. SQL and seals only."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import orjson

from regulars.ingest.domain.batches import Batch, BatchBusy, BatchState, Tally
from regulars.ingest.domain.files import FileKind, RowProblem
from regulars.ingest.domain.reading import malformed
from regulars.ingest.parsers.candidates import Candidate
from regulars.ingest.selectors.imports import COLUMNS, as_batch
from regulars.web import crypto, sql

LOCK_SPACE = 0x1A6E57  # names our advisory locks among those of other parts
STAGED_CONTEXT = "ingest_stagedchunk|body"
ERROR_CONTEXT = "ingest_batcherror|body"

ERRORS_PAGE = 2_000


class _Sources(msgspec.Struct):
    sources: list[tuple[int, list[str]]]


_decoder = msgspec.json.Decoder(list[Candidate])


def get_batch(*, batch_id: int) -> Batch:
    """Answer the import with this id, which exists."""
    found = sql.row(f"SELECT {COLUMNS} FROM ingest_batch WHERE id = %s::bigint", [batch_id])
    assert found is not None
    return as_batch(found)


def list_reverted(*, batch_ids: Collection[int]) -> set[int]:
    """Answer which of these imports were taken back."""
    found = sql.rows(
        "SELECT id FROM ingest_batch WHERE id = ANY(%s::bigint[]) AND state = 'reverted'",
        [list(batch_ids)],
    )
    return {batch_id for (batch_id,) in found}


def find_same_file(*, content_hash: bytes, options_hash: bytes) -> Batch | None:
    """Answer the newest import of this very file in this very way that still stands."""
    found = sql.row(
        f"SELECT {COLUMNS} FROM ingest_batch WHERE content_hash = %s::bytea"
        " AND options_hash = %s::bytea AND state IN ('reading', 'applying', 'finished')"
        " ORDER BY id DESC LIMIT 1",
        [content_hash, options_hash],
    )
    return as_batch(found) if found else None


@contextmanager
def held(batch_id: int) -> Iterator[None]:
    """Keep other processes away from an import while we are at it. Raises BatchBusy.

    The lock belongs to the connection, so a process that is killed gives it back.
    """
    lock = [LOCK_SPACE, batch_id % 2**31]
    found = sql.row("SELECT pg_try_advisory_lock(%s::int, %s::int)", lock)
    if not (found and found[0]):
        raise BatchBusy
    try:
        yield
    finally:
        sql.row("SELECT pg_advisory_unlock(%s::int, %s::int)", lock)


def insert_batch(
    *,
    public_id: UUID,
    source_id: int,
    file_name: str,
    hashes: tuple[bytes, bytes],
    options: dict[str, Any],
    headers: Sequence[str],
    mapping: dict[str, Any],
    layout: str,
    kind: FileKind,
    at: datetime,
    started_by: str = "",
) -> int:
    """Write a new import in state reading; answers its id. Raises BatchBusy."""
    found = sql.row(
        "INSERT INTO ingest_batch (public_id, kind, source_id, file_name, content_hash,"
        " options_hash, options, headers, mapping, layout, state, rows_total, things_total,"
        " things_done, rows_new, rows_updated, rows_skipped, rows_parked, rows_error,"
        " wrapped_key, error_file, started_at, started_by) VALUES (%s::uuid, %s::text,"
        " %s::bigint, %s::text, %s::bytea, %s::bytea, %s::jsonb, %s::jsonb, %s::jsonb, %s::text,"
        " 'reading', 0, 0, 0,"
        " 0, 0, 0, 0, 0, %s::bytea, '', %s::timestamptz, %s::text)"
        " ON CONFLICT DO NOTHING RETURNING id",
        [
            *(public_id, kind.value, source_id, file_name, *hashes),
            *(_json(options), _json(list(headers)), _json(mapping), layout),
            *(crypto.new_subject_key(), at, started_by),
        ],
    )
    if found is None:
        raise BatchBusy
    return int(found[0])


def clear_staging(*, batch_id: int) -> None:
    """Forget what a broken run had read, so that the file is read from the start."""
    drop_chunks(batch_id=batch_id)
    sql.run("DELETE FROM ingest_batcherror WHERE batch_id = %s::bigint", [batch_id])
    sql.run("DELETE FROM ingest_batcherrorname WHERE batch_id = %s::bigint", [batch_id])
    sql.run(
        "UPDATE ingest_batch SET rows_total = 0, things_total = 0, rows_skipped = 0,"
        " rows_error = 0 WHERE id = %s::bigint",
        [batch_id],
    )


def insert_chunks(batch: Batch, first_number: int, chunks: Sequence[Sequence[Candidate]]) -> None:
    """Stage chunks of candidates, sealed under the key of the import."""
    assert batch.wrapped_key is not None
    context = f"{STAGED_CONTEXT}|{batch.id}"
    bodies = [
        crypto.seal(msgspec.json.encode(chunk).decode(), key=batch.wrapped_key, context=context)
        for chunk in chunks
    ]
    sql.run(
        "INSERT INTO ingest_stagedchunk (batch_id, number, things, body) SELECT %s::bigint,"
        " t.number, t.things, t.body FROM unnest(%s::int[], %s::int[], %s::bytea[])"
        " AS t(number, things, body)",
        [
            batch.id,
            list(range(first_number, first_number + len(chunks))),
            [len(chunk) for chunk in chunks],
            bodies,
        ],
    )


def lock_next_chunk(batch: Batch) -> tuple[int, list[Candidate], list[RowProblem]] | None:
    """Lock the first chunk that is not yet applied and nobody is at; None when there is none.

    A candidate that our own rows do not allow is answered as the problem of its rows, so that one
    of them never stops an import.
    """
    assert batch.wrapped_key is not None
    found = sql.row(
        "SELECT id, body FROM ingest_stagedchunk WHERE batch_id = %s::bigint"
        " ORDER BY number LIMIT 1 FOR UPDATE SKIP LOCKED",
        [batch.id],
    )
    if found is None:
        return None
    context = f"{STAGED_CONTEXT}|{batch.id}"
    body = crypto.unseal(bytes(found[1]), key=batch.wrapped_key, context=context)
    try:
        return int(found[0]), _decoder.decode(body), []
    except msgspec.ValidationError:
        return int(found[0]), *_decode_singly(body)


def _decode_singly(body: str) -> tuple[list[Candidate], list[RowProblem]]:
    candidates: list[Candidate] = []
    problems: list[RowProblem] = []
    for raw in msgspec.json.decode(body, type=list[msgspec.Raw]):
        try:
            candidates.append(msgspec.json.decode(raw, type=Candidate))
        except msgspec.ValidationError as error:
            no = malformed(error)
            sources = msgspec.json.decode(raw, type=_Sources).sources
            problems += [
                RowProblem(row, "", no.code, no.facts, tuple(cells)) for row, cells in sources
            ]
    return candidates, problems


def drop_chunks(*, batch_id: int) -> None:
    """Forget what was read and not yet applied."""
    sql.run("DELETE FROM ingest_stagedchunk WHERE batch_id = %s::bigint", [batch_id])


def end_chunk(*, chunk_id: int) -> None:
    """Delete an applied chunk, in the very write that applied it."""
    sql.run("DELETE FROM ingest_stagedchunk WHERE id = %s::bigint", [chunk_id])


def name_progress(*, batch_id: int, progress_id: UUID | None) -> None:
    """Say which piece of work is at this import now."""
    sql.run(
        "UPDATE ingest_batch SET progress_id = %s::uuid WHERE id = %s::bigint",
        [progress_id, batch_id],
    )


def count(*, batch_id: int, things: int, tally: Tally) -> None:
    """Add to what came of an import's things."""
    sql.run(
        "UPDATE ingest_batch SET things_done = things_done + %s::int,"
        " rows_new = rows_new + %s::int, rows_updated = rows_updated + %s::int,"
        " rows_skipped = rows_skipped + %s::int, rows_parked = rows_parked + %s::int,"
        " rows_error = rows_error + %s::int WHERE id = %s::bigint",
        [things, *_counts(tally), batch_id],
    )


def drop_batch(*, batch_id: int) -> None:
    """Forget an import whose file was refused while it was read."""
    clear_staging(batch_id=batch_id)
    sql.run("DELETE FROM ingest_batch WHERE id = %s::bigint AND state = 'reading'", [batch_id])


def end_reading(*, batch_id: int, rows: int, things: int, tally: Tally) -> None:
    """Say that the file was read to its end, and what could already be counted."""
    sql.run(
        "UPDATE ingest_batch SET state = 'applying', rows_total = %s::int, things_total = %s::int,"
        " rows_skipped = %s::int, rows_error = %s::int WHERE id = %s::bigint",
        [rows, things, tally.skipped, tally.errors, batch_id],
    )


def set_state(*, batch_id: int, state: BatchState, at: datetime) -> None:
    """Move an import to another state and date the move."""
    sql.run(
        "UPDATE ingest_batch SET state = %s::text,"
        " finished_at = CASE WHEN %s::text IN ('finished', 'rehearsed') THEN %s::timestamptz"
        " ELSE finished_at END,"
        " reverted_at = CASE WHEN %s::text = 'reverted' THEN %s::timestamptz ELSE NULL END"
        " WHERE id = %s::bigint",
        [state.value, state.value, at, state.value, at, batch_id],
    )


def add_errors(batch: Batch, problems: Sequence[RowProblem]) -> None:
    """Keep rows in error, their cells sealed under the key of the import."""
    if not problems:
        return
    assert batch.wrapped_key is not None
    context = f"{ERROR_CONTEXT}|{batch.id}"
    bodies = [
        crypto.seal(_json(list(problem.cells)), key=batch.wrapped_key, context=context)
        for problem in problems
    ]
    sql.run(
        "INSERT INTO ingest_batcherror (batch_id, row, column_name, code, facts, body)"
        " SELECT %s::bigint, t.row, t.name, t.code, t.facts::jsonb, t.body FROM"
        " unnest(%s::int[], %s::text[], %s::text[], %s::text[], %s::bytea[])"
        " AS t(row, name, code, facts, body)",
        [
            batch.id,
            [problem.row for problem in problems],
            [problem.column.replace("\x00", "") for problem in problems],
            [problem.code for problem in problems],
            [_json(problem.facts) for problem in problems],
            bodies,
        ],
    )


def iter_errors(batch: Batch) -> Iterator[RowProblem]:
    """Stream the rows in error in the order of the file, a page at a time."""
    assert batch.wrapped_key is not None
    context = f"{ERROR_CONTEXT}|{batch.id}"
    last = (0, 0)
    while True:
        found = sql.rows(
            "SELECT id, row, column_name, code, facts::text, body FROM ingest_batcherror"
            " WHERE batch_id = %s::bigint AND (row, id) > (%s::int, %s::bigint)"
            " ORDER BY row, id LIMIT %s::int",
            [batch.id, *last, ERRORS_PAGE],
        )
        for error_id, *kept in found:
            last = (kept[0], error_id)
            yield _problem(tuple(kept), batch.wrapped_key, context)
        if len(found) < ERRORS_PAGE:
            return


def end_errors(*, batch_ids: Sequence[int]) -> None:
    """Forget the rows in error of imports, and the keys that sealed them."""
    ids = list(batch_ids)
    sql.run("DELETE FROM ingest_batcherror WHERE batch_id = ANY(%s::bigint[])", [ids])
    sql.run("DELETE FROM ingest_batcherrorname WHERE batch_id = ANY(%s::bigint[])", [ids])
    sql.run(
        "UPDATE ingest_batch SET error_file = '', error_file_until = NULL, wrapped_key = NULL"
        " WHERE id = ANY(%s::bigint[]) AND state NOT IN ('reading', 'applying')",
        [ids],
    )


def name_error_file(*, batch_id: int, path: str, until: datetime) -> None:
    """Say where the rows in error can be read, and until when."""
    sql.run(
        "UPDATE ingest_batch SET error_file = %s::text, error_file_until = %s::timestamptz"
        " WHERE id = %s::bigint",
        [path, until, batch_id],
    )


def destroy_key(*, batch_id: int) -> None:
    """Destroy the key of an import that keeps no row any more."""
    sql.run("UPDATE ingest_batch SET wrapped_key = NULL WHERE id = %s::bigint", [batch_id])


def _problem(row: tuple[Any, ...], key: bytes, context: str) -> RowProblem:
    cells = orjson.loads(crypto.unseal(bytes(row[4]), key=key, context=context))
    return RowProblem(row[0], row[1], row[2], orjson.loads(row[3]), tuple(cells))


def _counts(tally: Tally) -> tuple[int, int, int, int, int]:
    return tally.new, tally.updated, tally.skipped, tally.parked, tally.errors


def _json(value: object) -> str:
    text = orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
    return text.replace("\\u0000", "\\ufffd")
