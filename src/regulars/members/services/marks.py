"""Write marks: tags, groups, consents, freezing. Sets in, sets out."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from django.db import transaction

from regulars.access import services as access
from regulars.access.domain import Actor
from regulars.events import services as events
from regulars.events.domain import Fact
from regulars.members.domain import (
    Consent,
    GroupRow,
    MemberErased,
    MemberFrozen,
    MemberMerged,
    MemberNotFound,
    Status,
    TagSource,
    check_consent,
    clean_tag,
)
from regulars.web import sql


class TagRow(NamedTuple):
    """A word to be put on a member, until when it holds."""

    member_id: int
    tag: str
    expires_at: datetime | None = None


class ConsentRow(NamedTuple):
    """A consent to be recorded for a member."""

    member_id: int
    consent: Consent
    source_id: int | None = None


@transaction.atomic
def tag(*, rows: Sequence[TagRow], source: TagSource, at: datetime) -> int:
    """Put tags on members; said again it only moves the expiry. Answers how many members changed.

    Raises TagInvalid.
    """
    return len(add_tags(rows, source=source, at=at))


def add_tags(rows: Sequence[TagRow], *, source: TagSource, at: datetime) -> set[int]:
    """Put tags on members inside the running transaction; answer whose tags changed."""
    wanted = {(row.member_id, clean_tag(row.tag)): row for row in rows}
    ordered = sorted(wanted)
    found = sql.rows(
        "INSERT INTO members_tag (member_id, origin_id, tag, source, tagged_at, expires_at)"
        " SELECT t.member_id, t.member_id, t.tag, %s::text, %s::timestamptz, t.expires_at"
        " FROM unnest(%s::bigint[], %s::text[], %s::timestamptz[]) AS t(member_id, tag, expires_at)"
        " ON CONFLICT (member_id, origin_id, tag) DO UPDATE SET source = excluded.source,"
        " expires_at = excluded.expires_at"
        " WHERE members_tag.expires_at IS DISTINCT FROM excluded.expires_at"
        " RETURNING member_id",
        [
            source.value,
            at,
            [member_id for member_id, _ in ordered],
            [word for _, word in ordered],
            [wanted[key].expires_at for key in ordered],
        ],
    )
    return _say_tagged([member_id for (member_id,) in found], source, at, added=True)


@transaction.atomic
def untag(*, rows: Sequence[TagRow], source: TagSource, at: datetime) -> int:
    """Take tags off members, whoever set them. Answers how many members changed."""
    found = sql.rows(
        "DELETE FROM members_tag m USING unnest(%s::bigint[], %s::text[]) AS t(member_id, tag)"
        " WHERE m.member_id = t.member_id AND m.tag = t.tag RETURNING m.member_id",
        [[row.member_id for row in rows], [clean_tag(row.tag) for row in rows]],
    )
    return len(_say_tagged([member_id for (member_id,) in found], source, at, added=False))


def _say_tagged(
    touched: Sequence[int], source: TagSource, at: datetime, *, added: bool
) -> set[int]:
    counts = {member_id: touched.count(member_id) for member_id in sorted(set(touched))}
    facts = [
        Fact(
            type="member.tagged",
            occurred_at=at,
            facts={
                "source": source.value,
                "added": count if added else 0,
                "removed": 0 if added else count,
            },
            member_id=member_id,
        )
        for member_id, count in counts.items()
    ]
    if facts:
        events.append(facts, at=at)
    return set(counts)


@transaction.atomic
def set_groups(*, rows: Sequence[GroupRow]) -> int:
    """Write the projection of tiers, plans and segments; answers how many rows changed.

    A row without `until` enters the group at `since`; entering a tier or plan leaves the one
    before at that moment. A row with `until` ends the stay. Said again it changes nothing.
    """
    entering = {(row.member_id, row.kind, row.group): row for row in rows if row.until is None}
    leaving = [row for row in rows if row.until is not None]
    changed = _leave(leaving) + _leave_exclusive(list(entering.values()))
    ordered = [entering[key] for key in sorted(entering)]
    return changed + sql.run(
        "INSERT INTO members_group (member_id, kind, code, since) SELECT * FROM"
        " unnest(%s::bigint[], %s::text[], %s::text[], %s::timestamptz[]) ON CONFLICT DO NOTHING",
        [
            [row.member_id for row in ordered],
            [row.kind.value for row in ordered],
            [row.group for row in ordered],
            [row.since for row in ordered],
        ],
    )


def _leave(rows: Sequence[GroupRow]) -> int:
    if not rows:
        return 0
    return sql.run(
        "UPDATE members_group g SET until = x.until FROM unnest(%s::bigint[], %s::text[],"
        " %s::text[], %s::timestamptz[]) AS x(member_id, kind, code, until)"
        " WHERE g.member_id = x.member_id AND g.kind = x.kind AND g.code = x.code"
        " AND g.until IS NULL",
        [
            [row.member_id for row in rows],
            [row.kind.value for row in rows],
            [row.group for row in rows],
            [row.until for row in rows],
        ],
    )


def _leave_exclusive(rows: Sequence[GroupRow]) -> int:
    rows = [row for row in rows if row.kind.is_exclusive]
    if not rows:
        return 0
    return sql.run(
        "UPDATE members_group g SET until = GREATEST(x.since, g.since) FROM unnest(%s::bigint[],"
        " %s::text[], %s::text[], %s::timestamptz[]) AS x(member_id, kind, code, since)"
        " WHERE g.member_id = x.member_id AND g.kind = x.kind AND g.code <> x.code"
        " AND g.until IS NULL",
        [
            [row.member_id for row in rows],
            [row.kind.value for row in rows],
            [row.group for row in rows],
            [row.since for row in rows],
        ],
    )


@transaction.atomic
def record_consents(*, rows: Sequence[ConsentRow], at: datetime) -> int:
    """Add to the consent ledger; the same word said again is one word. Answers how many are new.

    Raises ConsentInvalid.
    """
    return len(append_consents(rows, at=at))


def append_consents(rows: Sequence[ConsentRow], *, at: datetime) -> set[int]:
    """Add to the consent ledger inside the running transaction; answer whose changed."""
    for row in rows:
        check_consent(row.consent)
    rows = sorted(rows, key=lambda row: (row.member_id, row.consent.purpose, row.consent.at))
    ids = sql.take_ids("members_consent_seq", len(rows))
    found = sql.rows(
        "INSERT INTO members_consent (id, member_id, purpose, channel, policy_version, text_hash,"
        " granted, at, source_id, recorded_at) SELECT c.*, %s::timestamptz FROM"
        " unnest(%s::bigint[], %s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[],"
        " %s::boolean[], %s::timestamptz[], %s::bigint[]) AS c"
        " ON CONFLICT DO NOTHING RETURNING id",
        [
            at,
            ids,
            [row.member_id for row in rows],
            [row.consent.purpose for row in rows],
            [row.consent.channel for row in rows],
            [row.consent.policy_version for row in rows],
            [row.consent.text_hash for row in rows],
            [row.consent.granted for row in rows],
            [row.consent.at for row in rows],
            [row.source_id for row in rows],
        ],
    )
    written = {consent_id for (consent_id,) in found}
    fresh = [row for consent_id, row in zip(ids, rows, strict=True) if consent_id in written]
    facts = [
        Fact(
            type="consent.recorded",
            occurred_at=row.consent.at,
            facts={
                "purpose": row.consent.purpose,
                "channel": row.consent.channel,
                "granted": row.consent.granted,
                "policy_version": row.consent.policy_version,
            },
            member_id=row.member_id,
            source_id=row.source_id,
        )
        for row in fresh
    ]
    if facts:
        events.append(facts, at=at)
    return {row.member_id for row in fresh}


@transaction.atomic
def freeze(*, member_id: int, reason_code: str, at: datetime, actor: Actor) -> bool:
    """Freeze a member: nothing is earned or spent until unfrozen. False where it already is.

    Raises MemberNotFound, MemberMerged, MemberErased.
    """
    return _change_status(member_id, Status.FROZEN, reason_code=reason_code, at=at, actor=actor)


@transaction.atomic
def unfreeze(*, member_id: int, reason_code: str, at: datetime, actor: Actor) -> bool:
    """Let a frozen member take part again. False where nothing was frozen.

    Raises MemberNotFound, MemberMerged, MemberErased.
    """
    return _change_status(member_id, Status.ACTIVE, reason_code=reason_code, at=at, actor=actor)


def _change_status(
    member_id: int, wanted: Status, *, reason_code: str, at: datetime, actor: Actor
) -> bool:
    found = sql.row(
        "SELECT status, public_id FROM members_member WHERE id = %s::bigint FOR NO KEY UPDATE",
        [member_id],
    )
    if found is None:
        raise MemberNotFound
    check_living(Status(found[0]), member_id=member_id)
    if found[0] == wanted.value:
        return False
    sql.run(
        "UPDATE members_member SET status = %s::text, reason_code = %s::text WHERE id = %s::bigint",
        [wanted.value, reason_code if wanted is Status.FROZEN else "", member_id],
    )
    frozen = wanted is Status.FROZEN
    name = "member.frozen" if frozen else "member.unfrozen"
    access.audit(
        actor=actor,
        action="members.freeze" if frozen else "members.unfreeze",
        object_kind="member",
        object_id=str(found[1]),
        at=at,
        reason_code=reason_code,
    )
    facts = {"reason_code": reason_code} if frozen else {}
    events.append([Fact(type=name, occurred_at=at, facts=facts, member_id=member_id)], at=at)
    return True


def check_living(status: Status, *, member_id: int, frozen_too: bool = True) -> None:
    """Refuse a member who is gone, and where asked one who is frozen."""
    match status:
        case Status.MERGED:
            raise MemberMerged(member_id=member_id)
        case Status.ERASED:
            raise MemberErased(member_id=member_id)
        case Status.FROZEN:
            if not frozen_too:
                raise MemberFrozen(member_id=member_id)
        case Status.ACTIVE:
            return
