"""What an order is worth: the rules of awards, tried without a database."""

import random
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regulars.kit import periods
from regulars.ledger.domain import Clawback, Currency, Earn, OwedPolicy
from regulars.loyalty.domain import (
    AwardKind,
    LadderCrooked,
    Opening,
    OrderSnapshot,
    Reason,
    Tier,
    explain,
    explain_verdict,
    plan_awards,
    transfer_id,
)
from tests.loyalty.makers import (
    DAY,
    NOON,
    PROGRAMME,
    Book,
    a_ladder,
    a_programme,
    a_rule,
    a_snapshot,
    surroundings,
)
from tests.sizes import size


class TestFirstAward:
    def test_gives_a_point_and_a_growth_for_each_whole_yuan(self) -> None:
        book = Book()

        book.apply(a_snapshot(net_minor=19_990))

        assert (book.points(), book.growth()) == (199, 199)

    @pytest.mark.parametrize(("level", "points"), [(0, 24), (1, 27), (2, 29), (3, 32), (4, 37)])
    def test_multiplies_by_the_tier_before_it_rounds_down(self, level: int, points: int) -> None:
        book = Book()

        book.apply(a_snapshot(net_minor=2_490), surroundings(levels={1: level}))

        assert book.points() == points
        assert book.growth() == 24

    def test_waits_seven_days_after_payment_where_nobody_reports_completion(self) -> None:
        plan = Book().apply(a_snapshot())

        assert [posting.usable_from for posting in plan.postings] == [NOON + 7 * DAY] * 2

    def test_waits_for_completion_where_the_source_reports_it(self) -> None:
        book = Book()

        waiting = book.apply(a_snapshot(reports_completion=True))
        done = book.apply(
            a_snapshot(state="completed", reports_completion=True, completed_at=NOON + 3 * DAY)
        )

        assert [posting.usable_from for posting in waiting.postings] == [None, None]
        assert done.postings == []
        [release] = done.releases
        assert release.usable_from == NOON + 10 * DAY
        assert release.points_transfers == (transfer_id(1, 0, Currency.POINTS),)
        assert release.growing == (1,)

    def test_lets_points_die_at_the_end_of_next_year_in_the_shops_zone(self) -> None:
        new_year_in_shanghai = datetime(2025, 12, 31, 16, tzinfo=UTC)

        plan = Book().apply(a_snapshot(occurred_at=new_year_in_shanghai))

        assert plan.postings[0].expires_at == datetime(2027, 12, 31, 16, tzinfo=UTC)
        assert plan.postings[1].expires_at is None

    def test_names_rule_store_and_event_on_each_posting(self) -> None:
        plan = Book().apply(a_snapshot(event_id=7, store_id=9))

        assert {(p.event_id, p.store_id, p.rule_version_id) for p in plan.postings} == {(7, 9, 1)}
        assert {p.currency for p in plan.postings} == {Currency.POINTS, Currency.GROWTH}

    @pytest.mark.reliability("RB9")
    def test_takes_the_rule_in_force_when_the_order_was_paid(self) -> None:
        double = a_rule(id=2, version=2, from_at=NOON, rate_bp={"CNY": 20_000})
        programme = a_programme(rules=(a_rule(), double))
        book = Book()

        book.apply(a_snapshot(occurred_at=NOON - DAY), surroundings(programme=programme))
        book.apply(a_snapshot(order_id=2, member_id=2), surroundings(programme=programme))

        assert (book.points(1), book.points(2)) == (100, 200)

    @pytest.mark.parametrize(
        ("changes", "reason", "row"),
        [
            ({"member_id": None}, Reason.UNATTRIBUTED, False),
            ({"state": "created", "net_minor": 0}, Reason.NOT_PAID, False),
            ({"state": "closed", "net_minor": 0}, Reason.NOT_PAID, False),
            ({"net_minor": 99}, Reason.TOO_SMALL, False),
            ({"currency": "GBP"}, Reason.OTHER_CURRENCY, True),
            ({"awards": False}, Reason.AWARD_OFF, True),
        ],
    )
    def test_says_why_it_gives_nothing(
        self, changes: dict[str, Any], reason: Reason, *, row: bool
    ) -> None:
        plan = Book().apply(a_snapshot(**changes))

        assert plan.postings == []
        assert plan.verdicts[0].reason is reason
        assert bool(plan.awards) is row

    @given(st.integers(0, 10**9), st.integers(0, 4))
    def test_never_gives_a_fraction_more_than_the_product(self, net: int, level: int) -> None:
        multiplier_bp = PROGRAMME.rules[0].multiplier_bp(level)

        points = PROGRAMME.rules[0].points(net, "CNY", multiplier_bp)

        assert points * 1_000_000 <= net * multiplier_bp < (points + 1) * 1_000_000


