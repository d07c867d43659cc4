"""Check the audit chain as a job that people ask for, and keep what it found."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from regulars.access.domain import Actor, AuditResult
from regulars.access.services.audit import audit, verify_audit
from regulars.web import clock, progress
from regulars.web.later import defer

KIND = "audit_check"


@transaction.atomic
def ask_chain_check(*, actor: Actor, at: datetime) -> UUID:
    """Put a check of the whole chain on the queue; answers the work's id."""
    work = progress.begin(kind=KIND, owner=actor.caller, at=at)
    defer("access.check_chain", work=str(work))
    _note(actor, "audit.check_asked", work, at)
    return work


def check_chain(*, work: UUID, at: datetime) -> None:
    """Walk the chain, write down what was found, and audit that it was looked at."""
    if not progress.start(work, at=at):
        return
    found = verify_audit(at=at)
    result: dict[str, Any] = {
        "entries": found.entries,
        "sealed": found.sealed,
        "unsealed": found.unsealed,
        "checkpoints": found.checkpoints,
        "first_bad_seq": found.first_bad_seq,
        "problem": found.problem.value if found.problem else None,
    }
    after = clock.now()
    with transaction.atomic():
        progress.finish(work, at=after, result=result)
        _note(Actor.system(), "audit.checked", work, after, **result)


def _note(actor: Actor, action: str, work: UUID, at: datetime, **found: Any) -> None:
    bad = found.get("problem") is not None
    audit(
        actor=actor,
        action=action,
        object_kind="audit",
        object_id=str(work),
        at=at,
        result=AuditResult.FAILED if bad else AuditResult.OK,
        details=found,
    )
