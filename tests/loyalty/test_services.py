"""Awards, tiers and openings on PostgreSQL, through the log and its reactions."""

from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import Any

import pytest
from django.db import transaction

from regulars.commerce import services as commerce
from regulars.commerce.domain import Amounts, OrderInput
from regulars.events import services as events
from regulars.events.domain import Appended, Catalogue, Fact, Inline
from regulars.events.services.append import catalogue as installed
from regulars.kit.ids import uuid_from
from regulars.ledger import selectors as ledger
from regulars.ledger import services as posting
from regulars.ledger.domain import Balance, Currency, OwedPolicy, TransferNotReversible
from regulars.loyalty import reactions, selectors, services
from regulars.loyalty.domain import (
    DEFAULT_GROWTH_BP,
    DEFAULT_MULTIPLIERS_BP,
    DEFAULT_RATE_BP,
    DEFAULT_TIERS,
    Cause,
    LadderCrooked,
    VersionNotLater,
)
from regulars.members.domain import Merge
from regulars.web import sql
from tests.loyalty.makers import DAY, NOON

pytestmark = pytest.mark.django_db

AT = NOON + 30 * DAY


def an_order(order_id: int = 1, member_id: int | None = 1, **changes: Any) -> Fact:
    """An order as commerce tells it: 100 yuan, paid at noon, by default long settled at `AT`."""
    facts: dict[str, Any] = {
        "order_id": order_id,
        "order": str(uuid_from("order", order_id)),
        "number": f"E{order_id}",
        "currency": "CNY",
        "state": "paid",
        "change": "paid",
        "net_minor": 10_000,
        "goods_minor": 10_000,
        "refunded_minor": 0,
        "paid_at": NOON.isoformat(),
        "completed_at": None,
        "reports_completion": False,
        "channel": "pos",
        "lines": 1,
        "is_new": False,
        "award": True,
    }
    batch_id = changes.pop("batch_id", None)
    occurred_at = changes.pop("occurred_at", NOON)
    return Fact(
        type="order.recorded",
        occurred_at=occurred_at,
        facts=facts | changes,
        member_id=member_id,
        batch_id=batch_id,
    )


def tell(*facts: Fact, at: datetime = AT) -> Appended:
    with transaction.atomic():
        return events.append(facts, at=at)


def points(member_id: int = 1, at: datetime = AT) -> Balance:
    return ledger.balances(member_ids=[member_id], at=at)[member_id]


def tier(member_id: int = 1) -> str:
    return selectors.tier_of(member_ids=[member_id])[member_id].code


def said(appended: Appended) -> list[tuple[str, dict[str, Any]]]:
    return [
        (outcome.code, outcome.facts)
        for event in appended.events
        for outcome in appended.outcomes.get(event.id, ())
        if outcome.app == "loyalty"
    ]


def assert_it_adds_up(member_id: int = 1) -> None:
    assert services.verify_tiers(until=AT).bad == 0
    verdict = posting.verify(extra=selectors.CHECKS)
    assert [f for f in verdict.findings if f.bad] == []


