"""Which tier a growth history comes to, tried without a database."""

import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regulars.loyalty.domain import (
    Cause,
    GrowthEntry,
    Programme,
    diverges_at,
    growth_in_window,
    judge,
    progress,
    window_end,
)
from tests.loyalty.makers import DAY, NOON, PROGRAMME, a_ladder, a_programme, grown
from tests.sizes import size

REVIEW_APRIL = datetime(2026, 3, 31, 19, tzinfo=UTC)
REVIEW_MAY = datetime(2026, 4, 30, 19, tzinfo=UTC)


class TestJudge:
    def test_knows_nobody_at_the_lowest_tier_without_growth(self) -> None:
        standing = judge([], PROGRAMME, NOON)

        assert (standing.level, standing.since, standing.changes) == (0, None, ())

    def test_raises_at_once_when_growth_settles(self) -> None:
        entries = [grown(600, 0, pending=7)]

        before = judge(entries, PROGRAMME, NOON + 7 * DAY - timedelta(seconds=1))
        after = judge(entries, PROGRAMME, NOON + 7 * DAY)

        assert (before.level, after.level) == (0, 1)
        assert after.since == NOON + 7 * DAY
        assert after.changes[0].cause is Cause.GROWTH

    def test_raises_over_several_tiers_in_one_step(self) -> None:
        standing = judge([grown(6_000, 0)], PROGRAMME, NOON)

        assert [(c.from_level, c.to_level) for c in standing.changes] == [(0, 3)]

    def test_does_not_count_growth_that_waits_for_completion(self) -> None:
        assert judge([GrowthEntry(9_999, NOON, None)], PROGRAMME, NOON + 99 * DAY).level == 0

    def test_keeps_the_tier_after_a_refund_until_the_review_then_drops_exactly_one(self) -> None:
        entries = [
            GrowthEntry(2_000, NOON, NOON),
            GrowthEntry(-1_900, NOON, NOON + 20 * DAY),
        ]

        assert judge(entries, PROGRAMME, REVIEW_APRIL - timedelta(seconds=1)).level == 2
        assert judge(entries, PROGRAMME, REVIEW_APRIL).level == 1
        assert judge(entries, PROGRAMME, REVIEW_MAY - timedelta(seconds=1)).level == 1
        assert judge(entries, PROGRAMME, REVIEW_MAY).level == 0

    def test_falls_at_the_first_review_after_the_window_closed(self) -> None:
        entries = [grown(500, 0)]
        year_later = window_end(NOON, PROGRAMME)

        assert year_later == datetime(2027, 3, 1, 4, tzinfo=UTC)
        assert judge(entries, PROGRAMME, year_later).level == 1
        review = datetime(2027, 3, 31, 19, tzinfo=UTC)
        fallen = judge(entries, PROGRAMME, review)
        assert (fallen.level, fallen.since, fallen.growth) == (0, review, 0)

    def test_holds_a_review_of_the_moment_growth_came_in_after_it_came_in(self) -> None:
        entries = [
            GrowthEntry(600, NOON, NOON),
            GrowthEntry(-600, NOON, NOON + DAY),
            GrowthEntry(700, REVIEW_APRIL, REVIEW_APRIL),
        ]

        assert judge(entries, PROGRAMME, REVIEW_APRIL).level == 1

    def test_rises_again_after_a_fall(self) -> None:
        entries = [grown(500, 0), grown(500, 500)]

        standing = judge(entries, PROGRAMME, NOON + 501 * DAY)

        assert [change.to_level for change in standing.changes] == [1, 0, 1]

    def test_replays_a_late_fact_as_if_it_had_been_known(self) -> None:
        known = [grown(400, 0), grown(400, 40)]
        late = grown(100, 1)

        assert judge([*known, late], PROGRAMME, NOON + 60 * DAY) == judge(
            [late, *known], PROGRAMME, NOON + 60 * DAY
        )

    def test_judges_each_moment_by_the_ladder_then_in_force(self) -> None:
        steep = a_ladder(
            id=2,
            version=2,
            from_at=NOON + 10 * DAY,
            tiers=tuple(
                type(t)(t.level, t.code, t.growth_min * 2, t.name_en, t.name_zh)
                for t in a_ladder().tiers
            ),
        )
        programme = a_programme(ladders=(a_ladder(), steep))

        assert judge([grown(600, 0)], programme, NOON + 5 * DAY).level == 1
        assert judge([grown(600, 11)], programme, NOON + 12 * DAY).level == 0

    @given(st.data())
    @settings(max_examples=size(150, 1_500))
    def test_agrees_with_the_plain_reading_of_the_rules(self, data: st.DataObject) -> None:
        entries = data.draw(HISTORIES)
        at = NOON + DAY * data.draw(st.integers(0, 1_200))

        assert judge(entries, PROGRAMME, at).level == plainly(entries, PROGRAMME, at)

    @pytest.mark.reliability("RB8")
    def test_from_scratch_equals_step_by_step_for_random_members(self) -> None:
        rng = random.Random(8)
        for _ in range(size(1_000, 100_000)):
            entries = _random_history(rng)
            at = NOON + DAY * rng.randint(0, 1_000)
            arrived = entries[:]
            rng.shuffle(arrived)
            level = 0
            for count in range(1, len(arrived) + 1):
                level = judge(arrived[:count], PROGRAMME, at).level

            assert level == judge(entries, PROGRAMME, at).level if entries else level == 0