class TestRefunds:
    def test_recomputes_on_the_net_order_and_never_rounds_the_refund(self) -> None:
        book = Book()
        book.apply(a_snapshot(net_minor=19_990))

        plan = book.apply(a_snapshot(state="partially_refunded", net_minor=10_000))

        assert book.points() == 100
        assert [p.amount for p in plan.postings] == [99, 99]
        assert all(isinstance(p, Clawback) for p in plan.postings)

    def test_takes_everything_back_when_the_order_is_refunded_or_closed(self) -> None:
        for state in ("refunded", "closed"):
            book = Book()
            book.apply(a_snapshot())

            book.apply(a_snapshot(state=state, net_minor=0))

            assert (book.points(), book.growth()) == (0, 0)

    def test_keeps_the_multiplier_of_the_first_award(self) -> None:
        book = Book()
        book.apply(a_snapshot(), surroundings(levels={1: 4}))

        book.apply(
            a_snapshot(state="partially_refunded", net_minor=5_000), surroundings(levels={1: 0})
        )

        assert book.points() == 75

    def test_gives_the_difference_back_when_the_net_rises_again(self) -> None:
        book = Book()
        book.apply(a_snapshot())
        book.apply(a_snapshot(state="partially_refunded", net_minor=4_000))

        plan = book.apply(a_snapshot(net_minor=9_000))

        assert book.points() == 90
        assert plan.awards[0].kind is AwardKind.RAISED
        assert plan.postings[0].id == transfer_id(1, 2, Currency.POINTS)

    def test_takes_from_the_latest_gift_first_and_never_more_than_it_gave(self) -> None:
        book = Book()
        book.apply(a_snapshot(net_minor=6_000))
        book.apply(a_snapshot(net_minor=10_000))

        plan = book.apply(a_snapshot(state="partially_refunded", net_minor=1_000))

        taken = [(row.reverses_step, row.points) for row in plan.awards]
        assert taken == [(1, -40), (0, -50)]

    def test_lets_refunded_growth_leave_the_window_with_its_order(self) -> None:
        book = Book()
        book.apply(a_snapshot())

        plan = book.apply(a_snapshot(state="refunded", net_minor=0, changed_at=NOON + 20 * DAY))

        assert plan.awards[0].occurred_at == NOON
        assert plan.awards[0].usable_from == NOON + 20 * DAY

    def test_lets_a_refund_before_settling_settle_with_the_order(self) -> None:
        book = Book()
        book.apply(a_snapshot())

        plan = book.apply(a_snapshot(state="refunded", net_minor=0, changed_at=NOON + DAY))

        assert plan.awards[0].usable_from == NOON + 7 * DAY

    def test_carries_the_policy_of_the_programme(self) -> None:
        book = Book()
        around = surroundings(programme=a_programme(refund_policy=OwedPolicy.FORGIVE))
        book.apply(a_snapshot(), around)

        plan = book.apply(a_snapshot(state="refunded", net_minor=0), around)

        assert {p.policy for p in plan.postings if isinstance(p, Clawback)} == {OwedPolicy.FORGIVE}

    def test_changes_nothing_when_the_same_is_said_again(self) -> None:
        book = Book()
        book.apply(a_snapshot())

        plan = book.apply(a_snapshot())

        assert plan.awards == plan.postings == plan.releases == []
        assert plan.verdicts[0].reason is None

    @pytest.mark.reliability("RA18")
    def test_adds_up_after_ten_thousand_random_refunds_in_parts(self) -> None:
        rng = random.Random(18)
        for _ in range(size(10_000, 100_000)):
            paid = rng.randint(1, 100_000)
            parts = [rng.randint(0, paid // 3 + 1) for _ in range(3)]
            level = rng.randrange(5)
            nets = [max(0, paid - sum(parts[:n])) for n in range(4)]
            said = [a_snapshot(net_minor=net) for net in nets]
            if rng.random() < 0.5:
                rng.shuffle(said)
                said.append(a_snapshot(net_minor=nets[-1]))
            said.append(said[-1])
            book = Book()

            for snapshot in said:
                book.apply(snapshot, surroundings(levels={1: level}))

            multiplier = PROGRAMME.rules[0].multiplier_bp(level)
            assert book.points() == nets[-1] * multiplier // 1_000_000
            assert book.growth() == nets[-1] // 100
            taken = sum(p.amount or 0 for p in book.postings if isinstance(p, Clawback))
            earned = sum(p.amount for p in book.postings if isinstance(p, Earn))
            assert taken <= earned
            _assert_no_gift_is_overdrawn(book)


def _assert_no_gift_is_overdrawn(book: Book) -> None:
    for rows in book.rows.values():
        for gift in (row for row in rows if row.is_gift):
            back = [row for row in rows if row.reverses_step == gift.step]
            assert gift.points + sum(row.points for row in back) >= 0
            assert gift.growth + sum(row.growth for row in back) >= 0


STATES = st.sampled_from(
    [("paid", 10_000), ("completed", 10_000), ("partially_refunded", 6_667), ("refunded", 0),
     ("closed", 0), ("paid", 12_345), ("partially_refunded", 1)]
)  # fmt: skip


class TestDisorder:
    @given(st.lists(STATES, min_size=1, max_size=8), st.data())
    @settings(max_examples=size(200, 2_000))
    def test_repeats_and_shuffles_end_with_the_same_points(
        self, said: list[tuple[str, int]], data: st.DataObject
    ) -> None:
        last = said[-1]
        shuffled = [*data.draw(st.permutations([*said, *said])), last]

        sorted_book, shuffled_book = Book(), Book()
        sorted_book.apply_all([a_snapshot(state=s, net_minor=n) for s, n in said])
        shuffled_book.apply_all([a_snapshot(state=s, net_minor=n) for s, n in shuffled])

        assert sorted_book.points() == shuffled_book.points()
        assert sorted_book.growth() == shuffled_book.growth()
        _assert_no_gift_is_overdrawn(shuffled_book)

    def test_every_order_of_pay_complete_refund_ends_alike(self) -> None:
        done = NOON + 2 * DAY
        steps = [
            {"state": "paid"},
            {"state": "completed", "completed_at": done},
            {"state": "partially_refunded", "completed_at": done, "net_minor": 3_333},
        ]
        ends = set()
        for order in permutations(range(3)):
            book = Book()
            known: set[int] = set()
            for index in order:
                known.add(index)
                book.apply(a_snapshot(reports_completion=True, **steps[max(known)]))
            gift = book.rows[1][0]
            ends.add((book.points(), book.growth(), gift.usable_from))

        assert ends == {(33, 33, done + 7 * DAY)}

    def test_a_plan_applied_to_its_own_result_is_empty(self) -> None:
        book = Book()
        snapshots = [a_snapshot(order_id=n, net_minor=n * 777) for n in range(1, 50)]
        book.apply_all(snapshots)

        again = plan_awards(snapshots, book.rows, surroundings())

        assert again.awards == again.postings == again.releases == []


class TestOwners:
    def test_awards_an_order_once_it_is_linked_dated_when_it_was_paid(self) -> None:
        book = Book()
        book.apply(a_snapshot(member_id=None))

        plan = book.apply(a_snapshot(member_id=5), surroundings(at=NOON + 30 * DAY))

        assert book.points(5) == 100
        assert plan.postings[0].occurred_at == NOON

    def test_moves_the_award_when_the_order_turns_out_to_be_anothers(self) -> None:
        book = Book()
        book.apply(a_snapshot(member_id=1), surroundings(levels={1: 4}))

        book.apply(a_snapshot(member_id=2))

        assert (book.points(1), book.growth(1)) == (0, 0)
        assert (book.points(2), book.growth(2)) == (100, 100)

    def test_moves_it_back_at_the_multiplier_it_had(self) -> None:
        book = Book()
        book.apply(a_snapshot(member_id=1), surroundings(levels={1: 4}))
        book.apply(a_snapshot(member_id=2))

        book.apply(a_snapshot(member_id=1))

        assert (book.points(1), book.points(2)) == (150, 0)

    def test_leaves_awards_alone_when_the_owner_is_gone(self) -> None:
        book = Book()
        book.apply(a_snapshot())

        plan = book.apply(a_snapshot(member_id=None, state="refunded", net_minor=0))

        assert plan.awards == plan.postings == []


class TestOpenings:
    AS_OF = NOON + DAY

    def opened(self, *, points: bool = True, growth: bool = True) -> Any:
        opening = Opening(self.AS_OF if points else None, self.AS_OF if growth else None)
        return surroundings(openings={1: opening})

    def test_an_order_on_or_before_the_opening_awards_nothing(self) -> None:
        book = Book()

        book.apply(a_snapshot(order_id=1, occurred_at=self.AS_OF), self.opened())
        book.apply(
            a_snapshot(order_id=2, occurred_at=self.AS_OF + timedelta(microseconds=1)),
            self.opened(),
        )

        assert [row.kind for row in book.rows[1]] == [AwardKind.NOTHING]
        assert book.points() == 100

    def test_a_balance_declared_later_takes_the_awards_back(self) -> None:
        book = Book()
        book.apply(a_snapshot())

        book.apply(a_snapshot(), self.opened())

        assert (book.points(), book.growth()) == (0, 0)
        assert book.rows[1][-1].reason is Reason.BEFORE_OPENING

    def test_a_balance_of_points_leaves_growth_alone(self) -> None:
        book = Book()

        book.apply(a_snapshot(), self.opened(growth=False))

        assert (book.points(), book.growth()) == (0, 100)

    def test_awards_again_when_the_balance_is_undone(self) -> None:
        book = Book()
        book.apply(a_snapshot(), self.opened())

        book.apply(a_snapshot())

        assert book.points() == 100


class TestNoAward:
    def test_stays_with_the_order_for_ever(self) -> None:
        book = Book()
        book.apply(a_snapshot(awards=False))

        book.apply(a_snapshot(state="partially_refunded", net_minor=5_000))

        assert book.points() == 0
        assert book.postings == []

    def test_takes_nothing_back_that_was_awarded_before(self) -> None:
        book = Book()
        book.apply(a_snapshot())

        book.apply(a_snapshot(awards=False))

        assert book.points() == 100


class TestExplaining:
    def sentence(self, book: Book, index: int, currency: Currency = Currency.POINTS) -> str:
        explanation = explain(book.rows[1][index], currency, PROGRAMME)
        return explanation.sentence(lambda text: text, "en")

    def test_an_award_explains_itself(self) -> None:
        book = Book()
        book.apply(a_snapshot(net_minor=2_490), surroundings(levels={1: 4}))

        assert self.sentence(book, 0) == "37 points = floor(24.90 × 1.5), Points for purchases v1"
        assert self.sentence(book, 0, Currency.GROWTH) == (
            "24 growth = floor(24.90), Points for purchases v1"
        )

    def test_a_refund_explains_itself(self) -> None:
        book = Book()
        book.apply(a_snapshot(net_minor=19_990))
        book.apply(a_snapshot(state="partially_refunded", net_minor=10_000))

        assert self.sentence(book, 1) == (
            "99 of 199 points taken back: the order now counts 100.00, floor(100.00), "
            "Points for purchases v1"
        )

    def test_names_the_rule_in_the_readers_language(self) -> None:
        book = Book()
        book.apply(a_snapshot())

        words = explain(book.rows[1][0], Currency.POINTS, PROGRAMME).sentence(str, "zh-hans")

        assert words == "100 points = floor(100.00), 消费积分 v1"

    def test_every_reason_has_a_sentence_for_every_kind_it_comes_with(self) -> None:
        around = surroundings(openings={3: Opening(NOON, NOON)})
        book = Book()
        book.apply(a_snapshot(), around)
        for net, member in ((5_000, 1), (8_000, 1), (8_000, 2), (8_000, 3), (8_000, 1)):
            book.apply(a_snapshot(net_minor=net, member_id=member), around)
        book.apply(a_snapshot(order_id=2, member_id=3), around)
        book.apply(a_snapshot(order_id=3), around)
        book.apply(a_snapshot(order_id=3), surroundings(openings={1: Opening(NOON, NOON)}))
        book.apply(a_snapshot(order_id=4, currency="GBP"), around)

        for rows in book.rows.values():
            for row in rows:
                for currency in (Currency.POINTS, Currency.GROWTH):
                    assert explain(row, currency, PROGRAMME).sentence(str, "en")
        for reason in (Reason.UNATTRIBUTED, Reason.NOT_PAID, Reason.TOO_SMALL):
            assert explain_verdict(reason, "CNY", PROGRAMME).sentence(str, "en")


EXPIRY_TABLE = [
    (zone, f"{year}-{text}", offset)
    for zone, offset in (("Asia/Shanghai", "+08:00"), ("UTC", "+00:00"), ("Asia/Kathmandu", "+05:45"))
    for year in (2023, 2024, 2026)
    for text in (
        "01-01T00:00:00", "02-28T23:59:59", "03-01T00:00:00", "03-31T12:00:00", "06-30T23:59:59",
        "10-31T00:30:00", "12-31T23:59:59",
    )
]  # fmt: skip
DST_TABLE = [
    ("Europe/London", "2026-03-29T00:59:59+00:00", "2028-01-01T00:00:00+00:00"),
    ("Europe/London", "2026-10-25T01:30:00+00:00", "2028-01-01T00:00:00+00:00"),
    ("Europe/London", "2025-12-31T23:59:59+00:00", "2027-01-01T00:00:00+00:00"),
    ("America/New_York", "2026-01-01T04:59:59+00:00", "2027-01-01T05:00:00+00:00"),
    ("America/New_York", "2026-01-01T05:00:00+00:00", "2028-01-01T05:00:00+00:00"),
    ("Pacific/Kiritimati", "2025-12-31T10:00:00+00:00", "2027-12-31T10:00:00+00:00"),
    ("Pacific/Kiritimati", "2025-12-31T09:59:59+00:00", "2026-12-31T10:00:00+00:00"),
    ("Pacific/Pago_Pago", "2026-01-01T10:59:59+00:00", "2027-01-01T11:00:00+00:00"),
]


class TestExpiry:
    @pytest.mark.reliability("RA25")
    @pytest.mark.parametrize(("zone", "text", "offset"), EXPIRY_TABLE)
    def test_is_the_first_moment_after_next_year(self, zone: str, text: str, offset: str) -> None:
        earned_at = datetime.fromisoformat(text + offset)
        year = int(text[:4])

        expires_at = a_programme(zone=zone).expires_at(earned_at.astimezone(UTC))

        assert expires_at == datetime.fromisoformat(f"{year + 2}-01-01T00:00:00{offset}")

    @pytest.mark.reliability("RA25")
    @pytest.mark.parametrize(("zone", "earned", "expires"), DST_TABLE)
    def test_is_right_where_clocks_change(self, zone: str, earned: str, expires: str) -> None:
        found = a_programme(zone=zone).expires_at(datetime.fromisoformat(earned))

        assert found == datetime.fromisoformat(expires)

    @given(st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)))
    def test_the_short_way_equals_the_calendar(self, earned_at: datetime) -> None:
        for zone in (
            "Asia/Shanghai",
            "America/New_York",
            "Pacific/Kiritimati",
            "Pacific/Pago_Pago",
        ):
            programme = a_programme(zone=zone)

            assert programme.expires_at(earned_at) == periods.end_of_year(
                earned_at, programme.tz, 1
            )


