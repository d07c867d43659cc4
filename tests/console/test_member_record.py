"""Member 360 as a whole: sums that reconcile, who did what, few questions whatever the size."""

from datetime import datetime, timedelta
from uuid import UUID

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from regulars.access import services as access
from regulars.access.domain import Actor
from regulars.commerce import services as commerce
from regulars.console.domain.movements import Reconciliation
from regulars.console.selectors import points as statements
from regulars.ledger import selectors as ledger
from regulars.ledger import services as points
from regulars.members import services as members
from regulars.members.domain import Consent, TagSource
from regulars.web import clock
from tests.console.shop import Shop, _order, open_shop, signed_in
from tests.console.steps import previewed, text_of
from tests.console.test_pages import english_in

pytestmark = [pytest.mark.django_db, pytest.mark.capability("A3")]
TABS = (
    "",
    "/timeline",
    "/orders",
    "/points",
    "/growth",
    "/tags",
    "/identities",
    "/privacy",
    "/log",
)
QUERIES_MAX = 17


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


def grow(shop: Shop, count: int, at: datetime) -> None:
    """Give Lin many orders, tags, consents, movements and log entries."""
    orders = [
        _order(
            shop.source_id,
            f"SO-{5_000 + n}",
            shop.store_ids["S03" if n % 2 else "S01"],
            shop.lin,
            at - timedelta(days=n, hours=1),
            12_300 + n,
        )
        for n in range(count)
    ]
    commerce.record_orders(orders=orders, at=at)
    tags = [members.TagRow(shop.lin, f"标签{n}") for n in range(count)]
    members.tag(rows=tags, source=TagSource.MANUAL, at=at)
    consents = [
        members.ConsentRow(
            shop.lin,
            Consent("marketing", "2026-01", granted=n % 2 == 0, at=at - timedelta(hours=n)),
            shop.source_id,
        )
        for n in range(count)
    ]
    members.record_consents(rows=consents, at=at)
    for n in range(count):
        points.adjust_points(
            transfer_id=UUID(int=1_000 + n),
            member_id=shop.lin,
            amount=7,
            reason_code=101,
            at=at,
            actor_id=1 if n % 2 else -1,
        )
        access.audit(
            actor=Actor.system(),
            action="members.lookup",
            object_kind="member",
            object_id=str(shop.lin_public),
            at=at,
        )


def asked_for(browser: Client, path: str) -> int:
    with CaptureQueriesContext(connection) as asked:
        text_of(browser, path)
    return len(asked)


class TestQueries:
    @pytest.mark.parametrize("tab", TABS)
    def test_are_as_few_for_a_large_member_as_for_a_small_one(
        self, owner: Client, shop: Shop, at: datetime, tab: str
    ) -> None:
        path = f"/console/members/{shop.lin_public}{tab}?size=50"
        grow(shop, 2, at)
        text_of(owner, path)
        small = asked_for(owner, path)

        members.merge(winner_id=shop.lin, loser_id=shop.wang, at=at, actor=Actor.system())
        _more(shop, 50, at)
        large = asked_for(owner, path)

        assert large == small
        assert large <= QUERIES_MAX


def _more(shop: Shop, count: int, at: datetime) -> None:
    orders = [
        _order(
            shop.source_id,
            f"SO-{7_000 + n}",
            shop.store_ids["S02"],
            shop.lin,
            at - timedelta(days=n, hours=2),
            9_900 + n,
        )
        for n in range(count)
    ]
    commerce.record_orders(orders=orders, at=at)
    for _ in range(count):
        access.audit(
            actor=Actor.system(),
            action="members.lookup",
            object_kind="member",
            object_id=str(shop.lin_public),
            at=at,
        )


