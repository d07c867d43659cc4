"""What the console does that leaves a trace: looking a person up by an exact number."""

from datetime import datetime

from django.db import transaction

from regulars.access import services as access
from regulars.access.domain import Actor, Scope
from regulars.console.domain.searching import Search
from regulars.members import selectors as members
from regulars.members.domain import Member, MemberNotFound


@transaction.atomic
def look_up(*, search: Search, actor: Actor, at: datetime) -> Member | None:
    """Find the member of an exact phone, e-mail, card or number, and say so in the audit log.

    Whoever holds the permission to look up finds members of other stores too; others find only
    those within their scope. The log names the member found and never what was typed.
    """
    member_id = _find(search)
    if member_id is None:
        return None
    everywhere = actor.may("members.lookup")
    scope = Scope.all() if everywhere else actor.scope_for("members.read")
    try:
        member = members.get_member(member_id=member_id, scope=scope)
    except MemberNotFound:
        return None
    access.audit(
        actor=actor,
        action="members.lookup",
        object_kind="member",
        object_id=str(member.public_id),
        at=at,
    )
    return member


def _find(search: Search) -> int | None:
    found = members.find_by_identities(identities=search.identities) if search.identities else []
    known = next((member_id for member_id in found if member_id is not None), None)
    if known is None and search.number:
        known = members.find_by_number(number=search.number)
    return known
