"""Woken by the queue or the clock: apply kept bodies, follow up and expire parked rows, purge."""

from regulars.ingest import services
from regulars.web import clock, jobs


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


@jobs.task("ingest.purge_bodies", every="17 3 * * *", lock="ingest.purge_bodies")
def purge_bodies() -> None:
    """Drop webhook bodies whose retention is over."""
    services.purge_bodies(at=clock.now())


@jobs.task("ingest.drop_error_files", every="23 3 * * *", lock="ingest.drop_error_files")
def drop_error_files() -> None:
    """Drop error files of imports whose days are over."""
    while services.drop_error_files(at=clock.now()):
        pass
