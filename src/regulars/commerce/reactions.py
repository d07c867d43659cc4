"""Hear that somebody became known or was erased: give them what waited, or forget it."""

from collections.abc import Sequence
from datetime import datetime

from regulars.commerce import services
from regulars.events.domain import Event, Outcome
from regulars.members import selectors as members
from regulars.web import sql


def when_members_linked(events: Sequence[Event], *, at: datetime) -> Sequence[Outcome]:
    """Attribute waiting orders to members who enrolled or gained an identity."""
    known = sorted({event.member_id for event in events if event.member_id is not None})
    if not known or not _anything_waits():
        return ()
    lookups = members.identity_lookups(member_ids=known)
    services.attribute_orders(
        identities={each: member_id for member_id, held in lookups.items() for each in held}, at=at
    )
    return ()


def when_members_erased(events: Sequence[Event], *, at: datetime) -> Sequence[Outcome]:
    """Let no order wait for somebody who is erased."""
    del at
    erased: set[int] = set()
    for event in events:
        erased.update(event.facts["member_ids"])
    held = members.identity_lookups(member_ids=sorted(erased))
    services.forget_waiting(
        member_ids=sorted(erased),
        identities=[lookup for lookups in held.values() for lookup in lookups],
    )
    return ()


def _anything_waits() -> bool:
    found = sql.row("SELECT EXISTS (SELECT 1 FROM commerce_waitingbuyer)")
    return bool(found and found[0])
