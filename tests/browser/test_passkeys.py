"""Passkeys with a browser and its virtual authenticator: set one up, sign in, prove once more."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from playwright.sync_api import Browser, BrowserContext, CDPSession, Page, Request, expect

from regulars.web import postgres
from tests.browser.conftest import ARTEFACTS, KEY_EMAIL, PASSWORD, House

pytestmark = [pytest.mark.capability("G1"), pytest.mark.reliability("RH8")]

AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(locale="en-GB", viewport={"width": 1440, "height": 900})
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


@pytest.fixture
def faults(page: Page) -> list[str]:
    """Keep what went wrong, and what was asked of anybody else."""
    found: list[str] = []
    page.on("pageerror", lambda error: found.append(f"script: {error}"))

    def asked(request: Request) -> None:
        if "://localhost:" not in request.url:
            found.append(f"outside: {request.url}")

    page.on("request", asked)
    return found


@pytest.fixture
def home(house: House) -> str:
    """Answer the address under which browsers allow passkeys without a certificate."""
    return house.url.replace("127.0.0.1", "localhost")


@pytest.fixture
def authenticator(page: Page) -> Callable[[bool], None]:
    """Plug a virtual authenticator in; answers how to make its owner unknown to it."""
    session: CDPSession = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    made = session.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})

    def verify(known: bool) -> None:  # noqa: FBT001 a switch
        session.send(
            "WebAuthn.setUserVerified",
            {"authenticatorId": made["authenticatorId"], "isUserVerified": known},
        )

    return verify


def sign_in(page: Page, home: str) -> None:
    page.goto(f"{home}/sign-in")
    page.fill("[name=email]", KEY_EMAIL)
    page.fill("[name=password]", PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()


def sign_out(page: Page) -> None:
    page.locator("summary.avatar").click()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/sign-in")


def make_proofs_stale() -> None:
    server = postgres.Server(Path(os.environ["REGULARS_VAR"]), durable=False)
    with psycopg.connect(server.url("owner", database=f"browser_{os.getpid()}")) as connection:
        connection.execute("UPDATE access_session SET proved_at = NULL")


def test_a_passkey_from_setting_up_to_removing(
    page: Page, home: str, faults: list[str], authenticator: Callable[[bool], None]
) -> None:
    sign_in(page, home)
    page.goto(f"{home}/console/account/passkey")
    page.fill("[name=name]", "work laptop")
    page.get_by_role("button", name="Set up a passkey").click()
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    assert page.locator("ul.codes li").count() == 10
    page.screenshot(path=ARTEFACTS / "passkey-recovery-codes.png")
    page.get_by_role("link", name="I have kept them").click()
    expect(page.locator("input[value='work laptop']")).to_be_visible()
    page.screenshot(path=ARTEFACTS / "passkey-account.png", full_page=True)

    sign_out(page)
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.wait_for_url("**/console/")

    sign_out(page)
    sign_in(page, home)
    expect(page.get_by_role("heading", name="Second step")).to_be_visible()
    page.screenshot(path=ARTEFACTS / "passkey-second-step.png")
    page.get_by_role("button", name="Use a passkey").click()
    page.wait_for_url("**/console/")

    make_proofs_stale()
    page.goto(f"{home}/console/account/passkey")
    expect(page.get_by_role("heading", name="Confirm that it is you")).to_be_visible()
    page.screenshot(path=ARTEFACTS / "passkey-step-up.png")
    page.get_by_role("button", name="Use a passkey").click()
    page.wait_for_url("**/console/account/passkey")

    sign_out(page)
    authenticator(False)
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("alert").last).to_be_visible()
    assert page.url.endswith("/sign-in")

    authenticator(True)
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.wait_for_url("**/console/")
    page.goto(f"{home}/console/account")
    page.get_by_role("link", name="Remove", exact=True).click()
    page.get_by_role("button", name="Remove work laptop").click()
    expect(page.get_by_text("Not one yet: whoever knows your password is you.")).to_be_visible()
    assert faults == []


def test_without_scripts_the_other_ways_remain(browser: Browser, home: str) -> None:
    context = browser.new_context(locale="en-GB", java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{home}/sign-in")

    expect(page.get_by_role("button", name="Sign in with a passkey")).to_be_hidden()
    sign_in(page, home)
    page.wait_for_url("**/console/")
    context.close()
