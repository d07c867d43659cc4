"""Searches, sentences and charts, decided without a database."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.console.domain import charts, stories, wording
from regulars.console.domain.searching import plan_search
from regulars.console.domain.stories import Teller
from regulars.events.domain import Event
from regulars.members.domain import IdentityKind, member_number

NOON = datetime(2026, 11, 21, 4, tzinfo=UTC)
ORDER = UUID("01900000-0000-7000-8000-000000000001")
TELLER = Teller(
    translate=str,
    language="en",
    zone=ZoneInfo("Asia/Shanghai"),
    stores={7: "Jingan Yuyuan"},
    tiers={"gold": "Gold", "silver": "Silver"},
    titles={"page.viewed": "Viewed the page {page}"},
)


def an_event(type_: str, **facts: object) -> Event:
    return Event(
        id=1,
        type=type_,
        version=1,
        occurred_at=NOON,
        recorded_at=NOON,
        facts=facts,
        member_id=1,
        store_id=7,
    )


def an_order(change: str) -> Event:
    return an_event(
        "order.recorded",
        order=str(ORDER),
        number="SO-1",
        currency="CNY",
        change=change,
        net_minor=5_700,
        goods_minor=6_000,
        refunded_minor=300,
        channel="pos",
        lines=3,
    )


class TestPlanSearch:
    def test_a_phone_may_also_be_a_card_or_an_order(self) -> None:
        asked = plan_search(" 138 0013 8000 ")

        assert [one.kind for one in asked.identities] == [IdentityKind.PHONE, IdentityKind.CARD]
        assert asked.order_number == "138 0013 8000"

    def test_four_digits_are_a_tail(self) -> None:
        assert plan_search("8000").tail == "8000"

    def test_a_member_number_is_known_by_its_check_digit(self) -> None:
        assert plan_search(member_number(17)).number == member_number(17)
        assert plan_search("0000000019").number == ""

    @pytest.mark.parametrize("name", ["林", "欧阳", "Garcia"])
    def test_a_short_word_may_be_a_surname(self, name: str) -> None:
        assert (plan_search(name).name, plan_search(name).surname) == (name, name)

    @pytest.mark.parametrize("text", ["", "   ", "138****8000", "林**"])
    def test_asks_nothing_for_nothing(self, text: str) -> None:
        assert plan_search(text).is_empty

    @given(st.text(max_size=300))
    def test_never_breaks(self, text: str) -> None:
        plan_search(text)


class TestTell:
    @pytest.mark.parametrize(
        ("change", "title"),
        [
            ("created", "Ordered for ¥60.00"),
            ("paid", "Spent ¥57.00"),
            ("refunded", "Refunded ¥3.00, ¥57.00 left"),
            ("closed", "Order closed"),
            ("something new", "Order changed, now ¥57.00"),
        ],
    )
    def test_an_order_by_what_changed(self, change: str, title: str) -> None:
        told = stories.tell(an_order(change), TELLER)

        assert told.title == title
        assert told.detail == "Jingan Yuyuan · Till · 3 items"
        assert told.link is not None
        assert (told.link.text, told.link.order) == ("SO-1", ORDER)

    def test_an_order_that_came_whole_as_money_spent(self) -> None:
        whole = an_order("completed")
        whole.facts.update(is_new=True, lines=1)

        told = stories.tell(whole, TELLER)

        assert told.title == "Spent ¥57.00"
        assert told.detail == "Jingan Yuyuan · Till · 1 item"

    @pytest.mark.parametrize(
        ("event", "title", "detail"),
        [
            (an_event("member.enrolled", kinds=["phone", "card"]), "Joined", "Phone, Member card"),
            (an_event("member.updated", fields=["name"]), "Profile changed", "Name"),
            (
                an_event("tier.lost", tier="silver", from_tier="gold"),
                "Fell from Gold to Silver",
                "Jingan Yuyuan",
            ),
            (
                an_event(
                    "consent.recorded", purpose="marketing_sms", granted=True, policy_version="3"
                ),
                "Consent recorded",
                "agreed to Marketing by SMS, policy 3",
            ),
            (an_event("member.tagged", added=2, removed=0), "Tags changed", "2 added"),
            (an_event("points.spent", amount=1_500), "Redeemed 1,500 points", "Jingan Yuyuan"),
            (an_event("points.adjusted", amount=-20), "Points adjusted by −20", "Jingan Yuyuan"),
            (an_event("balance.declared", amount=1_200, currency="points"), None, "Points 1,200"),
            (an_event("page.viewed", page="menu"), "Viewed the page menu", "Jingan Yuyuan"),
            (an_event("page.viewed"), "page.viewed", "Jingan Yuyuan"),
            (an_event("never.declared"), "never.declared", "Jingan Yuyuan"),
        ],
    )
    def test_everything_else_by_its_facts(
        self, event: Event, title: str | None, detail: str
    ) -> None:
        told = stories.tell(event, TELLER)

        assert title is None or told.title == title
        assert told.detail == detail

    def test_gathers_the_days(self) -> None:
        told = [stories.tell(an_order("paid"), TELLER)] * 2

        days = stories.by_day(told, now=NOON, zone=TELLER.zone, language="en")

        assert [(heading, len(entries)) for heading, entries in days] == [("Today, Sat 21 Nov", 2)]


class TestChart:
    TODAY = date(2026, 11, 21)

    def test_has_nothing_to_draw_for_nothing(self) -> None:
        assert charts.line_over_days({}, today=self.TODAY, days=30) is None

    @given(
        st.dictionaries(
            st.integers(0, 80).map(lambda n: date(2026, 11, 21) - timedelta(days=n)),
            st.integers(0, 10**12),
        )
    )
    def test_stays_within_its_frame_and_adds_up(self, values: dict[date, int]) -> None:
        chart = charts.line_over_days(values, today=self.TODAY, days=30)

        if chart is None:
            return
        points = chart.now + chart.before
        assert all(charts.TOP <= point.y <= charts.BOTTOM for point in points)
        assert all(charts.LEFT <= point.x <= charts.RIGHT for point in points)
        assert chart.total == sum(
            value for day, value in values.items() if (self.TODAY - day).days < 30
        )

    def test_says_the_change_against_the_days_before(self) -> None:
        yesterday = self.TODAY - timedelta(days=1)
        values = {self.TODAY: 7, yesterday: 150, yesterday - timedelta(days=30): 100}

        chart = charts.line_over_days(values, today=self.TODAY, days=30)

        assert chart is not None
        assert chart.change_bp == 5_000
        assert chart.finished.count(",") == 29
        assert chart.unfinished.count(",") == 2


class TestWords:
    def test_an_unknown_code_is_shown_as_it_is(self) -> None:
        assert wording.word(wording.CHANNELS, "kiosk") == "kiosk"
