"""Getting in and out with a browser: forms, tokens, links, and nobody else's pages."""

import re
from datetime import datetime

import pytest
from django.http import HttpResponse
from django.test import Client

from regulars.access import selectors, services
from regulars.access.domain import Actor, Staff
from regulars.web import clock
from regulars.web.permissions import PUBLIC

PASSWORD = "tea and 12 buns"
EMAIL = "lin@example.com"

pytestmark = pytest.mark.capability("H1")


@pytest.fixture(autouse=True)
def _quick_hasher(settings: object) -> None:
    name = "tests.access.test_services_signing_in.CountingHasher"
    settings.PASSWORD_HASHERS = [name]  # type: ignore[attr-defined]


@pytest.fixture
def at(db: None) -> datetime:
    return clock.now()


@pytest.fixture
def lin(at: datetime) -> Staff:
    return services.create_staff(
        email=EMAIL, name="Lin", role="owner", password=PASSWORD, actor=Actor.system(), at=at
    )


@pytest.fixture
def browser() -> Client:
    """A browser that checks form tokens as a real one would be checked."""
    return Client(enforce_csrf_checks=True, headers={"accept-language": "en"})


def token_in(page: bytes) -> str:
    found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.decode())
    assert found is not None
    return found[1]


def send(browser: Client, path: str, page: str | None = None, **fields: str) -> HttpResponse:
    token = token_in(browser.get(page or path).content)
    return browser.post(path, {**fields, "csrfmiddlewaretoken": token})  # type: ignore[return-value]


def sign_in(browser: Client, **fields: str) -> HttpResponse:
    return send(browser, "/sign-in", **({"email": EMAIL, "password": PASSWORD} | fields))


