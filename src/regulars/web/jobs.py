"""The worker's side of the queue: how tasks are declared, and how lost ones come back.

A task is a function in some app's `tasks` module that takes ids and calls one service. Every
task is safe to run twice: a worker that dies leaves its job to be taken up again.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import structlog
from procrastinate import App, RetryStrategy
from procrastinate.contrib.django import app, procrastinate_app
from procrastinate.contrib.django.db_cleanup import close_db_connections
from procrastinate.contrib.django.django_connector import DjangoConnector
from procrastinate.job_context import JobContext
from procrastinate.jobs import Job, Status
from procrastinate.manager import JobManager

from regulars.web.leases import HEARTBEAT_SECONDS, STALLED_SECONDS, Lease, LeaseLost, Reaper, fenced

log = structlog.get_logger(__name__)

Work = Callable[..., None]

SHUTDOWN_SECONDS = 20

# Puts jobs on the queue through Django's own connection, also inside a worker, so that a job
# always commits with the write that asked for it. The worker itself fetches through a pool.
outbox = App(connector=DjangoConnector())

_every: dict[str, str] = {}


def task(
    name: str,
    *,
    every: str | None = None,
    lock: str | None = None,
    queue: str = "default",
    attempts: int = 5,
) -> Callable[[Work], Work]:
    """Declare a task; `every` is a cron line (UTC) and makes it periodic, without arguments."""

    def declare(work: Work) -> Work:
        retry = RetryStrategy(max_attempts=attempts, exponential_wait=2)
        if every is None:
            app.task(name=name, queue=queue, lock=lock, retry=retry)(work)
            return work

        def on_time(timestamp: int) -> None:  # noqa: ARG001 the tick itself carries no meaning
            work()

        on_time.__name__ = work.__name__
        ticking = app.task(
            name=name, queue=queue, lock=lock, queueing_lock=f"periodic:{name}", retry=retry
        )(on_time)
        app.periodic(cron=every, periodic_id=name)(ticking)
        _every[name] = every
        return work

    return declare


def schedule() -> dict[str, str]:
    """Answer the periodic tasks with their cron lines."""
    return dict(_every)


class FencedJobManager(JobManager):
    """Writes the end of a job only while the job is still held by the worker that ran it."""

    MINE = (
        "WITH mine AS (SELECT id FROM procrastinate_jobs WHERE id = %(job_id)s"
        " AND worker_id = %(worker_id)s AND attempts = %(attempts)s AND status = 'doing'"
        " FOR UPDATE) "
    )
    FINISH = MINE + "SELECT procrastinate_finish_job_v1(id, %(status)s, %(delete_job)s) FROM mine"
    RETRY = MINE + (
        "SELECT procrastinate_retry_job_v2(id, %(retry_at)s, %(priority)s::int,"
        " %(queue)s::varchar, %(lock)s::varchar) FROM mine"
    )

    async def finish_job(self, job: Job, status: Status, delete_job: bool) -> None:  # noqa: FBT001
        """Finish the job, unless it was given to another worker meanwhile."""
        await self._write(self.FINISH, job, status=status.value, delete_job=delete_job)

    async def retry_job(
        self,
        job: Job,
        retry_at: datetime | None = None,
        priority: int | None = None,
        queue: str | None = None,
        lock: str | None = None,
    ) -> None:
        """Put the job back, unless it was given to another worker meanwhile."""
        await self._write(
            self.RETRY, job, retry_at=retry_at, priority=priority, queue=queue, lock=lock
        )

    async def _write(self, query: str, job: Job, **values: Any) -> None:
        written = await self.connector.execute_query_all_async(
            query=query,
            job_id=job.id,
            worker_id=job.worker_id,
            attempts=job.attempts,
            **values,
        )
        if not written:
            log.warning("late_end_ignored", job_id=job.id, task=job.task_name)


def run_worker(*, jobs_at_once: int = 1, wait: bool = True) -> None:
    """Work on the queue until told to stop; with `wait=False`, until it is empty.

    Jobs of workers that died are freed by a reaper beside the work, and a job that was taken from
    us while we slept can no longer write.
    """
    queue = procrastinate_app.current_app  # `app` stands in front of it and takes no attributes
    assert isinstance(queue, App)
    before = queue.job_manager
    queue.job_manager = FencedJobManager(queue.connector)
    options: dict[str, Any] = {
        "concurrency": jobs_at_once,
        "wait": wait,
        "delete_jobs": "successful",
        "update_heartbeat_interval": HEARTBEAT_SECONDS,
        "stalled_worker_timeout": STALLED_SECONDS,
        "shutdown_graceful_timeout": SHUTDOWN_SECONDS,
        "install_signal_handlers": wait,
        "task_middleware": [close_db_connections, hold_lease],
    }
    try:
        connector = DjangoConnector().get_worker_connector()
        with Reaper(), queue.replace_connector(connector):
            queue.run_worker(**options)
    finally:
        queue.job_manager = before


def hold_lease(call_next: Callable[[], Any], context: JobContext, _: Any) -> Any:
    """Run a task behind its fence; procrastinate calls this around each task."""
    job = context.job
    assert job.id is not None
    assert job.worker_id is not None
    lease = Lease(job_id=job.id, worker_id=job.worker_id, attempts=job.attempts)
    try:
        with fenced(lease):
            return call_next()
    except LeaseLost:
        log.warning("lease_lost", job_id=job.id, task=job.task_name)
        raise


def declared_lock(task: str) -> str | None:
    """Answer the lock a task was declared with."""
    known = app.tasks.get(task)
    return known.lock if known else None


__all__ = ["app", "declared_lock", "outbox", "run_worker", "schedule", "task"]
