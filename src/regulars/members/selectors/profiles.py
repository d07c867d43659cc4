"""Read one member whole: record, profile, identities, tags, consents, groups; masked by default."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from regulars.access.domain import Scope
from regulars.members.domain import (
    Consent,
    ConsentState,
    HeldIdentity,
    IdentityKind,
    Member,
    MemberNotFound,
    Profile,
    ProfileValue,
    Tag,
    TagSource,
    consent_states,
    survivor_profile,
)
from regulars.members.selectors import identities, people
from regulars.web import sql

_ALIASES = (
    "ARRAY(SELECT x.id FROM members_member x WHERE x.survivor_id = m.id AND x.survivor_id <> x.id"
    " ORDER BY x.id)"
)
_RECORD = (
    f"SELECT {people.COLUMNS}, {_ALIASES}, m.reason_code FROM members_member a"
    " JOIN members_member m ON m.id = a.survivor_id"
)
# Everything sealed, with the key that opens it.
_SEALED = """
SELECT 'value', v.field, '', v.plain, v.sealed, NULL::bytea, v.member_id, v.set_at, k.wrapped,
    0::bigint
FROM members_profilevalue v JOIN members_subjectkey k ON k.member_id = v.member_id
WHERE v.member_id = ANY(%s::bigint[])
UNION ALL
SELECT 'identity', i.kind, i.issuer, NULL, i.sealed, i.lookup, i.subject_id, i.linked_at,
    k.wrapped, i.id
FROM members_identity i JOIN members_subjectkey k ON k.member_id = i.subject_id
WHERE i.member_id = %s::bigint
"""
# What stands on a member, in one question: whoever draws a record asks for all of it.
_MARKS = """
SELECT 'tag', tag, source, '', tagged_at, expires_at, NULL::boolean, origin_id
FROM members_tag WHERE member_id = %s::bigint
    AND (expires_at IS NULL OR expires_at > %s::timestamptz)
UNION ALL
SELECT 'group', kind, code, '', since, NULL, NULL, id
FROM members_group WHERE member_id = %s::bigint AND until IS NULL
UNION ALL
(SELECT 'consent', purpose, policy_version, channel, at, recorded_at, granted, id
FROM members_consent WHERE member_id = ANY(%s::bigint[]))
"""


def get_profile(*, member_id: int, scope: Scope, at: datetime, reveal: bool = False) -> Profile:
    """Answer a member with profile, identities, tags, consents and groups.

    Personal values are masked; `reveal` is for services that have logged why. Raises
    MemberNotFound, also out of scope.
    """
    return _profile("a.id = %s::bigint", member_id, scope=scope, at=at, reveal=reveal)


def get_profile_by_public(*, public_id: UUID, scope: Scope, at: datetime) -> Profile:
    """Answer the masked profile of who stands for a public id; raises MemberNotFound."""
    return _profile("a.public_id = %s::uuid", public_id, scope=scope, at=at, reveal=False)


def _profile(condition: str, value: object, *, scope: Scope, at: datetime, reveal: bool) -> Profile:
    within, params = scope.condition("m.home_store_id", "m.associate_id")
    found = sql.row(f"{_RECORD} WHERE {condition} AND {within}", [value, *params])
    if found is None:
        raise MemberNotFound
    member = people.member_of(found[:9])
    return _read(member, (member.id, *found[9]), found[10], at=at, reveal=reveal)


def _read(
    member: Member, ids: tuple[int, ...], reason_code: str, *, at: datetime, reveal: bool
) -> Profile:
    sealed = sql.rows(_SEALED, [list(ids), member.id])
    words = _values(sealed)
    values = tuple(words if reveal else map(people.masked_value, words))
    chosen = survivor_profile(list(values), member_id=member.id)
    held = _identities(sealed)
    marks = sql.rows(_MARKS, [member.id, at, member.id, list(ids)])
    return Profile(
        member=member,
        profile={field: value.value for field, value in chosen.items()},
        identities=tuple(held if reveal else map(identities.masked, held)),
        tags=_tags(marks),
        consents=_consents(marks),
        groups=_groups(marks),
        revealed=reveal,
        aliases=ids,
        reason_code=reason_code,
        values=values,
        said_at={field: value.set_at for field, value in chosen.items()},
    )


def _values(sealed: Sequence[tuple[Any, ...]]) -> list[ProfileValue]:
    return [
        people.opened_value(field, plain, blob, member_id, set_at, wrapped)
        for _, field, _, plain, blob, _, member_id, set_at, wrapped, _ in _of("value", sealed)
    ]


def _identities(sealed: Sequence[tuple[Any, ...]]) -> list[HeldIdentity]:
    found = sorted(_of("identity", sealed), key=lambda one: (one[7], one[9]))
    return [
        HeldIdentity(
            IdentityKind(kind),
            issuer,
            identities.open_identity((lookup, blob, subject_id), key=bytes(wrapped)),
            linked_at,
            identity_id,
        )
        for _, kind, issuer, _, blob, lookup, subject_id, linked_at, wrapped, identity_id in found
    ]


def _tags(marks: Sequence[tuple[Any, ...]]) -> tuple[Tag, ...]:
    """Answer each word once, by word: the one that holds longest."""
    longest: dict[str, Tag] = {}
    for tag in (Tag(one[1], TagSource(one[2]), one[4], one[5]) for one in _of("tag", marks)):
        known = longest.get(tag.tag)
        if known is None or _holds_longer(tag, known):
            longest[tag.tag] = tag
    return tuple(longest[word] for word in sorted(longest))


def _holds_longer(tag: Tag, other: Tag) -> bool:
    if other.expires_at is None:
        return False
    return tag.expires_at is None or tag.expires_at > other.expires_at


def _consents(marks: Sequence[tuple[Any, ...]]) -> tuple[ConsentState, ...]:
    said = sorted(_of("consent", marks), key=lambda one: (one[5], one[7]))
    return consent_states(
        enumerate(Consent(one[1], one[2], one[6], one[4], one[3]) for one in said)
    )


def _groups(marks: Sequence[tuple[Any, ...]]) -> dict[str, tuple[str, ...]]:
    groups: dict[str, tuple[str, ...]] = {}
    for one in sorted(_of("group", marks), key=lambda one: one[1:3]):
        groups[one[1]] = (*groups.get(one[1], ()), one[2])
    return groups


def _of(kind: str, marks: Sequence[tuple[Any, ...]]) -> Iterable[tuple[Any, ...]]:
    return (one for one in marks if one[0] == kind)