class TestProgress:
    def test_says_how_much_is_missing_to_the_next_tier(self) -> None:
        entries = [grown(700, 0), grown(300, 1, pending=7)]

        way = progress(entries, PROGRAMME, NOON + 2 * DAY)

        assert (way.tier.code, way.growth, way.growth_pending) == ("silver", 700, 300)
        assert way.next_tier is not None
        assert (way.next_tier.code, way.growth_missing) == ("gold", 1_300)

    def test_has_nothing_missing_at_the_top(self) -> None:
        way = progress([grown(20_000, 0)], PROGRAMME, NOON)

        assert (way.tier.code, way.next_tier, way.growth_missing) == ("diamond", None, 0)

    def test_warns_of_what_will_be_missing_at_the_review(self) -> None:
        entries = [grown(500, 0), grown(200, 100)]

        way = progress(entries, PROGRAMME, window_end(NOON, PROGRAMME) - DAY)

        assert way.next_review_at == datetime(2027, 2, 28, 19, tzinfo=UTC)
        assert way.growth_missing_to_keep == 0
        later = progress(entries, PROGRAMME, window_end(NOON, PROGRAMME) + DAY)
        assert (later.growth_at_review, later.growth_missing_to_keep) == (200, 300)


class TestDivergence:
    def test_finds_where_two_readings_part(self) -> None:
        short = judge([grown(500, 0)], PROGRAMME, NOON + DAY).changes
        long = judge([grown(500, 0), grown(2_000, 2)], PROGRAMME, NOON + 3 * DAY).changes
        other = judge([grown(2_000, 0)], PROGRAMME, NOON + DAY).changes

        assert diverges_at(short, long) == 1
        assert diverges_at(short, other) == 0
        assert diverges_at((), ()) == 0


@st.composite
def histories(draw: st.DrawFn) -> list[GrowthEntry]:
    entries: list[GrowthEntry] = []
    for _ in range(draw(st.integers(0, 12))):
        amount, days = draw(st.integers(1, 3_000)), draw(st.integers(0, 900))
        entries.append(grown(amount, days, pending=draw(st.sampled_from([0, 7, 40]))))
        if draw(st.booleans()):
            back = draw(st.integers(1, amount))
            occurred_at = entries[-1].occurred_at
            settled = occurred_at + DAY * draw(st.integers(40, 500))
            entries.append(GrowthEntry(-back, occurred_at, settled))
    return entries


HISTORIES = histories()


def _random_history(rng: random.Random) -> list[GrowthEntry]:
    entries: list[GrowthEntry] = []
    for _ in range(rng.randint(0, 10)):
        gain = grown(rng.randint(1, 4_000), rng.randint(0, 900), pending=rng.choice([0, 7]))
        entries.append(gain)
        if rng.random() < 0.2:
            back = GrowthEntry(-gain.amount, gain.occurred_at, gain.occurred_at + 30 * DAY)
            entries.append(back)
    return entries


def plainly(entries: list[GrowthEntry], programme: Programme, at: datetime) -> int:
    """The rules read aloud: walk every moment that matters, sum the window anew each time."""
    moments = {max(e.settles_at, e.occurred_at) for e in entries if e.settles_at is not None}
    review = programme.ladders[0].next_review(NOON, programme.tz)
    while review <= at:
        moments.add(review)
        review = programme.ladders[0].next_review(review + timedelta(seconds=1), programme.tz)
    level = 0
    for moment in sorted(m for m in moments if m <= at):
        came = [e for e in entries if e.settles_at and max(e.settles_at, e.occurred_at) <= moment]
        growth = growth_in_window(came, programme, moment, settled_by=moment)
        qualified = programme.ladders[0].level_for(growth)
        rising = any(
            max(e.settles_at, e.occurred_at) == moment and e.amount > 0
            for e in came
            if e.settles_at
        )
        if rising:
            level = max(level, qualified)
        if _is_review(moment, programme) and qualified < level:
            level -= 1
    return level


def _is_review(moment: datetime, programme: Programme) -> bool:
    return programme.ladders[0].next_review(moment, programme.tz) == moment
