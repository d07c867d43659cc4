"""Woken by the clock: move the consumers on and keep partitions ahead."""

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
