"""A job is held by lease: whoever lost it can no longer write.

The worker that runs a job may be stopped, swapped out or cut off for so long that its job is given
to another one; when it wakes, it must not write a second time. So the first statement of every
transaction that a job opens locks the job's row and checks that the job is still this worker's, in
this attempt. The lock lasts to the end of the transaction: the reaper cannot give the job away in
between, and a late worker finds that it holds nothing.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Self

import structlog
from django.db import DatabaseError, InterfaceError, connections, transaction

from regulars.web import sql

log = structlog.get_logger(__name__)

HEARTBEAT_SECONDS = 10
STALLED_SECONDS = 30  # three heartbeats missed: the worker counts as dead
REAP_SECONDS = 10
LOST_ATTEMPTS_MAX = 10  # a job that takes its worker down each time is given up
PLAIN = ("SAVEPOINT", "RELEASE", "ROLLBACK", "SET ")
READ_ONLY = "READ ONLY"

HOLD = """
SELECT 1 FROM procrastinate_jobs
WHERE id = %s::bigint AND worker_id = %s::bigint AND attempts = %s::int AND status = 'doing'
FOR SHARE
"""
# Rows that a late worker holds at this moment are skipped and met again at the next round. Of
# several lost jobs that may wait only once, or where one waits already, the rest are given up.
REAP = """
WITH lost AS (
    SELECT job.id, job.queueing_lock, job.attempts, job.abort_requested
    FROM procrastinate_jobs job
    LEFT JOIN procrastinate_workers worker ON worker.id = job.worker_id
        AND worker.last_heartbeat >= now() - make_interval(secs => %s::int)
    WHERE job.status = 'doing' AND worker.id IS NULL
    FOR UPDATE OF job SKIP LOCKED
), judged AS (
    SELECT id, attempts + 1 >= %s::int OR abort_requested
        OR (queueing_lock IS NOT NULL AND (
            row_number() OVER (PARTITION BY queueing_lock ORDER BY id) > 1
            OR EXISTS (SELECT 1 FROM procrastinate_jobs waiting
                       WHERE waiting.queueing_lock = lost.queueing_lock
                         AND waiting.status = 'todo'))) AS is_over
    FROM lost
)
UPDATE procrastinate_jobs job
SET status = (CASE WHEN is_over THEN 'failed' ELSE 'todo' END)::procrastinate_job_status,
    attempts = attempts + 1, worker_id = NULL, abort_requested = false, scheduled_at = now()
FROM judged WHERE job.id = judged.id
RETURNING job.id, job.task_name, job.status::text
"""


class LeaseLost(Exception):  # noqa: N818 it says what is the matter
    """The job was given to another worker; whatever this one still wanted to write is refused."""


@dataclass(frozen=True, slots=True)
class Lease:
    """One attempt of one job by one worker: the fencing token."""

    job_id: int
    worker_id: int
    attempts: int


@dataclass(slots=True)
class Fence:
    """Checks the lease before the first statement of every transaction; a Django wrapper."""

    lease: Lease
    _asking: bool = False
    _held: Callable[[], None] = field(default_factory=lambda: lambda: None)

    def __call__(
        self,
        execute: Callable[..., Any],
        statement: str,
        params: Any,
        many: bool,  # noqa: FBT001 Django's signature
        context: dict[str, Any],
    ) -> Any:
        connection = context["connection"]
        if not self._asking and self._must_ask(connection, str(statement)):
            self._ask(connection)
        answer = execute(statement, params, many, context)
        if connection.in_atomic_block and READ_ONLY in str(statement):
            self._keep(connection)  # this transaction cannot write, whoever holds the job
        return answer

    def _must_ask(self, connection: Any, statement: str) -> bool:
        word = statement.lstrip()[:9].upper()
        if not connection.in_atomic_block:
            return not word.startswith("SELECT")
        if word.startswith(PLAIN):
            return False
        return all(kept[1] is not self._held for kept in connection.run_on_commit)

    def _ask(self, connection: Any) -> None:
        self._asking = True
        try:
            lease = self.lease
            found = sql.row(
                HOLD, [lease.job_id, lease.worker_id, lease.attempts], using=connection.alias
            )
        finally:
            self._asking = False
        if found is None:
            raise LeaseLost(f"job {lease.job_id} is no longer held by worker {lease.worker_id}")
        if connection.in_atomic_block:
            self._keep(connection)

    def _keep(self, connection: Any) -> None:
        """Remember until the transaction ends, whichever way it does: the mark cannot go stale."""
        transaction.on_commit(self._held, using=connection.alias)


@contextmanager
def fenced(lease: Lease, *, using: str = "default") -> Iterator[None]:
    """Let nothing inside the block write once the lease is lost. Raises LeaseLost then."""
    with connections[using].execute_wrapper(Fence(lease)):
        yield


def reap() -> list[tuple[int, str, str]]:
    """Free the jobs of dead workers, or give them up; answer (id, task, what became of it).

    One statement: a reaper that is killed leaves nothing locked and nothing half done, and any
    number of them may run at once.
    """
    freed = sql.rows(REAP, [STALLED_SECONDS, LOST_ATTEMPTS_MAX])
    for job_id, task, status in freed:
        log.warning("job_recovered", job_id=job_id, task=task, status=status)
    return [(int(job_id), str(task), str(status)) for job_id, task, status in freed]


class Reaper:
    """A thread beside the worker that reaps every few seconds; it is no job, so it cannot stall."""

    def __init__(self, *, pause_seconds: float = REAP_SECONDS) -> None:
        self._pause_seconds = pause_seconds
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="reaper", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join(timeout=STALLED_SECONDS)

    def _run(self) -> None:
        while not self._ended.is_set():
            try:
                reap()
            except (DatabaseError, InterfaceError) as trouble:
                log.warning("reaper_waits", trouble=type(trouble).__name__)
            finally:
                connections.close_all()
            self._ended.wait(self._pause_seconds)
