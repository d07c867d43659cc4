"""Hear that members were erased, and let go of everything kept about them."""

from collections.abc import Sequence
from datetime import datetime

from regulars.events.domain import Event, Outcome
from regulars.ingest import services


def when_members_erased(events: Sequence[Event], *, at: datetime) -> Sequence[Outcome]:
    """Drop webhook bodies, parked rows and error files of the erased members."""
    del at
    erased: set[int] = set()
    for event in events:
        erased.update(event.facts["member_ids"])
    services.forget_members(member_ids=sorted(erased))
    services.drop_errors_of_erased()
    return ()
