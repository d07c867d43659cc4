"""Orders add up to the same, whoever speaks first and however often."""

import random
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regulars.commerce.domain import (
    Amounts,
    Estimated,
    Line,
    Order,
    OrderInput,
    RefundInput,
    State,
    change_between,
    changed_at,
    goods_paid_minor,
    merge,
    net_minor,
    order_facts,
    placed_at,
    reckon,
    refunded_minor,
    state_of,
    with_refunds,
)
from regulars.kit.ids import uuid_from
from tests.commerce.messages import NOON, messages, refunds, told

PAID = NOON + timedelta(minutes=5)


def said(**parts: object) -> OrderInput:
    given_parts: dict[str, object] = {"source_id": 1, "external_id": "T-1", "version_at": NOON}
    return OrderInput(**(given_parts | parts))  # type: ignore[arg-type]


def an_order(**parts: object) -> Order:
    goods = Amounts(currency="CNY", goods_minor=10_000)
    return merge(None, said(**({"amounts": goods, "created_at": NOON} | parts)))


def a_refund(amount: int, external_id: str | None = None, **parts: object) -> RefundInput:
    return RefundInput(
        source_id=1,
        order="T-1",
        amount_minor=amount,
        external_id=external_id,
        refunded_at=PAID,
        **parts,  # type: ignore[arg-type]
    )


@pytest.mark.reliability("RC3")
class TestMerge:
    @settings(max_examples=400)
    @given(
        st.lists(messages | refunds, min_size=1, max_size=9),
        st.randoms(use_true_random=False),
        st.data(),
    )
    def test_ends_the_same_for_every_shuffle_and_repetition(
        self, story: list[OrderInput | RefundInput], chance: random.Random, data: st.DataObject
    ) -> None:
        expected = told(story)
        again = data.draw(st.lists(st.sampled_from(story), max_size=5))
        shuffled = [*story, *again]
        chance.shuffle(shuffled)

        assert told(shuffled) == expected

    @given(messages, messages, messages)
    def test_groups_as_it_likes(self, a: OrderInput, b: OrderInput, c: OrderInput) -> None:
        assert merge(merge(merge(None, a), b), c) == merge(merge(merge(None, c), b), a)

    def test_prefers_an_exact_moment_to_an_estimate(self) -> None:
        guess = said(paid_at=NOON, estimated=int(Estimated.PAID))

        order = merge(merge(None, guess), said(paid_at=PAID))

        assert (order.paid_at, order.estimated) == (PAID, 0)

    def test_keeps_content_of_the_last_writer(self) -> None:
        early = said(amounts=Amounts(currency="CNY", goods_minor=1))
        late = said(version_at=PAID, amounts=Amounts(currency="CNY", goods_minor=2))

        assert merge(merge(None, late), early).goods_minor == 2

    def test_lets_the_higher_status_write_at_the_same_moment(self) -> None:
        paid = said(state=State.PAID, amounts=Amounts(currency="CNY", goods_minor=2))
        created = said(state=State.CREATED, amounts=Amounts(currency="CNY", goods_minor=9))

        assert merge(merge(None, paid), created).goods_minor == 2

    def test_keeps_what_a_later_message_does_not_say(self) -> None:
        order = merge(an_order(store_id=7, channel="pos"), said(version_at=PAID, channel="web"))

        assert (order.goods_minor, order.store_id, order.channel) == (10_000, 7, "web")

    def test_keeps_its_first_buyer(self) -> None:
        order = merge(an_order(member_id=5), said(version_at=PAID, member_id=6))

        assert order.member_id == 5


class TestStateOf:
    @pytest.mark.parametrize(
        ("parts", "state"),
        [
            ({}, State.CREATED),
            ({"paid_at": PAID}, State.PAID),
            ({"paid_at": PAID, "completed_at": PAID}, State.COMPLETED),
            ({"paid_at": PAID, "closed_at": PAID}, State.CLOSED),
            ({"closed_at": NOON, "paid_at": PAID}, State.CLOSED),
        ],
    )
    def test_follows_from_the_moments(self, parts: dict[str, object], state: State) -> None:
        assert state_of(an_order(**parts)) is state

    @pytest.mark.parametrize(
        ("amount", "state"), [(1, State.PARTIALLY_REFUNDED), (10_000, State.REFUNDED)]
    )
    def test_follows_from_refunds(self, amount: int, state: State) -> None:
        order = with_refunds(an_order(paid_at=PAID), [a_refund(amount, "R1")])

        assert state_of(order) is state

    def test_waits_with_refunds_until_the_order_is_paid(self) -> None:
        assert state_of(with_refunds(an_order(), [a_refund(10_000)])) is State.CREATED


