"""Two hands on one button, two people on one member: an act is done once, and never unseen."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connections
from django.test import Client

from regulars.ledger import selectors as ledger
from regulars.members import selectors as members
from regulars.web import clock
from tests.console.shop import Shop, open_shop, signed_in
from tests.console.steps import confirmed, previewed

pytestmark = [pytest.mark.capability("H1"), pytest.mark.reliability("RH6")]
HANDS = 4


@pytest.fixture
def shop(committed_db: str) -> Shop:
    return open_shop(clock.now())


def together(browser: Client, path: str, pages: list[str]) -> list[Any]:
    """Confirm these pages at the same moment, each from a thread of its own."""

    def confirm(page: str) -> Any:
        mine = Client(headers={"accept-language": "en"})
        mine.cookies = browser.cookies.copy()
        try:
            return confirmed(mine, path, page)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(pages)) as hands:
        return list(hands.map(confirm, pages))


def points_of(shop: Shop) -> int:
    return ledger.get_balance(member_id=shop.lin, at=clock.now()).available


def test_one_preview_confirmed_at_once_from_many_windows_is_done_once(shop: Shop) -> None:
    browser = signed_in(clock.now())
    path = f"/console/members/{shop.lin_public}/adjust"
    before = points_of(shop)
    page = previewed(browser, path, {"amount": "500", "reason": "101"})

    answers = together(browser, path, [page] * HANDS)

    assert points_of(shop) == before + 500
    assert {answer.status_code for answer in answers} == {302}


def test_of_two_previews_confirmed_at_once_one_is_shown_again(shop: Shop) -> None:
    browser = signed_in(clock.now())
    path = f"/console/members/{shop.lin_public}/adjust"
    before = points_of(shop)
    pages = [
        previewed(browser, path, {"amount": amount, "reason": "101"}) for amount in ("500", "70")
    ]

    answers = together(browser, path, pages)

    assert sorted(answer.status_code for answer in answers) == [302, 409]
    assert points_of(shop) - before in {500, 70}


def test_a_merge_confirmed_twice_at_once_merges_once(shop: Shop) -> None:
    browser = signed_in(clock.now())
    path = f"/console/merges/{shop.lin_public}/{shop.wang_public}"
    pages = [previewed(browser, path, {"reason": "same_person"}) for _ in range(2)]

    answers = together(browser, path, pages)

    assert len(members.list_merges(member_id=shop.lin)) == 1
    assert min(answer.status_code for answer in answers) == 302
