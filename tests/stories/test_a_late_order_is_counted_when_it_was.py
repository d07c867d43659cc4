"""A late order is counted when it was: the path of tiers is retold as if it had been known."""

import pytest

from tests.stories.house import Shop

LIN = "13800138000"

pytestmark = [pytest.mark.capability("B3"), pytest.mark.reliability("RB8")]


class TestALateOrder:
    def test_moves_the_day_silver_was_reached(self, shop: Shop) -> None:
        shop.travel("2026-06-01 12:00")
        shop.sell("300.00", to=LIN, on="2026-03-10 12:00")
        shop.sell("300.00", to=LIN, on="2026-05-10 12:00")
        assert shop.path(LIN) == ["silver"]

        shop.sell("200.00", to=LIN, on="2026-04-10 12:00")

        [step] = _steps(shop)
        assert step == "2026-04-17"
        shop.assert_books_add_up()

    def test_any_order_of_arrival_tells_the_same_path(self, shop: Shop) -> None:
        shop.travel("2027-09-01 12:00")
        days = ["2025-06-01 12:00", "2025-12-01 12:00", "2026-03-01 12:00", "2026-11-11 12:00"]
        for day in days:
            shop.sell("600.00", to="13800000001", on=day)
        for day in reversed(days):
            shop.sell("600.00", to="13800000002", on=day)

        shop.work()

        assert shop.path("13800000001") == shop.path("13800000002")
        assert shop.balance("13800000001").growth == shop.balance("13800000002").growth
        shop.assert_books_add_up()

    def test_history_that_is_long_over_is_earned_and_expired_at_once(self, shop: Shop) -> None:
        shop.sell("880.00", to=LIN, on="2023-05-01 12:00")

        assert (shop.balance(LIN).available, shop.balance(LIN).growth) == (0, 880)
        assert shop.path(LIN) == ["silver", "base"]
        assert shop.statement(LIN) == [
            "Expired",
            "880 points = floor(880.00), Points for purchases v1",
        ]
        shop.assert_books_add_up()

    def test_an_unknown_buyer_is_awarded_once_recognised(self, shop: Shop) -> None:
        order = shop.sell("120.00", on="2026-02-01 12:00")

        shop.sell("120.00", to=LIN, order=order, on="2026-02-01 12:00")

        assert shop.balance(LIN).available == 120
        shop.assert_books_add_up()

    def test_an_import_without_awards_never_earns_not_even_later(self, shop: Shop) -> None:
        order = shop.sell("120.00", to=LIN, award=False)
        shop.sell("120.00", to=LIN, order=order, state="completed", on="2026-03-01 12:00")
        shop.refund(order, "20.00")

        shop.wait(days=10)

        assert (shop.balance(LIN).available, shop.balance(LIN).growth) == (0, 0)
        shop.assert_books_add_up()


def _steps(shop: Shop) -> list[str]:
    from regulars.loyalty import selectors as loyalty

    steps = loyalty.list_tier_history(member_id=shop.member(LIN))
    return [step.changed_at.date().isoformat() for step in steps]
