"""One's own account, a colleague's safety, and looking through another's eyes."""

import re
from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from regulars.access import selectors, services
from regulars.access.domain import Staff
from regulars.access.domain.factors import step_of, totp_code
from regulars.web import clock, sql
from tests.access.browsing import (
    HOUSE,
    PASSWORD,
    a_browser,
    a_staff,
    send,
    sign_in,
    token_in,
    with_totp,
)
from tests.console.shop import open_shop
from tests.console.steps import confirmed, impacts_of
from tests.console.test_pages import english_in

pytestmark = [pytest.mark.capability("G1"), pytest.mark.capability("H1")]

NEW = "oolong and 7 peaches"


@pytest.fixture(autouse=True)
def _quick_hasher(settings: object) -> None:
    name = "tests.access.test_services_signing_in.CountingHasher"
    settings.PASSWORD_HASHERS = [name]  # type: ignore[attr-defined]


@pytest.fixture
def at(db: None) -> datetime:
    return clock.now()


@pytest.fixture
def lin(at: datetime) -> Staff:
    return a_staff(at)


@pytest.fixture
def browser(lin: Staff) -> Client:
    browser = a_browser()
    sign_in(browser)
    return browser


def shown(browser: Client, path: str = "/console/account") -> str:
    return browser.get(path, follow=True).content.decode()


class TestAccount:
    def test_is_shown_in_both_languages(self, lin: Staff, at: datetime) -> None:
        with_totp(lin, at)
        services.reset_factors(staff_id=lin.id, actor=HOUSE, at=at)
        for language, words in (("en", "Recent sign-ins"), ("zh-CN", "最近登录")):
            browser = a_browser(language)
            sign_in(browser)
            page = shown(browser)
            assert words in page
            assert "lin@example.com" in page
            if language == "zh-CN":
                assert not english_in(page)

    def test_asks_as_little_for_many_sessions_as_for_one(
        self, lin: Staff, browser: Client, django_assert_max_num_queries: DjangoAssertNumQueries
    ) -> None:
        with django_assert_max_num_queries(17) as few:
            browser.get("/console/account")
        for _ in range(20):
            sign_in(a_browser())
        with django_assert_max_num_queries(17) as many:
            browser.get("/console/account")

        assert len(many) == len(few)

    def test_keeps_name_and_language(self, lin: Staff, browser: Client) -> None:
        send(
            browser, "/console/account/profile", "/console/account", name=" 林 小满 ", language="en"
        )
        wrong = send(
            browser, "/console/account/profile", "/console/account", name=" ", language="en"
        )

        found = selectors.get_staff(staff_id=lin.id)
        assert (found.name, found.language, wrong.status_code) == ("林 小满", "en", 422)
        assert browser.cookies["django_language"].value == "en"

    @pytest.mark.parametrize(
        ("language", "chosen", "is_intl"),
        [
            ("zh-CN", "", False),
            ("zh-CN", "green", True),
            ("zh-CN", "purple", False),
            ("en", "", True),
            ("en", "red", False),
            ("en", "auto", True),
        ],
    )
    @pytest.mark.usefixtures("lin")
    def test_the_colour_of_up_is_the_readers_own(
        self, language: str, chosen: str, *, is_intl: bool
    ) -> None:
        browser = a_browser(language)
        sign_in(browser)

        if chosen:
            send(browser, "/console/trend", "/console/account", trend=chosen)

        page = shown(browser)
        kept = chosen if chosen in {"red", "green"} else "auto"
        assert ('data-trend="intl"' in page) is is_intl
        assert f'name="trend" value="{kept}" checked' in page

    @pytest.mark.reliability("RH9")
    def test_a_new_password_ends_every_other_session(self, lin: Staff, browser: Client) -> None:
        other = a_browser()
        sign_in(other)
        before = browser.cookies["regulars_session"].value
        fields = {"current": PASSWORD, "password": NEW, "again": NEW}
        path = "/console/account/password"

        wrong = send(browser, path, **(fields | {"current": "wrong wrong 12"}))
        weak = send(browser, path, **(fields | {"password": "short", "again": "short"}))
        differ = send(browser, path, **(fields | {"again": NEW + "x"}))
        right = send(browser, path, **fields)

        assert [each.status_code for each in (wrong, weak, differ, right)] == [422, 422, 422, 302]
        assert browser.get("/console/").status_code == 200
        assert browser.cookies["regulars_session"].value != before
        assert other.get("/console/").status_code == 302
        assert sign_in(a_browser(), password=NEW)["Location"] == "/console/"

    def test_whoever_came_by_link_sets_a_first_password(self, at: datetime) -> None:
        made = services.create_staff(email="new@example.com", role="analyst", actor=HOUSE, at=at)
        browser = a_browser()
        browser.get(services.issue_sign_in_link(staff_id=made.id, at=at))
        stuck = shown(browser, "/step-up")
        send(browser, "/console/account/password", password=NEW, again=NEW)

        assert "have no password yet" in stuck
        assert services.has_password(staff_id=made.id)

    def test_ends_one_session_or_all_others(self, lin: Staff, browser: Client) -> None:
        others = [a_browser(), a_browser(), a_browser()]
        for each in others:
            sign_in(each)
        ids = re.findall(r'name="session" value="([0-9a-f-]{36})"', shown(browser))
        assert len(ids) == 3

        send(browser, "/console/account/sessions/end", "/console/account", session=ids[0])
        open_after_one = [each.get("/console/").status_code for each in others]
        send(browser, "/console/account/sessions/end", "/console/account")

        assert sorted(open_after_one) == [200, 200, 302]
        assert [each.get("/console/").status_code for each in others] == [302] * 3
        assert browser.get("/console/").status_code == 200

    @pytest.mark.reliability("RH1")
    def test_ends_nobody_elses_session(self, at: datetime, browser: Client) -> None:
        wang = a_staff(at, email="wang@example.com")
        other = a_browser()
        sign_in(other, email="wang@example.com")
        (session,) = selectors.list_sessions(staff_id=wang.id, at=clock.now())

        answer = send(
            browser,
            "/console/account/sessions/end",
            "/console/account",
            session=str(session.public_id),
        )

        assert answer.status_code == 404
        assert other.get("/console/").status_code == 200

    def test_sets_an_app_up_and_removes_it(self, lin: Staff, browser: Client) -> None:
        import base64

        drawn = shown(browser, "/console/account/codes")
        text = re.search(r'class="mono">([A-Z2-7 ]+)<', drawn)[1].replace(" ", "")  # type: ignore[index]
        secret = base64.b32decode(text + "=" * (-len(text) % 8))
        code = totp_code(secret, step_of(clock.now()))
        codes = send(browser, "/console/account/codes", code=code).content.decode()
        page = shown(browser)
        (held,) = selectors.get_factors(staff_id=lin.id).held
        assert len(re.findall(r"<li>[0-9a-z-]{14}</li>", codes)) == 10
        assert "10 codes left" in page
        assert not re.findall(r"[0-9a-z]{4}-[0-9a-z]{4}-[0-9a-z]{4}<", page)

        other = a_browser()
        assert sign_in(other)["Location"] == "/sign-in/second-step"
        send(browser, f"/console/account/factor/{held.public_id}/remove")

        assert selectors.get_factors(staff_id=lin.id).held == ()
        assert browser.get("/console/").status_code == 200


