"""Walk through the console as a person does, and look at what a person would be ashamed of."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, Response, expect

from tests.browser.conftest import ARTEFACTS, EMAIL, PASSWORD, House
from tests.console.shop import NAME, PHONE
from tests.console.test_pages import english_in

pytestmark = [pytest.mark.capability("H1")]

LOOKS = [("zh-CN", "light"), ("zh-CN", "dark"), ("en-GB", "light"), ("en-GB", "dark")]
TABS = (
    "overview",
    "timeline",
    "orders",
    "points",
    "growth",
    "tags",
    "identities",
    "privacy",
    "log",
)
NEVER = re.compile(r"\b(None|NaN|nan|undefined|null)\b|%\(\w+\)|\{\w+\}")


@dataclass
class Walk:
    """One browser with its eyes open: it keeps what went wrong and takes pictures."""

    page: Page
    house: House
    language: str
    theme: str
    scripts: bool = True
    faults: list[str] = field(default_factory=list)
    expected: set[int] = field(default_factory=set)

    def watch(self) -> None:
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.faults.append(f"script: {error}"))
        self.page.on("request", self._asked)
        self.page.on("response", self._answered)

    def look(self, name: str) -> None:
        """Check the page as it stands and keep a picture of it."""
        self.page.wait_for_load_state("load")
        text = self.page.inner_text("body")
        # the page of the design system shows both languages on purpose
        if (
            name != "style"
            and self.language == "zh-CN"
            and (left := english_in(self.page.content()))
        ):
            self.faults.append(f"{name}: not translated: {left[:5]}")
        if name != "style" and self.language != "zh-CN" and "会员" in text.replace("林小满", ""):
            self.faults.append(f"{name}: Chinese words on an English page")
        if never := NEVER.findall(text):
            self.faults.append(f"{name}: shows {never[:3]}")
        if self.scripts:
            wide, window = self.page.evaluate("[document.body.scrollWidth, window.innerWidth]")
            if wide > window:
                self.faults.append(f"{name}: scrolls sideways, {wide} > {window}")
        self.page.screenshot(path=self.picture(name))

    def picture(self, name: str) -> Path:
        return ARTEFACTS / f"{self.language}-{self.theme}-{name}.png"

    def _said(self, message: ConsoleMessage) -> None:
        meant = any(f"status of {status}" in message.text for status in self.expected)
        if message.type in {"error", "warning"} and not meant:
            self.faults.append(f"console: {message.text}")

    def _asked(self, request: Request) -> None:
        if urlsplit(request.url).hostname not in {"127.0.0.1", None}:
            self.faults.append(f"asked outside: {request.url}")
        if PHONE in request.url:
            self.faults.append(f"personal data in an address: {request.url}")

    def _answered(self, response: Response) -> None:
        if response.status >= 400 and response.status not in self.expected:
            self.faults.append(f"{response.status}: {response.url}")


@pytest.fixture
def walk_as(browser: Browser, house: House) -> Iterator[Callable[[str, str], Walk]]:
    contexts = []

    def begin(language: str, theme: str, width: int = 1440, *, scripts: bool = True) -> Walk:
        context = browser.new_context(
            locale=language,
            color_scheme=theme,  # type: ignore[arg-type]
            viewport={"width": width, "height": 900},
            reduced_motion="reduce",
            java_script_enabled=scripts,
        )
        contexts.append(context)
        walk = Walk(context.new_page(), house, language, theme, scripts)
        walk.watch()
        return walk

    yield begin
    for context in contexts:
        context.close()


def sign_in(walk: Walk) -> None:
    walk.page.goto(f"{walk.house.url}/sign-in")
    walk.look("sign-in")
    walk.page.fill("input[name=email]", EMAIL)
    walk.page.fill("input[name=password]", PASSWORD)
    walk.page.click("main button.btn-primary")
    walk.page.wait_for_url("**/console/")


@pytest.mark.parametrize(("language", "theme"), LOOKS)
def test_every_page_in_both_languages_and_themes(
    walk_as: Callable[[str, str], Walk], language: str, theme: str
) -> None:
    walk = walk_as(language, theme)
    page = walk.page

    sign_in(walk)
    walk.look("home")
    page.click("nav a[href='/console/members']")
    page.wait_for_url("**/console/members")
    walk.look("members")
    page.locator("tbody tr", has_text="138****8000").locator("td").first.click()
    page.wait_for_url("**/console/members/*")
    walk.look("member-overview")
    for number, tab in enumerate(TABS[1:], 1):
        page.locator("main .tabs a").nth(number).click()
        page.wait_for_url(f"**/{tab}")
        walk.look(f"member-{tab}")
    page.locator("main .tabs a").nth(2).click()
    page.wait_for_url("**/orders")
    page.get_by_role("link", name="SO-0005").click()
    page.wait_for_url("**/console/orders/*")
    walk.look("order")

    assert walk.faults == []


def test_search_reveal_and_sign_out_by_keyboard(walk_as: Callable[[str, str], Walk]) -> None:
    walk = walk_as("en-GB", "light")
    page = walk.page
    sign_in(walk)

    page.keyboard.press("Control+k")
    page.keyboard.type(PHONE)
    page.keyboard.press("Enter")
    page.wait_for_url("**/console/members/*")
    page.locator("summary", has_text="Reveal").click()
    walk.look("reveal-asks")
    page.get_by_label("The member asks for help").check()
    page.get_by_role("button", name="Reveal personal data").click()
    expect(page.locator("h1")).to_have_text(NAME)
    walk.look("revealed")
    page.get_by_role("link", name="Cover now").click()
    expect(page.locator("h1")).to_have_text("林**")
    page.locator("summary.avatar").click()
    walk.look("menu")
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/sign-in")

    assert walk.faults == []


def test_everything_works_without_scripts(walk_as: Callable[..., Walk]) -> None:
    walk = walk_as("en-GB", "light", scripts=False)
    page = walk.page
    sign_in(walk)

    page.goto(f"{walk.house.url}/console/members?store=S01")
    walk.look("no-script-members")
    page.goto(f"{walk.house.url}/console/members/{walk.house.things['member']}")
    page.get_by_role("navigation", name="Member record").get_by_role("link", name="Points").click()
    page.wait_for_url("**/points")
    page.locator("summary", has_text="Reveal").click()
    page.get_by_label("Correcting wrong data").check()
    page.get_by_role("button", name="Reveal personal data").click()
    expect(page.locator("h1")).to_have_text(NAME)
    page.click("button[name=theme][value=dark]")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    walk.look("no-script-dark")

    assert walk.faults == []


@pytest.mark.parametrize("language", ["zh-CN", "en-GB"])
def test_what_is_not_there_says_what_to_do(
    walk_as: Callable[[str, str], Walk], language: str
) -> None:
    walk = walk_as(language, "light")
    page = walk.page
    walk.expected = {404}
    sign_in(walk)

    page.fill("#global-search", "张三丰")
    page.keyboard.press("Enter")
    page.wait_for_url("**/console/search")
    walk.look("search-nobody")
    page.fill("#global-search", "SO-9001")
    page.keyboard.press("Enter")
    page.wait_for_url("**/console/orders/*")
    page.goto(f"{walk.house.url}/console/members?tier=diamond")
    walk.look("members-none")
    page.goto(f"{walk.house.url}/console/nowhere")
    walk.look("not-found")
    page.locator("main a.btn").first.click()
    page.wait_for_url("**/console/members")

    assert walk.faults == []


def test_theme_language_and_sidebar_are_remembered(walk_as: Callable[[str, str], Walk]) -> None:
    walk = walk_as("en-GB", "light")
    page = walk.page
    sign_in(walk)

    page.click("button[name=theme][value=dark]")
    page.click("button[name=language]")
    page.click(".side-foot label")
    page.reload()

    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(page.locator("html")).to_have_attribute("lang", "zh-Hans")
    expect(page.locator(".side .brand span")).to_be_hidden()
    walk.language, walk.theme = "zh-CN", "dark-rail"
    walk.look("home")
    assert walk.faults == []


@pytest.mark.parametrize("width", [720, 1024, 1920])
def test_other_widths_do_not_scroll_sideways(walk_as: Callable[..., Walk], width: int) -> None:
    walk = walk_as("en-GB", "light", width)
    page = walk.page
    sign_in(walk)

    walk.look(f"home-{width}")
    page.goto(f"{walk.house.url}/console/members")
    walk.look(f"members-{width}")
    page.locator("tbody a.who").first.click()
    page.wait_for_url("**/console/members/*")
    walk.look(f"member-{width}")

    assert walk.faults == []


@pytest.mark.parametrize(
    ("language", "usual", "other"), [("zh-CN", "red", "green"), ("en-GB", "green", "red")]
)
def test_the_reader_chooses_the_colour_of_up(
    walk_as: Callable[[str, str], Walk], language: str, usual: str, other: str
) -> None:
    walk = walk_as(language, "light")
    page = walk.page
    sign_in(walk)
    page.goto(f"{walk.house.url}/console/account")
    colour = """(way) => {
        const one = document.querySelector(`.delta[data-dir=${way}]`);
        const [red, green] = getComputedStyle(one).color.match(/\\d+/g).map(Number);
        return [red > green ? "red" : "green", getComputedStyle(one, "::before").content[1]];
    }"""

    assert page.evaluate(colour, "up") == [usual, "▲"]
    assert page.evaluate(colour, "down") == [other, "▼"]
    page.locator(f"[name=trend][value={other}]").check()
    with page.expect_navigation():
        page.locator("#trend button").click()
    assert page.evaluate(colour, "up") == [other, "▲"]
    assert page.evaluate(colour, "down") == [usual, "▼"]
    walk.look("account")

    assert walk.faults == []
