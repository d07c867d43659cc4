"""Two steps to sign in, a fresh proof before what matters, and one's own factors, in a browser."""

import json
import re
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path

from regulars.access import selectors, services
from regulars.access.domain import Actor, Staff
from regulars.access.domain.factors import step_of, totp_code
from regulars.web import clock, sql
from regulars.web.pages import page
from tests.access.browsing import PASSWORD, a_browser, a_staff, send, sign_in, token_in, with_totp

pytestmark = pytest.mark.capability("G1")


@page("console.use", step_up=True)
def weighty(request: HttpRequest) -> HttpResponse:
    """Stand for every page that asks for a fresh proof."""
    told = {name: request.POST.getlist(name) for name in request.POST}
    return HttpResponse(f"done {sorted(told)} {told.get('ids')} {told.get('note')}")


@pytest.fixture(autouse=True)
def _quick_hasher(settings: object) -> None:
    name = "tests.access.test_services_signing_in.CountingHasher"
    settings.PASSWORD_HASHERS = [name]  # type: ignore[attr-defined]


@pytest.fixture(autouse=True)
def _with_a_weighty_page(monkeypatch: pytest.MonkeyPatch) -> None:
    from regulars import urls

    monkeypatch.setattr(
        urls, "urlpatterns", [path("weighty", weighty, name="weighty"), *urls.urlpatterns]
    )
    from django.urls import clear_url_caches

    clear_url_caches()


@pytest.fixture
def at(db: None) -> datetime:
    return clock.now()


@pytest.fixture
def lin(at: datetime) -> Staff:
    return a_staff(at)


@pytest.fixture
def browser() -> Client:
    return a_browser()


@pytest.fixture
def move_clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[timedelta], datetime]:
    def move(by: timedelta) -> datetime:
        moment = clock.now() + by
        monkeypatch.setattr(clock, "now", lambda: moment)
        return moment

    return move


def code_of(secret: bytes) -> str:
    return totp_code(secret, step_of(clock.now()))


class TestSecondStep:
    def test_stands_between_the_password_and_the_console(
        self, lin: Staff, at: datetime, browser: Client
    ) -> None:
        secret, _ = with_totp(lin, at)

        assert sign_in(browser, next="/console/members")["Location"] == "/sign-in/second-step"
        assert browser.get("/console/").status_code == 302
        assert selectors.list_audit(action="staff.sign_in") == []
        answer = send(browser, "/sign-in/second-step", code=code_of(secret))

        assert (answer.status_code, answer["Location"]) == (302, "/console/members")
        assert browser.get("/console/").status_code == 200
        (told,) = selectors.list_audit(action="staff.sign_in")
        assert told.details == {"how": "password+totp"}

    def test_a_link_does_not_go_round_it(self, lin: Staff, at: datetime, browser: Client) -> None:
        with_totp(lin, at)
        link = services.issue_sign_in_link(staff_id=lin.id, at=at)

        assert browser.get(link)["Location"] == "/sign-in/second-step"
        assert browser.get("/console/").status_code == 302

    @pytest.mark.reliability("RH8")
    def test_after_five_wrong_codes_the_password_is_asked_for_again(
        self, lin: Staff, at: datetime, browser: Client
    ) -> None:
        secret, _ = with_totp(lin, at)
        sign_in(browser)
        statuses = [
            send(browser, "/sign-in/second-step", code="000000").status_code for _ in range(5)
        ]
        token = token_in(browser.get("/sign-in/second-step").content)
        last = browser.post(
            "/sign-in/second-step", {"code": code_of(secret), "csrfmiddlewaretoken": token}
        )

        assert (statuses, last.status_code) == ([422] * 5, 409)
        assert browser.get("/sign-in/second-step")["Location"] == "/sign-in"
        assert browser.get("/console/").status_code == 302

    @pytest.mark.reliability("RH9")
    def test_begins_a_new_session_each_time(
        self, lin: Staff, at: datetime, browser: Client
    ) -> None:
        secret, _ = with_totp(lin, at)
        ids = []
        for step in (
            lambda: browser.get("/sign-in"),
            lambda: sign_in(browser),
            lambda: send(browser, "/sign-in/second-step", code=code_of(secret)),
        ):
            step()
            held = browser.cookies.get("regulars_session")
            ids.append(held.value if held else "")

        assert len(set(ids)) == 3

    def test_waits_ten_minutes(
        self,
        lin: Staff,
        at: datetime,
        browser: Client,
        move_clock: Callable[[timedelta], datetime],
    ) -> None:
        with_totp(lin, at)
        sign_in(browser)
        move_clock(timedelta(minutes=10, seconds=1))

        assert browser.get("/sign-in/second-step")["Location"] == "/sign-in"


