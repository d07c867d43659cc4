"""A run of the checks that somebody asks for: as a job, on the record like every other run."""

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.urls import reverse

from regulars.access import services as access
from regulars.access.domain import Actor
from regulars.kit.messages import message
from regulars.ledger.domain import VerifyOrigin
from regulars.ledger.selectors.runs import list_verify_runs
from regulars.ledger.services.proving import prove
from regulars.web import clock, later, notices, progress

KIND = "verify"
TASK = "ledger.verify_asked"
CLEAN = message("The ledger was verified: everything adds up.")
WRONG = message("The ledger was verified: {bad} findings are wrong.")


@transaction.atomic
def ask_verify(*, actor: Actor, at: datetime) -> UUID:
    """Queue a run over everything; answers the id of the work."""
    work = progress.begin(kind=KIND, owner=actor.caller, at=at, facts={"page": "console-verify"})
    later.defer(TASK, lock="ledger.verify", progress_id=str(work))
    access.audit(
        actor=actor,
        action="ledger.verify_asked",
        object_kind="ledger",
        object_id="all",
        at=at,
    )
    return work


def run_verify(*, progress_id: UUID) -> None:
    """Do the run that was asked for, put it on record and tell whoever asked."""
    if not progress.start(progress_id, at=clock.now()):
        return
    work = progress.get(progress_id=progress_id)
    verdict = prove(origin=VerifyOrigin.CONSOLE, at=clock.now())
    bad = sum(finding.bad for finding in verdict.findings)
    with transaction.atomic():
        run = list_verify_runs(limit=1).runs[0]
        at = clock.now()
        progress.finish(progress_id, at=at, result={"run": run.id, "bad": bad})
        notices.tell(
            owners=[work.owner],
            words=WRONG if bad else CLEAN,
            facts={"bad": bad},
            href=reverse("console-verify-run", args=[run.id]),
            at=at,
        )
