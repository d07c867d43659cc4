"""Woken by the clock: tags whose time is over go."""

from regulars.members import services as members
from regulars.web import clock, jobs


@jobs.task("members.drop_expired_tags", every="17 * * * *", lock="members.drop_expired_tags")
def drop_expired_tags() -> None:
    """Delete tags whose time is over, a bounded number at a time."""
    members.drop_expired_tags(at=clock.now())
