"""Change one member: profile, home, identities, and the policy by which members are known."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import orjson
from django.db import transaction

from regulars.access import services as access
from regulars.access.domain import Actor
from regulars.events import services as events
from regulars.events.domain import Fact
from regulars.members.domain import (
    Claim,
    Identity,
    IdentityErased,
    IdentityKind,
    IdentityUnknown,
    Link,
    MatchPolicy,
    TooManyIdentities,
    check_seen,
    clean_value,
    index_column,
    normalise,
)
from regulars.members.selectors import identities, people
from regulars.members.services import resolve, words
from regulars.members.services.marks import check_living
from regulars.members.services.merges import lock_members, lock_row
from regulars.web import crypto, sql


class LinkOutcome(StrEnum):
    """What came of linking an identity."""

    LINKED = "linked"
    EXISTS = "exists"
    SUGGESTED = "suggested"


@dataclass(frozen=True, slots=True)
class Home:
    """Where a member belongs; None leaves it as it is."""

    store_id: int | None = None
    associate_id: int | None = None


@transaction.atomic
def update_profile(
    *,
    member_id: int,
    values: Mapping[str, str | None],
    at: datetime,
    actor: Actor,
    home: Home | None = None,
    seen: Mapping[str, datetime | None] | None = None,
) -> tuple[str, ...]:
    """Set declared profile fields; None or an empty value takes one away. Answers what changed.

    `seen` says when each field was said as the caller last read it: a field that somebody has
    said anew since is not overwritten. Raises FieldUnknown, FieldInvalid, ProfileChanged,
    MemberNotFound, MemberMerged, MemberErased.
    """
    said = [
        words.Word(member_id, field, clean_value(field, value or ""), at)
        for field, value in values.items()
    ]
    member = lock_row(member_id)
    check_living(member.status, member_id=member_id)
    if seen is not None:
        check_seen(seen, people.said_at(member_id=member_id), fields=values)
    changed = words.write_words(said).get(member_id, ())
    if home and _move(member_id, home):
        changed = (*changed, "home")
    if changed:
        access.audit(
            actor=actor,
            action="members.update",
            object_kind="member",
            object_id=str(member.public_id),
            at=at,
            details={"fields": ",".join(changed)},
        )
        _append("member.updated", member_id, {"fields": list(changed)}, at=at)
    return changed


def _move(member_id: int, home: Home) -> bool:
    return bool(
        sql.run(
            "UPDATE members_member SET home_store_id = COALESCE(%s::bigint, home_store_id),"
            " associate_id = COALESCE(%s::bigint, associate_id) WHERE id = %s::bigint"
            " AND (home_store_id IS DISTINCT FROM COALESCE(%s::bigint, home_store_id)"
            " OR associate_id IS DISTINCT FROM COALESCE(%s::bigint, associate_id))",
            [home.store_id, home.associate_id, member_id, home.store_id, home.associate_id],
        )
    )


@transaction.atomic
def link_identity(
    *,
    member_id: int,
    identity: Identity,
    at: datetime,
    actor: Actor,
    source_id: int | None = None,
    with_new_consent: bool = False,
) -> LinkOutcome:
    """Link one identity to a member; if somebody else holds it, suggest a merge instead.

    Raises IdentityMasked, IdentityInvalid, TooManyIdentities, IdentityErased (an erased identity
    comes back only `with_new_consent`), MemberNotFound, MemberMerged, MemberErased.
    """
    value = normalise(identity.kind, identity.value)
    lookup = crypto.blind_index(index_column(identity.kind, identity.issuer), value)
    (member,) = lock_members([member_id], also=[lookup])
    check_living(member.status, member_id=member_id)
    policy = identities.get_policy()
    holder = identities.holders(lookups=[lookup]).get(lookup)
    if holder is not None:
        return _already_held(holder.member_id, member_id, identity, at=at)
    held = identities.count_held(member_ids=[member_id])[member_id, identity.kind]
    if held >= policy.cap(identity.kind):
        raise TooManyIdentities(identity_kind=identity.kind.value, cap=policy.cap(identity.kind))
    if identities.erased_at(lookups=[lookup]):
        if not with_new_consent:
            raise IdentityErased(identity_kind=identity.kind.value)
        sql.run(
            "DELETE FROM members_tombstone WHERE digest = %s::bytea",
            [identities.tombstone_of(lookup)],
        )
    claim = Claim(lookup, identity.kind, identity.issuer, value)
    resolve.write_links(
        [Link(claim, member_id, member_id, source_id, at)],
        keys=identities.subject_keys(member_ids=[member_id]),
    )
    _audit_identity(actor, "members.link", str(member.public_id), identity, at=at)
    _append("member.linked", member_id, {"kinds": [identity.kind.value]}, at=at)
    return LinkOutcome.LINKED


def _already_held(
    holder_id: int, member_id: int, identity: Identity, *, at: datetime
) -> LinkOutcome:
    if holder_id == member_id:
        return LinkOutcome.EXISTS
    pair = (min(holder_id, member_id), max(holder_id, member_id))
    fresh = resolve.write_suggestions({pair: f"shared_{identity.kind}"}, at=at)
    if fresh:
        events.append(fresh, at=at)
    return LinkOutcome.SUGGESTED


@transaction.atomic
def unlink_identity(*, member_id: int, identity: Identity, at: datetime, actor: Actor) -> None:
    """Take an identity off a member. Raises IdentityUnknown where the member has no such one."""
    lookup = identities.lookup_of(identity)
    member = lock_row(member_id)
    gone = sql.run(
        "DELETE FROM members_identity WHERE lookup = %s::bytea AND member_id = %s::bigint",
        [lookup, member_id],
    )
    if not gone:
        raise IdentityUnknown
    _audit_identity(actor, "members.unlink", str(member.public_id), identity, at=at)
    _append("member.unlinked", member_id, {"kinds": [identity.kind.value]}, at=at)


@transaction.atomic
def unlink_held(*, member_id: int, identity_id: int, at: datetime, actor: Actor) -> IdentityKind:
    """Take an identity off a member by its id, for whoever sees it masked; answers its kind.

    Raises IdentityUnknown where the member holds no such one, MemberNotFound.
    """
    member = lock_row(member_id)
    found = sql.rows(
        "DELETE FROM members_identity WHERE id = %s::bigint AND member_id = %s::bigint"
        " RETURNING kind, issuer",
        [identity_id, member_id],
    )
    if not found:
        raise IdentityUnknown
    identity = Identity(IdentityKind(found[0][0]), "", found[0][1])
    _audit_identity(actor, "members.unlink", str(member.public_id), identity, at=at)
    _append("member.unlinked", member_id, {"kinds": [identity.kind.value]}, at=at)
    return identity.kind


@transaction.atomic
def set_policy(*, policy: MatchPolicy, at: datetime, actor: Actor) -> None:
    """Change how members are recognised from now on; what is linked stays linked."""
    caps = {kind.value: cap for kind, cap in sorted(policy.caps.items())}
    sql.run(
        "UPDATE members_policy SET match_order = %s::jsonb, caps = %s::jsonb,"
        " enrol_on_first_order = %s::boolean, changed_at = %s::timestamptz WHERE id = 1",
        [
            orjson.dumps([kind.value for kind in policy.match_order]).decode(),
            orjson.dumps(caps).decode(),
            policy.enrol_on_first_order,
            at,
        ],
    )
    access.audit(
        actor=actor,
        action="members.set_policy",
        object_kind="policy",
        object_id="1",
        at=at,
        details={"match_order": ",".join(policy.match_order), **caps},
    )


def _audit_identity(
    actor: Actor, action: str, public_id: str, identity: Identity, *, at: datetime
) -> None:
    access.audit(
        actor=actor,
        action=action,
        object_kind="member",
        object_id=public_id,
        at=at,
        details={"kind": identity.kind.value},
    )


def _append(name: str, member_id: int, facts: dict[str, object], *, at: datetime) -> None:
    events.append([Fact(type=name, occurred_at=at, facts=facts, member_id=member_id)], at=at)
