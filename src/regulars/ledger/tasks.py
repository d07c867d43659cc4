"""What the clock asks of the ledger: let expire what is over, and prove that the books add up."""

from typing import Final
from uuid import UUID

import structlog

from regulars.ledger import services
from regulars.ledger.domain import Verdict, VerifyOrigin
from regulars.web import clock, figures
from regulars.web.jobs import task

WATERMARK: Final = "ledger.watermark"

log = structlog.get_logger(__name__)


@task("ledger.expire_points", every="7 * * * *", lock="ledger.expire_points")
def expire_points() -> None:
    """Expire lots that are over, a few hundred at a time, until none is left."""
    while services.expire_points(at=clock.now()):
        pass


@task("ledger.expire_holds", every="* * * * *", lock="ledger.expire_holds")
def expire_holds() -> None:
    """Let go holds that have run out."""
    services.expire_holds(at=clock.now())


@task("ledger.verify_recent", every="*/5 * * * *", lock="ledger.verify")
def verify_recent() -> None:
    """Check the accounts that moved since the last check; what it found is a figure of ours."""
    since = figures.read(WATERMARK) or 0
    verdict = services.prove(origin=VerifyOrigin.CLOCK, at=clock.now(), since=since)
    _note("ledger.violations_recent", verdict)


@task("ledger.verify_all", every="41 2 * * *", lock="ledger.verify")
def verify_all() -> None:
    """Check everything once a night, what the other apps keep included."""
    _note("ledger.violations", services.prove(origin=VerifyOrigin.CLOCK, at=clock.now()))


@task("ledger.verify_asked", lock="ledger.verify", attempts=2)
def verify_asked(progress_id: str) -> None:
    """Check everything because somebody asked."""
    services.run_verify(progress_id=UUID(progress_id))


def _note(name: str, verdict: Verdict) -> None:
    at = clock.now()
    bad = sum(finding.bad for finding in verdict.findings)
    figures.note(name, bad, at=at)
    figures.note(WATERMARK, verdict.watermark, at=at)
    for finding in verdict.findings:
        if finding.bad:
            log.error("ledger_violated", check=finding.check, bad=finding.bad, ids=finding.ids)