class TestEnrolment:
    def test_is_demanded_of_an_owner_after_a_week(
        self, lin: Staff, browser: Client, move_clock: Callable[[timedelta], datetime]
    ) -> None:
        move_clock(timedelta(days=8))

        assert sign_in(browser)["Location"] == "/sign-in/enrol"
        assert browser.get("/console/").status_code == 302
        drawn = browser.get("/sign-in/enrol").content.decode()
        again = browser.get("/sign-in/enrol").content.decode()
        found = re.search(r'class="mono">([A-Z2-7 ]+)<', drawn)
        assert found is not None
        assert found[0] in again
        assert "<svg" in drawn
        assert found[1].replace(" ", "") not in drawn.replace(found[0], "")
        import base64

        text = found[1].replace(" ", "")
        secret = base64.b32decode(text + "=" * (-len(text) % 8))
        answer = send(browser, "/sign-in/enrol", code=code_of(secret))

        codes = re.findall(r"<li>([0-9a-z-]{14})</li>", answer.content.decode())
        assert len(codes) == 10
        assert browser.get("/console/").status_code == 200
        (told,) = selectors.list_audit(action="staff.sign_in")
        assert told.details == {"how": "password+enrolled"}

    def test_is_over_once_a_factor_was_set_up_elsewhere(
        self, lin: Staff, browser: Client, move_clock: Callable[[timedelta], datetime]
    ) -> None:
        at = move_clock(timedelta(days=8))
        sign_in(browser)
        drawn = browser.get("/sign-in/enrol")
        with_totp(lin, at)

        answer = browser.post(
            "/sign-in/enrol", {"code": "123456", "csrfmiddlewaretoken": token_in(drawn.content)}
        )

        assert (answer.status_code, answer["Location"]) == (302, "/sign-in")
        assert browser.get("/sign-in/second-step")["Location"] == "/sign-in"


