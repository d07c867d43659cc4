"""Woken by the clock: growth that has settled, and the monthly review."""

from regulars.loyalty import services
from regulars.web import clock
from regulars.web.jobs import task


@task("loyalty.settle_growth", every="*/5 * * * *", lock="loyalty.tiers")
def settle_growth() -> None:
    """Raise members whose growth has settled since the last time."""
    services.settle_growth(at=clock.now())


@task("loyalty.review_tiers", every="2-59/15 * * * *", lock="loyalty.tiers")
def review_tiers() -> None:
    """Hold the review of the 1st at 03:00 in the programme's zone, as soon as it is due."""
    services.review_tiers(at=clock.now())
