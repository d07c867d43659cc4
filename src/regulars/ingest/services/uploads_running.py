"""Run what the console asks for with files: rehearse, import, go on, take back; as jobs.

Each `ask_` writes down the work and queues its job in one commit; the job does the work with the
same services as the command line, moves the bar from beside, and may be stopped between two
chunks. Stopped or refused work leaves the file, so that it can be asked for again.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.urls import reverse
from django.utils import translation

from regulars.access import services as access
from regulars.access.domain import Actor
from regulars.ingest import selectors
from regulars.ingest.domain.batches import (
    REVERTIBLE,
    Batch,
    BatchBusy,
    BatchNotRevertible,
    BatchState,
    BatchUnread,
    ImportReport,
)
from regulars.ingest.domain.uploads import (
    Upload,
    UploadMissing,
    UploadNotReady,
    UploadState,
    WorkBroke,
)
from regulars.ingest.parsers.mapping import require_fields
from regulars.ingest.services import files_store as store
from regulars.ingest.services.files import import_file, rehearse_file, resume_import
from regulars.ingest.services.files_reading import Tick
from regulars.ingest.services.files_undo import undo_import
from regulars.ingest.services.uploads import OPEN_STATES, forget_file, mapping_of, opened
from regulars.kit.errors import Refusal
from regulars.kit.messages import message
from regulars.web import clock, later, notices, progress, sql

REHEARSE = "import_dry_run"
RUN = "import"
UNDO = "import_undo"
AT_WORK = frozenset({UploadState.REHEARSING, UploadState.IMPORTING})
DONE_WORDS = {
    REHEARSE: message("The dry run is done: {new} new, {updated} updated, {errors} in error."),
    RUN: message("The file is imported: {new} new, {updated} updated, {errors} in error."),
    UNDO: message("The import was undone."),
}
FAILED_WORDS = message("The work on a file stopped with an error: {reason}")


@transaction.atomic
def ask_rehearsal(*, public_id: UUID, actor: Actor, at: datetime) -> UUID:
    """Queue the dry run of an upload; answers the id of the work.

    Raises UploadMissing, UploadNotReady, HeaderMissing.
    """
    upload = _ready(public_id, at)
    return _ask(upload, REHEARSE, UploadState.REHEARSING, actor=actor, at=at)


@transaction.atomic
def ask_import(*, public_id: UUID, actor: Actor, at: datetime) -> UUID:
    """Queue the import of an upload that was rehearsed as it is now; answers the id of the work.

    Raises UploadMissing, UploadNotReady.
    """
    upload = _ready(public_id, at)
    if upload.state is not UploadState.REHEARSED:
        raise UploadNotReady
    return _ask(upload, RUN, UploadState.IMPORTING, actor=actor, at=at)


@transaction.atomic
def ask_resume(*, batch: str, actor: Actor, at: datetime) -> UUID:
    """Queue going on with an import that was stopped. Raises BatchMissing, BatchUnread."""
    found = selectors.find_batch(public_id=batch)
    if found.state is not BatchState.APPLYING:
        raise BatchUnread
    return _ask_batch(found, RUN, actor=actor, at=at)


@transaction.atomic
def ask_undo(*, batch: str, actor: Actor, at: datetime) -> UUID:
    """Queue the taking back of an import. Raises BatchMissing, BatchNotRevertible, BatchBusy."""
    found = selectors.find_batch(public_id=batch)
    if found.state not in REVERTIBLE:
        raise BatchNotRevertible(state=found.state.value)
    return _ask_batch(found, UNDO, actor=actor, at=at)


@transaction.atomic
def stop_upload(*, public_id: UUID, at: datetime, owner: str | None = None) -> None:
    """Call off the work on an upload; once it is over, the next step is open again.

    Raises UploadMissing.
    """
    upload = selectors.lock_upload(public_id=public_id)
    if owner not in {None, upload.owner}:
        raise UploadMissing
    if upload.progress_id is None or upload.state not in AT_WORK:
        return
    progress.cancel(progress_id=upload.progress_id, owner=None, at=at)
    if _is_over(upload.progress_id):
        _set_state(upload, _before(upload))


def run_upload(*, public_id: UUID, progress_id: UUID, actor: Actor, language: str) -> None:
    """Do what was asked of an upload: rehearse it, or import it."""
    if not progress.start(progress_id, at=clock.now()):
        stop_upload(public_id=public_id, at=clock.now())
        return
    upload = selectors.get_upload(public_id=public_id)
    is_real = upload.state is UploadState.IMPORTING
    with _ending(upload, progress_id) as done, translation.override(language):
        with opened(upload) as path, progress.reporting(progress_id) as reporter:
            given: dict[str, Any] = {
                "path": path,
                "options": upload.import_options(),
                "at": clock.now(),
                "tick": _ticks(reporter),
                "actor": actor,
            }
            report = (
                import_file(**given, progress_id=progress_id) if is_real else rehearse_file(**given)
            )
        done(report)


def run_batch(*, batch: str, progress_id: UUID, actor: Actor, language: str) -> None:
    """Do what was asked of an import: go on with it, or take it back."""
    if not progress.start(progress_id, at=clock.now()):
        return
    work = progress.get(progress_id=progress_id)
    service: Callable[..., ImportReport] = undo_import if work.kind == UNDO else resume_import
    at_end: Refusal | None = None
    report: ImportReport | None = None
    with translation.override(language), progress.reporting(progress_id) as reporter:
        try:
            report = service(batch=batch, tick=_ticks(reporter), actor=actor)
        except Refusal as no:
            at_end = no
    _write_end(progress_id, report=report, no=at_end)


@transaction.atomic
def give_up(*, progress_id: UUID, public_id: UUID | None) -> None:
    """Write that the work broke for a reason that nobody foresaw; the log has the rest."""
    if public_id is not None:
        upload = selectors.get_upload(public_id=public_id)
        if upload.state in AT_WORK:
            _set_state(upload, _before(upload))
    _write_end(progress_id, report=None, no=WorkBroke())


@contextmanager
def _ending(upload: Upload, progress_id: UUID) -> Iterator[Callable[[ImportReport], None]]:
    """Move an upload on by how its work ended; what is refused is told, what breaks is retried."""
    reports: list[ImportReport] = []
    no: Refusal | None = None
    try:
        yield reports.append
    except Refusal as refusal:
        no = refusal
    report = reports[0] if reports else None
    with transaction.atomic():
        if report is None:
            _set_state(upload, _before(upload))
        elif upload.state is UploadState.IMPORTING:
            _name(upload, "batch_id", report.batch)
            forget_file(upload=upload, state=UploadState.IMPORTED)
        else:
            _name(upload, "rehearsal_id", report.batch)
            _set_state(upload, UploadState.REHEARSED)
        _write_end(progress_id, report=report, no=no)


def _before(upload: Upload) -> UploadState:
    return UploadState.MAPPING if upload.rehearsal is None else UploadState.REHEARSED


def _write_end(progress_id: UUID, *, report: ImportReport | None, no: Refusal | None) -> None:
    at = clock.now()
    work = progress.get(progress_id=progress_id)
    if report is not None:
        counts = _counts(report)
        progress.finish(progress_id, at=at, result=counts)
        words, facts = DONE_WORDS[work.kind], counts
    elif isinstance(no, progress.Cancelled):
        progress.stop(progress_id, at=at)
        return
    else:
        assert no is not None
        facts = {key: value for key, value in no.facts.items() if isinstance(value, str | int)}
        progress.fail(progress_id, at=at, code=no.code, facts=facts)
        words, facts = FAILED_WORDS, {"reason": no.code}
    href = work.facts.get("href", "")
    notices.tell(owners=[work.owner], words=words, facts=facts, href=str(href), at=at)


def _counts(report: ImportReport) -> dict[str, Any]:
    tally = report.tally
    return {
        "batch": report.batch,
        "new": tally.new,
        "updated": tally.updated,
        "skipped": tally.skipped,
        "parked": tally.parked,
        "errors": tally.errors,
        "rows": report.rows,
    }


def _ticks(reporter: progress.Reporter) -> Tick:
    def tick(_phase: str, done: int, total: int) -> None:
        reporter.advance(done, total=total or None)

    return tick


def _ready(public_id: UUID, at: datetime) -> Upload:
    upload = selectors.lock_upload(public_id=public_id)
    if upload.state not in OPEN_STATES or upload.expires_at <= at:
        raise UploadNotReady
    require_fields(mapping_of(upload=upload))
    return upload


def _ask(upload: Upload, kind: str, state: UploadState, *, actor: Actor, at: datetime) -> UUID:
    work = progress.begin(
        kind=kind,
        owner=actor.caller,
        at=at,
        facts={
            "upload": str(upload.public_id),
            "file_kind": upload.kind.value,
            **_page(upload.public_id),
        },
    )
    sql.run(
        "UPDATE ingest_upload SET state = %s::text, progress_id = %s::uuid WHERE id = %s::bigint",
        [state.value, work, upload.id],
    )
    later.defer(
        "ingest.run_upload",
        lock=f"upload:{upload.public_id}",
        public_id=str(upload.public_id),
        progress_id=str(work),
        staff_id=actor.id,
        language=translation.get_language(),
    )
    _audit(kind, "upload", str(upload.public_id), upload.kind.value, actor=actor, at=at)
    return work


def _ask_batch(batch: Batch, kind: str, *, actor: Actor, at: datetime) -> UUID:
    if batch.progress_id is not None and not _is_over(batch.progress_id):
        raise BatchBusy
    work = progress.begin(
        kind=kind,
        owner=actor.caller,
        at=at,
        total=batch.things or None,
        facts={"file_kind": batch.kind.value, **_page(batch.public_id)},
    )
    store.name_progress(batch_id=batch.id, progress_id=work)
    later.defer(
        "ingest.run_batch",
        lock=f"import:{batch.public_id}",
        batch=batch.public_id,
        progress_id=str(work),
        staff_id=actor.id,
        language=translation.get_language(),
    )
    _audit(kind, "import", batch.public_id, batch.kind.value, actor=actor, at=at)
    return work


def _page(subject: UUID | str) -> dict[str, str]:
    """Say which page of the console shows what the work is about."""
    href = reverse("console-import", args=[subject])
    return {"page": "console-import", "id": str(subject), "href": href}


def _is_over(progress_id: UUID) -> bool:
    try:
        return progress.get(progress_id=progress_id).is_over
    except progress.ProgressNotFound:
        return True


def _audit(
    kind: str, object_kind: str, object_id: str, file_kind: str, *, actor: Actor, at: datetime
) -> None:
    access.audit(
        actor=actor,
        action=f"{kind}.asked",
        object_kind=object_kind,
        object_id=object_id,
        at=at,
        details={"kind": file_kind},
    )


def _set_state(upload: Upload, state: UploadState) -> None:
    sql.run(
        "UPDATE ingest_upload SET state = %s::text WHERE id = %s::bigint", [state.value, upload.id]
    )


def _name(upload: Upload, column: str, batch: str) -> None:
    sql.run(
        f"UPDATE ingest_upload SET {column} = %s::uuid WHERE id = %s::bigint", [batch, upload.id]
    )
