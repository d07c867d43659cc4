"""Open notes of the audit log: they are free text, so that reading one is a reveal on record."""

from datetime import datetime

from django.db import transaction

from regulars.access import services as access
from regulars.access.domain import Actor, KeptEntry
from regulars.console.selectors import auditing
from regulars.web.permissions import PermissionMissing

REVEAL = "members.reveal"


@transaction.atomic
def open_audit_note(
    *, entry: KeptEntry, reason_code: str, actor: Actor, at: datetime
) -> tuple[str, bool]:
    """Answer the note of an entry, and whether its key was destroyed; on record first.

    A note about a member is opened only by who may see members unmasked: raises
    PermissionMissing.
    """
    if auditing.is_about_member(entry) and not actor.may(REVEAL):
        raise PermissionMissing(permission=REVEAL)
    access.audit(
        actor=actor,
        action="audit.note_opened",
        object_kind="audit_entry",
        object_id=str(entry.id),
        at=at,
        reason_code=reason_code,
        details={"about": entry.object_kind},
    )
    return auditing.read_note(entry)
