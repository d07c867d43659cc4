"""Read identities: who holds which, how members are recognised, what was erased."""

from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any

import orjson

from regulars.members.domain import (
    HeldIdentity,
    Identity,
    IdentityInvalid,
    IdentityKind,
    IdentityMasked,
    Known,
    MatchPolicy,
    identity_context,
    index_column,
    mask_identity,
    normalise,
)
from regulars.members.selectors import gates
from regulars.web import crypto, sql


@dataclass(frozen=True, slots=True)
class Names:
    """The blind indexes of the people a kept row names."""

    lookups: tuple[bytes, ...] = ()
    is_erased: bool = False


def get_policy() -> MatchPolicy:
    """Answer how members are recognised and who is enrolled."""
    found = sql.row(
        "SELECT match_order::text, caps::text, enrol_on_first_order"
        " FROM members_policy WHERE id = 1"
    )
    assert found is not None
    return _policy(*found)


def enter_gates(*, lookups: Iterable[bytes]) -> MatchPolicy:
    """Go through the gates of these identities together with others; answer the policy.

    No merge or erasure of their holders can happen until the transaction ends. Look the
    identities up in the next statement: it sees what was waited for.
    """
    found = sql.row(
        "SELECT match_order::text, caps::text, enrol_on_first_order, (SELECT count(*) FROM"
        " (SELECT pg_advisory_xact_lock_shared(%s::int, gate) FROM unnest(%s::int[]) AS gate) g)"
        " FROM members_policy WHERE id = 1",
        [gates.NAMESPACE, gates.gates_of(lookups=lookups)],
    )
    assert found is not None
    return _policy(*found[:3])


@lru_cache(maxsize=8)
def _policy(match_order: str, caps: str, enrol: bool) -> MatchPolicy:  # noqa: FBT001 a database row
    return MatchPolicy(
        match_order=tuple(IdentityKind(kind) for kind in orjson.loads(match_order)),
        caps={IdentityKind(kind): cap for kind, cap in orjson.loads(caps).items()},
        enrol_on_first_order=enrol,
    )


def lookup_of(identity: Identity) -> bytes:
    """Answer the blind index of an identity; raises IdentityMasked or IdentityInvalid."""
    value = normalise(identity.kind, identity.value)
    return crypto.blind_index(index_column(identity.kind, identity.issuer), value)


def holders(*, lookups: Iterable[bytes]) -> dict[bytes, Known]:
    """Answer who holds these identities, by blind index."""
    found = sql.rows(
        "SELECT lookup, member_id, subject_id FROM members_identity"
        " WHERE lookup = ANY(%s::bytea[])",
        [list(lookups)],
    )
    return {lookup: Known(member_id, subject_id) for lookup, member_id, subject_id in found}


def guard_names(*, identities: Sequence[Identity]) -> Names:
    """Answer the blind indexes of these identities, and whether an erased person is among them.

    No erasure of who holds them happens until the transaction ends: what is kept with these
    indexes is found by it. Masked and malformed values have none.
    """
    lookups: list[bytes] = []
    for identity in identities:
        with suppress(IdentityMasked, IdentityInvalid):
            lookups.append(lookup_of(identity))
    if not lookups:
        return Names()
    enter_gates(lookups=lookups)
    gone = set(erased_at(lookups=lookups))
    gone -= {bytes(lookup) for lookup in holders(lookups=gone)} if gone else set()
    return Names(tuple(dict.fromkeys(lookups)), is_erased=bool(gone))


def find_by_identities(*, identities: Sequence[Identity]) -> list[int | None]:
    """Answer the member who holds each identity, or None; masked values find nobody."""
    lookups: list[bytes | None] = []
    for identity in identities:
        try:
            lookups.append(lookup_of(identity))
        except (IdentityMasked, IdentityInvalid):
            lookups.append(None)
    known = holders(lookups=[lookup for lookup in lookups if lookup is not None])
    return [
        known[lookup].member_id if lookup is not None and lookup in known else None
        for lookup in lookups
    ]


def identity_lookups(*, member_ids: Iterable[int]) -> dict[int, list[bytes]]:
    """Answer the blind indexes of what these survivors hold, for orders that wait for them."""
    held: dict[int, list[bytes]] = {}
    for member_id, lookup in sql.rows(
        "SELECT member_id, lookup FROM members_identity WHERE member_id = ANY(%s::bigint[])"
        " ORDER BY id",
        [list(member_ids)],
    ):
        held.setdefault(member_id, []).append(bytes(lookup))
    return held


def count_held(*, member_ids: Iterable[int]) -> Counter[tuple[int, IdentityKind]]:
    """Count the identities of each kind that these members hold."""
    found = sql.rows(
        "SELECT member_id, kind, count(*) FROM members_identity"
        " WHERE member_id = ANY(%s::bigint[]) GROUP BY member_id, kind",
        [list(member_ids)],
    )
    return Counter({(member_id, IdentityKind(kind)): count for member_id, kind, count in found})


def tombstone_of(lookup: bytes) -> bytes:
    """Hash a blind index once more, so that a tombstone is not an index of the living."""
    return crypto.blind_index("tombstone", lookup.hex())


def erased_at(*, lookups: Iterable[bytes]) -> dict[bytes, datetime]:
    """Answer which of these identities were erased, and when."""
    digests = {tombstone_of(lookup): lookup for lookup in lookups}
    if not digests:
        return {}
    found = sql.rows(
        "SELECT digest, erased_at FROM members_tombstone WHERE digest = ANY(%s::bytea[])",
        [list(digests)],
    )
    return {digests[bytes(digest)]: moment for digest, moment in found}


def subject_keys(*, member_ids: Iterable[int]) -> dict[int, bytes]:
    """Answer the wrapped keys of these members; an erased member has none."""
    found = sql.rows(
        "SELECT member_id, wrapped FROM members_subjectkey WHERE member_id = ANY(%s::bigint[])",
        [list(member_ids)],
    )
    return {member_id: bytes(wrapped) for member_id, wrapped in found}


def open_identity(row: tuple[Any, ...], *, key: bytes) -> str:
    """Unseal (lookup, sealed, subject id); raises SealBroken where the row was tampered with."""
    lookup, sealed, subject_id = row
    return crypto.unseal(
        bytes(sealed), key=key, context=identity_context(bytes(lookup), subject_id)
    )


def held_identities(
    *, member_ids: Sequence[int], kinds: Sequence[IdentityKind] = tuple(IdentityKind)
) -> dict[int, list[HeldIdentity]]:
    """Answer the identities of these survivors in full, oldest first; mask before showing."""
    found = sql.rows(
        "SELECT i.member_id, i.kind, i.issuer, i.linked_at, i.id, k.wrapped, i.lookup, i.sealed,"
        " i.subject_id FROM members_identity i"
        " JOIN members_subjectkey k ON k.member_id = i.subject_id"
        " WHERE i.member_id = ANY(%s::bigint[]) AND i.kind = ANY(%s::text[])"
        " ORDER BY i.linked_at, i.id",
        [list(member_ids), [kind.value for kind in kinds]],
    )
    held: dict[int, list[HeldIdentity]] = {}
    for member_id, kind, issuer, linked_at, identity_id, wrapped, *row in found:
        value = open_identity(tuple(row), key=bytes(wrapped))
        identity = HeldIdentity(IdentityKind(kind), issuer, value, linked_at, identity_id)
        held.setdefault(member_id, []).append(identity)
    return held


def masked(identity: HeldIdentity) -> HeldIdentity:
    """Answer the identity as any reader may see it."""
    shown = mask_identity(identity.kind, identity.value)
    return replace(identity, value=shown)