@pytest.mark.capability("B1")
class TestNet:
    def test_leaves_out_shipping_discount_and_points_tender(self) -> None:
        amounts = Amounts(
            currency="CNY",
            goods_minor=10_000,
            shipping_minor=800,
            discount_minor=1_000,
            points_tender_minor=500,
            paid_minor=9_300,
        )

        assert net_minor(an_order(amounts=amounts, paid_at=PAID)) == 8_500

    def test_is_never_more_than_what_was_paid_for_goods(self) -> None:
        amounts = Amounts(currency="CNY", goods_minor=10_000, shipping_minor=800, paid_minor=5_800)

        assert net_minor(an_order(amounts=amounts, paid_at=PAID)) == 5_000

    def test_leaves_out_top_ups(self) -> None:
        lines = (
            Line(sku="tea", amount_minor=4_000),
            Line(sku="card", amount_minor=6_000, kind="top_up"),
        )

        assert net_minor(an_order(lines=lines, paid_at=PAID)) == 4_000

    def test_is_nothing_before_payment_and_after_closing(self) -> None:
        assert net_minor(an_order()) == 0
        assert net_minor(an_order(paid_at=PAID, closed_at=PAID)) == 0

    @given(messages, st.lists(refunds, max_size=5))
    def test_is_never_below_zero_nor_above_the_goods(
        self, message: OrderInput, given_back: list[RefundInput]
    ) -> None:
        order = with_refunds(merge(None, message), {r.key: r for r in given_back}.values())

        assert 0 <= net_minor(order) <= goods_paid_minor(order) or goods_paid_minor(order) == 0


class TestRefunds:
    def test_counts_single_ones_together(self) -> None:
        order = with_refunds(an_order(), [a_refund(100, "R1"), a_refund(50, "R2")])

        assert refunded_minor(order) == 150

    def test_takes_the_largest_sum_so_far(self) -> None:
        assert refunded_minor(with_refunds(an_order(), [a_refund(300), a_refund(100)])) == 300

    def test_does_not_add_two_tellers_of_one_refund(self) -> None:
        assert refunded_minor(with_refunds(an_order(), [a_refund(300), a_refund(300, "R1")])) == 300

    def test_leaves_the_postage_out(self) -> None:
        refund = a_refund(300, "R1", shipping_minor=80)

        assert refunded_minor(with_refunds(an_order(), [refund])) == 220


class TestChangeBetween:
    @pytest.mark.parametrize(
        ("parts", "change"),
        [
            ({}, "created"),
            ({"paid_at": PAID}, "paid"),
            ({"paid_at": PAID, "completed_at": PAID}, "completed"),
            ({"closed_at": PAID}, "closed"),
        ],
    )
    def test_names_the_highest_of_a_new_order(self, parts: dict[str, object], change: str) -> None:
        assert change_between(None, an_order(**parts)) == change

    def test_names_what_moved(self) -> None:
        paid = an_order(paid_at=PAID)

        assert change_between(an_order(), paid) == "paid"
        assert change_between(paid, with_refunds(paid, [a_refund(5)])) == "refunded"
        assert change_between(paid, merge(paid, said(member_id=4))) == "attributed"
        assert change_between(paid, merge(paid, said(channel="web"))) == "updated"

    def test_is_silent_where_only_the_saying_moved(self) -> None:
        order = an_order()
        again = said(version_at=PAID, amounts=Amounts(currency="CNY", goods_minor=10_000))

        assert change_between(order, merge(order, again)) is None


class TestTimes:
    def test_date_a_change_by_its_own_moment(self) -> None:
        order = an_order(paid_at=PAID)

        assert changed_at("paid", order, refunded_at=None, at=NOON) == PAID
        assert changed_at("refunded", order, refunded_at=NOON, at=PAID) == NOON
        assert changed_at("updated", Order(1, "x"), refunded_at=None, at=PAID) == PAID
        assert placed_at(Order(1, "x"), at=PAID) == PAID


class TestOrderFacts:
    def test_snapshot_holds_all_an_award_needs(self) -> None:
        order = an_order(paid_at=PAID)

        facts = order_facts(
            order,
            reckoned=reckon(order),
            order_id=3,
            public_id=uuid_from("x"),
            change="paid",
            is_new=True,
            reports_completion=False,
            award=True,
        )

        assert facts["state"] == "paid"
        assert (facts["net_minor"], facts["paid_at"]) == (10_000, PAID.isoformat())
        assert (facts["completed_at"], facts["award"], facts["reports_completion"]) == (
            None,
            True,
            False,
        )


class TestFirstMessage:
    @given(messages)
    def test_says_the_same_as_joined_to_nothing(self, message: OrderInput) -> None:
        assert merge(None, message) == merge(Order(1, "T-1"), message)
