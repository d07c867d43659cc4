"""A copy of everything held about one member, for the person: made on request, never stored.

Asking is audited and gives a ticket that ends after a day and opens for its maker alone. The
files are written when they are fetched, so nothing personal waits in a folder, and an erasure
in between leaves nothing to fetch.
"""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.core import signing
from django.db import transaction

from regulars.access import services as access
from regulars.access.domain import Actor, Scope
from regulars.console.domain.copies import CopyExpired, Ticket
from regulars.console.services import packages
from regulars.members.domain import SubjectExport

LIVES: Final = timedelta(hours=24)
_SALT: Final = "console.copies"


@transaction.atomic
def ask_copy(*, public_id: UUID, reason_code: str, actor: Actor, at: datetime) -> str:
    """Note who asks for a copy and why; answers the ticket by which it is fetched for a day."""
    access.audit(
        actor=actor,
        action="members.copy",
        object_kind="member",
        object_id=str(public_id),
        at=at,
        reason_code=reason_code,
    )
    said = [str(public_id), actor.caller, reason_code, int((at + LIVES).timestamp())]
    return signing.dumps(said, salt=_SALT)


def read_ticket(text: str, *, actor: Actor, at: datetime) -> Ticket:
    """Read a ticket; raises CopyExpired where it is over, altered, or somebody else's."""
    try:
        public_id, caller, reason_code, ends = signing.loads(text, salt=_SALT)
    except (signing.BadSignature, TypeError, ValueError) as error:
        raise CopyExpired from error
    ticket = Ticket(str(public_id), reason_code, datetime.fromtimestamp(ends, tz=at.tzinfo))
    if caller != actor.caller or at >= ticket.ends_at:
        raise CopyExpired
    return ticket


def open_copy(
    *, member_id: int, ticket: Ticket, scope: Scope, actor: Actor, at: datetime
) -> SubjectExport:
    """Write the copy whole: what is held about the person, their orders, points and growth.

    Who fetched it is audited. Raises MemberNotFound, MemberErased.
    """
    return packages.collect(
        member_id=member_id, scope=scope, actor=actor, at=at, reason_code=ticket.reason_code
    )
