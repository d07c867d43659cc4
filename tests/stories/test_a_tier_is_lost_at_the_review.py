"""A tier is lost at the review: on the 1st at three in the morning, one level, and told."""

import pytest

from regulars.events import selectors as log
from regulars.members import selectors as people
from tests.stories.house import Shop

LIN = "13800138000"

pytestmark = pytest.mark.capability("B3")


class TestATierIsLostAtTheReview:
    def test_a_year_after_the_purchase_and_one_level_a_month(self, shop: Shop) -> None:
        shop.sell("2300.00", to=LIN)
        shop.wait(days=7)
        assert shop.tier(LIN) == "gold"

        shop.travel("2027-04-01 02:59")
        shop.work()
        assert shop.tier(LIN) == "gold"
        shop.travel("2027-04-01 03:00")
        shop.work()
        assert shop.tier(LIN) == "silver"
        shop.travel("2027-05-01 03:00")
        shop.work()

        assert shop.tier(LIN) == "base"
        assert shop.path(LIN) == ["gold", "silver", "base"]
        shop.assert_books_add_up()

    def test_everyone_reads_the_same_tier_and_the_log_tells_it(self, shop: Shop) -> None:
        shop.sell("2300.00", to=LIN)
        shop.wait(days=7)
        member_id = shop.member(LIN)

        groups = people.groups_of(member_ids=[member_id], kind="tier")
        told = log.list_timeline(member_ids=[member_id], types=["tier.reached", "tier.lost"])

        assert groups == {member_id: "gold"}
        assert [(event.type, event.facts["tier"]) for event in told] == [("tier.reached", "gold")]

    def test_buying_again_in_time_keeps_it(self, shop: Shop) -> None:
        shop.sell("2300.00", to=LIN)
        shop.wait(days=7)

        shop.travel("2027-02-15 12:00")
        shop.sell("2000.00", to=LIN)
        shop.wait(days=7)
        shop.travel("2027-06-01 04:00")
        shop.work()

        assert shop.tier(LIN) == "gold"
