"""Acts on one member that touch more than one app, or that only the console audits."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction

from regulars.access import services as access
from regulars.access.domain import Actor
from regulars.members import services as members
from regulars.members.domain import Consent, TagSource
from regulars.web import sql

ACTS = 0x41435453  # "ACTS": our corner of the advisory locks


def hold_member(*, member_id: int) -> None:
    """Let no other act of the console on this member happen until this transaction ends.

    So what a preview promised is compared with what stands, and nobody comes in between.
    """
    sql.rows("SELECT pg_advisory_xact_lock(%s::int, hashint8(%s::bigint))", [ACTS, member_id])


@transaction.atomic
def tag_member(
    *,
    member_id: int,
    public_id: UUID,
    tags: Sequence[str],
    until: datetime | None,
    at: datetime,
    actor: Actor,
) -> int:
    """Put tags on a member by hand and say so in the log; answers how many were put."""
    rows = [members.TagRow(member_id, tag, until) for tag in tags]
    members.tag(rows=rows, source=TagSource.MANUAL, at=at)
    _audit(actor, "members.tag", public_id, at=at, details={"added": len(rows)})
    return len(rows)


@transaction.atomic
def untag_member(*, member_id: int, public_id: UUID, tag: str, at: datetime, actor: Actor) -> int:
    """Take a tag off a member and say so in the log; answers whether it was there."""
    gone = members.untag(rows=[members.TagRow(member_id, tag)], source=TagSource.MANUAL, at=at)
    _audit(actor, "members.untag", public_id, at=at, details={"removed": gone})
    return gone


@transaction.atomic
def record_consent(
    *, member_id: int, public_id: UUID, consent: Consent, at: datetime, actor: Actor
) -> int:
    """Write down what a member says about one purpose, and who wrote it; answers if it is new."""
    fresh = members.record_consents(rows=[members.ConsentRow(member_id, consent)], at=at)
    _audit(
        actor,
        "members.consent",
        public_id,
        at=at,
        details={
            "purpose": consent.purpose,
            "policy_version": consent.policy_version,
            "granted": consent.granted,
        },
    )
    return fresh


def _audit(
    actor: Actor, action: str, public_id: UUID, *, at: datetime, details: dict[str, object]
) -> None:
    access.audit(
        actor=actor,
        action=action,
        object_kind="member",
        object_id=str(public_id),
        at=at,
        details=details,
    )
