"""What the console does when somebody is forgotten: the files they stand in go too."""

from collections.abc import Sequence
from datetime import datetime

from regulars.console import services
from regulars.events.domain import Event, Outcome


def when_members_erased(events: Sequence[Event], *, at: datetime) -> Sequence[Outcome]:
    """Drop every file that names an erased member, and the copies made for them."""
    ids = sorted({one for event in events for one in event.facts["member_ids"]})
    services.purge_exports_of(member_ids=ids, at=at)
    services.forget_packages_of(member_ids=ids)
    return ()
