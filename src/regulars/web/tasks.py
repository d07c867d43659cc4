"""Woken by the clock: drop what the plumbing need not remember any longer."""

from regulars.web import clock, idempotency, notices, progress, rates, retention
from regulars.web.jobs import task


@task("web.tidy", every="41 * * * *")
def tidy() -> None:
    """Drop rate windows that are over, and replies, notices and ended work past their time."""
    at = clock.now()
    rates.forget()
    for sweep in (idempotency.REPLIES, notices.NOTICES, progress.WORK):
        retention.end_all(sweep, at=at)