class TestProgramme:
    def test_the_seeded_programme_is_the_default_of_the_domain(self) -> None:
        programme = selectors.get_programme()

        assert (programme.zone, programme.currency) == ("Asia/Shanghai", "CNY")
        assert (programme.pending_days, programme.expiry_years_ahead) == (7, 1)
        assert programme.refund_policy is OwedPolicy.OWE
        [rule], [ladder] = programme.rules, programme.ladders
        assert ladder.tiers == DEFAULT_TIERS
        assert (rule.rate_bp, rule.growth_bp) == (DEFAULT_RATE_BP, DEFAULT_GROWTH_BP)
        assert rule.multipliers_bp == DEFAULT_MULTIPLIERS_BP

    def test_follows_the_installation_until_it_is_set(self) -> None:
        sql.run("UPDATE web_installation SET currency = 'GBP', zone = 'Europe/London'")

        assert selectors.get_programme().currency == "GBP"
        assert services.configure_programme(currency="EUR").currency == "EUR"
        assert selectors.get_programme().zone == "Europe/London"

    def test_publishes_a_version_from_a_date_and_keeps_the_old_one_for_what_came_before(
        self,
    ) -> None:
        services.publish_rule(
            from_at=NOON + DAY,
            rate_bp={"*": 20_000},
            growth_bp={"*": 10_000},
            multipliers_bp=DEFAULT_MULTIPLIERS_BP,
            at=AT,
        )

        later = (NOON + 2 * DAY).isoformat()
        tell(an_order(1, 1), an_order(2, 2, paid_at=later, occurred_at=NOON + 2 * DAY))

        assert points(1).available == 100
        assert points(2).available == 200

    def test_refuses_a_version_that_would_rewrite_the_past(self) -> None:
        with pytest.raises(VersionNotLater):
            services.publish_ladder(
                from_at=datetime(1969, 1, 1, tzinfo=UTC), tiers=DEFAULT_TIERS, at=AT
            )
        with pytest.raises(LadderCrooked):
            services.publish_ladder(from_at=AT, tiers=DEFAULT_TIERS[1:], at=AT)


