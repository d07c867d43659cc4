"""Two members become one: points, growth and tier are united, and can be parted again."""

import pytest

from tests.stories.house import Shop

LIN, XIA = "13800138000", "13900139000"

pytestmark = [pytest.mark.capability("A2"), pytest.mark.reliability("RA27")]


class TestTwoMembersBecomeOne:
    def test_the_tier_follows_the_united_growth(self, shop: Shop) -> None:
        self._both_silver(shop)

        shop.merge(LIN, XIA)

        assert shop.member(XIA) == shop.member(LIN)
        assert shop.tier(LIN) == "gold"
        assert (shop.balance(LIN).available, shop.balance(LIN).growth) == (2_100, 2_100)
        shop.assert_books_add_up()

    def test_a_refund_after_it_finds_the_points(self, shop: Shop) -> None:
        order = self._both_silver(shop)
        shop.merge(LIN, XIA)

        shop.refund(order, "600.00")

        assert (shop.balance(LIN).available, shop.balance(LIN).growth) == (1_500, 1_500)
        shop.assert_books_add_up()

    def test_parted_each_has_what_was_theirs(self, shop: Shop) -> None:
        self._both_silver(shop)
        merge = shop.merge(LIN, XIA)

        shop.unmerge(merge)

        assert (shop.tier(LIN), shop.tier(XIA)) == ("silver", "silver")
        assert (shop.balance(LIN).available, shop.balance(XIA).available) == (1_500, 600)
        assert (shop.balance(LIN).growth, shop.balance(XIA).growth) == (1_500, 600)
        shop.assert_books_add_up()

    def test_what_was_bought_in_between_goes_with_the_phone_it_came_with(self, shop: Shop) -> None:
        self._both_silver(shop)
        merge = shop.merge(LIN, XIA)
        shop.sell("100.00", to=XIA)
        shop.wait(days=7)

        shop.unmerge(merge)

        assert (shop.balance(LIN).growth, shop.balance(XIA).growth) == (1_500, 700)
        shop.assert_books_add_up()

    @pytest.mark.reliability("RA28")
    def test_a_chain_of_merges_leads_to_the_last(self, shop: Shop) -> None:
        third = "13700137000"
        self._both_silver(shop)
        shop.sell("10.00", to=third)
        shop.merge(LIN, XIA)
        shop.merge(third, LIN)

        shop.sell("50.00", to=XIA, on="2026-02-20 12:00")

        assert shop.tier(third) == "gold"
        assert shop.balance(third).growth == 2_160
        shop.assert_books_add_up()

    def _both_silver(self, shop: Shop) -> str:
        """Lin has bought for 1,500, Xia for 600; answers Xia's order."""
        shop.sell("1500.00", to=LIN)
        order = shop.sell("600.00", to=XIA)
        shop.wait(days=7)
        assert (shop.tier(LIN), shop.tier(XIA)) == ("silver", "silver")
        return order
