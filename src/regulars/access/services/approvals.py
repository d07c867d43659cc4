"""Four eyes: propose, decide, withdraw, expire; what is approved is done exactly once.

How each kind is done is joined in `wiring`. It is done in the transaction of the decision; when
it is refused there, the approval has failed and says why.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from regulars.access import domain
from regulars.access.domain import (
    DECIDE,
    Actor,
    Approval,
    ApprovalState,
    Approved,
    AuditResult,
    Executor,
    FourEyes,
)
from regulars.access.selectors import approvals as selectors
from regulars.access.selectors import policies
from regulars.access.services import bells, sessions
from regulars.access.services.audit import audit, refusals_audited
from regulars.access.services.keys import find_live_key_actor
from regulars.kit.errors import Kind, Refusal
from regulars.kit.ids import time_ordered_uuid
from regulars.web import clock, crypto, sql
from regulars.web.permissions import PermissionMissing

_executors: dict[str, Executor] = {}


def install(executors: Mapping[str, Executor]) -> None:
    """Say how each kind is done and where it lies; `wiring` supplies it."""
    for kind in executors:
        domain.kind_named(kind)
    _executors.clear()
    _executors.update(executors)


def needs_approval(kind: str, *, actor: Actor, size: int, at: datetime) -> bool:
    """Tell whether an act of this size needs a second person before it is done.

    False: do it. True: propose it. Where limits go by role, raises AboveLimit when the policy
    rules a second person out, and NobodyCanApprove when there is none and the actor is not one
    who sets the limits. What the system does by clock or command line needs none.
    """
    known = domain.kind_named(kind)
    if actor.kind == "system":
        return False
    policy = policies.policy(at)
    limit = policy.limit_of(kind, domain.limit_roles(actor, kind))
    mode = policy.mode_of(kind)
    if size <= limit or (mode is FourEyes.NEVER and kind not in domain.LIMITED_BY_ROLE):
        return False
    if mode is FourEyes.NEVER:
        raise domain.AboveLimit(size=size, limit=limit)
    if mode is FourEyes.ALWAYS:
        return True
    deciders = selectors.list_deciders(kind=known.name, size=size, policy=policy, at=at)
    if any(staff_id != actor.person_id for staff_id in deciders):
        return True
    if kind in domain.LIMITED_BY_ROLE and not (
        actor.kind == "staff" and actor.may("settings.manage")
    ):
        raise domain.NobodyCanApprove(size=size, limit=limit)
    return False


def demand_alone(kind: str, *, actor: Actor, size: int, at: datetime) -> None:
    """Refuse an act that one person may not do alone. Raises ApprovalNeeded."""
    if needs_approval(kind, actor=actor, size=size, at=at):
        raise domain.ApprovalNeeded


@transaction.atomic
def propose(
    *,
    kind: str,
    payload: Mapping[str, Any],
    object_kind: str,
    object_id: str,
    maker: Actor,
    at: datetime,
    size: int = 0,
    reason_code: str | None = None,
    note: str | None = None,
    note_key: bytes | None = None,
) -> Approval:
    """Put an act before a second person. `payload` holds ids, codes and numbers, nobody's data.

    A `note` is kept encrypted in the audit log, under `note_key` where it tells of a member.
    Raises PermissionMissing, PayloadUnreadable.
    """
    known = domain.kind_named(kind)
    if not maker.may(known.permission):
        raise PermissionMissing(permission=known.permission)
    public_id = time_ordered_uuid(at)
    hours = policies.policy(at).approval_hours
    sql.run(
        "INSERT INTO access_approval (public_id, kind, payload, payload_hash, object_kind,"
        " object_id, size, reason_code, maker_kind, maker_id, maker_person_id, proposed_at,"
        " expires_at, state) VALUES (%s::uuid, %s::text, %s::jsonb, %s::bytea, %s::text,"
        " %s::text, %s::bigint, %s::text, %s::text, %s::bigint, %s::bigint, %s::timestamptz,"
        " %s::timestamptz + make_interval(hours => %s::int), 'waiting')",
        [
            public_id,
            kind,
            json.dumps(payload),
            _hash(public_id, kind, object_kind, object_id, payload),
            object_kind,
            object_id,
            size,
            reason_code,
            maker.kind,
            maker.id,
            maker.person_id,
            at,
            at,
            hours,
        ],
    )
    made = selectors.get_approval(public_id=public_id)
    _note(made, "approval.proposed", maker, at=at, note=note, note_key=note_key)
    bells.ring_for_deciders(made, at=at)
    return made


def decide(
    *,
    approval_id: UUID,
    checker: Actor,
    approve: bool,
    at: datetime,
    note: str | None = None,
    note_key: bytes | None = None,
    seen_hash: bytes | None = None,
) -> Approval:
    """Say yes or no to what another proposed; a yes is done at once, in this transaction.

    `seen_hash` is the hash of what the decider was shown. What is refused while it is done leaves
    the approval failed, with the refusal's code. Raises ApprovalNotFound, PermissionMissing,
    OwnApproval, CheckerNotPerson, CheckerLimit, ApprovalDecided, ApprovalChanged; each attempt
    that is refused is audited.
    """
    with refusals_audited(
        actor=checker,
        action="approval.decided",
        object_kind="approval",
        object_id=str(approval_id),
        at=at,
    ):
        return _decide(
            approval_id=approval_id,
            checker=checker,
            approve=approve,
            at=at,
            said=(note, note_key),
            seen_hash=seen_hash,
        )


@transaction.atomic
def _decide(
    *,
    approval_id: UUID,
    checker: Actor,
    approve: bool,
    at: datetime,
    said: tuple[str | None, bytes | None],
    seen_hash: bytes | None,
) -> Approval:
    approval = selectors.lock_approval(public_id=approval_id)
    at = clock.after_locks(at)
    check_reach(approval, checker)
    policy = policies.policy(at)
    domain.check_may_decide(approval, checker, approve=approve, policy=policy, at=at)
    _check_hash(approval, seen_hash)
    note, note_key = said
    action = "approval.approved" if approve else "approval.rejected"
    _note(approval, action, checker, at=at, note=note, note_key=note_key)
    if not approve:
        return _settle(approval, ApprovalState.REJECTED, checker=checker, at=at)
    return _executed(approval, checker, at=at)


@transaction.atomic
def withdraw(*, approval_id: UUID, actor: Actor, at: datetime) -> Approval:
    """Take a proposal of one's own back. Raises NotYourApproval, ApprovalDecided."""
    approval = selectors.lock_approval(public_id=approval_id)
    at = clock.after_locks(at)
    domain.check_may_withdraw(approval, actor, at=at)
    _note(approval, "approval.withdrawn", actor, at=at)
    return _settle(approval, ApprovalState.WITHDRAWN, checker=None, at=at)


