"""Privacy: reveal with a logged reason, export everything, erase for good."""

import re
from collections.abc import Collection, Sequence
from datetime import datetime

from django.db import transaction

from regulars.access import services as access
from regulars.access.domain import Actor, Scope
from regulars.events import services as events
from regulars.events.domain import Fact
from regulars.members.domain import (
    ExportRow,
    GroupKind,
    Member,
    MemberErased,
    Profile,
    ReasonMissing,
    Status,
    SubjectExport,
)
from regulars.members.selectors import identities, marks, people, profiles
from regulars.members.services.merges import lock_members
from regulars.web import sql

_REASON = re.compile(r"[a-z0-9][a-z0-9_.:-]{0,63}")


@transaction.atomic
def reveal(
    *, member_id: int, scope: Scope, reason_code: str, at: datetime, actor: Actor
) -> Profile:
    """Answer a member unmasked; who looked, when and why is in the audit log first.

    Raises ReasonMissing, MemberNotFound (also out of scope), SealBroken.
    """
    check_reason(reason_code)
    member = people.get_member(member_id=member_id, scope=scope)
    _audit(actor, "members.reveal", member, at=at, reason_code=reason_code)
    return profiles.get_profile(member_id=member.id, scope=scope, at=at, reveal=True)


@transaction.atomic
def export(
    *, member_id: int, scope: Scope, reason_code: str, at: datetime, actor: Actor
) -> SubjectExport:
    """Answer everything personal this app holds about a member, its merged records included.

    Raises ReasonMissing, MemberNotFound, MemberErased.
    """
    check_reason(reason_code)
    member = people.get_member(member_id=member_id, scope=scope)
    if member.status is Status.ERASED:
        raise MemberErased(member_id=member.id)
    _audit(actor, "members.export", member, at=at, reason_code=reason_code)
    ids = people.aliases(member_id=member.id)
    return SubjectExport(
        public_id=str(member.public_id),
        number=member.number,
        exported_at=at,
        rows=(*_about(member, ids), *_identities(member), *_profile(ids), *_marks(member, ids, at)),
    )


def _about(member: Member, ids: Sequence[int]) -> list[ExportRow]:
    rows = [
        ExportRow("member", "number", member.number, member.joined_at),
        ExportRow("member", "status", member.status.value),
        ExportRow("member", "joined_at", member.joined_at.isoformat()),
    ]
    merged = people.public_ids(member_ids=ids[1:])
    return rows + [ExportRow("member", "merged_record", str(one)) for one in merged.values()]


def _identities(member: Member) -> list[ExportRow]:
    held = identities.held_identities(member_ids=[member.id]).get(member.id, [])
    return [
        ExportRow(
            "identities",
            f"{one.kind}:{one.issuer}" if one.issuer else one.kind.value,
            one.value,
            one.linked_at,
        )
        for one in held
    ]


def _profile(ids: Sequence[int]) -> list[ExportRow]:
    values = people.profile_values(member_ids=ids)
    return [ExportRow("profile", value.field, value.value, value.set_at) for value in values]


def _marks(member: Member, ids: Sequence[int], at: datetime) -> list[ExportRow]:
    rows = [
        ExportRow("tags", tag.source.value, tag.tag, tag.tagged_at)
        for tag in marks.tags_of(member_id=member.id, at=at)
    ]
    for kind in GroupKind:
        rows += [
            ExportRow("groups", kind.value, row.group, row.since)
            for row in marks.list_groups(member_ids=ids, kind=kind.value)
        ]
    rows += [
        ExportRow(
            "consents",
            f"{consent.purpose}:{consent.channel}" if consent.channel else consent.purpose,
            f"{'granted' if consent.granted else 'withdrawn'} {consent.policy_version}",
            consent.at,
        )
        for consent in marks.consent_history(member_ids=ids)
    ]
    return rows


