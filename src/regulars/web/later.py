"""Put work on the queue inside the running transaction: no commit, no job.

Jobs are deferred by name with ids only, so nothing personal waits in a queue and no app needs
to import the one that does the work.
"""

from datetime import datetime

from regulars.web.jobs import declared_lock, outbox


def defer(
    task: str, *, lock: str | None = None, at: datetime | None = None, **ids: int | str | None
) -> int:
    """Queue the task by name; with `lock`, jobs of the same lock run one after another."""
    configured = outbox.configure_task(
        task,
        lock=lock or declared_lock(task),
        schedule_at=at,
        queue="default",
        allow_unknown=True,
    )
    return int(configured.defer(**ids))
