"""Read marks: tags, groups and the consents that stand."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from regulars.members.domain import (
    Consent,
    ConsentProof,
    ConsentState,
    GroupKind,
    GroupRow,
    Tag,
    TagSource,
    consent_states,
)
from regulars.web import sql


def tags_of(*, member_id: int, at: datetime) -> tuple[Tag, ...]:
    """Answer the tags that hold on a survivor, each word once, by word."""
    found = sql.rows(
        "SELECT DISTINCT ON (tag) tag, source, tagged_at, expires_at FROM members_tag"
        " WHERE member_id = %s::bigint AND (expires_at IS NULL OR expires_at > %s::timestamptz)"
        " ORDER BY tag, expires_at DESC NULLS FIRST",
        [member_id, at],
    )
    return tuple(Tag(tag, TagSource(source), since, until) for tag, source, since, until in found)


def groups_of(*, member_ids: Iterable[int], kind: str) -> dict[int, str]:
    """Answer the one group of an exclusive kind (tier, plan) that each member is in."""
    return dict(
        sql.rows(
            "SELECT member_id, code FROM members_group WHERE member_id = ANY(%s::bigint[])"
            " AND kind = %s::text AND until IS NULL",
            [list(member_ids), GroupKind(kind).value],
        )
    )


def current_groups(*, member_id: int) -> dict[str, tuple[str, ...]]:
    """Answer the groups a member is in, by kind."""
    groups: dict[str, tuple[str, ...]] = {}
    for kind, group in sql.rows(
        "SELECT kind, code FROM members_group WHERE member_id = %s::bigint AND until IS NULL"
        " ORDER BY kind, code",
        [member_id],
    ):
        groups[kind] = (*groups.get(kind, ()), group)
    return groups


def count_groups(*, kind: str) -> dict[str, int]:
    """Count the members in each group of a kind."""
    return dict(
        sql.rows(
            "SELECT code, count(*) FROM members_group WHERE kind = %s::text AND until IS NULL"
            " GROUP BY code ORDER BY code",
            [GroupKind(kind).value],
        )
    )


def list_groups(*, member_ids: Sequence[int], kind: str) -> list[GroupRow]:
    """Answer every stay of these members in groups of a kind, oldest first."""
    found = sql.rows(
        "SELECT member_id, kind, code, since, until FROM members_group"
        " WHERE member_id = ANY(%s::bigint[]) AND kind = %s::text ORDER BY since, id",
        [list(member_ids), GroupKind(kind).value],
    )
    return [GroupRow(one[0], GroupKind(one[1]), *one[2:]) for one in found]


def consent_history(*, member_ids: Sequence[int]) -> list[Consent]:
    """Answer everything these ids agreed to and withdrew, in the order it was recorded."""
    found = sql.rows(
        "SELECT purpose, policy_version, granted, at, channel, text_hash FROM members_consent"
        " WHERE member_id = ANY(%s::bigint[]) ORDER BY recorded_at, id",
        [list(member_ids)],
    )
    return [Consent(*one) for one in found]


def list_consents(*, member_ids: Sequence[int], limit: int = 200) -> list[ConsentProof]:
    """Answer what these ids agreed to and withdrew with its proof, the last word first."""
    found = sql.rows(
        "SELECT purpose, policy_version, granted, at, channel, text_hash, member_id, source_id,"
        " recorded_at, id FROM members_consent WHERE member_id = ANY(%s::bigint[])"
        " ORDER BY at DESC, recorded_at DESC, id DESC LIMIT %s::int",
        [list(member_ids), limit],
    )
    return [ConsentProof(Consent(*one[:6]), *one[6:]) for one in found]


def list_stays(*, member_ids: Sequence[int], limit: int = 200) -> list[GroupRow]:
    """Answer every stay of these members in groups of any kind, those that last first."""
    found = sql.rows(
        "SELECT member_id, kind, code, since, until FROM members_group"
        " WHERE member_id = ANY(%s::bigint[])"
        " ORDER BY until DESC NULLS FIRST, since DESC, id DESC LIMIT %s::int",
        [list(member_ids), limit],
    )
    return [GroupRow(one[0], GroupKind(one[1]), *one[2:]) for one in found]


def consent_states_of(*, member_ids: Sequence[int]) -> tuple[ConsentState, ...]:
    """Answer the word that stands per purpose and channel, over a survivor and its aliases."""
    return consent_states(enumerate(consent_history(member_ids=member_ids)))


def members_with_consent(
    *, member_ids: Sequence[int], purpose: str, channel: str = ""
) -> frozenset[int]:
    """Answer which of these survivors agree to the purpose on the channel now.

    A word on the very channel stands before a word on no channel in particular.
    """
    ids = list(member_ids)
    found = sql.rows(
        "SELECT DISTINCT ON (m.survivor_id) m.survivor_id, c.granted FROM"
        " (SELECT unnest(%s::bigint[]) AS id, unnest(%s::bigint[]) AS survivor_id UNION ALL"
        " SELECT id, survivor_id FROM members_member"
        " WHERE survivor_id = ANY(%s::bigint[]) AND survivor_id <> id) m"
        " JOIN members_consent c ON c.member_id = m.id"
        " WHERE c.purpose = %s::text AND c.channel IN (%s::text, '')"
        " ORDER BY m.survivor_id, c.channel = '', c.at DESC, c.recorded_at DESC, c.id DESC",
        [ids, ids, ids, purpose, channel],
    )
    return frozenset(member_id for member_id, granted in found if granted)
