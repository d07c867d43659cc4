"""A refund takes the points back: recomputed on what is left of the order, never rounded alone."""

import pytest

from regulars.ledger.domain import OwedPolicy
from regulars.loyalty import services as loyalty
from tests.stories.house import Shop

LIN = "13800138000"

pytestmark = pytest.mark.capability("B1")


class TestARefundTakesThePointsBack:
    def test_in_part_and_then_whole(self, shop: Shop) -> None:
        order = shop.sell("199.90", to=LIN)
        shop.wait(days=8)
        assert shop.balance(LIN).available == 199

        shop.refund(order, "99.90")
        assert shop.balance(LIN).available == 100
        shop.refund(order, "100.00")

        assert (shop.balance(LIN).available, shop.balance(LIN).growth) == (0, 0)
        shop.assert_books_add_up()

    def test_in_thirds_without_losing_a_point(self, shop: Shop) -> None:
        order = shop.sell("100.00", to=LIN)

        for part in ("33.33", "33.33", "33.34"):
            shop.refund(order, part)

        assert shop.balance(LIN).pending == 0
        shop.assert_books_add_up()

    @pytest.mark.reliability("RA17")
    def test_what_was_spent_is_owed_and_the_next_purchase_pays_it(self, shop: Shop) -> None:
        order = shop.sell("500.00", to=LIN)
        shop.wait(days=7)
        shop.spend(LIN, 400)

        shop.refund(order, "500.00")
        assert (shop.balance(LIN).available, shop.balance(LIN).owed) == (0, 400)
        shop.sell("1000.00", to=LIN)
        shop.wait(days=7)

        assert shop.balance(LIN).owed == 0
        assert shop.balance(LIN).available == 700  # 1,000 × 1.1 as silver, less 400 owed
        shop.assert_books_add_up()

    def test_a_generous_house_lets_it_go(self, shop: Shop) -> None:
        loyalty.configure_programme(refund_policy=OwedPolicy.FORGIVE)
        order = shop.sell("500.00", to=LIN)
        shop.wait(days=7)
        shop.spend(LIN, 400)

        shop.refund(order, "500.00")

        assert (shop.balance(LIN).available, shop.balance(LIN).owed) == (0, 0)
        shop.assert_books_add_up()

    def test_the_tier_stays_until_the_review_and_drops_exactly_one(self, shop: Shop) -> None:
        order = shop.sell("2000.00", to=LIN)
        shop.wait(days=7)
        assert shop.tier(LIN) == "gold"
        shop.wait(days=12)

        shop.refund(order, "500.00")
        assert shop.tier(LIN) == "gold"
        shop.wait(days=12)  # the 1st of April has passed

        assert shop.tier(LIN) == "silver"
        shop.wait(days=60)
        assert shop.tier(LIN) == "silver"
        shop.assert_books_add_up()

    def test_said_three_times_it_is_one_refund(self, shop: Shop) -> None:
        order = shop.sell("199.90", to=LIN)
        shop.refund(order, "99.90")

        for _ in range(3):
            shop.sell("199.90", to=LIN, order=order, on="2026-03-01 12:00")

        assert shop.balance(LIN).pending == 100
        shop.assert_books_add_up()
