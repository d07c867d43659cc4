"""What the clock asks of the ledger: let expire what is over."""

from regulars.ledger import services
from regulars.web import clock
from regulars.web.jobs import task


@task("ledger.expire_points", every="7 * * * *", lock="ledger.expire_points")
def expire_points() -> None:
    """Expire lots that are over, a few hundred at a time, until none is left."""
    while services.expire_points(at=clock.now()):
        pass


@task("ledger.expire_holds", every="* * * * *", lock="ledger.expire_holds")
def expire_holds() -> None:
    """Let go holds that have run out."""
    while services.expire_holds(at=clock.now()):
        pass