@transaction.atomic
def erase(*, member_id: int, at: datetime, actor: Actor, reason_code: str) -> tuple[int, ...]:
    """Erase the person behind a member: every record merged into it goes too.

    Live data, indexes and keys are destroyed; tombstones keep the identities from coming back
    without a new consent; ids, orders, consents and the ledger stay, naming nobody. The balance
    is closed by the ledger in the same transaction. Answers the ids that were erased. Raises
    ReasonMissing, MemberNotFound, MemberErased.
    """
    check_reason(reason_code)
    survivor_id = people.survivors(member_ids=[member_id]).get(member_id, member_id)
    (member,) = lock_members([survivor_id])
    if member.status in {Status.ERASED, Status.MERGED}:
        raise MemberErased(member_id=member_id)
    ids = people.aliases(member_id=member.id)
    held = _bury_identities(ids, at=at)
    sql.run(
        "UPDATE members_member SET status = 'erased', associate_id = NULL,"
        " reason_code = %s::text, ended_at = %s::timestamptz WHERE id = ANY(%s::bigint[])",
        [reason_code, at, list(ids)],
    )
    events.forget_members(member_ids=ids, names=held, at=at)
    _audit(actor, "members.erase", member, at=at, reason_code=reason_code)
    facts = {"member_ids": list(ids), "reason_code": reason_code}
    events.append(
        [Fact(type="member.erased", occurred_at=at, facts=facts, member_id=member.id)], at=at
    )
    _wipe(ids)  # last: those who hear of it look up what they keep by what the member held
    return ids


def _bury_identities(ids: Sequence[int], *, at: datetime) -> list[bytes]:
    """Leave a tombstone for every identity; answers their blind indexes."""
    held = sql.rows(
        "SELECT lookup, kind FROM members_identity WHERE member_id = ANY(%s::bigint[])",
        [list(ids)],
    )
    buried = sorted((identities.tombstone_of(bytes(lookup)), kind) for lookup, kind in held)
    sql.run(
        "INSERT INTO members_tombstone (digest, kind, erased_at) SELECT t.digest, t.kind,"
        " %s::timestamptz FROM unnest(%s::bytea[], %s::text[]) AS t(digest, kind)"
        " ON CONFLICT (digest) DO UPDATE SET erased_at = excluded.erased_at",
        [at, [digest for digest, _ in buried], [kind for _, kind in buried]],
    )
    return [bytes(lookup) for lookup, _ in held]


def _wipe(ids: Sequence[int]) -> None:
    """Delete everything personal of these members, in one statement."""
    sql.run(
        "WITH who AS (SELECT unnest(%s::bigint[]) AS id),"
        " i AS (DELETE FROM members_identity WHERE member_id IN (SELECT id FROM who)),"
        " v AS (DELETE FROM members_profilevalue WHERE member_id IN (SELECT id FROM who)),"
        " t AS (DELETE FROM members_tag WHERE member_id IN (SELECT id FROM who)),"
        " g AS (DELETE FROM members_group WHERE member_id IN (SELECT id FROM who)),"
        " s AS (DELETE FROM members_mergesuggestion WHERE low_id IN (SELECT id FROM who)"
        " OR high_id IN (SELECT id FROM who)),"
        " r AS (UPDATE members_privacyrequest SET note = NULL"
        " WHERE member_id IN (SELECT id FROM who))"
        " DELETE FROM members_subjectkey WHERE member_id IN (SELECT id FROM who)",
        [list(ids)],
    )


@transaction.atomic
def withdraw_members(
    *, batch_id: int, at: datetime, keep: Collection[int] = frozenset()
) -> tuple[int, ...]:
    """Undo the enrolments of an import batch: members it made who have nothing else.

    `keep` names those who have orders or money by now. No tombstones: the same file may come
    again. Answers the ids that were withdrawn.
    """
    found = sql.rows(
        "SELECT id FROM members_member WHERE batch_id = %s::bigint AND status = 'active'"
        " AND survivor_id = id AND id <> ALL(%s::bigint[]) AND NOT EXISTS"
        " (SELECT 1 FROM members_merge g WHERE g.winner_id = members_member.id) ORDER BY id",
        [batch_id, list(keep)],
    )
    ids = tuple(member_id for (member_id,) in found)
    if not ids:
        return ()
    lock_members(ids)
    _wipe(ids)
    sql.run(
        "UPDATE members_member SET status = 'erased', reason_code = 'import_undone',"
        " ended_at = %s::timestamptz WHERE id = ANY(%s::bigint[])",
        [at, list(ids)],
    )
    events.append(
        [
            Fact(
                type="member.withdrawn",
                occurred_at=at,
                facts={"batch_id": batch_id},
                member_id=member_id,
                batch_id=batch_id,
            )
            for member_id in ids
        ],
        at=at,
    )
    return ids


def check_reason(reason_code: str) -> None:
    """Refuse a reason that is no code. Raises ReasonMissing."""
    if not _REASON.fullmatch(reason_code):
        raise ReasonMissing


def _audit(actor: Actor, action: str, member: Member, *, at: datetime, reason_code: str) -> None:
    access.audit(
        actor=actor,
        action=action,
        object_kind="member",
        object_id=str(member.public_id),
        at=at,
        reason_code=reason_code,
    )
