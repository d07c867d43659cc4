"""The worker's side of the queue: how tasks are declared, and how lost ones come back.

A task is a function in some app's `tasks` module that takes ids and calls one service. Every
task is safe to run twice: a worker that dies leaves its job to be taken up again.
"""

from collections.abc import Callable

from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

Work = Callable[..., None]

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


__all__ = ["app", "schedule", "task"]
