"""Home: figures counted beforehand, what waits, the first steps of an empty house."""

import re
from datetime import date, datetime, timedelta
from xml.etree import ElementTree as ET
from zoneinfo import ZoneInfo

import pytest
from django.core.cache import cache
from django.test import Client

from regulars.access import selectors as access_selectors
from regulars.access import services as access
from regulars.access.domain import Actor, Scope, StoreRow
from regulars.access.domain.factors import step_of, totp_code
from regulars.console import services
from regulars.console.domain import charts
from regulars.console.domain.figures import FRESH_FOR, Kept
from regulars.console.selectors import counting
from regulars.console.services import figures
from regulars.ingest import services as ingest
from regulars.ingest.domain import SourceKind
from regulars.members import services as members
from regulars.web import clock, sql
from tests.console.shop import Shop, open_shop, signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.capability("H1")]
HOUSE = Actor.system()
ZONE = ZoneInfo("Asia/Shanghai")

SVG = "{http://www.w3.org/2000/svg}"


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


def done_steps(page: str) -> set[str]:
    """Answer the first steps that are ticked."""
    ticked = r'<li class="is-ok"><span class="pin">.*?</span><div><b class="strong">(.*?)</b>'
    steps = page.split("First steps", 1)[1].split("</ol>", 1)[0]
    return set(re.findall(ticked, steps, flags=re.DOTALL))


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
        assert sum(joined.pop("steps")["joined"]) == 1
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


class TestSteps:
    def test_add_up_to_the_figures_of_the_period(self, at: datetime, shop: Shop) -> None:
        sold = counting.count("sales", scope=Scope.all(), period="last_30", at=at, zone=ZONE)
        joined = counting.count("joined", scope=Scope.all(), period="last_30", at=at, zone=ZONE)

        steps = sold["steps"]
        assert (steps["unit"], len(steps["edges"])) == ("day", 31)
        for name in ("orders", "net_minor", "member_net_minor"):
            assert sum(steps[name]) == sold["now"][name] > 0
        assert max(steps["buyers"]) <= sold["now"]["buyers"] <= sum(steps["buyers"])
        assert sum(joined["steps"]["joined"]) == joined["now"] > 0

    def test_keep_a_level_as_it_was_last_on_each_day(self, at: datetime, shop: Shop) -> None:
        wanted = [("members", Scope.all())]
        first = _figures(wanted, at=at)["members"].figures["by_day"]
        members.merge(winner_id=shop.lin, loser_id=shop.wang, at=at, actor=Actor.system())

        again = _figures(wanted, at=at + timedelta(minutes=6))["members"].figures["by_day"]
        next_day = _figures(wanted, at=at + timedelta(days=1))["members"].figures["by_day"]
        next_year = _figures(wanted, at=at + timedelta(days=405))["members"].figures["by_day"]

        today, tomorrow, then = (
            (at + timedelta(days=days)).astimezone(ZONE).date().isoformat() for days in (0, 1, 405)
        )
        assert first == {today: 2}
        assert again[max(again)] == 1
        assert next_day == again | {tomorrow: 1}
        assert next_year == {then: 1}

    def test_are_drawn_with_words_and_stand_in_a_table(self, owner: Client) -> None:
        page = home(owner, "?period=last_7")

        assert 'aria-label="Day by day: lowest' in page
        assert "Key figures as a table" in page
        table = page.partition('class="card lines"')[2].partition("</table>")[0]
        assert table.count("<tr>") == 8
        assert table.count("not over yet") == 1


