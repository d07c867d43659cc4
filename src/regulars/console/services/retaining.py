"""Retention: one list of what is kept how long, counted on a dry run, ended by a run on record.

The list joins what the apps declare with the limits the policy sets. A run goes class by class and
batch by batch; each batch is a transaction that also adds to the run's counts, so that a run whose
worker died is taken up where it stopped. Nothing is taken from people who asked for a right and
were not answered, or about whom a second person has yet to decide. The log, the ledger, consents
and the audit log are not on the list: they are kept, and name nobody.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Final
from uuid import UUID

import orjson
from django.conf import settings
from django.db import transaction
from django.urls import reverse

from regulars.access import selectors as access_selectors
from regulars.access import services as access
from regulars.access.domain import Actor, Policy
from regulars.console.domain.retaining import (
    ClassReport,
    Counted,
    RetentionRun,
    counts_as_json,
    is_night_due,
)
from regulars.console.selectors import retaining as selectors
from regulars.console.services.exports import FILES
from regulars.console.services.packages import PACKAGES
from regulars.events import services as events
from regulars.ingest import services as ingest
from regulars.kit.messages import message
from regulars.ledger import services as ledger
from regulars.loyalty import selectors as loyalty
from regulars.members import services as members
from regulars.members.domain import FIELDS
from regulars.members.selectors import requests
from regulars.web import clock, contention, idempotency, later, notices, progress, retention, sql
from regulars.web.retention import Ended, Sweep

KIND: Final = "retention"
TASK: Final = "console.run_retention"
DONE: Final = message("Retention ran. Rows that were over their limit and ended: {rows}.")


def list_sweeps(*, at: datetime) -> tuple[Sweep, ...]:
    """Answer every class of data that does not stay for ever, with the limits that hold now."""
    policy = access_selectors.policy(at)
    return (
        *members.profile_sweeps(days=policy.profile_days),
        members.TAGS,
        PACKAGES,
        FILES,
        ingest.body_sweep(days=policy.body_days),
        ingest.ERROR_FILES,
        ingest.UPLOADS,
        *events.letter_sweeps(
            open_days=settings.DEAD_LETTER_OPEN_DAYS,
            settled_days=settings.DEAD_LETTER_SETTLED_DAYS,
        ),
        *access.SWEEPS,
        notices.NOTICES,
        progress.WORK,
        idempotency.REPLIES,
        *ledger.RUNS_KEPT,
    )


def report_retention(*, at: datetime) -> list[ClassReport]:
    """Say what a run at this moment would end, class by class, and change nothing."""
    held = requests.list_held(at=at)
    sweeps = list_sweeps(at=at)
    return [
        _report(sweep, Counted(rows=due.rows, oldest_at=due.oldest_at, held=due.held))
        for sweep, due in zip(sweeps, retention.count(sweeps, at=at, spared=held), strict=True)
    ]


def count_under(*, policy: Policy, lines: Collection[str], at: datetime) -> dict[str, int]:
    """Count the rows these lines of a policy would end if it held now, by line."""
    named = {each.name: each for each in members.profile_sweeps(days=policy.profile_days)}
    sweeps = {f"profile_days.{name}": named[f"profile_{name}"] for name in FIELDS}
    sweeps["body_days"] = ingest.body_sweep(days=policy.body_days)
    asked = {line: sweeps[line] for line in lines if line in sweeps}
    held = requests.list_held(at=at)
    counted = retention.count([*asked.values()], at=at, spared=held)
    return {line: due.rows for line, due in zip(asked, counted, strict=True)}


def run_retention(*, origin: str, actor: Actor, at: datetime) -> RetentionRun:
    """End everything that is over its limit at this moment; answers the run on record.

    A run that was begun and never ended is finished first.
    """
    finish_open_run()
    return _work(_begin(origin, actor, at=at))


def finish_open_run() -> RetentionRun | None:
    """Take up the run whose worker died, with the moment it was begun at; None without one."""
    left = selectors.find_open_run()
    return _work(left) if left else None


def retain_nightly(*, at: datetime) -> RetentionRun | None:
    """Run once a night of the programme's zone; None where tonight's run is not due, or over."""
    finish_open_run()
    last = selectors.find_last_night()
    tz = loyalty.get_programme().tz
    if not is_night_due(at=at, last_at=last.started_at if last else None, tz=tz):
        return None
    return run_retention(origin="clock", actor=Actor.system("clock"), at=at)


@transaction.atomic
def ask_retention(*, actor: Actor, at: datetime) -> UUID:
    """Queue a run; answers the id of the work."""
    work = progress.begin(kind=KIND, owner=actor.caller, at=at, facts={"page": "console-retention"})
    later.defer(TASK, progress_id=str(work), staff_id=actor.id)
    access.audit(
        actor=actor, action="retention.asked", object_kind="retention", object_id="all", at=at
    )
    return work


def run_asked(*, progress_id: UUID, actor: Actor) -> None:
    """Do the run that was asked for and tell whoever asked."""
    if not progress.start(progress_id, at=clock.now()):
        return
    work = progress.get(progress_id=progress_id)
    run = run_retention(origin="console", actor=actor, at=clock.now())
    with transaction.atomic():
        at = clock.now()
        progress.finish(progress_id, at=at, result={"run": run.id, "rows": run.rows})
        notices.tell(
            owners=[work.owner],
            words=DONE,
            facts={"rows": run.rows},
            href=reverse("console-retention-run", args=[run.id]),
            at=at,
        )


def reports_of(run: RetentionRun) -> list[ClassReport]:
    """Answer a run class by class, in the order of the list; classes gone since are left out."""
    known = list_sweeps(at=run.started_at)
    return [_report(each, run.counts[each.name]) for each in known if each.name in run.counts]


def _begin(origin: str, actor: Actor, *, at: datetime) -> RetentionRun:
    """Write down that a run begins; where another began this very moment, that one is ours."""
    with transaction.atomic():
        found = sql.row(
            "INSERT INTO console_retention_run (origin, actor_kind, actor_id, started_at, rows,"
            " counts) VALUES (%s::text, %s::text, %s::bigint, %s::timestamptz, 0, '{}')"
            " ON CONFLICT DO NOTHING RETURNING id",
            [origin, actor.kind, actor.id, at],
        )
        if found:
            access.audit(
                actor=actor,
                action="retention.begun",
                object_kind="retention",
                object_id=str(found[0]),
                at=at,
            )
            return selectors.get_retention_run(run_id=found[0])
    return selectors.find_open_run() or _begin(origin, actor, at=at)


def _work(run: RetentionRun) -> RetentionRun:
    """End what was due when the run began, class by class; said again it ends what is left."""
    sweeps = list_sweeps(at=run.started_at)
    for sweep in sweeps:
        after = 0
        while (ended := contention.retried(partial(_batch, run, sweep, after))).rows:
            after = ended.last
    return _finish(run, sweeps)


def _batch(run: RetentionRun, sweep: Sweep, after: int) -> Ended:
    """End a batch and count it, in one transaction; who is held is asked each time anew."""
    held = requests.list_held(at=run.started_at) if sweep.spares else []
    ended = retention.end_batch(sweep, at=run.started_at, spared=held, after=after)
    if ended.rows:
        counts = _lock_counts(run.id)
        counts[sweep.name] = counts.get(sweep.name, Counted()).plus(ended.rows, ended.oldest_at)
        _write(run.id, counts)
    return ended


def _finish(run: RetentionRun, sweeps: Sequence[Sweep]) -> RetentionRun:
    """Close the run with a line for every class, and say in the audit log what came of it."""
    at = clock.after_locks(run.started_at)
    held = requests.list_held(at=run.started_at)
    left = retention.count(sweeps, at=run.started_at, spared=held)
    with transaction.atomic():
        counts = _lock_counts(run.id)
        whole = {
            sweep.name: replace(counts.get(sweep.name, Counted()), held=due.held)
            for sweep, due in zip(sweeps, left, strict=True)
        }
        closed = sql.run(
            "UPDATE console_retention_run SET finished_at = %s::timestamptz"
            " WHERE id = %s::bigint AND finished_at IS NULL",
            [at, run.id],
        )
        if closed:
            _write(run.id, whole)
            access.audit(
                actor=Actor.system(run.origin),
                action="retention.finished",
                object_kind="retention",
                object_id=str(run.id),
                at=at,
                details={name: each.rows for name, each in whole.items() if each.rows},
            )
    return selectors.get_retention_run(run_id=run.id)


def _lock_counts(run_id: int) -> dict[str, Counted]:
    sql.row("SELECT 1 FROM console_retention_run WHERE id = %s::bigint FOR UPDATE", [run_id])
    return dict(selectors.get_retention_run(run_id=run_id).counts)


def _write(run_id: int, counts: Mapping[str, Counted]) -> None:
    sql.run(
        "UPDATE console_retention_run SET rows = %s::bigint, counts = %s::jsonb"
        " WHERE id = %s::bigint",
        [
            sum(each.rows for each in counts.values()),
            orjson.dumps(counts_as_json(counts)).decode(),
            run_id,
        ],
    )


def _report(sweep: Sweep, counted: Counted) -> ClassReport:
    return ClassReport(
        name=sweep.name,
        title=sweep.title,
        purpose=sweep.purpose,
        since=sweep.since,
        limit=sweep.limit,
        is_emptied=sweep.is_emptied,
        rows=counted.rows,
        oldest_at=counted.oldest_at,
        held=counted.held,
    )
