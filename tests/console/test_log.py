"""The event log as pages: filters, the member looked up by POST, causes and effects, scope."""

from datetime import datetime

import pytest
from django.test import Client

from regulars.access import services as access
from regulars.access.domain import StoreRow
from regulars.commerce import services as recording
from regulars.events import selectors as log
from regulars.events.selectors import LogQuery
from regulars.web import clock
from tests.console.looking import questions, text_of
from tests.console.shop import PHONE, Shop, _order, open_shop, signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.capability("A7")]


@pytest.fixture
def at(db: None) -> datetime:
    return clock.now()


@pytest.fixture
def shop(at: datetime) -> Shop:
    return open_shop(at)


@pytest.fixture
def owner(at: datetime, shop: Shop) -> Client:
    return signed_in(at)


def newest(kind: str) -> int:
    return log.list_log(query=LogQuery(type=kind)).events[0].id


class TestList:
    def test_tells_what_happened(self, owner: Client) -> None:
        page = text_of(owner, "/console/events?size=100")

        assert "order.recorded" in page
        assert "Spent ¥286.50" in page
        assert "林**" in page
        assert "pos" in page

    @pytest.mark.parametrize(
        ("query", "shown", "missing"),
        [
            ("?type=member.enrolled", "Joined", "Spent ¥"),
            ("?source=pos&type=order.recorded", "Spent ¥57.00", "Joined"),
            ("?recorded=yesterday", "Nothing matches", "Joined"),
            ("?member=nobody", "Nothing matches", "Joined"),
            ("?type=drop.table&size=100", "Joined", "—nothing—"),
        ],
    )
    def test_filters(self, owner: Client, query: str, shown: str, missing: str) -> None:
        page = text_of(owner, f"/console/events{query}")

        assert shown in page.partition("<tbody>")[2] or shown in page
        assert missing not in page.partition("<tbody>")[2]

    def test_finds_the_events_of_a_member_and_keeps_the_phone_out_of_the_address(
        self, owner: Client, shop: Shop
    ) -> None:
        for text in (PHONE, str(shop.lin_public)):
            answer = owner.post("/console/events/find", {"q": text})
            assert answer.status_code == 302
            assert answer["Location"] == f"/console/events?member={shop.lin_public}"
        page = text_of(owner, f"/console/events?member={shop.lin_public}&size=100")

        assert "Spent ¥286.50" in page
        assert "Spent ¥57.00" not in page
        assert owner.post("/console/events/find", {"q": "13700137000"}).status_code == 404

    def test_an_import_that_is_not_there(self, owner: Client) -> None:
        text_of(owner, "/console/events?import=nothing", status=404)

    def test_keeps_to_the_stores_in_scope(self, at: datetime, shop: Shop) -> None:
        access.record_stores([StoreRow(row=1, code="S03", region="EAST")], at=at)
        east = signed_in(at, role="operations", scope="region:EAST")

        assert "order.recorded" not in text_of(east, "/console/events").partition("<tbody>")[2]
        text_of(east, f"/console/events/{newest('order.recorded')}", status=404)

    def test_is_not_for_everyone_and_reads_in_chinese(self, at: datetime, shop: Shop) -> None:
        text_of(signed_in(at, role="analyst"), "/console/events", status=403)
        assert "事件" in text_of(signed_in(at, language="zh-hans"), "/console/events")

    def test_asks_as_little_for_many(self, owner: Client, shop: Shop) -> None:
        few = questions(owner, "/console/events?size=100&type=order.recorded")
        orders = [
            _order(shop.source_id, f"M-{n}", shop.store_ids["S01"], shop.lin, shop.at, 10_000)
            for n in range(50)
        ]
        recording.record_orders(orders=orders, at=shop.at)

        assert questions(owner, "/console/events?size=100&type=order.recorded") == few


class TestOne:
    def test_shows_facts_causes_and_effects(self, owner: Client) -> None:
        page = text_of(owner, f"/console/events/{newest('order.recorded')}")

        assert "net_minor" in page
        assert "it came in" in page
        assert "What it moved" in page
        effect = text_of(owner, f"/console/events/{newest('tier.reached')}")
        assert "What caused it" in effect

    def test_one_that_is_not_there(self, owner: Client) -> None:
        for number in (1, 2**70):
            text_of(owner, f"/console/events/{number}", status=404)