class TestStepUp:
    @pytest.fixture
    def stale(
        self, lin: Staff, browser: Client, move_clock: Callable[[timedelta], datetime]
    ) -> Client:
        sign_in(browser)
        move_clock(timedelta(minutes=15))
        return browser

    def test_signing_in_is_a_fresh_proof(self, lin: Staff, browser: Client) -> None:
        sign_in(browser)

        assert browser.get("/weighty").content.startswith(b"done")

    def test_a_page_is_reached_by_way_of_the_proof(self, stale: Client) -> None:
        first = stale.get("/weighty?tab=2")
        assert first["Location"] == "/step-up?next=%2Fweighty%3Ftab%3D2"

        wrong = send(stale, first["Location"], proof_password="not this one")
        right = send(stale, first["Location"], proof_password=PASSWORD)

        assert (wrong.status_code, right.status_code) == (422, 302)
        assert right["Location"] == "/weighty?tab=2"
        assert stale.get(right["Location"]).content.startswith(b"done")

    def test_a_form_is_sent_again_with_the_proof(self, stale: Client) -> None:
        token = token_in(stale.get("/console/account").content)
        form = {"ids": ["1", "2"], "note": '"><b>茶', "password": "never carried"}
        held = stale.post("/weighty", {**form, "csrfmiddlewaretoken": token})
        drawn = held.content.decode()

        assert 'action="/weighty"' in drawn
        assert "never carried" not in drawn
        assert "<b>茶" not in drawn
        fields = re.findall(r'type="hidden" name="(ids|note)" value="([^"]*)"', drawn)
        assert [name for name, _ in fields] == ["ids", "ids", "note"]
        sent = {
            "ids": ["1", "2"],
            "note": '"><b>茶',
            "proof_password": PASSWORD,
            "csrfmiddlewaretoken": token_in(held.content),
        }
        done = stale.post("/weighty", sent).content.decode()

        assert done == "done ['csrfmiddlewaretoken', 'ids', 'note'] ['1', '2'] ['\"><b>茶']"

    def test_a_form_without_a_token_is_no_proof(self, stale: Client) -> None:
        assert stale.post("/weighty", {"proof_password": PASSWORD}).status_code == 403

    def test_holds_fifteen_minutes(
        self, stale: Client, move_clock: Callable[[timedelta], datetime]
    ) -> None:
        send(stale, "/step-up?next=/weighty", proof_password=PASSWORD)
        move_clock(timedelta(minutes=14, seconds=59))
        fresh = stale.get("/weighty").status_code
        move_clock(timedelta(seconds=1))

        assert (fresh, stale.get("/weighty").status_code) == (200, 302)

    def test_asks_for_the_second_factor_where_there_is_one(
        self, lin: Staff, at: datetime, stale: Client
    ) -> None:
        secret, codes = with_totp(lin, at)

        by_password = send(stale, "/step-up", proof_password=PASSWORD)
        by_code = send(stale, "/step-up", proof_code=code_of(secret))

        assert (by_password.status_code, by_code.status_code) == (422, 302)
        told = selectors.list_audit(action="staff.stepped_up")
        assert [entry.details for entry in told] == [{"how": "totp"}]

        sql.run("UPDATE access_session SET proved_at = NULL")
        assert send(stale, "/step-up", proof_code=codes[3]).status_code == 302

    @pytest.mark.reliability("RH8")
    def test_five_wrong_proofs_end_the_session(self, stale: Client) -> None:
        for _ in range(5):
            assert send(stale, "/step-up", proof_password="wrong").status_code == 422
        token = token_in(stale.get("/step-up").content)
        last = stale.post("/step-up", {"proof_password": "wrong", "csrfmiddlewaretoken": token})

        assert last["Location"] == "/sign-in"
        assert stale.get("/console/").status_code == 302

    @pytest.mark.reliability("RH14")
    @pytest.mark.parametrize(
        "there", ["https://evil.example/", "//evil.example", "/\\evil.example"]
    )
    def test_goes_on_to_nobody_elses_page(self, stale: Client, there: str) -> None:
        from urllib.parse import quote

        answer = send(stale, f"/step-up?next={quote(there)}", proof_password=PASSWORD)

        assert answer["Location"] == "/console/"

    def test_a_file_is_chosen_again(self, stale: Client) -> None:
        from django.core.files.uploadedfile import SimpleUploadedFile

        token = token_in(stale.get("/console/account").content)
        file = SimpleUploadedFile("a.csv", b"1")
        answer = stale.post(
            "/weighty",
            {"file": file, "csrfmiddlewaretoken": token},
            headers={"referer": "http://testserver/console/account?x=1"},
        )

        assert answer["Location"] == "/step-up?next=%2Fconsole%2Faccount%3Fx%3D1"

    def test_a_part_of_a_page_is_replaced_whole(self, stale: Client) -> None:
        token = token_in(stale.get("/console/account").content)
        asked = stale.get("/weighty", headers={"hx-request": "true"})
        sent = stale.post(
            "/weighty", {"csrfmiddlewaretoken": token}, headers={"hx-request": "true"}
        )

        assert asked["HX-Redirect"] == "/step-up?next=%2Fweighty"
        assert (sent.status_code, sent["HX-Retarget"]) == (200, "body")

    def test_speaks_chinese(self, lin: Staff, move_clock: Callable[[timedelta], datetime]) -> None:
        browser = a_browser("zh-CN")
        sign_in(browser)
        move_clock(timedelta(minutes=20))

        assert "确认是你本人" in browser.get("/step-up").content.decode()


