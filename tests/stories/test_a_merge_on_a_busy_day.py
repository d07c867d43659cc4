"""A merge on a busy day: both buy, both spend, and are made one in the middle of it."""

import random
import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connections

from regulars.kit.errors import Refusal
from regulars.ledger import services as ledger
from regulars.loyalty import selectors as loyalty
from regulars.loyalty import services as tiers
from regulars.members.domain import MemberMerged
from tests.sizes import size
from tests.stories.house import Shop

LIN, XIA = "13800138000", "13900139000"


@pytest.mark.reliability("RA27")
class TestAMergeOnABusyDay:
    def test_every_purchase_lands_once_on_the_one_who_is_left(self, committed_db: str) -> None:
        shop = Shop()
        for phone in (LIN, XIA):
            shop.sell("400.00", to=phone, on="2026-02-01 12:00")
        rng = random.Random(27)
        sold: list[int] = []

        def buying(phone: str) -> None:
            for _ in range(size(8, 60)):
                yuan = rng.randint(1, 90)
                shop.sell(f"{yuan}.00", to=phone, on="2026-02-10 12:00")
                sold.append(yuan)

        def spending(phone: str) -> None:
            for _ in range(size(6, 40)):
                _unless_refused(lambda: shop.spend(phone, 5))

        def merging() -> None:
            _unless_refused(lambda: shop.merge(LIN, XIA))

        broken = _at_once(
            lambda: buying(LIN), lambda: buying(XIA), lambda: buying(LIN), lambda: buying(XIA),
            lambda: spending(LIN), lambda: spending(XIA), merging, merging,
        )  # fmt: skip

        assert broken == []
        assert shop.member(LIN) == shop.member(XIA)
        assert shop.balance(LIN).growth == 800 + sum(sold)
        assert [f for f in ledger.verify(extra=loyalty.CHECKS).findings if f.bad] == []
        assert tiers.verify_tiers(until=shop.at).bad == 0

    def test_each_merged_into_the_other_at_once_one_wins(self, committed_db: str) -> None:
        shop = Shop()
        for phone in (LIN, XIA):
            shop.sell("600.00", to=phone, on="2026-02-01 12:00")

        broken = _at_once(lambda: shop.merge(LIN, XIA), lambda: shop.merge(XIA, LIN))

        assert all(isinstance(error, MemberMerged | Refusal) for error in broken)
        assert len(broken) <= 1
        assert (shop.balance(LIN).growth, shop.tier(LIN)) == (1_200, "silver")
        shop.assert_books_add_up()


def _unless_refused(work: Callable[[], Any]) -> None:
    try:
        work()
    except Refusal:
        return


def _at_once(*works: Callable[[], Any]) -> list[Exception]:
    start = threading.Barrier(len(works))
    broken: list[Exception] = []

    def run(work: Callable[[], Any]) -> None:
        start.wait()
        try:
            work()
        except Exception as error:  # noqa: BLE001 the test looks at what came out
            broken.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return broken
