"""Adjusting points by hand: what is shown first, what then happens, once, and within limits."""

from datetime import datetime
from uuid import uuid4

import pytest
from django.core.cache import cache
from django.test import Client

from regulars.access import selectors as access
from regulars.ledger import selectors as ledger
from regulars.web import clock
from tests.console.shop import Shop, open_shop, signed_in
from tests.console.steps import confirmed, impacts_of, previewed, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.capability("H1")]


@pytest.fixture(autouse=True)
def _forget_figures() -> None:
    cache.clear()


@pytest.fixture
def at(db: None) -> datetime:
    return clock.now()


@pytest.fixture
def shop(at: datetime) -> Shop:
    return open_shop(at)


@pytest.fixture
def owner(at: datetime, shop: Shop) -> Client:
    return signed_in(at)


def path_of(shop: Shop) -> str:
    return f"/console/members/{shop.lin_public}/adjust"


def points_of(shop: Shop) -> int:
    return ledger.get_balance(member_id=shop.lin, at=clock.now()).available


class TestPreview:
    def test_shows_the_balance_before_and_after(self, owner: Client, shop: Shop) -> None:
        page = previewed(owner, path_of(shop), {"amount": "500", "reason": "101"})

        before = points_of(shop)
        assert impacts_of(page)["Points available"] == (f"{before:,}", f"{before + 500:,}")
        assert "Adjust by +500 points" in page

    def test_names_the_lots_that_pay(self, owner: Client, shop: Shop) -> None:
        page = previewed(owner, path_of(shop), {"amount": "−1,０00", "reason": "103"})

        [line] = [lots for label, lots in impacts_of(page).items() if "Lots that expire" in label]
        assert int(line[0].replace(",", "")) - int(line[1].replace(",", "")) == 1_000

    @pytest.mark.parametrize("amount", ["0", "x", "", "1.5"])
    def test_wants_a_whole_number(self, owner: Client, shop: Shop, amount: str) -> None:
        answer = owner.post(path_of(shop), {"step": "preview", "amount": amount, "reason": "101"})

        assert answer.status_code == 422
        assert "aria-invalid" in answer.content.decode()

    def test_wants_a_note_where_the_reason_says_nothing(self, owner: Client, shop: Shop) -> None:
        answer = owner.post(path_of(shop), {"step": "preview", "amount": "5", "reason": "109"})

        assert "Write a note" in answer.content.decode()

    def test_says_when_there_is_less_than_asked(self, owner: Client, shop: Shop) -> None:
        answer = owner.post(path_of(shop), {"step": "preview", "amount": "-99999", "reason": "103"})

        assert "are available" in answer.content.decode()


class TestDeed:
    @pytest.mark.parametrize("amount", [500, -300])
    def test_does_what_was_shown(self, owner: Client, shop: Shop, amount: int) -> None:
        said = {"amount": str(amount), "reason": "102", "note": "宝宝生日那天的赔礼"}
        page = previewed(owner, path_of(shop), said)
        promised = impacts_of(page)["Points available"][1]

        answer = confirmed(owner, path_of(shop), page)

        assert answer["Location"] == f"/console/members/{shop.lin_public}/points"
        assert f"{points_of(shop):,}" == promised
        statement = text_of(owner, answer["Location"])
        assert "陈晨" in statement
        assert f"Adjusted by {'+500' if amount > 0 else '−300'} points:" in statement

    def test_sent_twice_is_done_once(self, owner: Client, shop: Shop) -> None:
        page = previewed(owner, path_of(shop), {"amount": "500", "reason": "101"})

        confirmed(owner, path_of(shop), page)
        once = points_of(shop)
        again = confirmed(owner, path_of(shop), page)

        assert again.status_code == 302
        assert points_of(shop) == once

    def test_is_not_done_when_the_balance_changed_meanwhile(
        self, owner: Client, shop: Shop
    ) -> None:
        first = previewed(owner, path_of(shop), {"amount": "500", "reason": "101"})
        second = previewed(owner, path_of(shop), {"amount": "70", "reason": "101"})
        confirmed(owner, path_of(shop), second)
        before = points_of(shop)

        answer = confirmed(owner, path_of(shop), first)

        shown = answer.content.decode()
        assert answer.status_code == 409
        assert "Somebody changed this meanwhile" in shown
        assert "you saw:" in shown
        assert points_of(shop) == before

    def test_can_then_be_confirmed_anew(self, owner: Client, shop: Shop) -> None:
        first = previewed(owner, path_of(shop), {"amount": "500", "reason": "101"})
        second = previewed(owner, path_of(shop), {"amount": "70", "reason": "101"})
        confirmed(owner, path_of(shop), second)
        before = points_of(shop)

        shown = confirmed(owner, path_of(shop), first).content.decode()
        confirmed(owner, path_of(shop), shown)

        assert points_of(shop) == before + 500

    def test_a_forged_preview_is_not_taken(self, owner: Client, shop: Shop) -> None:
        said = {"amount": "500", "reason": "101", "step": "do", "act_id": str(uuid4())}

        answer = owner.post(path_of(shop), said | {"seen": "forged"})

        assert answer.status_code == 409

    def test_stands_in_the_log_with_reason_and_note(self, owner: Client, shop: Shop) -> None:
        said = {"amount": "500", "reason": "102", "note": "咖啡洒了"}
        confirmed(owner, path_of(shop), previewed(owner, path_of(shop), said))

        log = text_of(owner, f"/console/members/{shop.lin_public}/log")

        for word in ("Points adjusted", "Goodwill after a complaint", "咖啡洒了", "amount: +500"):
            assert word in log, word
        entry = access.list_audit(action="points.adjust")[0]
        assert "咖啡" not in repr(entry)


class TestLimits:
    def test_above_the_limit_a_second_person_is_asked(self, at: datetime, shop: Shop) -> None:
        signed_in(at, role="finance")
        manager = signed_in(at, role="store_manager", scope="store:S01")
        before = points_of(shop)

        page = previewed(manager, path_of(shop), {"amount": "1,001", "reason": "101"})
        answer = confirmed(manager, path_of(shop), page)

        assert "Propose +1,001 points" in page
        waiting = access.list_approvals(at=at)
        assert answer.status_code == 302
        assert [(one.kind, one.size) for one in waiting] == [("points.adjust", 1_001)]
        assert points_of(shop) == before

    def test_is_not_for_whoever_may_not(self, at: datetime, shop: Shop) -> None:
        analyst = signed_in(at, role="analyst")

        assert analyst.get(path_of(shop)).status_code == 403

    def test_is_not_there_outside_the_scope(self, at: datetime, shop: Shop) -> None:
        stranger = signed_in(at, role="store_manager", scope="store:S02")

        assert stranger.get(path_of(shop)).status_code == 404
