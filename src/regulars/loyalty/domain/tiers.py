"""Which tier a member holds: a pure function of the growth history, replayed in order of time.

Growth counts from the moment it is settled until its window closes, counted from when it was
earned. Going up is immediate. Going down happens only at a review, one tier at a time. What is
taken back by a refund carries the date of the order it belongs to, so both leave the window
together. A fact that comes late is replayed as if it had been known, so the answer never depends
on the order of arrival.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from regulars.kit import periods
from regulars.loyalty.domain.programme import Programme, Tier

TICK = timedelta(microseconds=1)
GROWTH_MAX = 2**62
DAYS_OF_A_MONTH_MIN = 27  # a day short of February, so that no zone can undercut it


class Cause(StrEnum):
    """Why a tier changed."""

    GROWTH = "growth"  # growth reached a threshold
    REVIEW = "review"  # a monthly review found too little


class GrowthEntry(NamedTuple):
    """Growth gained (or, negative, taken back), when it was earned, and from when it counts."""

    amount: int
    occurred_at: datetime
    settles_at: datetime | None  # None: waits for the order to be completed

    def is_settled(self, at: datetime) -> bool:
        """Tell whether it counts by then."""
        return self.settles_at is not None and self.settles_at <= at


@dataclass(frozen=True, slots=True)
class TierChange:
    """A step from one level to another."""

    changed_at: datetime
    from_level: int
    to_level: int
    growth: int
    cause: Cause


@dataclass(frozen=True, slots=True)
class Standing:
    """What a history comes to at one moment."""

    level: int
    since: datetime | None  # None: the lowest tier, held from the start
    growth: int  # in the window
    changes: tuple[TierChange, ...]


@dataclass(frozen=True, slots=True)
class Progress:
    """A member's tier and the way to the next one."""

    tier: Tier
    since: datetime | None
    growth: int
    growth_pending: int
    next_tier: Tier | None
    growth_missing: int  # to the next tier; 0 at the top
    next_review_at: datetime
    growth_at_review: int  # what will still count then, if nothing more comes
    growth_missing_to_keep: int  # at that review


def judge(entries: Iterable[GrowthEntry], programme: Programme, at: datetime) -> Standing:
    """Replay a growth history up to `at`.

    The answer depends on the entries and the moment alone, not on their order. The level never
    falls by more than one at a review, and never falls between reviews.
    """
    moves = _moves(entries, programme, at)
    walk = _Walk(programme)
    index, count = 0, len(moves)
    while index < count:
        moment = moves[index][0]
        if walk.growth < walk.floor:
            walk.review_before(moment)
        before = walk.growth
        while index < count and moves[index][0] == moment:
            walk.growth += moves[index][1]
            index += 1
        if walk.growth > before and walk.growth >= walk.ceiling:
            walk.rise(moment)
        walk.mark = moment
    walk.review_before(at + TICK)
    return Standing(walk.level, walk.since, walk.growth, tuple(walk.changes))


def progress(entries: Sequence[GrowthEntry], programme: Programme, at: datetime) -> Progress:
    """Say where a member stands and what is missing to rise, and to stay."""
    standing = judge(entries, programme, at)
    ladder = programme.ladder_at(at)
    tier = ladder.tier(standing.level)
    above = ladder.tiers[tier.level + 1] if tier.level + 1 < len(ladder.tiers) else None
    review = ladder.next_review(at, programme.tz)
    staying = growth_in_window(entries, programme, review, settled_by=at)
    pending = sum(entry.amount for entry in entries if not entry.is_settled(at))
    return Progress(
        tier=tier,
        since=standing.since,
        growth=standing.growth,
        growth_pending=pending,
        next_tier=above,
        growth_missing=max(0, above.growth_min - standing.growth) if above else 0,
        next_review_at=review,
        growth_at_review=staying,
        growth_missing_to_keep=max(0, tier.growth_min - staying),
    )


def growth_in_window(
    entries: Iterable[GrowthEntry], programme: Programme, at: datetime, *, settled_by: datetime
) -> int:
    """Sum the growth whose window is open at a moment, of what is settled by another."""
    return sum(
        entry.amount
        for entry in entries
        if entry.is_settled(settled_by) and at < window_end(entry.occurred_at, programme)
    )


def window_end(occurred_at: datetime, programme: Programme) -> datetime:
    """Find when growth earned then no longer counts."""
    months = programme.ladder_at(occurred_at).window_months
    return periods.add_months(occurred_at, months, programme.tz)


def diverges_at(before: Sequence[TierChange], after: Sequence[TierChange]) -> int:
    """Count how many changes two readings of one history have in common from the start."""
    for index, (one, other) in enumerate(zip(before, after, strict=False)):
        if one != other:
            return index
    return min(len(before), len(after))


def _moves(
    entries: Iterable[GrowthEntry], programme: Programme, at: datetime
) -> list[tuple[datetime, int]]:
    """List what enters and leaves the window up to `at`, in order of time."""
    months_min = min(ladder.window_months for ladder in programme.ladders)
    young = at - timedelta(days=DAYS_OF_A_MONTH_MIN * months_min)
    moves: list[tuple[datetime, int]] = []
    for amount, occurred_at, settles_at in entries:
        if settles_at is None or settles_at > at:
            continue
        enters = max(settles_at, occurred_at)
        moves.append((enters, amount))
        if occurred_at > young:
            continue
        leaves = window_end(occurred_at, programme)
        if leaves <= at:
            moves.append((max(leaves, enters), -amount))
    moves.sort(key=_moment)
    return moves


def _moment(move: tuple[datetime, int]) -> datetime:
    return move[0]


class _Walk:
    """The state of one replay: where it is in time, the growth in the window, the level held.

    Between `floor` and `ceiling` the growth keeps the level as it is; with several ladders in
    play both are out of reach, so that every moment is looked at by the ladder of its time.
    """

    __slots__ = ("ceiling", "changes", "floor", "growth", "level", "mark", "programme", "since")

    def __init__(self, programme: Programme) -> None:
        self.programme = programme
        self.growth = 0
        self.level = 0
        self.since: datetime | None = None
        self.mark: datetime | None = None
        self.changes: list[TierChange] = []
        self._fence()

    def rise(self, moment: datetime) -> None:
        """Go up as far as the growth reaches."""
        level = self.programme.ladder_at(moment).level_for(self.growth)
        if level > self.level:
            self._change(moment, level, Cause.GROWTH)

    def review_before(self, until: datetime) -> None:
        """Hold every review from the mark up to, and not at, `until`."""
        while self.mark is not None and self.level > 0:
            ladder = self.programme.ladder_at(self.mark)
            if ladder.level_for(self.growth) >= self.level:
                return
            review = ladder.next_review(self.mark, self.programme.tz)
            if review >= until:
                return
            self._change(review, self.level - 1, Cause.REVIEW)
            self.mark = review + TICK

    def _change(self, moment: datetime, level: int, cause: Cause) -> None:
        self.changes.append(TierChange(moment, self.level, level, self.growth, cause))
        self.level, self.since = level, moment
        self._fence()

    def _fence(self) -> None:
        if len(self.programme.ladders) > 1:
            self.floor, self.ceiling = GROWTH_MAX, -GROWTH_MAX
            return
        tiers = self.programme.ladders[0].tiers
        above = self.level + 1
        self.floor = tiers[self.level].growth_min if self.level else -GROWTH_MAX
        self.ceiling = tiers[above].growth_min if above < len(tiers) else GROWTH_MAX
