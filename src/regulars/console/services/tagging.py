"""Tag many members at once, or take a tag off them: one commit, one line in the log for each."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from django.db import transaction

from regulars.access import services as access
from regulars.access.domain import Actor, Entry
from regulars.members import services as members
from regulars.members.domain import TagSource


@transaction.atomic
def tag_many(
    *, who: Mapping[int, UUID], tag: str, until: datetime | None, at: datetime, actor: Actor
) -> int:
    """Put a tag on these members by hand; answers how many of them changed. Raises TagInvalid."""
    rows = [members.TagRow(member_id, tag, until) for member_id in who]
    changed = members.tag(rows=rows, source=TagSource.MANUAL, at=at)
    _note(actor, "members.tag", who, at=at, name="added")
    return changed


@transaction.atomic
def untag_many(*, who: Mapping[int, UUID], tag: str, at: datetime, actor: Actor) -> int:
    """Take a tag off these members, whoever put it on; answers how many of them changed."""
    rows = [members.TagRow(member_id, tag) for member_id in who]
    changed = members.untag(rows=rows, source=TagSource.MANUAL, at=at)
    _note(actor, "members.untag", who, at=at, name="removed")
    return changed


def _note(actor: Actor, action: str, who: Mapping[int, UUID], *, at: datetime, name: str) -> None:
    entries = [
        Entry(
            actor_kind=actor.kind,
            actor_id=actor.id,
            action=action,
            object_kind="member",
            object_id=str(public_id),
            details={name: 1, "of": len(who)},
        )
        for public_id in who.values()
    ]
    access.audit_batch(entries, at=at)