class TestSignInPage:
    def test_lets_in_and_goes_home(self, lin: Staff, browser: Client) -> None:
        answer = sign_in(browser)

        assert (answer.status_code, answer["Location"]) == (302, "/console/")
        assert browser.get("/console/").status_code == 200

    def test_goes_on_to_the_page_that_was_asked_for(self, lin: Staff, browser: Client) -> None:
        answer = sign_in(browser, next="/console/members?q=1")

        assert answer["Location"] == "/console/members?q=1"

    @pytest.mark.reliability("RH14")
    @pytest.mark.parametrize(
        "next_",
        ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)", "x"],
    )
    def test_goes_on_to_nobody_elses_page(self, lin: Staff, browser: Client, next_: str) -> None:
        assert sign_in(browser, next=next_)["Location"] == "/console/"

    @pytest.mark.reliability("RH7")
    def test_says_the_same_whoever_was_asked_for(self, lin: Staff, browser: Client) -> None:
        wrong = sign_in(browser, password="wrong wrong wrong")
        unknown = sign_in(browser, email="nobody@example.com")
        empty = sign_in(browser, email="", password="")

        said = {
            re.sub(r' value="[^"]*"', "", answer.content.decode())
            for answer in (wrong, unknown, empty)
        }
        assert {answer.status_code for answer in (wrong, unknown, empty)} == {422}
        assert len(said) == 1
        assert "do not match" in said.pop()

    @pytest.mark.reliability("RH8")
    def test_lets_one_network_ask_sixty_times_a_minute(
        self, lin: Staff, browser: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("regulars.access.domain.PASSWORDS_PER_MINUTE_MAX", 2)
        moment = clock.now().replace(second=1)
        monkeypatch.setattr(clock, "now", lambda: moment)

        statuses = [sign_in(browser, email=f"a{n}@x.cn").status_code for n in range(4)]

        assert statuses == [422, 422, 429, 429]

    def test_never_shows_a_password_again(self, lin: Staff, browser: Client) -> None:
        answer = sign_in(browser, password="wrong wrong wrong")

        assert EMAIL in answer.content.decode()
        assert "wrong wrong" not in answer.content.decode()

    @pytest.mark.reliability("RH11")
    def test_shows_what_was_typed_as_text(self, lin: Staff, browser: Client) -> None:
        answer = sign_in(browser, email='"><script>alert(1)</script>')

        assert "<script>alert" not in answer.content.decode()

    def test_speaks_both_languages(self, at: datetime) -> None:
        chinese = Client(headers={"accept-language": "zh-CN"}).get("/sign-in").content.decode()
        english = Client(headers={"accept-language": "en"}).get("/sign-in").content.decode()

        assert '<html lang="zh' in chinese
        assert '<html lang="en' in english

    def test_sends_home_who_is_in_already(self, lin: Staff, browser: Client) -> None:
        sign_in(browser)

        assert browser.get("/sign-in")["Location"] == "/console/"

    def test_is_kept_by_no_cache(self, at: datetime, browser: Client) -> None:
        assert "no-store" in browser.get("/sign-in")["Cache-Control"]


@pytest.mark.reliability("RH10")
class TestTokens:
    @pytest.mark.parametrize("path", ["/sign-in", "/sign-out", "/set-up/x"])
    def test_are_asked_for_before_anything_is_done(
        self, lin: Staff, browser: Client, path: str
    ) -> None:
        answer = browser.post(path, {"email": EMAIL, "password": PASSWORD})

        assert answer.status_code == 403
        assert "regulars_session" not in browser.cookies

    @pytest.mark.reliability("RH9")
    def test_and_the_session_id_are_new_after_signing_in(self, lin: Staff, browser: Client) -> None:
        before = browser.get("/sign-in").cookies["csrftoken"].value

        sign_in(browser)

        assert browser.cookies["csrftoken"].value != before
        assert browser.cookies["regulars_session"]["httponly"]
        assert browser.cookies["regulars_session"]["samesite"] == "Lax"


@pytest.mark.reliability("RH9")
class TestSigningOut:
    def test_ends_the_session_for_good(self, lin: Staff, browser: Client) -> None:
        sign_in(browser)
        stolen = browser.cookies["regulars_session"].value

        token = browser.cookies["csrftoken"].value
        answer = browser.post("/sign-out", {"csrfmiddlewaretoken": token})

        thief = Client()
        thief.cookies["regulars_session"] = stolen
        assert answer["Location"] == "/sign-in"
        assert browser.get("/console/").status_code == 302
        assert thief.get("/console/")["Location"].startswith("/sign-in")
        assert selectors.list_audit(limit=1)[0].action == "staff.sign_out"

    def test_is_not_done_by_a_link(self, lin: Staff, browser: Client) -> None:
        assert browser.get("/sign-out").status_code == 405

    def test_of_nobody_shows_the_way_in(self, at: datetime, browser: Client) -> None:
        assert send(browser, "/sign-out", page="/sign-in")["Location"] == "/sign-in"


@pytest.mark.reliability("RH19")
class TestSetUpPage:
    FIELDS = {
        "brand": "Tea & Buns",
        "name": "Lin",
        "email": EMAIL,
        "password": PASSWORD,
        "again": PASSWORD,
    }

    def test_makes_the_owner_and_lets_them_in(self, at: datetime, browser: Client) -> None:
        path = services.issue_set_up_link(at=at)

        answer = send(browser, path, **self.FIELDS)

        assert (answer.status_code, answer["Location"]) == (302, "/console/")
        assert browser.get("/console/").status_code == 200
        assert selectors.list_brands()[0].name == "Tea & Buns"
        assert browser.get(path).status_code == 404

    @pytest.mark.parametrize(
        ("wrong", "said"),
        [
            ({"again": "tea and 13 buns"}, "differ"),
            ({"password": "short", "again": "short"}, "12"),
            ({"password": "password1234", "again": "password1234"}, "common"),
            ({"email": "nobody"}, "e"),
            ({"brand": ""}, "required"),
        ],
    )
    def test_says_at_the_field_what_to_mend(
        self, at: datetime, browser: Client, wrong: dict[str, str], said: str
    ) -> None:
        path = services.issue_set_up_link(at=at)

        answer = send(browser, path, **(self.FIELDS | wrong))

        page = answer.content.decode()
        field = next(iter(wrong))
        assert answer.status_code == 422
        assert said in page
        assert 'class="error"' in page
        assert PASSWORD not in page
        assert f'name="{field}"' in page
        assert page.count(" autofocus") == 1
        assert selectors.list_staff() == []

    def test_opens_to_nobody_without_the_link(self, at: datetime, browser: Client) -> None:
        assert browser.get("/set-up/guess").status_code == 404

    def test_is_closed_once_there_is_an_owner(self, at: datetime, browser: Client) -> None:
        path = services.issue_set_up_link(at=at)
        services.create_staff(email=EMAIL, role="owner", actor=Actor.system(), at=at)

        assert browser.get(path).status_code == 404


@pytest.mark.reliability("RH19")
class TestSignInLink:
    def test_lets_in_once(self, lin: Staff, at: datetime, browser: Client) -> None:
        path = services.issue_sign_in_link(staff_id=lin.id, at=at)

        first, second = browser.get(path), Client().get(path)

        assert (first.status_code, first["Location"]) == (302, "/console/")
        assert browser.get("/console/").status_code == 200
        assert second.status_code == 404

    def test_is_not_used_up_by_a_preview(self, lin: Staff, at: datetime, browser: Client) -> None:
        path = services.issue_sign_in_link(staff_id=lin.id, at=at)

        assert browser.head(path).status_code == 405
        assert browser.get(path).status_code == 302


def test_every_page_is_open_on_purpose() -> None:
    from regulars.access import pages

    shown = [pages.sign_in, pages.sign_out, pages.sign_in_by_link, pages.set_up]

    assert {getattr(page, "permission", None) for page in shown} == {PUBLIC}