class TestLadder:
    def test_refuses_to_be_crooked(self) -> None:
        tier = Tier(0, "base", 1, "Member", "普通")

        with pytest.raises(LadderCrooked):
            a_ladder(tiers=(tier,))

    @pytest.mark.parametrize(
        ("growth", "level"),
        [(-5, 0), (0, 0), (499, 0), (500, 1), (1_999, 1), (2_000, 2), (5_000, 3), (10_000, 4)],
    )
    def test_finds_the_highest_tier_of_a_growth(self, growth: int, level: int) -> None:
        assert a_ladder().level_for(growth) == level

    def test_holds_reviews_on_the_first_at_three_in_the_shops_zone(self) -> None:
        ladder, tz = a_ladder(), PROGRAMME.tz
        review = datetime(2026, 2, 28, 19, tzinfo=UTC)  # 03:00 on 1 March in Shanghai

        assert ladder.next_review(review, tz) == review
        assert ladder.next_review(review + timedelta(seconds=1), tz) == datetime(
            2026, 3, 31, 19, tzinfo=UTC
        )
        assert ladder.next_review(datetime(2026, 12, 20, tzinfo=UTC), tz) == datetime(
            2026, 12, 31, 19, tzinfo=UTC
        )
        assert ladder.last_review(review, tz) == review
        assert ladder.last_review(review - timedelta(seconds=1), tz) == datetime(
            2026, 1, 31, 19, tzinfo=UTC
        )


def test_a_snapshot_knows_whether_money_came_in() -> None:
    assert [a_snapshot(state=s).is_earning for s in ("created", "paid", "closed")] == [
        False,
        True,
        False,
    ]
    assert isinstance(a_snapshot(), OrderSnapshot)