class TestPasskeyOptions:
    def ask(self, browser: Client, purpose: str, page: str) -> HttpResponse:
        token = token_in(browser.get(page).content)
        fields = {"purpose": purpose, "csrfmiddlewaretoken": token}
        return browser.post("/passkey/options", fields)  # type: ignore[return-value]

    def test_of_a_stranger_are_for_signing_in_only(self, lin: Staff, browser: Client) -> None:
        statuses = {
            purpose: self.ask(browser, purpose, "/sign-in").status_code
            for purpose in ("sign_in", "second_step", "step_up", "enrol", "", "x")
        }

        assert statuses.pop("sign_in") == 200
        assert set(statuses.values()) == {403}

    def test_tell_a_stranger_nothing_of_anybody(self, lin: Staff, browser: Client) -> None:
        told = json.loads(self.ask(browser, "sign_in", "/sign-in").content)["publicKey"]

        assert set(told) <= {"challenge", "rpId", "userVerification", "timeout", "hints"}
        assert told["rpId"] == "testserver"

    def test_of_whoever_waits_for_the_second_step_are_for_that_only(
        self, lin: Staff, at: datetime, browser: Client
    ) -> None:
        with_totp(lin, at)
        sign_in(browser)

        page = "/sign-in/second-step"
        assert self.ask(browser, "second_step", page).status_code == 200
        assert self.ask(browser, "enrol", page).status_code == 403
        assert self.ask(browser, "step_up", page).status_code == 403

    def test_to_make_one_need_a_fresh_proof(
        self, lin: Staff, browser: Client, move_clock: Callable[[timedelta], datetime]
    ) -> None:
        sign_in(browser)
        fresh = self.ask(browser, "enrol", "/console/account").status_code
        move_clock(timedelta(minutes=15))

        assert (fresh, self.ask(browser, "enrol", "/console/account").status_code) == (200, 403)

    def test_are_bounded_for_one_network(
        self, lin: Staff, browser: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("regulars.access.domain.PASSWORDS_PER_MINUTE_MAX", 2)
        moment = clock.now().replace(second=1)
        monkeypatch.setattr(clock, "now", lambda: moment)

        statuses = [self.ask(browser, "sign_in", "/sign-in").status_code for _ in range(3)]

        assert statuses == [200, 200, 429]


class TestSessionsEnd:
    @pytest.mark.reliability("RH9")
    def test_as_the_policy_says(
        self, lin: Staff, browser: Client, move_clock: Callable[[timedelta], datetime]
    ) -> None:
        sql.run(
            "INSERT INTO access_policy_version (version, settings, changed_at, changed_by_kind,"
            " changed_by_id) VALUES (1, %s::jsonb, %s::timestamptz, 'system', 0)",
            ['{"idle_minutes": 5}', clock.now() - timedelta(seconds=1)],
        )
        sign_in(browser)
        move_clock(timedelta(minutes=4, seconds=59))
        before = browser.get("/console/account").status_code
        move_clock(timedelta(minutes=5))

        assert (before, browser.get("/console/account").status_code) == (200, 302)

    @pytest.mark.reliability("RH9")
    def test_at_once_everywhere_when_factors_are_reset(
        self, lin: Staff, at: datetime, browser: Client
    ) -> None:
        sign_in(browser)
        with_totp(lin, at)
        assert browser.get("/console/").status_code == 200
        services.reset_factors(staff_id=lin.id, actor=a_house(), at=at)

        assert browser.get("/console/").status_code == 302

    @pytest.mark.reliability("RH9")
    def test_a_cookie_kept_from_before_opens_nothing(self, lin: Staff, browser: Client) -> None:
        sign_in(browser)
        kept = browser.cookies["regulars_session"].value
        send(browser, "/sign-out", "/console/account")
        thief = a_browser()
        thief.cookies["regulars_session"] = kept

        assert thief.get("/console/").status_code == 302


def a_house() -> Actor:
    from tests.access.browsing import HOUSE

    return HOUSE
