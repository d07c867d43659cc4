"""A first purchase reaches silver: once the time for returns is over, not a day sooner."""

import pytest

from tests.stories.house import Shop

LIN = "13800138000"

pytestmark = [pytest.mark.capability("B1"), pytest.mark.capability("B3")]


class TestAFirstPurchaseReachesSilver:
    def test_points_and_tier_wait_for_the_return_period(self, shop: Shop) -> None:
        shop.sell("520.00", to=LIN)

        assert (shop.balance(LIN).available, shop.balance(LIN).pending) == (0, 520)
        assert shop.tier(LIN) == "base"
        shop.wait(days=6)
        assert shop.tier(LIN) == "base"
        shop.wait(days=1)
        assert shop.balance(LIN).available == 520
        assert shop.tier(LIN) == "silver"
        shop.assert_books_add_up()

    def test_the_next_purchase_earns_more(self, shop: Shop) -> None:
        shop.sell("520.00", to=LIN)
        shop.wait(days=7)

        shop.sell("24.90", to=LIN)

        assert shop.statement(LIN)[0] == "27 points = floor(24.90 × 1.1), Points for purchases v1"

    def test_a_web_order_waits_until_it_has_arrived(self, db: None) -> None:
        shop = Shop(reports_completion=True)
        order = shop.sell("520.00", to=LIN)
        shop.wait(days=30)
        assert (shop.balance(LIN).pending, shop.tier(LIN)) == (520, "base")

        shop.sell("520.00", to=LIN, order=order, state="completed", completed="2026-03-31 12:00")

        shop.wait(days=6)
        assert shop.balance(LIN).pending == 520
        shop.wait(days=1)
        assert (shop.balance(LIN).available, shop.tier(LIN)) == (520, "silver")
        shop.assert_books_add_up()
