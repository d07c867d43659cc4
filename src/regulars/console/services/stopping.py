"""Stop work that runs in the background, one's own or, on the record, a colleague's."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from regulars.access import services as access
from regulars.access.domain import Actor
from regulars.web import progress


@transaction.atomic
def stop_job(*, job_id: UUID, actor: Actor, at: datetime) -> None:
    """Ask a piece of work to stop; with `jobs.read`, anybody's. Raises ProgressNotFound."""
    owner = None if actor.may("jobs.read") else actor.caller
    job = progress.get(progress_id=job_id, owner=owner)
    progress.cancel(progress_id=job_id, owner=owner, at=at)
    if job.owner != actor.caller:
        access.audit(
            actor=actor,
            action="jobs.stop",
            object_kind="job",
            object_id=str(job_id),
            at=at,
            details={"kind": job.kind, "owner": job.owner},
        )
