"""What acts will come to, computed from what is read and nothing else.

A preview is the same rule as the act: whatever it says is what then happens, if nothing else
happens in between. Tests hold each one against the deed.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from regulars.ledger.domain import Balance, InsufficientPoints, OpenLot
from regulars.loyalty.domain import GrowthEntry, Programme, Progress, progress
from regulars.members.domain import (
    ConsentProof,
    ConsentState,
    HeldIdentity,
    Member,
    ProfileValue,
    Tag,
    check_merge,
    consent_states,
    survivor_profile,
)


@dataclass(frozen=True, slots=True)
class Taken:
    """So much of the lots that end together: what they hold before, what is taken."""

    expires_at: datetime | None
    before: int
    amount: int


def taken_from(
    lots: Sequence[OpenLot], *, amount: int, balance: Balance, at: datetime
) -> list[Taken]:
    """Say which lots pay, soonest to expire first; raises InsufficientPoints as the ledger does."""
    if amount > balance.available:
        raise InsufficientPoints(asked=amount, available=balance.available)
    held: dict[datetime | None, int] = {}
    paid: dict[datetime | None, int] = {}
    left = amount
    for lot in lots:
        held[lot.expires_at] = held.get(lot.expires_at, 0) + lot.remaining
        free = lot.remaining - lot.pinned if lot.is_usable(at) else 0
        part = min(left, free)
        if part > 0:
            paid[lot.expires_at] = paid.get(lot.expires_at, 0) + part
            left -= part
    return [Taken(expires_at, held[expires_at], part) for expires_at, part in paid.items()]


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One record of a merge: who, with what they hold, are, and have said."""

    member: Member
    aliases: tuple[int, ...]
    values: tuple[ProfileValue, ...]
    identities: tuple[HeldIdentity, ...]
    tags: tuple[Tag, ...]
    consents: tuple[ConsentProof, ...]
    balance: Balance
    growth: tuple[GrowthEntry, ...]
    orders: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """What one record comes to: before a merge for each side, after it for both as one."""

    records: int
    joined_at: datetime
    home_store_id: int | None
    associate_id: int | None
    profile: dict[str, str]
    identities: int
    tags: tuple[str, ...]
    consents: tuple[ConsentState, ...]
    balance: Balance
    progress: Progress
    orders: int


def stand_alone(side: Side, *, programme: Programme, at: datetime) -> Joined:
    """Say what a record comes to by itself."""
    return _joined((side,), programme=programme, at=at)


def merged(winner: Side, loser: Side, *, programme: Programme, at: datetime) -> Joined:
    """Say what the winner comes to with everything of the loser; raises what a merge refuses."""
    check_merge(
        winner=winner.member,
        loser=loser.member,
        records=len(winner.aliases) + len(loser.aliases),
    )
    return _joined((winner, loser), programme=programme, at=at)


def _joined(sides: tuple[Side, ...], *, programme: Programme, at: datetime) -> Joined:
    winner = sides[0]
    chosen = survivor_profile(
        [value for side in sides for value in side.values], member_id=winner.member.id
    )
    said = sorted((proof for side in sides for proof in side.consents), key=_recorded)
    balance = winner.balance
    for side in sides[1:]:
        balance = balance.joined(side.balance)
    return Joined(
        records=sum(len(side.aliases) for side in sides),
        joined_at=min(side.member.joined_at for side in sides),
        home_store_id=_first(side.member.home_store_id for side in sides),
        associate_id=_first(side.member.associate_id for side in sides),
        profile={field: value.value for field, value in chosen.items()},
        identities=sum(len(side.identities) for side in sides),
        tags=tuple(sorted({tag.tag for side in sides for tag in side.tags})),
        consents=consent_states(enumerate(proof.consent for proof in said)),
        balance=balance,
        progress=progress([entry for side in sides for entry in side.growth], programme, at),
        orders=sum(side.orders for side in sides),
    )


def _recorded(proof: ConsentProof) -> tuple[datetime, int]:
    return proof.recorded_at, proof.id


def _first(ids: Iterable[int | None]) -> int | None:
    return next((each for each in ids if each is not None), None)