class TestSums:
    def reconciled(self, shop: Shop, at: datetime) -> Reconciliation:
        balance = ledger.get_balance(member_id=shop.lin, at=at)
        return statements.reconcile(balance, lots=ledger.list_lots(member_id=shop.lin, at=at))

    def test_come_out_even_with_holds_and_debts(self, shop: Shop, at: datetime) -> None:
        points.hold_points(
            hold_id=UUID(int=5),
            member_id=shop.lin,
            amount=100,
            expires_at=at + timedelta(hours=1),
            at=at,
        )

        found = self.reconciled(shop, at)

        assert found.is_even
        assert found.held == 100
        assert found.kept == 0
        assert found.available + found.pending + found.held == found.lots == found.booked

    def test_count_what_is_over_and_not_yet_booked(self, shop: Shop, at: datetime) -> None:
        points.earn_points(
            transfer_id=UUID(int=6),
            member_id=shop.lin,
            amount=40,
            at=at,
            expires_at=at + timedelta(hours=1),
        )

        found = self.reconciled(shop, at + timedelta(hours=2))

        assert found.lapsed == 40
        assert found.is_even

    def test_of_a_page_add_up_and_go_on_with_the_next(
        self, owner: Client, shop: Shop, at: datetime
    ) -> None:
        grow(shop, 20, at)

        first = text_of(owner, f"/console/members/{shop.lin_public}/points?size=20")

        assert first.count("adds up") == 2
        assert "does not add up" not in first
        assert "Balance before" in first
        following = first.split('rel="next"')[0].rsplit('href="', 1)[1].split('"')[0]
        second = text_of(owner, following.replace("&amp;", "&"))
        opening = first.split("Balance before ")[1].split(",")[0:2]
        assert f"balance after {','.join(opening).split(', ')[0]}" in second


class TestHead:
    def test_shows_a_few_tags_and_where_the_others_are(
        self, owner: Client, shop: Shop, at: datetime
    ) -> None:
        grow(shop, 20, at)

        page = text_of(owner, f"/console/members/{shop.lin_public}")

        assert page.count("标签") == 4  # and two that came with the file
        assert f'href="/console/members/{shop.lin_public}/tags">+16</a>' in page


class TestWho:
    def test_a_movement_names_its_operator_and_leads_to_its_document(
        self, owner: Client, shop: Shop, at: datetime
    ) -> None:
        key = access.create_key(
            title="收银系统",
            permissions=["points.read"],
            expires_at=at + timedelta(days=30),
            actor=Actor.system(),
            at=at,
        )
        points.adjust_points(
            transfer_id=UUID(int=9),
            member_id=shop.lin,
            amount=7,
            reason_code=101,
            at=at,
            actor_id=-key.key.id,
        )

        page = text_of(owner, f"/console/members/{shop.lin_public}/points")

        assert "收银系统" in page
        assert "System" in page
        assert "/console/ledger/" in page

    def test_the_log_says_who_looked(self, owner: Client, shop: Shop) -> None:
        record = f"/console/members/{shop.lin_public}"
        owner.post(f"{record}/reveal", {"reason": "fraud_check", "tab": "identities"})

        log = text_of(owner, f"{record}/log")

        for word in ("Personal data revealed", "Looking into suspected abuse", "陈晨"):
            assert word in log, word

    def test_the_log_takes_a_right_of_its_own(self, at: datetime, shop: Shop) -> None:
        analyst = signed_in(at, role="analyst")

        assert analyst.get(f"/console/members/{shop.lin_public}/log").status_code == 403
        assert "/log" not in text_of(analyst, f"/console/members/{shop.lin_public}")


class TestChinese:
    ACTS = {
        "adjust": {"amount": "-50", "reason": "103"},
        "tag": {"tags": "新客"},
        "untag": {"tag": "无糖"},
        "freeze": {"reason": "suspected_abuse"},
        "profile": {"city": "杭州"},
        "home": {"store": "S03"},
        "link": {"kind": "email", "value": "a@example.com"},
        "consent": {"purpose": "marketing", "word": "given", "policy_version": "2026-01"},
        "copy": {"reason": "copy_request"},
        "erase": {"reason": "erase_request"},
    }  # fmt: skip

    @pytest.mark.parametrize("act", ACTS)
    def test_leaves_no_sentence_of_an_act_in_english(
        self, at: datetime, shop: Shop, act: str
    ) -> None:
        browser = signed_in(at, language="zh-hans")
        path = f"/console/members/{shop.lin_public}/{act}"

        pages = [text_of(browser, path), previewed(browser, path, self.ACTS[act])]

        assert [english_in(page) for page in pages] == [[], []]

    def test_leaves_no_sentence_of_a_merge_in_english(self, at: datetime, shop: Shop) -> None:
        browser = signed_in(at, language="zh-hans")
        path = f"/console/merges/{shop.lin_public}/{shop.wang_public}"

        pages = [text_of(browser, path), previewed(browser, path, {"reason": "same_person"})]
        pages.append(text_of(browser, "/console/suggestions"))

        assert [english_in(page) for page in pages] == [[], [], []]