@transaction.atomic
def expire_approvals(at: datetime) -> int:
    """Settle what waited too long; answers how many."""
    overdue = selectors.list_overdue(at=at)
    sql.run(
        "UPDATE access_approval SET state = 'expired', decided_at = %s::timestamptz"
        " WHERE id = ANY(%s::bigint[])",
        [at, [each.id for each in overdue]],
    )
    for each in overdue:
        _note(each, "approval.expired", Actor.system(), at=at)
    return len(overdue)


def within_reach(found: Sequence[Approval], actor: Actor) -> list[Approval]:
    """Keep the approvals an actor may decide about by permission and place, in their order."""
    kept: set[int] = set()
    for kind in {each.kind for each in found}:
        executor, permission = _executors.get(kind), domain.kind_named(kind).permission
        scope = actor.scope_for(DECIDE) & actor.scope_for(permission)
        if executor is not None and actor.may(DECIDE) and actor.may(permission):
            kept |= executor.within([each for each in found if each.kind == kind], scope)
    return [each for each in found if each.id in kept]


def list_waiting_for(*, actor: Actor, at: datetime, limit: int) -> list[Approval]:
    """List what waits for this person's decision, newest first; others' beyond reach left out."""
    if not actor.may(DECIDE):
        return []
    found = selectors.list_approvals(at=at, waiting=True, but_maker=actor.person_id, limit=limit)
    return within_reach(found, actor)


def may_see(found: Iterable[Approval], actor: Actor) -> list[Approval]:
    """Keep the approvals an actor may look at: their own, and those they may decide about."""
    listed = list(found)
    reached = {each.id for each in within_reach(listed, actor)}
    return [each for each in listed if each.id in reached or each.is_made_by(actor)]