class TestChosenDays:
    def days(self, at: datetime, back: int) -> str:
        return (at.astimezone(ZONE) - timedelta(days=back)).date().isoformat()

    def test_show_the_same_figures_as_the_period_of_the_same_days(
        self, owner: Client, at: datetime
    ) -> None:
        first, last = self.days(at, 29), self.days(at, 0)
        usual = home(owner, "?period=last_30")
        chosen = home(owner, f"?period=days&from={first}&to={last}")

        def values(page: str) -> list[str]:
            return [part.partition("</span>\n")[0] for part in page.split('"kpi-value"')[1:]]

        assert values(chosen) == values(usual)
        assert f"Window: {first} – {last}." in chosen
        assert f'href="/console/orders?paid_from={first}&amp;paid_to={last}"' in chosen
        assert f"from={first}&amp;to={last}&amp;vs=before&amp;fresh=1" in chosen

    @pytest.mark.parametrize(
        ("first", "last", "words"),
        [
            ("", "", "Choose the first day."),
            ("2026-02-30", "2026-03-01", "Write a day as 2026-11-21."),
            ("2020-03-02", "2020-03-01", "Choose a last day that is not before the first."),
            ("2020-01-01", "2021-01-01", "Choose at most 366 days."),
            ("2020-01-01", "9999-12-31", "or an earlier day."),
            ("0001-01-01", "0001-01-02", "Choose 2000-01-01 or a later day."),
        ],
    )
    def test_that_make_no_sense_are_told_at_the_field(
        self, owner: Client, first: str, last: str, words: str
    ) -> None:
        answer = owner.get(f"/console/?period=days&from={first}&to={last}")

        page = answer.content.decode()
        assert answer.status_code == 422
        assert words in page.partition('name="period" value="days"')[2].partition("</form>")[0]
        assert "Net sales" in page
        assert not sql.rows("SELECT 1 FROM console_figures WHERE strpos(period, '..') > 0")

    def test_are_kept_for_a_day_and_not_counted_by_the_clock(
        self, owner: Client, at: datetime
    ) -> None:
        home(owner, f"?period=days&from={self.days(at, 3)}&to={self.days(at, 1)}")

        def kept() -> int:
            found = sql.rows("SELECT 1 FROM console_figures WHERE strpos(period, '..') > 0")
            return len(found)

        before = kept()
        services.count_figures(at=at + timedelta(hours=23))
        assert kept() == before == 2
        services.count_figures(at=at + timedelta(hours=25))
        assert kept() == 0


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

    def test_each_first_step_is_ticked_by_what_is_so(self, at: datetime) -> None:
        browser = signed_in(at)
        me = access_selectors.list_staff(limit=1)[0]
        before = done_steps(home(browser))

        access.create_staff(email="2@example.com", role="owner", actor=HOUSE, at=at)
        access.record_stores([StoreRow(row=1, code="S01", name="One")], at=at)
        ingest.create_source(name="youzan", kind=SourceKind.WEBHOOK, actor=HOUSE, at=at)
        question, secret = access.begin_totp(staff_id=me.id, at=at)
        access.confirm_totp(
            staff_id=me.id, challenge_id=question, code=totp_code(secret, step_of(at)), name="App",
            actor=HOUSE, at=at,
        )  # fmt: skip
        access.audit(
            actor=HOUSE, action="programme.configured", object_kind="programme", object_id="1",
            at=at,
        )  # fmt: skip

        assert done_steps(home(browser)) - before >= {
            "Enter the stores",
            "Check the programme",
            "Turn your second factor on",
            "Invite a colleague",
            "Connect a shop or a till",
        }

    def test_are_put_away_by_one_for_all_and_brought_back(self, at: datetime) -> None:
        browser = signed_in(at)

        browser.post("/console/first-steps", {"act": "hide"})
        other = signed_in(at, role="administrator")
        away = home(other)
        other.post("/console/first-steps", {"act": "show"})

        assert "Connect a shop or a till" not in away
        assert "The first steps of this house are put away." in away
        assert "Connect a shop or a till" in home(browser)
        assert len(access_selectors.list_audit(action="house.steps")) == 2

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


class TestChart:
    @pytest.mark.parametrize(("language", "nought"), [("en", "¥0"), ("zh-CN", "¥0")])
    def test_goes_away_as_a_picture_that_says_the_same(
        self, at: datetime, shop: Shop, language: str, nought: str
    ) -> None:
        browser = signed_in(at, language=language)
        page = home(browser)

        answer = browser.get("/console/sales.svg")

        assert answer.status_code == 200
        assert answer["Content-Type"].startswith("image/svg+xml")
        assert re.fullmatch(
            r'attachment; filename="net-sales-\d{4}-\d\d-\d\d\.svg"', answer["Content-Disposition"]
        )
        picture = ET.fromstring(answer.content)
        texts = [each.text or "" for each in picture.iter(f"{SVG}text")]
        title = picture.find(f"{SVG}title")
        assert title is not None
        assert title.text == texts[0]
        assert f"<h2>{title.text}</h2>" in page
        assert nought in texts
        lines = [each.get("points") for each in picture.iter(f"{SVG}polyline")]
        assert len(lines) == 3
        assert all(f'points="{each}"' in page for each in lines)
        assert 'href="/console/sales.svg"' in page
        assert "<table" in page.split("sales.svg", 1)[1]

    def test_begins_at_nought(self, at: datetime, shop: Shop) -> None:
        sold = counting.count("days", scope=Scope.all(), period="last_30", at=at, zone=ZONE)
        net = {date.fromisoformat(day): int(value) for day, value in sold["net"].items()}

        chart = charts.line_over_days(net, today=at.astimezone(ZONE).date(), days=30)

        assert chart is not None
        assert (chart.ticks[0].value, chart.ticks[0].y) == (0, charts.BOTTOM)

    def test_of_nothing_is_not_there(self, at: datetime) -> None:
        assert signed_in(at).get("/console/sales.svg").status_code == 404
