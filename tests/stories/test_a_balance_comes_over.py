"""A balance comes over from the old system: whatever comes first, nothing counts twice."""

import pytest

from tests.stories.house import Shop

LIN = "13800138000"

pytestmark = pytest.mark.capability("A4")


class TestABalanceComesOver:
    def test_before_the_orders_it_was_earned_with(self, shop: Shop) -> None:
        shop.bring_over(LIN, points=800, growth=900, as_of="2026-02-28 23:59")

        shop.sell("700.00", to=LIN, on="2026-02-10 12:00")
        shop.sell("100.00", to=LIN, on="2026-03-01 09:00")
        shop.wait(days=7)

        assert (shop.balance(LIN).available, shop.balance(LIN).growth) == (910, 1_000)
        shop.assert_books_add_up()

    def test_after_the_orders_it_was_earned_with(self, shop: Shop) -> None:
        shop.sell("700.00", to=LIN, on="2026-02-10 12:00")
        shop.sell("100.00", to=LIN, on="2026-03-01 09:00")
        shop.wait(days=7)

        shop.bring_over(LIN, points=800, growth=900, as_of="2026-02-28 23:59")

        assert shop.balance(LIN).growth == 1_000
        assert shop.balance(LIN).available == 910  # the order after it was silver's, ×1.1
        shop.assert_books_add_up()

    def test_the_tier_comes_with_the_growth(self, shop: Shop) -> None:
        shop.bring_over(LIN, growth=2_400, as_of="2026-02-28 23:59")

        assert shop.tier(LIN) == "gold"
        shop.assert_books_add_up()

    def test_old_growth_leaves_the_window_when_it_would_have(self, shop: Shop) -> None:
        shop.bring_over(LIN, growth=600, as_of="2026-02-28 23:59", lots=[(600, "2025-04-10")])
        assert shop.tier(LIN) == "silver"

        shop.wait(days=62)  # past 10 April and the review of the 1st of May

        assert shop.tier(LIN) == "base"
        shop.assert_books_add_up()

    def test_the_same_file_twice_changes_nothing(self, shop: Shop) -> None:
        for _ in range(2):
            shop.bring_over(LIN, points=800, growth=900, as_of="2026-02-28 23:59")

        assert (shop.balance(LIN).available, shop.balance(LIN).growth) == (800, 900)
        shop.assert_books_add_up()

    def test_a_corrected_file_replaces_the_first(self, shop: Shop) -> None:
        shop.bring_over(LIN, points=800, growth=900, as_of="2026-02-28 23:59")

        shop.bring_over(LIN, points=500, growth=400, as_of="2026-02-28 23:59")

        assert (shop.balance(LIN).available, shop.balance(LIN).growth) == (500, 400)
        assert shop.tier(LIN) == "base"
        shop.assert_books_add_up()

    def test_undone_the_orders_earn_again(self, shop: Shop) -> None:
        shop.sell("700.00", to=LIN, on="2026-02-10 12:00")
        batch = shop.bring_over(LIN, points=800, growth=900, as_of="2026-02-28 23:59")

        shop.undo(batch)

        assert (shop.balance(LIN).available, shop.balance(LIN).growth) == (700, 700)
        shop.assert_books_add_up()
