"""Erase a member alone or with a second person, as the policy says."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from django.db import transaction

from regulars.access import services as access
from regulars.access.domain import Actor, Approval, Approved, Executor, Scope
from regulars.members.selectors import people
from regulars.members.services.privacy import check_reason, erase

KIND: Final = "member.erase"


def erasure_needs_second_person(*, actor: Actor, at: datetime) -> bool:
    """Tell whether erasing one member is proposed rather than done."""
    return access.approvals.needs_approval(KIND, actor=actor, size=1, at=at)


@transaction.atomic
def erase_or_propose(
    *, member_id: int, reason_code: str, actor: Actor, at: datetime
) -> Approval | None:
    """Erase a member if one person may, and answer None; else propose it and answer that.

    Raises what `erase` refuses.
    """
    check_reason(reason_code)
    if not erasure_needs_second_person(actor=actor, at=at):
        erase(member_id=member_id, at=at, actor=actor, reason_code=reason_code)
        return None
    return access.approvals.propose(
        kind=KIND,
        payload={"member_id": member_id, "reason_code": reason_code},
        object_kind="member",
        object_id=str(people.public_ids(member_ids=[member_id])[member_id]),
        size=1,
        maker=actor,
        reason_code=reason_code,
        at=at,
    )


def _execute(approved: Approved) -> Mapping[str, Any]:
    payload = approved.approval.payload
    gone = erase(
        member_id=int(payload["member_id"]),
        at=approved.at,
        actor=approved.checker,
        reason_code=str(payload["reason_code"]),
    )
    return {"records": len(gone)}


def _within(found: Sequence[Approval], scope: Scope) -> frozenset[int]:
    ids = {each.id: int(each.payload["member_id"]) for each in found}
    visible = people.visible(member_ids=set(ids.values()), scope=scope)
    return frozenset(each for each, member_id in ids.items() if member_id in visible)


ERASURES: Final = Executor(execute=_execute, within=_within)