def check_reach(approval: Approval, checker: Actor) -> None:
    """Refuse a decider without the permissions, or beyond whose reach the object lies."""
    for permission in (DECIDE, domain.kind_named(approval.kind).permission):
        if not checker.may(permission):
            raise PermissionMissing(permission=permission)
    if not within_reach([approval], checker):
        raise domain.ApprovalNotFound


def _executed(approval: Approval, checker: Actor, *, at: datetime) -> Approval:
    """Do what was approved; a refusal undoes what it had begun and stands as the outcome."""
    try:
        with transaction.atomic():
            maker = _maker_of(approval, at=at)
            approved = Approved(approval=approval, maker=maker, checker=checker, at=at)
            outcome = dict(_executors[approval.kind].execute(approved))
    except Refusal as no:
        if no.kind is Kind.TRY_LATER:
            raise
        facts = {"refusal": no.code, "text": no.reason, "facts": no.facts}
        _note(approval, "approval.executed", checker, at=at, refusal=no)
        state = ApprovalState.FAILED
        return _settle(approval, state, checker=checker, at=at, outcome=facts)
    _note(approval, "approval.executed", checker, at=at)
    return _settle(approval, ApprovalState.EXECUTED, checker=checker, at=at, outcome=outcome)


def _maker_of(approval: Approval, *, at: datetime) -> Actor:
    """Find the maker as they are now; refuses where they may not do it any more."""
    maker: Actor | None
    if approval.maker_kind == "system":
        return Actor.system()
    if approval.maker_kind == "staff":
        maker = sessions.find_actor(staff_id=approval.maker_id, at=at)
    else:
        maker = find_live_key_actor(key_id=approval.maker_id, at=at)
    permission = domain.kind_named(approval.kind).permission
    if maker is None or not maker.may(permission):
        raise domain.MakerGone
    scope = maker.scope_for(permission)
    if not _executors[approval.kind].within([approval], scope):
        raise domain.MakerGone
    return maker


def _check_hash(approval: Approval, seen_hash: bytes | None) -> None:
    is_now = _hash(
        approval.public_id,
        approval.kind,
        approval.object_kind,
        approval.object_id,
        approval.payload,
    )
    if is_now != approval.payload_hash or seen_hash not in (None, approval.payload_hash):
        raise domain.ApprovalChanged


def _hash(
    public_id: UUID, kind: str, object_kind: str, object_id: str, payload: Mapping[str, Any]
) -> bytes:
    """Sign what is proposed with the installation's key: who edits the table cannot sign it."""
    text = domain.canonical_payload(
        public_id=public_id,
        kind=kind,
        object_kind=object_kind,
        object_id=object_id,
        payload=payload,
    )
    return crypto.blind_index("access_approval.payload", text)


def _settle(
    approval: Approval,
    state: ApprovalState,
    *,
    checker: Actor | None,
    at: datetime,
    outcome: Mapping[str, Any] | None = None,
) -> Approval:
    sql.run(
        "UPDATE access_approval SET state = %s::text, decided_by = %s::bigint,"
        " decided_at = %s::timestamptz, outcome = %s::jsonb WHERE id = %s::bigint",
        [
            state.value,
            checker.id if checker else None,
            at,
            None if outcome is None else json.dumps(outcome, default=str),
            approval.id,
        ],
    )
    settled = selectors.get_approval(public_id=approval.public_id)
    if checker is not None:
        bells.ring_for_maker(settled, at=at)
    return settled


def _note(
    approval: Approval,
    action: str,
    actor: Actor,
    *,
    at: datetime,
    refusal: Refusal | None = None,
    note: str | None = None,
    note_key: bytes | None = None,
) -> None:
    details: dict[str, Any] = {
        "kind": approval.kind,
        "object_kind": approval.object_kind,
        "object_id": approval.object_id,
        "size": approval.size,
    }
    audit(
        actor=actor,
        action=action,
        object_kind="approval",
        object_id=str(approval.public_id),
        at=at,
        result=AuditResult.REFUSED if refusal else AuditResult.OK,
        reason_code=refusal.code if refusal else approval.reason_code,
        details=details,
        note=note,
        note_key=note_key,
    )
