"""An import is undone: the orders go, and what they gave goes with them."""

import pytest

from regulars.ingest import services as ingest
from regulars.ingest.domain import AmountsRow, MemberRef, OrderRow
from regulars.web import sql
from tests.stories.house import Shop, done, local_time

LIN = "13800138000"

pytestmark = pytest.mark.capability("A4")


class TestAnImportIsUndone:
    def test_points_growth_and_tier_go_with_the_orders(self, shop: Shop) -> None:
        shop.sell("100.00", to=LIN, on="2026-02-01 12:00")
        self._import(shop, batch_id=77, yuan="800.00")
        assert (shop.tier(LIN), shop.balance(LIN).available) == ("silver", 900)

        while ingest.revert_chunk(batch_id=77, at=shop.at).more:
            pass

        assert (shop.balance(LIN).available, shop.balance(LIN).growth) == (100, 100)
        shop.travel("2026-04-02 12:00")
        shop.work()
        assert shop.tier(LIN) == "base"
        shop.assert_books_add_up()

    def test_imported_again_they_earn_again(self, shop: Shop) -> None:
        self._import(shop, batch_id=77, yuan="800.00")
        while ingest.revert_chunk(batch_id=77, at=shop.at).more:
            pass

        self._import(shop, batch_id=78, yuan="800.00")

        # Silver until the next review, as after any other refund: the second time counts 1.1.
        assert (shop.balance(LIN).available, shop.balance(LIN).growth) == (880, 800)
        shop.assert_books_add_up()

    def _import(self, shop: Shop, *, batch_id: int, yuan: str) -> None:
        row = OrderRow(
            external_id="E1",
            state="paid",
            paid_at=local_time("2026-02-10 12:00"),
            amounts=AmountsRow(goods=yuan),
            member=MemberRef(phone=LIN),
        )
        done(ingest.apply_orders([row], source=shop.source, at=shop.at, batch_id=batch_id))


class TestAForeignOrder:
    def test_is_kept_and_awards_nothing_with_the_reason(self, shop: Shop) -> None:
        sql.run("UPDATE web_installation SET currency = 'GBP'")

        order = shop.sell("100.00", to=LIN)

        assert (shop.balance(LIN).pending, shop.balance(LIN).growth) == (0, 0)
        found = sql.row("SELECT reason FROM loyalty_award")
        assert (found, order[:1]) == (("other_currency",), "T")
        shop.assert_books_add_up()
