"""Home: figures counted beforehand, what waits, the first steps of an empty house."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core.cache import cache
from django.test import Client

from regulars.access.domain import Scope
from regulars.console import services
from regulars.console.domain.figures import FRESH_FOR, Kept
from regulars.console.selectors import counting
from regulars.console.services import figures
from regulars.web import clock, sql
from tests.console.shop import Shop, open_shop, signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.capability("H1")]
ZONE = ZoneInfo("Asia/Shanghai")


@pytest.fixture(autouse=True)
def _forget() -> None:
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


def home(browser: Client, query: str = "") -> str:
    answer = browser.get(f"/console/{query}")
    assert answer.status_code == 200
    return answer.content.decode()


class TestFigures:
    def test_are_the_sums_of_the_orders(self, at: datetime, shop: Shop) -> None:
        sold = counting.count("sales", scope=Scope.all(), period="last_30", at=at, zone=ZONE)

        assert sold["now"]["orders"] == 6
        assert sold["now"]["buyers"] == 2
        assert sold["now"]["repeat_buyers"] == 1
        assert sold["now"]["member_net_minor"] == sold["now"]["net_minor"]
        assert sold["year"]["orders"] == 0

    def test_stay_within_the_scope(self, at: datetime, shop: Shop) -> None:
        scope = Scope(store_ids=(shop.store_ids["S02"],))

        sold = counting.count("sales", scope=scope, period="last_30", at=at, zone=ZONE)
        joined = counting.count("joined", scope=scope, period="last_30", at=at, zone=ZONE)

        assert sold["now"]["net_minor"] == 5_700
        assert joined == {"now": 1, "before": 0, "year": 0}

    def test_are_kept_and_counted_anew_when_due(self, at: datetime, shop: Shop) -> None:
        wanted = [("members", Scope.all())]
        first = _figures(wanted, at=at)
        sql.run('UPDATE console_figures SET figures = \'{"total": 77, "by_tier": {}}\'')

        kept = _figures(wanted, at=at + timedelta(minutes=1))
        anew = _figures(wanted, at=at + FRESH_FOR)

        assert first["members"].figures["total"] == 2
        assert kept["members"].figures["total"] == 77
        assert anew["members"].figures["total"] == 2

    def test_of_a_large_house_are_counted_by_a_job(
        self, at: datetime, shop: Shop, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(figures.purchases, "estimate_orders", lambda: 10_000_000)
        wanted = [("members", Scope.all())]

        missing = _figures(wanted, at=at)
        counted = services.count_figures(at=at)
        kept = _figures(wanted, at=at)

        assert missing == {}
        assert counted == len(counting.COUNTERS)
        assert kept["members"].figures["total"] == 2
        assert services.count_figures(at=at) == 0

    def test_rest_a_hundred_times_as_long_as_counting_took(self, at: datetime) -> None:
        slow = Kept(part="sales", period="now", at=at, took_ms=10_000, figures={})

        assert not slow.is_due(at + timedelta(minutes=16))
        assert slow.is_due(at + timedelta(minutes=17))
        assert not slow.is_quick


class TestCards:
    def test_say_formula_window_source_and_when(self, owner: Client) -> None:
        page = home(owner, "?period=last_7&vs=year")

        assert "Members with a valid order paid in the period. Window: Last 7 days." in page
        assert "Source: orders by payment time. Counted: 20" in page
        assert "vs last year, to the same time" in page

    def test_open_the_rows_behind_them(self, owner: Client) -> None:
        page = home(owner, "?period=this_month")

        assert 'href="/console/members?joined=this_month"' in page
        assert 'href="/console/orders?paid=this_month&amp;member=yes"' in page

    @pytest.mark.parametrize("query", ["?period=never", "?vs=god", "?fresh=1", "?period=today"])
    def test_take_what_makes_no_sense_as_usual(self, owner: Client, query: str) -> None:
        assert "Net sales" in home(owner, query)


class TestAround:
    def test_says_what_waits_with_the_way_there(self, owner: Client, at: datetime) -> None:
        sql.run(
            "INSERT INTO members_mergesuggestion (id, low_id, high_id, reason, state, suggested_at)"
            " SELECT 1, min(id), max(id), 'same_name', 'open', %s::timestamptz FROM members_member",
            [at],
        )

        page = home(owner)

        assert "1 merge suggestion" in page
        assert "Waiting for you" in page

    def test_leads_an_empty_house_through_its_first_steps(self, at: datetime) -> None:
        page = home(signed_in(at))

        assert "First steps" in page
        assert "Connect a shop or a till" in page

    def test_offers_no_first_steps_to_who_cannot_take_them(self, at: datetime) -> None:
        assert "First steps" not in home(signed_in(at, role="analyst"))

    def test_offers_none_once_somebody_is_here(self, owner: Client) -> None:
        assert "First steps" not in home(owner)

    def test_asks_the_database_a_fixed_number_of_times(
        self, owner: Client, django_assert_max_num_queries: object
    ) -> None:
        home(owner)

        with django_assert_max_num_queries(17):  # type: ignore[operator]
            home(owner)


def _figures(wanted: list[tuple[str, Scope]], *, at: datetime) -> dict[str, Kept]:
    return services.get_figures(wanted=wanted, period="last_30", at=at, zone=ZONE, is_fresh=False)
