"""Merging while the shop is open: sales, spends and holds of both go on, and nothing is lost."""

import random
from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pytest

from regulars.commerce import selectors as commerce
from regulars.kit.errors import Refusal
from regulars.ledger import services as points
from regulars.members import selectors as people
from regulars.members import services as members
from regulars.web import sql
from tests.members.test_services_at_once import at_once
from tests.sizes import size
from tests.stories.house import SYSTEM, Shop

LIN, XIA = "13800138000", "13900139000"
STEPS = size(6, 60)


@pytest.fixture
def shop(committed_db: str) -> Shop:
    shop = Shop()
    shop.sell("1500.00", to=LIN)
    shop.sell("600.00", to=XIA)
    shop.wait(days=7)
    return shop


def selling(shop: Shop, phone: str) -> Callable[[], int]:
    def work() -> int:
        for _ in range(STEPS):
            shop.sell("10.00", to=phone)
        return STEPS

    return work


def spending(shop: Shop, member_id: int, seed: int) -> Callable[[], int]:
    def work() -> int:
        dice, spent = random.Random(seed), 0
        for _ in range(STEPS):
            amount = dice.randint(1, 20)
            try:
                points.spend_points(
                    transfer_id=uuid4(), member_id=member_id, amount=amount, at=shop.at
                )
                spent += amount
            except Refusal:
                continue
        return spent

    return work


def holding(shop: Shop, member_id: int) -> Callable[[], int]:
    def work() -> int:
        taken = 0
        for step in range(STEPS):
            hold, at = uuid4(), shop.at
            until = at + timedelta(minutes=5)
            try:
                points.hold_points(
                    hold_id=hold, member_id=member_id, amount=7, expires_at=until, at=at
                )
                if step % 2:
                    points.commit_hold(hold_id=hold, at=shop.at)
                    taken += 7
                else:
                    points.void_hold(hold_id=hold, at=shop.at)
            except Refusal:
                continue
        return taken

    return work


def total() -> int:
    found = sql.row(
        "SELECT sum(posted) FROM ledger_account WHERE member_id IS NOT NULL AND currency = 1"
    )
    assert found is not None
    return int(found[0])


@pytest.mark.capability("A2")
@pytest.mark.reliability("RA27")
class TestMergeWhileOpen:
    def test_every_point_and_order_is_with_the_survivor(self, shop: Shop) -> None:
        lin, xia = shop.member(LIN), shop.member(XIA)

        results = at_once(
            selling(shop, LIN),
            selling(shop, XIA),
            spending(shop, lin, seed=1),
            spending(shop, xia, seed=2),
            holding(shop, lin),
            holding(shop, xia),
            lambda: members.merge(winner_id=lin, loser_id=xia, at=shop.at, actor=SYSTEM),
            lambda: members.merge(winner_id=xia, loser_id=lin, at=shop.at, actor=SYSTEM),
        )

        broken = [one for one in results if isinstance(one, Exception)]
        assert [getattr(one, "code", one) for one in broken] == ["members.member_merged"]
        gone = sum(results[2:6])
        shop.wait(days=7)
        survivor = shop.member(LIN)
        assert {shop.member(XIA), *people.survivors(member_ids=[lin, xia]).values()} == {survivor}
        assert commerce.count_orders(member_id=survivor) == 2 + 2 * STEPS
        assert shop.balance(LIN).growth == 2_100 + 2 * STEPS * 10
        assert total() >= 2_100 + 2 * STEPS * 10 - gone
        assert shop.balance(LIN).available == total()
        shop.assert_books_add_up()

    def test_merged_and_parted_over_and_over_the_books_stay_whole(self, shop: Shop) -> None:
        lin, xia = shop.member(LIN), shop.member(XIA)

        def wavering() -> None:
            for _ in range(STEPS):
                merged = members.merge(winner_id=lin, loser_id=xia, at=shop.at, actor=SYSTEM)
                members.unmerge(merge_id=merged.id, at=shop.at, actor=SYSTEM)

        results = at_once(
            wavering, selling(shop, LIN), selling(shop, XIA), spending(shop, lin, seed=3)
        )

        assert not [one for one in results if isinstance(one, Exception)], results
        shop.wait(days=7)
        assert (shop.member(LIN), shop.member(XIA)) == (lin, xia)
        assert commerce.count_orders(member_id=xia) == 1 + STEPS
        assert shop.balance(XIA).growth == 600 + STEPS * 10
        shop.assert_books_add_up()