class TestAwardOrders:
    @pytest.mark.capability("B1")
    def test_gives_points_and_growth_and_says_so(self) -> None:
        told = tell(an_order())

        assert said(told) == [("awarded", {"points": 100, "growth": 100, "reason": "purchase"})]
        assert (points().available, points().growth) == (100, 100)
        assert_it_adds_up()

    def test_leaves_points_pending_for_seven_days(self) -> None:
        tell(an_order(), at=NOON)

        assert (points(at=NOON).available, points(at=NOON).pending) == (0, 100)
        assert points(at=NOON + 7 * DAY).available == 100

    def test_gives_nothing_twice(self) -> None:
        tell(an_order())

        again = tell(an_order())
        both = tell(an_order(2), an_order(2))

        assert said(again) == []
        assert len(said(both)) == 1
        assert points().available == 200
        assert_it_adds_up()

    def test_releases_what_waited_when_the_order_is_completed(self) -> None:
        waiting = {"reports_completion": True, "is_new": True}
        tell(an_order(**waiting), at=NOON)
        assert points().available == 0

        done = (NOON + 2 * DAY).isoformat()
        tell(an_order(reports_completion=True, state="completed", completed_at=done))

        assert points().available == 100
        assert points(at=NOON + 8 * DAY).available == 0
        assert_it_adds_up()

    @pytest.mark.reliability("RA17")
    def test_takes_back_what_is_there_and_lets_the_rest_be_owed(self) -> None:
        tell(an_order(net_minor=50_000))
        posting.spend_points(
            transfer_id=uuid_from("spend"), member_id=1, amount=400, occurred_at=AT, at=AT
        )

        tell(an_order(net_minor=0, state="refunded", change="refunded"))

        assert (points().available, points().owed) == (0, 400)
        tell(an_order(2, net_minor=100_000))
        assert (points().available, points().owed) == (600, 0)
        assert_it_adds_up()

    @pytest.mark.reliability("RA17")
    def test_forgives_where_the_policy_says_so(self) -> None:
        services.configure_programme(refund_policy=OwedPolicy.FORGIVE)
        tell(an_order(net_minor=50_000))
        posting.spend_points(
            transfer_id=uuid_from("spend"), member_id=1, amount=400, occurred_at=AT, at=AT
        )

        tell(an_order(net_minor=0, state="refunded", change="refunded"))

        assert (points().available, points().owed) == (0, 0)
        assert_it_adds_up()

    @pytest.mark.reliability("RA17")
    def test_blocks_where_the_policy_says_so_and_tries_again_at_the_next_change(self) -> None:
        services.configure_programme(refund_policy=OwedPolicy.BLOCK)
        tell(an_order(net_minor=50_000))
        posting.spend_points(
            transfer_id=uuid_from("spend"), member_id=1, amount=400, occurred_at=AT, at=AT
        )
        refund = an_order(net_minor=0, state="refunded", change="refunded")

        [(code, facts)] = said(tell(refund))

        assert (code, facts["points"], facts["growth"]) == ("taken_back", 0, -500)
        assert points().available == 100
        tell(an_order(2, net_minor=40_000))
        tell(refund)
        assert points().available == 0
        assert_it_adds_up()

    @pytest.mark.reliability("RA7")
    @pytest.mark.parametrize("by_hand", [30, 100])
    def test_takes_back_no_more_than_staff_left_of_it(self, by_hand: int) -> None:
        tell(an_order())
        [line] = selectors.list_statement(member_id=1).lines
        posting.reverse_transfer(
            transfer_id=line.entry.transfer_id,
            reversal_id=uuid_from("by hand"),
            amount=by_hand,
            at=AT,
        )

        [(code, facts)] = said(tell(an_order(net_minor=0, state="refunded", change="refunded")))

        assert (code, facts["points"], facts["growth"]) == ("taken_back", by_hand - 100, -100)
        assert points() == Balance()
        tell(an_order(2, net_minor=5_000))
        assert points().available == 50
        assert_it_adds_up()

    def test_growth_is_not_reversed_by_hand(self) -> None:
        tell(an_order())
        found = sql.row("SELECT growth_transfer_id FROM loyalty_award")
        assert found is not None

        with pytest.raises(TransferNotReversible):
            posting.reverse_transfer(transfer_id=found[0], reversal_id=uuid_from("by hand"), at=AT)

    def test_earns_and_expires_at_once_what_is_long_over(self) -> None:
        long_ago = NOON - 3 * 365 * DAY

        tell(an_order(paid_at=long_ago.isoformat(), occurred_at=long_ago))

        assert points() == Balance(growth=100)
        kinds = [line.entry.kind.name for line in selectors.list_statement(member_id=1).lines]
        assert kinds == ["EXPIRE", "EARN"]
        assert_it_adds_up()

    def test_takes_expired_points_back_from_nobody(self) -> None:
        long_ago = NOON - 3 * 365 * DAY
        tell(an_order(paid_at=long_ago.isoformat(), occurred_at=long_ago))

        tell(an_order(net_minor=0, state="refunded", paid_at=long_ago.isoformat()))

        assert points() == Balance()
        assert_it_adds_up()

    def test_keeps_the_reason_why_nothing_was_given(self) -> None:
        told = tell(an_order(1, currency="GBP"), an_order(2, None), an_order(3, award=False))

        assert [facts["reason"] for _, facts in said(told)] == [
            "other_currency",
            "unattributed",
            "award_off",
        ]
        tell(an_order(3, award=True, state="completed"))
        assert points() == Balance()

    def test_awards_an_order_when_it_is_linked(self) -> None:
        tell(an_order(1, None))

        tell(an_order(1, 7, change="attributed"))

        assert points(7).available == 100

    def test_moves_an_award_to_the_right_member(self) -> None:
        tell(an_order(1, 1))

        tell(an_order(1, 2, change="attributed"))

        assert points(1) == Balance()
        assert points(2).available == 100
        assert_it_adds_up()

    def test_uses_the_multiplier_of_the_tier_known_when_it_is_applied(self) -> None:
        tell(an_order(1, net_minor=60_000))
        assert tier() == "silver"

        tell(an_order(2))

        assert points().available == 710

    def test_an_unknown_refusal_of_the_ledger_is_not_swallowed(self) -> None:
        tell(an_order(1))
        sql.run("DELETE FROM loyalty_award")

        with pytest.raises(Exception, match="already used"):
            tell(an_order(1, net_minor=20_000))


