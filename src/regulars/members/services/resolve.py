"""Resolve identities in sets: find, create, link, suggest; the hot path of every order.

A batch whose people are all known costs two statements. Whoever is new is planned by the domain
and written, identities first: if another transaction was faster with one of them, the unique
index says so, ours are taken back, and the plan is made again with what is known now.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from regulars.events import services as events
from regulars.events.domain import Fact
from regulars.kit.ids import time_ordered_uuid
from regulars.members.domain import (
    Known,
    Link,
    MatchPolicy,
    Plan,
    RecognitionBusy,
    Resolution,
    Seen,
    Sighting,
    State,
    identity_context,
    member_number,
    plan_resolution,
    rank_claims,
    read_claims,
    settled,
    tail_of,
)
from regulars.members.selectors import identities, people
from regulars.members.services import words
from regulars.web import crypto, sql

ATTEMPTS_MAX = 8


class _LostRace(Exception):  # noqa: N818 a signal inside this module
    """Another transaction linked one of our identities first."""


@dataclass(frozen=True, slots=True)
class _Stamp:
    """When and in which batch the writing happens."""

    at: datetime
    batch_id: int | None


@transaction.atomic(savepoint=False)
def resolve_identities(
    sightings: Sequence[Sighting], *, at: datetime, batch_id: int | None = None
) -> list[Resolution]:
    """Answer for each sighting, in order, whose it is.

    Enrols and links as the policy says, queues merge suggestions, applies profile, tags and
    consents that came along. Masked identities are never used. The holders cannot be merged or
    erased until the caller's transaction ends. Raises RecognitionBusy.
    """
    seen = [read_claims(sighting, index=crypto.blind_index) for sighting in sightings]
    lookups = {claim.lookup for one in seen for claim in one.claims}
    policy = identities.enter_gates(lookups=lookups)
    known = identities.holders(lookups=lookups) if lookups else {}
    ranks = policy.ranks()
    ranked = [rank_claims(one, ranks=ranks) for one in seen]
    answers = [settled(one, known=known, matching=ranks) for one in ranked]
    hard = [place for place, answer in enumerate(answers) if answer is None]
    stamp = _Stamp(at, batch_id)
    created: set[int] = set()
    if hard:
        plan = _settle([ranked[place] for place in hard], known=known, policy=policy, stamp=stamp)
        created.update(plan.created)
        for place, answer in zip(hard, plan.resolutions, strict=True):
            answers[place] = answer
    resolutions = [answer for answer in answers if answer is not None]
    return words.take_in(sightings, resolutions=resolutions, created=created, at=at)


def _settle(
    seen: Sequence[Seen], *, known: dict[bytes, Known], policy: MatchPolicy, stamp: _Stamp
) -> Plan:
    for _ in range(ATTEMPTS_MAX):
        plan = _plan(seen, known=known, policy=policy)
        try:
            _write(plan, stamp)
        except _LostRace:
            lookups = {claim.lookup for one in seen for claim in one.claims}
            known = identities.holders(lookups=lookups)
            continue
        _say(plan, stamp)
        return plan
    raise RecognitionBusy


def _plan(seen: Sequence[Seen], *, known: dict[bytes, Known], policy: MatchPolicy) -> Plan:
    claimed = {claim.lookup for one in seen for claim in one.claims}
    holders = {known[lookup].member_id for lookup in claimed if lookup in known}
    state = State(
        known=dict(known),
        held=identities.count_held(member_ids=holders) if holders else Counter(),
        erased=identities.erased_at(lookups=claimed - known.keys()),
    )
    return plan_resolution(seen, state=state, policy=policy, new_ids=_new_ids())


def _new_ids() -> Iterator[int]:
    while True:
        yield sql.take_ids("members_member_seq", 1)[0]


def _write(plan: Plan, stamp: _Stamp) -> None:
    """Write the plan; the identities first, so that a lost race leaves nothing behind."""
    keys = {member_id: crypto.new_subject_key() for member_id in plan.created}
    if plan.links:
        others = {link.subject_id for link in plan.links} - keys.keys()
        known = identities.subject_keys(member_ids=others) if others else {}
        write_links(plan.links, keys={**known, **keys})
    if plan.created:
        _write_members(plan.created, keys=keys, stamp=stamp)
    if plan.lifted:
        sql.run(
            "DELETE FROM members_tombstone WHERE digest = ANY(%s::bytea[])",
            [[identities.tombstone_of(lookup) for lookup in plan.lifted]],
        )


def write_links(links: Sequence[Link], *, keys: dict[int, bytes]) -> None:
    """Insert identities, sorted so that two batches cannot wait for each other.

    Raises a lost race where one of them is already linked; none of them is written then.
    """
    numbered = zip(sql.take_ids("members_identity_seq", len(links)), links, strict=True)
    ordered = sorted(numbered, key=lambda one: one[1].claim.lookup)
    ids, links = [number for number, _ in ordered], [link for _, link in ordered]
    tails = [tail_of(link.claim.kind, link.claim.value) for link in links]
    written = sql.run(
        "INSERT INTO members_identity (id, member_id, subject_id, kind, issuer, lookup, sealed,"
        " tail, source_id, linked_at) SELECT * FROM unnest(%s::bigint[], %s::bigint[],"
        " %s::bigint[], %s::text[], %s::text[], %s::bytea[], %s::bytea[], %s::smallint[],"
        " %s::bigint[], %s::timestamptz[]) ON CONFLICT (lookup) DO NOTHING",
        [
            ids,
            [link.member_id for link in links],
            [link.subject_id for link in links],
            [link.claim.kind.value for link in links],
            [link.claim.issuer for link in links],
            [link.claim.lookup for link in links],
            [
                crypto.seal(
                    link.claim.value,
                    key=keys[link.subject_id],
                    context=identity_context(link.claim.lookup, link.subject_id),
                )
                for link in links
            ],
            [None if tail is None else people.tail_bucket(tail) for tail in tails],
            [link.source_id for link in links],
            [link.at for link in links],
        ],
    )
    if written < len(links):
        sql.run("DELETE FROM members_identity WHERE id = ANY(%s::bigint[])", [ids])
        raise _LostRace


def _write_members(created: dict[int, Sighting], *, keys: dict[int, bytes], stamp: _Stamp) -> None:
    ids = list(created)
    sightings = list(created.values())
    joined = [sighting.joined_at or sighting.occurred_at for sighting in sightings]
    sql.run(
        "WITH made AS (INSERT INTO members_member (id, public_id, number, status, joined_at,"
        " home_store_id, associate_id, source_id, batch_id, survivor_id, reason_code, recorded_at)"
        " SELECT n.id, n.public_id, n.number, 'active', n.joined_at, n.home_store_id,"
        " n.associate_id, n.source_id, %s::bigint, n.id, '', %s::timestamptz"
        " FROM unnest(%s::bigint[], %s::uuid[], %s::text[], %s::timestamptz[], %s::bigint[],"
        " %s::bigint[], %s::bigint[]) AS n(id, public_id, number, joined_at, home_store_id,"
        " associate_id, source_id))"
        " INSERT INTO members_subjectkey (member_id, wrapped, made_at)"
        " SELECT k.member_id, k.wrapped, %s::timestamptz"
        " FROM unnest(%s::bigint[], %s::bytea[]) AS k(member_id, wrapped)",
        [
            stamp.batch_id,
            stamp.at,
            ids,
            [time_ordered_uuid(stamp.at) for _ in ids],
            [member_number(member_id) for member_id in ids],
            joined,
            [sighting.home_store_id for sighting in sightings],
            [sighting.associate for sighting in sightings],
            [sighting.source_id for sighting in sightings],
            stamp.at,
            ids,
            [keys[member_id] for member_id in ids],
        ],
    )


def _say(plan: Plan, stamp: _Stamp) -> None:
    fresh = write_suggestions(plan.suggestions, at=stamp.at)
    kinds: dict[int, list[str]] = {}
    when: dict[int, datetime] = {}
    for link in plan.links:
        kinds.setdefault(link.member_id, []).append(link.claim.kind.value)
        when.setdefault(link.member_id, link.at)
    facts = [
        Fact(
            type="member.enrolled",
            occurred_at=sighting.joined_at or sighting.occurred_at,
            facts={"kinds": kinds.pop(member_id, [])},
            member_id=member_id,
            store_id=sighting.home_store_id,
            source_id=sighting.source_id,
            batch_id=stamp.batch_id,
        )
        for member_id, sighting in plan.created.items()
    ]
    facts += [
        Fact(
            type="member.linked",
            occurred_at=when[member_id],
            facts={"kinds": linked},
            member_id=member_id,
            batch_id=stamp.batch_id,
        )
        for member_id, linked in kinds.items()
    ]
    if facts or fresh:
        events.append(facts + fresh, at=stamp.at)


def write_suggestions(pairs: dict[tuple[int, int], str], *, at: datetime) -> list[Fact]:
    """Queue pairs for review, each pair once for ever; answer the facts of the new ones."""
    if not pairs:
        return []
    ordered = sorted(pairs)
    found = sql.rows(
        "INSERT INTO members_mergesuggestion (low_id, high_id, reason, state, suggested_at)"
        " SELECT low_id, high_id, reason, 'open', %s::timestamptz"
        " FROM unnest(%s::bigint[], %s::bigint[], %s::text[]) AS p(low_id, high_id, reason)"
        " ON CONFLICT (low_id, high_id) DO NOTHING RETURNING low_id, high_id, reason",
        [
            at,
            [low for low, _ in ordered],
            [high for _, high in ordered],
            [pairs[pair] for pair in ordered],
        ],
    )
    return [
        Fact(
            type="merge.suggested",
            occurred_at=at,
            facts={"member_id": low, "other_id": high, "reason": reason},
            member_id=low,
        )
        for low, high, reason in found
    ]