class TestSafety:
    @pytest.fixture
    def wang(self, at: datetime) -> Staff:
        return a_staff(at, "analyst", "wang@example.com", "Wang")

    def path(self, staff: Staff, what: str) -> str:
        return f"/console/staff/{staff.public_id}/{what}"

    def test_is_for_those_who_manage_staff(self, wang: Staff, browser: Client) -> None:
        other = a_browser()
        sign_in(other, email="wang@example.com")

        assert browser.get(self.path(wang, "safety")).status_code == 200
        assert other.get(self.path(wang, "safety")).status_code == 403

    def test_ends_all_sessions_of_a_colleague(self, wang: Staff, browser: Client) -> None:
        other = a_browser()
        sign_in(other, email="wang@example.com")
        path = self.path(wang, "sessions")
        assert f'href="{path}"' in shown(browser, self.path(wang, "safety"))
        page = shown(browser, path)
        token = token_in(page.encode())

        asked = impacts_of(page)
        open_when_asked = other.get("/console/").status_code
        first, again = (confirmed(browser, path, page, csrfmiddlewaretoken=token) for _ in range(2))

        assert asked == {"Open sessions": ("1", "end now")}
        assert (open_when_asked, first.status_code, again.status_code) == (200, 302, 302)
        assert other.get("/console/").status_code == 302
        assert browser.get("/console/").status_code == 200
        assert "No session is open." in shown(browser, self.path(wang, "safety"))
        (told,) = selectors.list_audit(action="staff.sessions_reset")
        assert (told.object_id, told.details) == (str(wang.public_id), {"sessions": 1})

    def test_resets_factors_after_saying_what_it_means(
        self, wang: Staff, at: datetime, browser: Client
    ) -> None:
        with_totp(wang, at)
        page = browser.get(self.path(wang, "factors/reset")).content
        act = re.search(r'name="act_id" value="([^"]+)"', page.decode())[1]  # type: ignore[index]
        fields = {"step": "do", "act_id": act, "csrfmiddlewaretoken": token_in(page)}

        first = browser.post(self.path(wang, "factors/reset"), fields)
        again = browser.post(self.path(wang, "factors/reset"), fields)

        assert "Reset second factors" in page.decode()
        assert (first.status_code, again.status_code) == (302, 302)
        assert selectors.get_factors(staff_id=wang.id).held == ()
        assert len(selectors.list_audit(action="staff.factors_reset")) == 1

    def test_of_oneself_is_refused(self, lin: Staff, browser: Client) -> None:
        page = self.path(lin, "safety")

        assert "This is your own account" in shown(browser, page)
        assert send(browser, self.path(lin, "view-as"), page).status_code in {403, 409}
        answer = send(browser, self.path(lin, "sessions"), step="do", act_id=str(uuid4()))
        assert answer.status_code == 409
        (told,) = selectors.list_audit(action="staff.sessions_reset")
        assert (told.result, told.reason_code) == ("refused", "access.own_account")
        assert browser.get("/console/").status_code == 200