class TestTiers:
    @pytest.mark.capability("B3")
    def test_rises_at_once_when_old_growth_becomes_known(self) -> None:
        tell(an_order(net_minor=50_000))

        assert tier() == "silver"
        [step] = selectors.list_tier_history(member_id=1)
        assert (step.to_tier.code, step.cause, step.changed_at) == (
            "silver",
            Cause.GROWTH,
            NOON + 7 * DAY,
        )
        assert _groups(1) == ["silver"]
        assert_it_adds_up()

    def test_says_in_the_log_what_was_reached(self) -> None:
        tell(an_order(net_minor=250_000))

        [(kind, facts)] = _tier_events()
        assert kind == "tier.reached"
        assert (facts["tier"], facts["from_tier"], facts["growth"]) == ("gold", "base", 2_500)

    def test_rises_when_growth_settles_and_not_before(self) -> None:
        tell(an_order(net_minor=50_000), at=NOON)
        assert tier() == "base"

        services.settle_growth(at=NOON + 6 * DAY)
        assert tier() == "base"
        assert services.settle_growth(at=NOON + 7 * DAY) == 1
        assert tier() == "silver"
        assert services.settle_growth(at=NOON + 8 * DAY) == 0

    def test_settles_many_in_steps(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("regulars.loyalty.services.tiers.BATCH", 3)
        tell(*(an_order(n, n, net_minor=50_000) for n in range(1, 12)), at=NOON)

        assert services.settle_growth(at=AT) == 11

    def test_falls_one_level_at_each_review_and_no_sooner(self) -> None:
        tell(an_order(net_minor=250_000))
        year_later = NOON + 366 * DAY

        assert services.review_tiers(at=year_later) == 0
        assert tier() == "gold"
        assert services.review_tiers(at=datetime(2027, 4, 1, tzinfo=UTC)) == 1
        assert tier() == "silver"
        assert services.review_tiers(at=datetime(2027, 4, 2, tzinfo=UTC)) == 0
        services.review_tiers(at=datetime(2027, 5, 1, tzinfo=UTC))
        assert tier() == "base"
        assert _groups(1) == []
        assert [kind for kind, _ in _tier_events()] == ["tier.reached", "tier.lost", "tier.lost"]

    def test_a_review_that_was_missed_is_made_up_for(self) -> None:
        tell(an_order(net_minor=250_000))

        services.review_tiers(at=datetime(2027, 9, 9, tzinfo=UTC))

        steps = [step.to_tier.code for step in selectors.list_tier_history(member_id=1)]
        assert steps == ["base", "silver", "gold"]

    def test_a_refund_lowers_the_tier_at_the_review(self) -> None:
        tell(an_order(net_minor=60_000))
        tell(an_order(net_minor=10_000, state="partially_refunded", occurred_at=AT))

        assert tier() == "silver"
        services.review_tiers(at=datetime(2026, 5, 1, tzinfo=UTC))
        assert tier() == "base"
        assert_it_adds_up()

    @pytest.mark.reliability("RB8")
    def test_a_late_fact_rewrites_the_path(self) -> None:
        april = NOON + 40 * DAY
        tell(
            an_order(1, net_minor=60_000, paid_at=april.isoformat(), occurred_at=april),
            at=AT + 60 * DAY,
        )
        first = selectors.list_tier_history(member_id=1)

        tell(an_order(2, net_minor=50_000), at=AT + 60 * DAY)

        [step] = selectors.list_tier_history(member_id=1)
        assert first[0].changed_at == april + 7 * DAY
        assert step.changed_at == NOON + 7 * DAY
        assert_it_adds_up()

    def test_progress_tells_what_is_missing(self) -> None:
        tell(an_order(net_minor=70_000))

        way = selectors.get_progress(member_id=1, at=AT)

        assert (way.tier.code, way.growth, way.growth_missing) == ("silver", 700, 1_300)
        assert selectors.get_progress(member_id=99, at=AT).tier.code == "base"


class TestOpenings:
    def declared(self, currency: str = "points", amount: int = 300, **changes: Any) -> Fact:
        as_of = changes.pop("as_of", (NOON + DAY).date().isoformat())
        facts = {
            "currency": currency,
            "amount": amount,
            "lots": [],
            "as_of": as_of,
            "replaces": True,
        }
        return Fact(
            type="balance.declared",
            occurred_at=AT,
            member_id=1,
            batch_id=changes.pop("batch_id", 5),
            facts=facts | changes,
        )

    @pytest.mark.capability("A4")
    def test_an_order_before_the_balance_awards_nothing(self) -> None:
        tell(self.declared(), self.declared("growth", 300))

        told = tell(an_order())

        assert said(told)[0][1]["reason"] == "before_opening"
        assert (points().available, points().growth) == (300, 300)
        assert_it_adds_up()

    @pytest.mark.capability("A4")
    def test_a_balance_declared_later_takes_the_awards_back(self) -> None:
        self._with_order()

        told = tell(self.declared(), self.declared("growth", 300))

        assert {code for code, _ in said(told)} == {"awards_taken_back"}
        assert (points().available, points().growth) == (300, 300)
        assert_it_adds_up()

    def test_said_again_changes_nothing(self) -> None:
        self._with_order()
        tell(self.declared(), self.declared("growth", 300))

        told = tell(self.declared(), self.declared("growth", 300))

        assert said(told) == []
        assert (points().available, points().growth) == (300, 300)
        assert _count("loyalty_opening") == 2

    def test_a_corrected_balance_replaces_the_first(self) -> None:
        tell(self.declared("growth", 600))
        assert tier() == "silver"

        tell(self.declared("growth", 100))

        assert points().growth == 100
        assert tier() == "base"
        assert_it_adds_up()

    def test_growth_counts_from_when_each_part_was_earned(self) -> None:
        lots = [{"amount": 500, "earned_on": "2024-01-05", "expires_on": None}]

        tell(self.declared("growth", 600, lots=lots))

        assert tier() == "base"
        assert selectors.get_progress(member_id=1, at=AT).growth == 100

    def test_undoing_the_import_gives_the_awards_again(self) -> None:
        self._with_order()
        tell(self.declared(), self.declared("growth", 900))
        assert tier() == "silver"

        tell(
            Fact(type="import.reverted", occurred_at=AT, facts={"batch_id": 5, "kind": "balances"})
        )

        assert (points().available, points().growth) == (100, 100)
        assert tier() == "base"
        assert_it_adds_up()

    def test_undoing_a_correction_brings_back_what_it_replaced(self) -> None:
        def undone(batch_id: int) -> None:
            facts = {"batch_id": batch_id, "kind": "balances"}
            tell(Fact(type="import.reverted", occurred_at=AT, facts=facts))

        lots = [{"amount": 500, "earned_on": "2026-01-05", "expires_on": None}]
        tell(self.declared(), self.declared("growth", 600, lots=lots))
        tell(self.declared(amount=50, batch_id=6), self.declared("growth", 100, batch_id=6))

        undone(6)
        undone(6)

        assert (points().available, points().growth, tier()) == (300, 600, "silver")
        assert_it_adds_up()
        told = tell(an_order())
        assert said(told)[0][1]["reason"] == "before_opening"
        undone(5)
        assert (points().growth, tier()) == (0, "base")

    @pytest.mark.parametrize(("undone", "left"), [((6,), 30), ((6, 7), 60), ((5, 6, 7), 0)])
    def test_undoing_in_a_chain_leaves_what_was_said_last(
        self, undone: tuple[int, ...], left: int
    ) -> None:
        for batch_id, amount in ((5, 60), (6, 50), (7, 30)):
            tell(self.declared("growth", amount, batch_id=batch_id))

        for batch_id in undone:
            facts = {"batch_id": batch_id, "kind": "balances"}
            tell(Fact(type="import.reverted", occurred_at=AT, facts=facts))

        assert points().growth == left

    def _with_order(self) -> None:
        """An order that commerce has, so that it can be judged again."""
        commerce.record_orders(
            orders=[
                OrderInput(
                    source_id=1,
                    external_id="E1",
                    version_at=NOON,
                    paid_at=NOON,
                    amounts=Amounts(goods_minor=10_000, currency="CNY"),
                    member_id=1,
                    survivor_id=1,
                    reports_completion=False,
                )
            ],
            at=AT,
        )


class TestMembers:
    def pair(self, kind: str) -> Fact:
        return Fact(
            type=f"member.{kind}",
            occurred_at=AT,
            member_id=1,
            facts={"winner_id": 1, "loser_id": 2, "merge_id": 3},
        )

    def test_two_members_become_one_tier(self) -> None:
        tell(an_order(1, 1, net_minor=150_000), an_order(2, 2, net_minor=60_000))
        assert (tier(1), tier(2)) == ("silver", "silver")

        tell(self.pair("merged"))

        assert (tier(1), points(1).growth) == ("gold", 2_100)
        assert _groups(1) == ["gold"]
        assert _groups(2) == []
        assert_it_adds_up()

    def test_they_part_with_what_was_their_own(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("regulars.members.selectors.aliases", lambda *, member_id: (member_id,))
        merge = Merge(3, 1, 2, AT)
        monkeypatch.setattr("regulars.members.selectors.get_merge", lambda *, merge_id: merge)
        tell(an_order(1, 1, net_minor=150_000), an_order(2, 2, net_minor=60_000))
        tell(self.pair("merged"))

        tell(self.pair("unmerged"))

        assert (tier(1), points(1).growth) == ("silver", 1_500)
        assert (tier(2), points(2).growth) == ("silver", 600)
        assert _groups(2) == ["silver"]
        assert_it_adds_up()

    def test_a_refund_after_a_merge_finds_the_award(self) -> None:
        tell(an_order(1, 1), an_order(2, 2, net_minor=60_000))
        tell(self.pair("merged"))

        tell(an_order(2, 1, net_minor=0, state="refunded"))

        assert (points(1).available, points(1).growth) == (100, 100)
        assert_it_adds_up()

    def test_an_erased_member_leaves_no_tier(self) -> None:
        tell(an_order(net_minor=60_000))

        tell(
            Fact(
                type="member.erased",
                occurred_at=AT,
                member_id=1,
                facts={"member_ids": [1], "reason_code": "request"},
            )
        )

        assert tier() == "base"
        services.settle_growth(at=AT + DAY)
        assert tier() == "base"

    def test_growth_forgotten_before_awards_were_the_growth_stays_forgotten(self) -> None:
        migration = import_module("regulars.loyalty.migrations.0003_awards_are_the_growth")
        tell(an_order(1, 1, net_minor=60_000), an_order(2, 2, net_minor=60_000))
        services.erase_histories(member_ids=[1])
        sql.run(migration.WRITTEN_AGAIN)
        sql.run("UPDATE loyalty_award SET growth_counts = true")

        sql.run(migration.FORGOTTEN)

        assert sql.rows("SELECT member_id, amount FROM loyalty_growth") == [(2, 600)]


class TestStatement:
    def test_each_line_explains_itself(self) -> None:
        tell(an_order(1, net_minor=60_000))
        tell(an_order(2, net_minor=2_490))
        tell(an_order(2, net_minor=0, state="refunded", change="refunded"))
        posting.spend_points(
            transfer_id=uuid_from("spend"), member_id=1, amount=5, occurred_at=AT, at=AT
        )

        page = selectors.list_statement(member_id=1)

        words = [line.explanation.sentence(str, "en") for line in page.lines]
        assert words == [
            "Spent",
            (
                "27 of 27 points taken back: the order now counts 0.00, floor(0.00 × 1.1),"
                " Points for purchases v1"
            ),
            "27 points = floor(24.90 × 1.1), Points for purchases v1",
            "600 points = floor(600.00), Points for purchases v1",
        ]
        assert [line.order_id for line in page.lines] == [None, 2, 2, 1]

    def test_turns_pages(self) -> None:
        tell(*(an_order(n) for n in range(1, 6)))

        first = selectors.list_statement(member_id=1, limit=3)
        second = selectors.list_statement(member_id=1, limit=3, cursor=first.next_cursor)

        assert (len(first.lines), len(second.lines)) == (3, 2)
        assert second.next_cursor is None
        assert first.lines[-1].entry.balance_after == 300

    def test_explains_growth_too(self) -> None:
        tell(an_order())

        page = selectors.list_statement(member_id=1, currency=Currency.GROWTH)

        assert page.lines[0].explanation.key == "growth.purchase"


class TestCost:
    @pytest.mark.parametrize("size", [20, 200])
    def test_a_batch_of_new_orders_asks_few_questions(
        self, size: int, django_assert_max_num_queries: Any
    ) -> None:
        orders = [an_order(n, n, is_new=True) for n in range(1, size + 1)]
        tell(an_order(9_999, 9_999))

        with django_assert_max_num_queries(20):
            tell(*orders, at=NOON)


class TestChecks:
    CORRUPTIONS = (
        ("awards", "UPDATE loyalty_award SET points = points + 1 WHERE order_id = 1"),
        ("awards", "DELETE FROM loyalty_award WHERE order_id = 1"),
        ("awards_back", "UPDATE loyalty_award SET points = points + 1 WHERE kind = 3"),
        ("awards_once", "UPDATE loyalty_award SET order_id = 1, step = 7 WHERE order_id = 2"),
        (
            "growth",
            (
                "INSERT INTO loyalty_growthentry (id, member_id, origin_member_id, opening_id,"
                " amount, occurred_at) VALUES (1, 1, 1, 9, 5, clock_timestamp())"
            ),
        ),
        ("growth_balance", "UPDATE loyalty_award SET growth = growth + 1 WHERE order_id = 1"),
        ("tier_paths", "UPDATE loyalty_tierstatus SET level = 3"),
    )

    @pytest.mark.parametrize(("check", "damage"), CORRUPTIONS)
    def test_finds_the_corruption_meant_for_it(self, check: str, damage: str) -> None:
        tell(an_order(1), an_order(2, net_minor=60_000), an_order(3))
        tell(an_order(3, net_minor=5_000, state="partially_refunded"))
        assert_it_adds_up()

        sql.run(damage)

        found = {f.check for f in posting.verify(extra=selectors.CHECKS).findings if f.bad}
        assert check in found

    def test_finds_a_wrong_tier(self) -> None:
        tell(an_order(1, net_minor=60_000))

        sql.run("UPDATE loyalty_tierstatus SET level = 3")

        assert services.verify_tiers(until=AT).bad == 1

    def test_finds_a_tier_that_was_never_given(self) -> None:
        tell(an_order(1, net_minor=60_000))

        sql.run("DELETE FROM loyalty_tierstatus")

        assert services.verify_tiers(until=AT).ids == ("1",)


def test_the_reactions_are_joined_to_the_log() -> None:
    catalogue: Catalogue = installed()
    heard = [inline.react for inline in catalogue.inline]

    for name in (
        "when_orders_recorded",
        "when_balances_declared",
        "when_imports_reverted",
        "when_members_merged",
        "when_members_unmerged",
        "when_members_erased",
    ):
        assert getattr(reactions, name) in heard
    assert all(isinstance(inline, Inline) for inline in catalogue.inline)
    assert timedelta(0) < DAY


def _groups(member_id: int) -> list[str]:
    return [
        code
        for (code,) in sql.rows(
            "SELECT code FROM members_group WHERE member_id = %s::bigint AND until IS NULL",
            [member_id],
        )
    ]


def _tier_events() -> list[tuple[str, dict[str, Any]]]:
    import orjson

    return [
        (kind, orjson.loads(facts))
        for kind, facts in sql.rows(
            "SELECT type, facts::text FROM events_event WHERE type LIKE 'tier.%%' ORDER BY id",
            [],
        )
    ]


def _count(table: str) -> int:
    found = sql.row(f"SELECT count(*) FROM {table}")
    return int(found[0]) if found else 0
