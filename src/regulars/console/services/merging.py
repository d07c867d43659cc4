"""Try a parting without doing it: the very act, in a transaction that is rolled back."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from regulars.access.domain import Actor
from regulars.ledger import selectors as ledger
from regulars.loyalty import selectors as loyalty
from regulars.loyalty.domain import Tier
from regulars.members import services as members


@dataclass(frozen=True, slots=True)
class Standing:
    """What one record holds: points it can spend, points it owes, its tier."""

    points: int
    owed: int
    tier: Tier


@dataclass(frozen=True, slots=True)
class Parting:
    """Both records as they stand before and after."""

    winner_before: Standing
    winner: Standing
    loser: Standing


def try_unmerge(
    *, merge_id: int, winner_id: int, loser_id: int, at: datetime, actor: Actor
) -> Parting:
    """Say what undoing a merge leaves each record with; nothing stays of the trial.

    Raises what `unmerge` refuses.
    """
    before = _standings([winner_id], at=at)[winner_id]
    with transaction.atomic():
        members.unmerge(merge_id=merge_id, at=at, actor=actor)
        after = _standings([winner_id, loser_id], at=at)
        transaction.set_rollback(True)
    return Parting(before, after[winner_id], after[loser_id])


def _standings(member_ids: list[int], *, at: datetime) -> dict[int, Standing]:
    balances = ledger.balances(member_ids=member_ids, at=at)
    tiers = loyalty.tier_of(member_ids=member_ids)
    return {
        member_id: Standing(
            balances[member_id].available, balances[member_id].owed, tiers[member_id]
        )
        for member_id in member_ids
    }
