"""Woken by the queue: orders that waited for a buyer with more of them than one go can take."""

from regulars.commerce import services
from regulars.web import clock, jobs


@jobs.task(services.ATTRIBUTE_WAITING)
def attribute_waiting(member_id: int) -> None:
    """Attribute the next few thousand orders; asks for itself again while more wait."""
    services.attribute_waiting(member_id=member_id, at=clock.now())
