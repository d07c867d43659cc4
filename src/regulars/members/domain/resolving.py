"""Resolution: whose sighting is this, decided from what is known, one sighting after another.

The strongest identity that somebody holds decides. Unknown identities are linked to that member
unless it is full of them; an identity of somebody else is never taken away: both members are
suggested for a merge. A strong identity that contradicts the member found by a weaker one makes
a member of its own, so that a shared phone does not melt a family into one person.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType

from msgspec import Struct

from regulars.kit.errors import Kind, Refusal
from regulars.kit.messages import message
from regulars.members.domain.identities import (
    Identity,
    IdentityInvalid,
    IdentityKind,
    IdentityMasked,
    MatchPolicy,
    index_column,
    normalise,
)
from regulars.members.domain.marks import Consent

_NO_PROFILE: Mapping[str, str] = MappingProxyType({})


class RecognitionBusy(Refusal):
    """Others kept enrolling the same people; the batch may be sent again."""

    kind = Kind.TRY_LATER
    reason = message("The same members are being enrolled elsewhere. Try again.")


class NothingToRecognise(Refusal):
    """No usable identity: a member is known by at least one."""

    kind = Kind.INVALID
    reason = message("Give at least one usable identity: phone, e-mail, card or an outside id.")


class Outcome(StrEnum):
    """What resolution made of a sighting."""

    FOUND = "found"
    CREATED = "created"
    LINKED = "linked"
    UNATTRIBUTED = "unattributed"
    BLOCKED = "blocked"
    CONFLICT = "conflict"


class Sighting(Struct, frozen=True, kw_only=True, gc=False):
    """Somebody was seen: under which names, when, and what was said about them.

    `updates_profile` marks a word about the person (a member row): it enrols whoever it names
    and changes the profile. An order enrols by the policy and only fills what is new.
    """

    row: int
    identities: tuple[Identity, ...]
    occurred_at: datetime
    profile: Mapping[str, str] = _NO_PROFILE
    source_id: int | None = None
    home_store_id: int | None = None
    joined_at: datetime | None = None
    associate: int | None = None
    enrol: bool = True
    updates_profile: bool = False
    tags: tuple[str, ...] = ()
    consents: tuple[Consent, ...] = ()


class Resolution(Struct, frozen=True, gc=False):
    """The answer for one sighting.

    `origin_id` is the member under whom the deciding identity was first linked: facts keep it,
    so that an unmerge can give them back. `ignored` names identities that were not used, by
    kind and reason, never by value. `change` is new, updated or same.
    """

    row: int
    member_id: int | None
    outcome: Outcome
    origin_id: int | None = None
    ignored: tuple[str, ...] = ()
    change: str = "same"


class Claim(Struct, frozen=True, gc=False):
    """One usable identity of a sighting with its blind index."""

    lookup: bytes
    kind: IdentityKind
    issuer: str
    value: str


class Known(Struct, frozen=True, gc=False):
    """Who holds an identity now, and under whose key it is sealed."""

    member_id: int
    subject_id: int


class Link(Struct, frozen=True, gc=False):
    """An identity to be written."""

    claim: Claim
    member_id: int
    subject_id: int
    source_id: int | None
    at: datetime


@dataclass(slots=True)
class State:
    """What planning knows; it grows with each sighting, so later ones see earlier ones."""

    known: dict[bytes, Known]
    held: Counter[tuple[int, IdentityKind]] = field(default_factory=Counter)
    erased: dict[bytes, datetime] = field(default_factory=dict)


@dataclass(slots=True)
class Plan:
    """What has to be written so that the answers become true."""

    resolutions: list[Resolution] = field(default_factory=list)
    created: dict[int, Sighting] = field(default_factory=dict)
    links: list[Link] = field(default_factory=list)
    suggestions: dict[tuple[int, int], str] = field(default_factory=dict)
    lifted: set[bytes] = field(default_factory=set)


class Seen(Struct, frozen=True, gc=False):
    """A sighting with its usable identities."""

    sighting: Sighting
    claims: tuple[Claim, ...]
    ignored: tuple[str, ...]


_column = lru_cache(maxsize=4096)(index_column)


def read_claims(sighting: Sighting, *, index: Callable[[str, str], bytes]) -> Seen:
    """Read the identities of a sighting: normalised and indexed, each once.

    Masked and malformed values are left out and named in `ignored` by kind and reason.
    """
    claims: list[Claim] = []
    ignored: tuple[str, ...] = ()
    for identity in sighting.identities:
        kind = identity.kind
        try:
            value = normalise(kind, identity.value)
        except (IdentityMasked, IdentityInvalid) as no:
            ignored += (f"{kind}.{'masked' if isinstance(no, IdentityMasked) else 'invalid'}",)
            continue
        claims.append(
            Claim(index(_column(kind, identity.issuer), value), kind, identity.issuer, value)
        )
    if len(claims) > 1:
        claims = list({claim.lookup: claim for claim in claims}.values())
    return Seen(sighting, tuple(claims), ignored)


def rank_claims(seen: Seen, *, ranks: Mapping[IdentityKind, int]) -> Seen:
    """Put the identities of a sighting in match order, those that do not match last."""
    if len(seen.claims) < 2:
        return seen
    last = len(ranks)
    claims = sorted(seen.claims, key=lambda claim: ranks.get(claim.kind, last))
    return Seen(seen.sighting, tuple(claims), seen.ignored)


def settled(
    seen: Seen, *, known: Mapping[bytes, Known], matching: Mapping[IdentityKind, int]
) -> Resolution | None:
    """Answer a sighting whose identities all belong to one member; None where more is needed."""
    claims = seen.claims
    if not claims:
        return Resolution(seen.sighting.row, None, Outcome.UNATTRIBUTED, None, seen.ignored)
    first = known.get(claims[0].lookup)
    if first is None or claims[0].kind not in matching:
        return None
    for claim in claims[1:]:
        other = known.get(claim.lookup)
        if other is None or other.member_id != first.member_id:
            return None
    return Resolution(
        seen.sighting.row, first.member_id, Outcome.FOUND, first.subject_id, seen.ignored
    )


def plan_resolution(
    seen: Sequence[Seen], *, state: State, policy: MatchPolicy, new_ids: Iterable[int]
) -> Plan:
    """Decide all sightings in order; the same sightings one by one would end the same."""
    plan = Plan()
    ids = iter(new_ids)
    ranks = policy.ranks()
    for one in seen:
        answer = settled(one, known=state.known, matching=ranks)
        if answer is None:
            answer = _resolve(one, state=state, policy=policy, ranks=ranks, plan=plan, ids=ids)
        plan.resolutions.append(answer)
    return plan


def _resolve(
    seen: Seen,
    *,
    state: State,
    policy: MatchPolicy,
    ranks: Mapping[IdentityKind, int],
    plan: Plan,
    ids: Iterator[int],
) -> Resolution:
    sighting = seen.sighting
    _lift(seen, state, plan)
    owner, rivals = _owner(seen, state=state, policy=policy, ranks=ranks)
    outcome = Outcome.FOUND
    if owner is None:
        free = [c for c in seen.claims if c.lookup not in state.known]
        if any(c.lookup in state.erased for c in free):
            return Resolution(sighting.row, None, Outcome.BLOCKED, None, seen.ignored)
        wanted = sighting.enrol and (sighting.updates_profile or policy.enrol_on_first_order)
        if not wanted or not free:
            return Resolution(sighting.row, None, Outcome.UNATTRIBUTED, None, seen.ignored)
        new_id = next(ids)
        plan.created[new_id] = sighting
        owner = Known(new_id, new_id)
        outcome = Outcome.CREATED
    linked, ignored = _link_free(seen, owner, state=state, policy=policy, plan=plan)
    for rival, reason in rivals.items():
        if rival != owner.member_id:
            pair = (min(rival, owner.member_id), max(rival, owner.member_id))
            plan.suggestions.setdefault(pair, reason)
            outcome = outcome if outcome is Outcome.CREATED else Outcome.CONFLICT
    if outcome is Outcome.FOUND and linked:
        outcome = Outcome.LINKED
    change = {Outcome.CREATED: "new"}.get(outcome, "updated" if linked else "same")
    return Resolution(
        sighting.row, owner.member_id, outcome, owner.subject_id, seen.ignored + ignored, change
    )


def _lift(seen: Seen, state: State, plan: Plan) -> None:
    """Let an erased identity back where the sighting brings a consent younger than the erasure."""
    for claim in seen.claims:
        erased_at = state.erased.get(claim.lookup)
        if erased_at is not None and any(
            consent.granted and consent.at > erased_at for consent in seen.sighting.consents
        ):
            del state.erased[claim.lookup]
            plan.lifted.add(claim.lookup)


def _owner(
    seen: Seen, *, state: State, policy: MatchPolicy, ranks: Mapping[IdentityKind, int]
) -> tuple[Known | None, dict[int, str]]:
    """Choose the member by the strongest identity that does not contradict a stronger one."""
    owner: Known | None = None
    rivals: dict[int, str] = {}
    stronger: list[Claim] = []
    for claim in seen.claims:
        holder = state.known.get(claim.lookup)
        if holder is None:
            if policy.cap(claim.kind) == 1 and claim.kind in ranks:
                stronger.append(claim)
            continue
        if owner is not None:
            rivals.setdefault(holder.member_id, f"shared_{claim.kind}")
        elif claim.kind not in ranks:
            continue
        elif any(state.held[holder.member_id, strong.kind] for strong in stronger):
            rivals.setdefault(holder.member_id, f"second_{stronger[0].kind}")
        else:
            owner = holder
    return owner, rivals


def _link_free(
    seen: Seen, owner: Known, *, state: State, policy: MatchPolicy, plan: Plan
) -> tuple[int, tuple[str, ...]]:
    """Plan links of what nobody holds yet, up to the caps."""
    linked = 0
    ignored: tuple[str, ...] = ()
    for claim in seen.claims:
        if claim.lookup in state.known:
            continue
        if claim.lookup in state.erased:
            ignored += (f"{claim.kind}.erased",)
        elif state.held[owner.member_id, claim.kind] >= policy.cap(claim.kind):
            ignored += (f"{claim.kind}.full",)
        else:
            state.held[owner.member_id, claim.kind] += 1
            state.known[claim.lookup] = owner
            plan.links.append(
                Link(
                    *(claim, owner.member_id, owner.subject_id),
                    *(seen.sighting.source_id, seen.sighting.occurred_at),
                )
            )
            linked += 1
    return linked, ignored
