"""Woken by the clock: drop what the plumbing need not remember any longer."""

from datetime import timedelta

from regulars.web import clock, idempotency, notices, progress, rates
from regulars.web.jobs import task

REPLIES_KEPT = timedelta(days=35)
NOTICES_KEPT = timedelta(days=90)


@task("web.tidy", every="41 * * * *")
def tidy() -> None:
    """Drop rate windows that are over, and replies, notices and ended work past their time."""
    at = clock.now()
    rates.forget()
    idempotency.forget(before=at - REPLIES_KEPT)
    notices.forget(before=at - NOTICES_KEPT)
    progress.forget(before=at - NOTICES_KEPT)
