"""Four eyes: what one person proposes, another decides, and the house does exactly once.

What is decided is the payload as it was proposed: its hash is checked before it is done. A key
counts as the person who made it.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any
from uuid import UUID

from regulars.access.domain.policy import KEY_ROLE, LIMITED_BY_ROLE, Policy
from regulars.access.domain.scopes import Actor, Scope
from regulars.kit.errors import Kind, Refusal
from regulars.kit.messages import message

DECIDE = "approvals.decide"
PAYLOAD_BYTES_MAX = 16_384


class ApprovalState(StrEnum):
    """How far an approval has come."""

    WAITING = "waiting"
    EXECUTED = "executed"
    FAILED = "failed"  # approved, and refused when it was done
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


class ApprovalNotFound(Refusal):
    """No approval in sight has this id."""

    kind = Kind.NOT_FOUND
    reason = message("There is no such approval.")


class ApprovalDecided(Refusal):
    """Somebody was faster, or time was."""

    kind = Kind.CONFLICT
    reason = message("This is settled already. Nothing was done.")


class ApprovalChanged(Refusal):
    """What would be done is not what was proposed and shown."""

    kind = Kind.CONFLICT
    reason = message("What was proposed and what is kept differ. Nothing was done.")


class OwnApproval(Refusal):
    """Nobody decides about what they proposed themselves, by whatever means."""

    kind = Kind.DENIED
    reason = message("You proposed this yourself, or with a key of yours. Another person decides.")


class CheckerNotPerson(Refusal):
    """A key cannot decide."""

    kind = Kind.DENIED
    reason = message("A person decides about approvals, not an API key.")


class CheckerLimit(Refusal):
    """The size is above the decider's own limit."""

    kind = Kind.DENIED
    reason = message("This is {size}; you may decide about {limit} at most.")


class NotYourApproval(Refusal):
    """Only the maker withdraws."""

    kind = Kind.DENIED
    reason = message("Only the person who proposed this can withdraw it.")


class MakerGone(Refusal):
    """The maker was switched off or lost the permission before the decision."""

    kind = Kind.CONFLICT
    reason = message("Whoever proposed this may not do it any more. Nothing was done.")


class AboveLimit(Refusal):
    """The act is larger than the actor's limit, and the policy knows no second person for it."""

    kind = Kind.DENIED
    reason = message("This is {size}; you may do {limit} at most.")


class ApprovalNeeded(Refusal):
    """The act needs a second person; it is proposed, not done."""

    kind = Kind.CONFLICT
    reason = message("This needs a second person. Propose it.")


class NobodyCanApprove(Refusal):
    """The act is above the actor's limit and nobody else may decide about it."""

    kind = Kind.DENIED
    reason = message("This is above your limit of {limit}, and nobody else can approve it.")


class PayloadUnreadable(Refusal):
    """What is proposed is not plain JSON of a sensible size."""

    kind = Kind.INVALID
    reason = message("What is proposed is too large or cannot be kept.")


@dataclass(frozen=True, slots=True)
class ApprovalKind:
    """A kind of act that may need two people, and the permission both hold."""

    name: str
    title: str
    permission: str
    unit: str


APPROVAL_KINDS: Mapping[str, ApprovalKind] = MappingProxyType(
    {
        kind.name: kind
        for kind in (
            ApprovalKind(
                "points.adjust", message("Correct points"), "points.adjust", message("points")
            ),
            ApprovalKind(
                "role.grant", message("Give a role"), "staff.manage", message("strong permissions")
            ),
            ApprovalKind(
                "key.create", message("Make an API key"), "keys.manage", message("permissions")
            ),
            ApprovalKind("export", message("Export"), "exports.make", message("rows")),
            ApprovalKind(
                "member.erase", message("Erase members"), "members.erase", message("members")
            ),
            ApprovalKind(
                "policy.change",
                message("Change settings"),
                "settings.manage",
                message("settings made less strict"),
            ),
        )
    }
)