@pytest.mark.reliability("RH17")
class TestViewing:
    @pytest.fixture
    def manager(self, at: datetime) -> Staff:
        open_shop(at)
        return services.create_staff(
            email="wang@example.com",
            name="Wang",
            role="store_manager",
            scope="store:S01",
            password=PASSWORD,
            actor=HOUSE,
            at=at,
        )

    @pytest.fixture
    def viewer(self, manager: Staff, browser: Client) -> Client:
        page = f"/console/staff/{manager.public_id}/safety"
        answer = send(browser, page.replace("safety", "view-as"), page)
        assert answer["Location"] == "/console/"
        return browser

    def test_says_so_on_every_page(self, viewer: Client) -> None:
        for path in ("/console/", "/console/members"):
            assert "You are looking as Wang" in shown(viewer, path)

    def test_shows_what_the_other_may_see(self, viewer: Client, manager: Staff) -> None:
        own = a_browser()
        sign_in(own, email="wang@example.com")

        def members(browser: Client) -> set[str]:
            return set(
                re.findall(r"/console/members/([0-9a-f-]{36})", shown(browser, "/console/members"))
            )

        assert members(viewer) == members(own) != set()
        assert viewer.get("/console/exports").status_code == 403
        assert viewer.get(f"/console/staff/{manager.public_id}/safety").status_code == 403

    def test_changes_and_unmasks_nothing(self, viewer: Client, lin: Staff) -> None:
        from tests.architecture.test_permissions import pages

        token = token_in(viewer.get("/console/").content)
        before = sql.row("SELECT count(*) FROM access_audit_entry WHERE result = 'ok'")
        opened = {}
        for each in pages():
            route = re.sub(r"<uuid:\w+>", str(lin.public_id), str(each.pattern))
            route = re.sub(r"<\w+:\w+>", "1", route)
            stays = {
                "access-sign-out",
                "console-viewing-end",
                "console-language",
                "console-theme",
                "console-trend",
            }
            is_page = getattr(each.callback, "permission", "public") != "public"
            if each.name in stays or not is_page:
                continue
            for method in ("post", "put", "patch", "delete"):
                answer = getattr(viewer, method)(f"/{route}", headers={"x-csrftoken": token})
                if answer.status_code not in {403, 404, 405}:
                    opened[f"{method} {each.name}"] = answer.status_code

        assert opened == {}
        assert sql.row("SELECT count(*) FROM access_audit_entry WHERE result = 'ok'") == before

    def test_opens_no_page_that_only_leads_to_a_change(self, viewer: Client) -> None:
        for path in ("/console/account/codes", "/console/account/passkey"):
            assert viewer.get(path).status_code == 403
        assert viewer.get("/console/account").status_code == 200

    def test_writes_both_into_the_audit_log(
        self, viewer: Client, lin: Staff, manager: Staff
    ) -> None:
        send(viewer, "/console/viewing/end", "/console/")

        told = [
            (entry.action, entry.actor_id, entry.on_behalf_id)
            for entry in selectors.list_audit(about=("staff", str(manager.public_id)))
            if "viewing" in entry.action
        ]
        assert told == [
            ("staff.viewing_ended", lin.id, manager.id),
            ("staff.viewing_begun", lin.id, manager.id),
        ]
        assert "You are looking as" not in shown(viewer, "/console/")

    def test_ends_after_half_an_hour(self, viewer: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        later = clock.now() + timedelta(minutes=29, seconds=50)
        monkeypatch.setattr(clock, "now", lambda: later)
        during = shown(viewer, "/console/")
        after = later + timedelta(seconds=10)
        monkeypatch.setattr(clock, "now", lambda: after)

        assert "You are looking as" in during
        assert "You are looking as" not in shown(viewer, "/console/")
