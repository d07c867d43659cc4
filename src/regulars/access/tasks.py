"""What access does by clock or queue: seal and check the audit log, settle approvals."""

from uuid import UUID

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


@task("access.expire_approvals", every="*/10 * * * *")
def expire_approvals() -> None:
    """Settle what waited for a second person too long."""
    services.expire_approvals(clock.now())


@task("access.check_chain", lock="access.check_chain")
def check_chain(work: str) -> None:
    """Walk the audit chain because somebody asked for it."""
    services.check_chain(work=UUID(work), at=clock.now())
