"""Import files: read once, stage under the import's own key, apply chunk by chunk, undo as one.

Killed anywhere, an import goes on where it stopped: a chunk is deleted by the very write that
applies it. The same file in the same way changes nothing a second time. A rehearsal is the same
work in one transaction that is rolled back, so its counts are those of the real run; it keeps its
locks until it ends, which is a reason to rehearse big files at a quiet hour.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice
from pathlib import Path
from uuid import UUID

from django.db import transaction

from regulars.access import services as access
from regulars.access.domain import Actor
from regulars.ingest import selectors
from regulars.ingest.domain import Source, SourceKind
from regulars.ingest.domain.batches import (
    CHUNK_THINGS,
    Batch,
    BatchState,
    BatchUnread,
    ImportOptions,
    ImportReport,
    Tally,
)
from regulars.ingest.domain.files import FileEmpty, FileRefused, RowProblem
from regulars.ingest.parsers.candidates import Candidate, RowReader
from regulars.ingest.parsers.gathering import Survey
from regulars.ingest.services import files_store as store
from regulars.ingest.services.files_applying import apply_chunks, run_of
from regulars.ingest.services.files_errors import keep_problems, write_error_file
from regulars.ingest.services.files_reading import (
    OpenFile,
    Tick,
    iter_candidates,
    open_file,
    remember_mapping,
    survey_file,
)
from regulars.ingest.services.sources import find_or_create_source
from regulars.kit.ids import time_ordered_uuid
from regulars.web import clock

CHUNKS_PER_WRITE = 10
REHEARSED_PROBLEMS_MAX = 100_000
IMPORTER = Actor.system("import")


def silent(_phase: str, _done: int, _total: int) -> None:
    """Show no progress."""


def import_file(
    *,
    path: Path,
    options: ImportOptions,
    at: datetime,
    tick: Tick = silent,
    writers: int = 1,
    actor: Actor = IMPORTER,
    progress_id: UUID | None = None,
) -> ImportReport:
    """Import a file; said again for the same file it goes on, or changes nothing.

    More than one writer commit side by side on connections of their own.

    Raises FileRefused where the file cannot be trusted or understood, BatchBusy where another
    process is importing this very file.
    """
    source = _source(options, at)
    file = open_file(path=path, options=options, source=source, at=at)
    before = store.find_same_file(
        content_hash=file.sheet.sha256, options_hash=_options_hash(file, options)
    )
    if before is not None and before.state is BatchState.FINISHED:
        if not before.tally.errors:
            return _with_columns(_seen(before), file)
        before = None
    batch_id = before.id if before else _start(file, options, source, at, actor=actor)
    store.name_progress(batch_id=batch_id, progress_id=progress_id)
    with store.held(batch_id):
        batch = store.get_batch(batch_id=batch_id)
        if batch.state is BatchState.READING:
            _read_or_forget(batch, file, source, tick=tick)
        if options.said:
            remember_mapping(file=file, at=at)
        report = _finish(batch_id, tick=tick, writers=writers, actor=actor)
    return _with_columns(report, file)


def rehearse_file(
    *,
    path: Path,
    options: ImportOptions,
    at: datetime,
    tick: Tick = silent,
    actor: Actor = IMPORTER,
) -> ImportReport:
    """Do the whole import and take it back; answers the counts of the real run.

    Only the record of the rehearsal and its rows in error remain.
    """
    with transaction.atomic():
        file = open_file(path=path, options=options, source=_source(options, at), at=at)
        transaction.set_rollback(True)
    survey = survey_file(file, tick=tick)
    with transaction.atomic():
        source = _source(options, at)
        batch_id = _start(file, options, source, at, actor=actor)
        _read(store.get_batch(batch_id=batch_id), file, source, survey, tick=tick)
        apply_chunks(run_of(store.get_batch(batch_id=batch_id), at=at), tick=tick)
        batch = store.get_batch(batch_id=batch_id)
        problems = list(islice(store.iter_errors(batch), REHEARSED_PROBLEMS_MAX))
        transaction.set_rollback(True)
    return _keep_rehearsal(file, batch, options, problems, at, actor=actor)


def resume_import(
    *, batch: str, tick: Tick = silent, writers: int = 1, actor: Actor = IMPORTER
) -> ImportReport:
    """Go on with an import that was stopped. Raises BatchMissing, BatchUnread, BatchBusy."""
    found = selectors.find_batch(public_id=batch)
    if found.state is BatchState.READING:
        raise BatchUnread
    if found.state is not BatchState.APPLYING:
        return report_on(found)
    with store.held(found.id):
        return _finish(found.id, tick=tick, writers=writers, actor=actor)


@dataclass(slots=True)
class _Staging:
    """What has been read and not yet written down."""

    chunks: list[list[Candidate]] = field(default_factory=list)
    problems: list[RowProblem] = field(default_factory=list)
    number: int = 0
    things: int = 0
    tally: Tally = field(default_factory=Tally)


def _source(options: ImportOptions, at: datetime) -> Source:
    return find_or_create_source(
        name=options.source,
        kind=SourceKind.FILE,
        at=at,
        zone=options.zone,
        currency=options.currency,
    )


def _options_hash(file: OpenFile, options: ImportOptions) -> bytes:
    return options.digest(zone=file.rules.zone, currency=file.rules.currency, mapping=file.said)


def _start(
    file: OpenFile, options: ImportOptions, source: Source, at: datetime, *, actor: Actor
) -> int:
    with transaction.atomic():
        return store.insert_batch(
            public_id=time_ordered_uuid(at),
            source_id=source.id,
            file_name=file.sheet.name,
            hashes=(file.sheet.sha256, _options_hash(file, options)),
            options={
                "zone": file.rules.zone,
                "currency": file.rules.currency,
                "award": options.award,
                "as_of": options.as_of.isoformat() if options.as_of else None,
            },
            headers=file.sheet.headers,
            mapping=file.said,
            layout=file.mapping.layout,
            kind=options.kind,
            at=at,
            started_by=actor.caller,
        )


def _read_or_forget(batch: Batch, file: OpenFile, source: Source, *, tick: Tick) -> None:
    try:
        _read(batch, file, source, survey_file(file, tick=tick), tick=tick)
    except FileRefused:
        with transaction.atomic():
            store.drop_batch(batch_id=batch.id)
        raise


def _read(batch: Batch, file: OpenFile, source: Source, survey: Survey, *, tick: Tick) -> None:
    """Stage the whole file; a run that was killed here starts reading again."""
    with transaction.atomic():
        store.clear_staging(batch_id=batch.id)
    if not survey.rows:
        raise FileEmpty
    reader = RowReader(file.sheet.headers, file.mapping, file.rules)
    staging = _Staging()
    chunk: list[Candidate] = []
    rows = 0
    for found in iter_candidates(file, survey):
        if isinstance(found, Candidate):
            rows += len(found.sources)
            chunk.append(found)
            if len(chunk) == CHUNK_THINGS:
                staging.chunks.append(chunk)
                chunk = []
        elif isinstance(found, int):
            rows += found
            staging.tally = staging.tally.plus(Tally(skipped=found))
        else:
            rows += len(found)
            staging.problems += found
        if len(staging.chunks) == CHUNKS_PER_WRITE or len(staging.problems) >= 1_000:
            _write(batch, staging, reader, source)
            tick("read", rows, survey.rows)
    if chunk:
        staging.chunks.append(chunk)
    _write(batch, staging, reader, source)
    with transaction.atomic():
        store.end_reading(
            batch_id=batch.id, rows=survey.rows, things=staging.things, tally=staging.tally
        )


def _write(batch: Batch, staging: _Staging, reader: RowReader, source: Source) -> None:
    with transaction.atomic():
        if staging.chunks:
            store.insert_chunks(batch, staging.number, staging.chunks)
        keep_problems(batch, staging.problems, reader=reader, source=source)
    staging.number += len(staging.chunks)
    staging.things += sum(map(len, staging.chunks))
    staging.tally = staging.tally.plus(Tally(errors=len(staging.problems)))
    staging.chunks, staging.problems = [], []


def _finish(batch_id: int, *, tick: Tick, writers: int, actor: Actor) -> ImportReport:
    batch = store.get_batch(batch_id=batch_id)
    apply_chunks(run_of(batch), tick=tick, writers=writers)
    at = clock.now()
    with transaction.atomic():
        store.set_state(batch_id=batch_id, state=BatchState.FINISHED, at=at)
        batch = store.get_batch(batch_id=batch_id)
        if batch.tally.errors:
            write_error_file(batch=batch, at=at)
        else:
            store.destroy_key(batch_id=batch_id)
        audit_import(batch, "import.finished", at=at, actor=actor)
    return report_on(store.get_batch(batch_id=batch_id))


@transaction.atomic
def _keep_rehearsal(
    file: OpenFile,
    rehearsed: Batch,
    options: ImportOptions,
    problems: list[RowProblem],
    at: datetime,
    *,
    actor: Actor,
) -> ImportReport:
    source = _source(options, at)
    batch_id = _start(file, options, source, at, actor=actor)
    batch = store.get_batch(batch_id=batch_id)
    reader = RowReader(file.sheet.headers, file.mapping, file.rules)
    keep_problems(batch, problems, reader=reader, source=source)
    store.end_reading(
        batch_id=batch_id, rows=rehearsed.rows, things=rehearsed.things, tally=Tally()
    )
    store.count(batch_id=batch_id, things=0, tally=rehearsed.tally)
    store.set_state(batch_id=batch_id, state=BatchState.REHEARSED, at=at)
    if problems:
        write_error_file(batch=store.get_batch(batch_id=batch_id), at=at)
    else:
        store.destroy_key(batch_id=batch_id)
    report = report_on(store.get_batch(batch_id=batch_id))
    return _with_columns(report, file)


def _seen(batch: Batch) -> ImportReport:
    """Answer for a file that is already in: everything is skipped, nothing is touched."""
    counts = batch.tally
    skipped = counts.new + counts.updated + counts.skipped + counts.parked
    return replace(
        report_on(batch),
        tally=Tally(skipped=skipped),
        seen_before=True,
    )


def _with_columns(report: ImportReport, file: OpenFile) -> ImportReport:
    return replace(
        report, mapping=file.said, left=file.mapping.left, balances_left=file.mapping.balances
    )


def audit_import(batch: Batch, action: str, *, at: datetime, actor: Actor = IMPORTER) -> None:
    """Write to the audit log what was done with an import, in numbers."""
    access.audit(
        actor=actor,
        action=action,
        object_kind="import",
        object_id=batch.public_id,
        at=at,
        details={"kind": batch.kind.value, "rows": batch.rows, "errors": batch.tally.errors},
    )


def report_on(batch: Batch) -> ImportReport:
    """Answer what is known of an import."""
    return ImportReport(
        batch=batch.public_id,
        kind=batch.kind,
        state=batch.state,
        tally=batch.tally,
        rows=batch.rows,
        error_file=batch.error_file,
        layout=batch.layout,
        mapping=batch.mapping,
    )