# What makes a role strong: giving it away needs a second person.
STRONG = frozenset(
    {
        "approvals.decide",
        "audit.read",
        "exports.make",
        "fields.manage",
        "imports.run",
        "keys.manage",
        "members.erase",
        "members.export",
        "members.reveal",
        "points.adjust",
        "points.earn",
        "privacy.manage",
        "retention.run",
        "roles.assign",
        "settings.manage",
        "sources.manage",
        "staff.manage",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """Something proposed, and what became of it. The payload holds ids, codes and numbers."""

    id: int
    public_id: UUID
    kind: str
    payload: dict[str, Any]
    payload_hash: bytes
    object_kind: str
    object_id: str
    size: int
    reason_code: str | None
    maker_kind: str
    maker_id: int
    maker_person_id: int | None
    proposed_at: datetime
    expires_at: datetime
    state: ApprovalState
    decided_by: int | None = None
    decided_at: datetime | None = None
    outcome: Mapping[str, Any] | None = None

    def state_at(self, at: datetime) -> ApprovalState:
        """Answer the state as it is now: what waits too long is over without anybody's help."""
        over = self.state is ApprovalState.WAITING and at >= self.expires_at
        return ApprovalState.EXPIRED if over else self.state

    def is_made_by(self, actor: Actor) -> bool:
        """Tell whether this person proposed it, themselves or with a key of theirs."""
        if self.maker_person_id is not None and self.maker_person_id == actor.person_id:
            return True
        return (self.maker_kind, self.maker_id) == (actor.kind, actor.id)


@dataclass(frozen=True, slots=True)
class Approved:
    """What an executor is given: the approval, who proposed it, who said yes, and when."""

    approval: Approval
    maker: Actor
    checker: Actor
    at: datetime


@dataclass(frozen=True, slots=True)
class Executor:
    """How a kind is done, and which approvals lie within a scope; joined in `wiring`.

    `execute` answers plain facts of what came of it, and refuses by raising. `within` answers
    the ids of those approvals whose object the scope covers.
    """

    execute: Callable[[Approved], Mapping[str, Any]]
    within: Callable[[Sequence[Approval], Scope], frozenset[int]]


def kind_named(name: str) -> ApprovalKind:
    """Find a kind; one that does not exist is the caller's mistake."""
    if name not in APPROVAL_KINDS:
        raise ValueError(f"{name} is not a kind of approval")
    return APPROVAL_KINDS[name]


def canonical_payload(
    *, public_id: UUID, kind: str, object_kind: str, object_id: str, payload: Mapping[str, Any]
) -> str:
    """Write what is proposed in the one form that is hashed; raises PayloadUnreadable."""
    said = {"id": str(public_id), "kind": kind, "on": [object_kind, object_id], "do": payload}
    try:
        text = json.dumps(said, sort_keys=True, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError) as error:
        raise PayloadUnreadable from error
    if len(text) > PAYLOAD_BYTES_MAX:
        raise PayloadUnreadable
    return text


def limit_roles(actor: Actor, kind: str) -> tuple[str, ...]:
    """List the roles by which an actor does this kind of act, as the limits name them."""
    if actor.kind == "key":
        return (KEY_ROLE,)
    permission = APPROVAL_KINDS[kind].permission
    return tuple(reach.role for reach in actor.reaches if permission in reach.permissions)


def check_may_withdraw(approval: Approval, actor: Actor, *, at: datetime) -> None:
    """Refuse to withdraw what is settled, or somebody else's."""
    if not approval.is_made_by(actor) and actor.kind != "system":
        raise NotYourApproval
    _check_waits(approval, at)


def check_may_decide(
    approval: Approval, checker: Actor, *, approve: bool, policy: Policy, at: datetime
) -> None:
    """Refuse a decider who is the maker, no person, or below the size; or a settled approval.

    Permission and reach are asked before; a rejection needs no limit of its own, an approval does.
    """
    if checker.kind != "staff":
        raise CheckerNotPerson
    if approval.is_made_by(checker):
        raise OwnApproval
    _check_waits(approval, at)
    limit = policy.limit_of(approval.kind, limit_roles(checker, approval.kind))
    if approve and not reaches_size(policy, approval.kind, limit=limit, size=approval.size):
        raise CheckerLimit(size=approval.size, limit=limit)


def reaches_size(policy: Policy, kind: str, *, limit: int, size: int) -> bool:
    """Tell whether a decider with this limit may decide: as large as that, or nobody's is higher.

    Kinds without limits by role are decided by whoever holds the permission.
    """
    if kind not in LIMITED_BY_ROLE:
        return True
    return limit >= min(size, policy.highest_limit(kind))


def _check_waits(approval: Approval, at: datetime) -> None:
    state = approval.state_at(at)
    if state is not ApprovalState.WAITING:
        raise ApprovalDecided(state=state.value)
