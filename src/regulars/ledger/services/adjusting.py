"""Correct a member's points by hand, within one's limit or with a second person.

The reason is a code; what people write is kept encrypted under the member's own key, so that it
goes with the member.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db import transaction

from regulars.access import services as access
from regulars.access.domain import Actor, Approval, Approved, Executor, Scope
from regulars.ledger import selectors
from regulars.ledger.domain import Posted
from regulars.ledger.services.commands import adjust_points
from regulars.members import selectors as members
from regulars.web import sql

KIND: Final = "points.adjust"
COUNTED_TOGETHER: Final = timedelta(days=1)


def needs_second_person(
    *, member_id: int, amount: int, actor: Actor, at: datetime, besides: UUID | None = None
) -> bool:
    """Tell whether a correction of this size is proposed rather than done.

    What the same person corrected for the same member within a day counts with it, so that a large
    correction does not become small by being cut up; `besides` is the transfer that is asked for,
    which may have been done before. Raises AboveLimit or NobodyCanApprove where it is neither.
    """
    size = abs(amount)
    if actor.operator_id is not None:
        size += selectors.corrected_since(
            member_id=member_id,
            operator_id=actor.operator_id,
            since=at - COUNTED_TOGETHER,
            besides=besides,
        )
    return access.approvals.needs_approval(KIND, actor=actor, size=size, at=at)


@transaction.atomic
def correct_points(
    *,
    transfer_id: UUID,
    member_id: int,
    amount: int,
    reason_code: int,
    actor: Actor,
    at: datetime,
    expires_at: datetime | None = None,
    note: str | None = None,
) -> Posted | Approval:
    """Correct a balance if the actor's limit allows it, else propose it; answers which.

    The same transfer id is done once. Raises PermissionMissing, AboveLimit, NobodyCanApprove, and
    what `adjust_points` refuses.
    """
    asked = {
        "transfer_id": str(transfer_id),
        "member_id": member_id,
        "amount": amount,
        "reason_code": reason_code,
        "expires_at": expires_at.isoformat() if expires_at else None,
    }
    _one_after_another(actor, member_id)
    if needs_second_person(
        member_id=member_id, amount=amount, actor=actor, at=at, besides=transfer_id
    ):
        return _proposed(asked, actor=actor, at=at, note=note)
    return _adjusted(asked, actor=actor, at=at, note=note)


def _one_after_another(actor: Actor, member_id: int) -> None:
    """Let one person correct one member once at a time, so that none is left out of the count."""
    sql.run(
        "SELECT pg_advisory_xact_lock(hashtextextended(%s::text, %s::bigint))",
        [f"{KIND}:{actor.caller}", member_id],
    )


def execute(approved: Approved) -> Mapping[str, Any]:
    """Do the approved correction; answers what it took or gave."""
    maker = approved.maker
    posted = _adjusted(
        approved.approval.payload,
        actor=approved.checker,
        at=approved.at,
        on_behalf_id=maker.person_id,
    )
    return {"transfer_id": str(posted.id), "amount": posted.taken, "owed": posted.owed}


def _within(found: Sequence[Approval], scope: Scope) -> frozenset[int]:
    ids = {each.id: int(each.payload["member_id"]) for each in found}
    visible = members.visible(member_ids=set(ids.values()), scope=scope)
    return frozenset(each for each, member_id in ids.items() if member_id in visible)


EXECUTOR: Final = Executor(execute=execute, within=_within)


def _proposed(
    asked: Mapping[str, Any], *, actor: Actor, at: datetime, note: str | None
) -> Approval:
    member_id = int(asked["member_id"])
    return access.approvals.propose(
        kind=KIND,
        payload=asked,
        object_kind="member",
        object_id=str(members.public_ids(member_ids=[member_id])[member_id]),
        size=abs(int(asked["amount"])),
        maker=actor,
        reason_code=str(asked["reason_code"]),
        note=note,
        note_key=members.subject_keys(member_ids=[member_id]).get(member_id) if note else None,
        at=at,
    )


def _adjusted(
    asked: Mapping[str, Any],
    *,
    actor: Actor,
    at: datetime,
    note: str | None = None,
    on_behalf_id: int | None = None,
) -> Posted:
    member_id, ends = int(asked["member_id"]), asked["expires_at"]
    posted = adjust_points(
        transfer_id=UUID(asked["transfer_id"]),
        member_id=member_id,
        amount=int(asked["amount"]),
        reason_code=int(asked["reason_code"]),
        at=at,
        expires_at=datetime.fromisoformat(ends) if ends else None,
        actor_id=actor.operator_id,
    )
    access.audit(
        actor=actor,
        action="points.adjust",
        object_kind="member",
        object_id=str(members.public_ids(member_ids=[member_id])[member_id]),
        at=at,
        reason_code=str(asked["reason_code"]),
        details={"transfer_id": asked["transfer_id"], "amount": int(asked["amount"])},
        note=note,
        note_key=members.subject_keys(member_ids=[member_id]).get(member_id) if note else None,
        on_behalf_id=on_behalf_id,
    )
    return posted
