"""Run the checks of every app and put on record what they found."""

import time
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

import orjson
from django.db import transaction

from regulars.kit.messages import message
from regulars.ledger.domain import Verdict, VerifyKind, VerifyOrigin
from regulars.ledger.selectors.installed import installed_checks, installed_samples
from regulars.ledger.services.verifying import verify
from regulars.web import sql
from regulars.web.retention import Sweep, end_all

_PROOF = message("To prove that the books were checked, and when.")
_RUN = message("the run")

RUNS_KEPT: Final = (
    Sweep(
        name="verify_runs_recent",
        title=message("Clean verify runs over what moved"),
        purpose=_PROOF,
        since=_RUN,
        table="ledger_verify_run",
        where="kind = 'recent' AND bad = 0",
        aged_by="started_at",
        limit=timedelta(days=7),
    ),
    Sweep(
        name="verify_runs",
        title=message("Verify runs"),
        purpose=_PROOF,
        since=_RUN,
        table="ledger_verify_run",
        where="NOT (kind = 'recent' AND bad = 0)",
        aged_by="started_at",
        limit=timedelta(days=400),
    ),
)


def prove(*, origin: VerifyOrigin, at: datetime, since: int | None = None) -> Verdict:
    """Run every check of every app and record the run: over everything, or what moved `since`.

    A full run also tries the samples. Nothing is repaired.
    """
    began = time.perf_counter()
    verdict = verify(since=since, extra=installed_checks())
    if since is None:
        tried = tuple(sample.look() for sample in installed_samples())
        spent = round((time.perf_counter() - began) * 1000)
        verdict = replace(verdict, findings=(*verdict.findings, *tried), milliseconds=spent)
    _record(verdict, origin=origin, at=at, since=since)
    return verdict


@transaction.atomic
def _record(verdict: Verdict, *, origin: VerifyOrigin, at: datetime, since: int | None) -> None:
    """Keep the run; clean runs over what moved go after a week, all others after a year."""
    kind = VerifyKind.FULL if since is None else VerifyKind.RECENT
    sql.run(
        "INSERT INTO ledger_verify_run (kind, origin, started_at, finished_at, since, watermark,"
        " transfers, accounts, checks, bad, milliseconds, findings) VALUES (%s::text, %s::text,"
        " %s::timestamptz, %s::timestamptz, %s::bigint, %s::bigint, %s::bigint, %s::bigint,"
        " %s::int, %s::bigint, %s::int, %s::jsonb)",
        [
            *(kind.value, origin.value, at, at + timedelta(milliseconds=verdict.milliseconds)),
            *(since, verdict.watermark, verdict.transfers, len(verdict.accounts)),
            *(len(verdict.findings), sum(finding.bad for finding in verdict.findings)),
            verdict.milliseconds,
            orjson.dumps([finding.as_json() for finding in verdict.findings]).decode(),
        ],
    )
    for sweep in RUNS_KEPT:
        end_all(sweep, at=at)
