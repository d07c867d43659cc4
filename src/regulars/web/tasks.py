"""Woken by the clock: drop what the plumbing need not remember any longer."""

from datetime import timedelta

from regulars.web import clock, idempotency, rates
from regulars.web.jobs import task

REPLIES_KEPT = timedelta(days=35)


@task("web.tidy", every="41 * * * *")
def tidy() -> None:
    """Drop rate windows that are over and replies past their time."""
    rates.forget()
    idempotency.forget(before=clock.now() - REPLIES_KEPT)
