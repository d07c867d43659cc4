"""What access does by the clock: seal the audit log, leave checkpoints, forget old tries."""

from regulars.access import services
from regulars.web import clock
from regulars.web.jobs import task


@task("access.seal_audit", every="* * * * * */5", lock="access.audit")
def seal_audit() -> None:
    """Take new audit entries into the chain, a few seconds after they were written."""
    at = clock.now()
    while services.seal_audit(at):
        pass


@task("access.write_audit_checkpoint", every="7 * * * *", lock="access.audit")
def write_audit_checkpoint() -> None:
    """Sign how far the audit chain reaches."""
    services.write_checkpoint(at=clock.now())


@task("access.forget_old_tries", every="23 3 * * *")
def forget_old_tries() -> None:
    """Drop logs of tries, links and sessions that say nothing any more."""
    at = clock.now()
    services.forget_old_tries(at)
    services.forget_old_links(at)
    services.forget_old_sessions(at)


@task("access.expire_approvals", every="*/10 * * * *")
def expire_approvals() -> None:
    """Settle what waited for a second person too long."""
    services.expire_approvals(clock.now())
