"""Points expire at the end of next year, at midnight in Shanghai and not in Greenwich."""

import pytest

from tests.stories.house import Shop

LIN = "13800138000"

pytestmark = [pytest.mark.capability("B1"), pytest.mark.reliability("RA25")]


class TestPointsExpireAtYearEnd:
    def test_to_the_minute_in_the_shops_zone(self, shop: Shop) -> None:
        shop.sell("100.00", to=LIN)

        shop.travel("2027-12-31 23:59")
        shop.work()
        assert shop.balance(LIN).available == 100
        shop.travel("2028-01-01 00:00")

        assert shop.balance(LIN).available == 0
        shop.work()
        assert shop.statement(LIN)[0] == "Expired"
        shop.assert_books_add_up()

    def test_a_purchase_on_new_years_eve_belongs_to_the_old_year(self, shop: Shop) -> None:
        shop.travel("2027-01-05 12:00")
        shop.sell("100.00", to=LIN, on="2026-12-31 23:59")
        shop.sell("10.00", to=LIN, on="2027-01-01 00:00")
        shop.wait(days=7)

        shop.travel("2028-01-01 00:00")

        assert shop.balance(LIN).available == 10

    def test_nobody_spends_what_has_expired_even_before_the_sweep(self, shop: Shop) -> None:
        from regulars.ledger.domain import InsufficientPoints

        shop.sell("100.00", to=LIN)
        shop.travel("2028-01-01 00:00")

        with pytest.raises(InsufficientPoints):
            shop.spend(LIN, 1)

    def test_the_oldest_points_are_spent_first(self, shop: Shop) -> None:
        shop.sell("100.00", to=LIN, on="2025-06-01 12:00")
        shop.sell("50.00", to=LIN, on="2026-02-01 12:00")

        shop.spend(LIN, 120)
        shop.travel("2027-01-01 00:00")
        shop.work()

        assert shop.balance(LIN).available == 30
        shop.assert_books_add_up()
