"""Woken by the queue or the clock: apply kept bodies, follow up and expire parked rows."""

from uuid import UUID

import structlog

from regulars.access.domain import Actor, Scope
from regulars.ingest import services
from regulars.web import clock, jobs

log = structlog.get_logger(__name__)


@jobs.task("ingest.apply_delivery")
def apply_delivery(delivery_id: int) -> None:
    """Apply a kept webhook body, chunk by chunk, going on where an earlier worker stopped."""
    services.apply_delivery(delivery_id=delivery_id, at=clock.now())


@jobs.task("ingest.apply_parked", every="* * * * *", lock="ingest.apply_parked")
def apply_parked() -> None:
    """Apply parked rows whose order came in the very moment they were parked."""
    services.apply_parked(at=clock.now())


@jobs.task("ingest.expire_parked", every="*/10 * * * *", lock="ingest.expire_parked")
def expire_parked() -> None:
    """Turn rows whose order never came into dead letters."""
    while services.expire_parked(at=clock.now()):
        pass


@jobs.task("ingest.requeue_deliveries", every="*/30 * * * *", lock="ingest.requeue_deliveries")
def requeue_deliveries() -> None:
    """Queue bodies again that were received and never finished."""
    services.requeue_stale(at=clock.now())


@jobs.task("ingest.run_upload", attempts=1)
def run_upload(public_id: str, progress_id: str, staff_id: int, language: str) -> None:
    """Rehearse or import a file that was handed over in the console."""
    upload, work = UUID(public_id), UUID(progress_id)
    try:
        services.run_upload(
            public_id=upload, progress_id=work, actor=_staff(staff_id), language=language
        )
    except Exception as error:
        log.exception("upload_broke", error=type(error).__name__)
        services.give_up(progress_id=work, public_id=upload)
        raise


@jobs.task("ingest.run_batch", attempts=1)
def run_batch(batch: str, progress_id: str, staff_id: int, language: str) -> None:
    """Go on with an import, or take it back."""
    work = UUID(progress_id)
    try:
        services.run_batch(batch=batch, progress_id=work, actor=_staff(staff_id), language=language)
    except Exception as error:
        log.exception("import_broke", error=type(error).__name__)
        services.give_up(progress_id=work, public_id=None)
        raise


@jobs.task("ingest.act_on_letters", attempts=2)
def act_on_letters(progress_id: str, staff_id: int) -> None:
    """Replay, book or drop all dead letters that matched when it was asked for."""
    services.run_letters(progress_id=UUID(progress_id), actor=_staff(staff_id))


@jobs.task("ingest.drop_uploads", every="*/15 * * * *", lock="ingest.drop_uploads")
def drop_uploads() -> None:
    """Throw away files that were handed over a day ago and never imported."""
    services.drop_uploads(at=clock.now())
    services.sweep_private_files(at=clock.now())


def _staff(staff_id: int) -> Actor:
    """Answer who asked, to be named in the audit log; what they may do was checked when asked."""
    return Actor("staff", staff_id, "", frozenset(), Scope.all())
