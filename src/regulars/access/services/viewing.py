"""Look through another's eyes: read only, half an hour at most, both names in the audit log."""

from datetime import datetime

from django.db import transaction

from regulars.access.domain import Actor
from regulars.access.domain.sessions import VIEWING_MAX, SessionNotFound
from regulars.access.selectors import staff as selectors
from regulars.access.services import roles
from regulars.access.services.factors import check_may_care_for
from regulars.web import sql


def begin_viewing(*, staff_id: int, actor: Actor, at: datetime) -> None:
    """Let this session look as another account does, within what its owner may read.

    Raises OwnAccount, AccountAboveOwn, AuditorProtected, SessionNotFound.
    """
    other, action = selectors.get_staff(staff_id=staff_id), "staff.viewing_begun"
    if actor.session is None:
        raise SessionNotFound
    with roles.audited(actor, action, other.public_id, at), transaction.atomic():
        check_may_care_for(staff_id=staff_id, actor=actor, at=at)
        sql.run(
            "UPDATE access_session SET viewing_id = %s::bigint, viewing_until = %s::timestamptz"
            " WHERE id = %s::bigint",
            [staff_id, at + VIEWING_MAX, actor.session.id],
        )
        roles.note(actor, action, other.public_id, at, on_behalf_id=staff_id)


@transaction.atomic
def end_viewing(*, actor: Actor, at: datetime) -> None:
    """Look with one's own eyes again."""
    if actor.session is None or actor.viewing_id is None:
        return
    sql.run(
        "UPDATE access_session SET viewing_id = NULL, viewing_until = NULL WHERE id = %s::bigint",
        [actor.session.id],
    )
    other = selectors.get_staff(staff_id=actor.viewing_id)
    roles.note(actor, "staff.viewing_ended", other.public_id, at, on_behalf_id=actor.viewing_id)
