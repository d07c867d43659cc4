"""Woken by the clock: move the consumers on, keep partitions ahead, let old letters go."""

from django.conf import settings

from regulars.events import consumers, services
from regulars.web import clock
from regulars.web.jobs import task


@task("events.advance", every="* * * * * */2")
def advance() -> None:
    """Let every deferred reaction read what has been settled."""
    consumers.drain(at=clock.now(), rounds=50)


@task("events.make_partitions", every="17 2 * * *")
def make_partitions() -> None:
    """Make the partitions of the coming months."""
    services.make_partitions(at=clock.now())


@task("events.purge_letters", every="37 3 * * *", lock="events.purge_letters")
def purge_letters() -> None:
    """Drop dead letters whose retention is over, a thousand at a time."""
    at = clock.now()
    while services.purge_letters(
        at=at,
        open_days=settings.DEAD_LETTER_OPEN_DAYS,
        settled_days=settings.DEAD_LETTER_SETTLED_DAYS,
    ):
        pass
