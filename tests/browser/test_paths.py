"""Whole paths by keyboard alone, the page on paper, and what works without scripts."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from playwright.sync_api import TimeoutError as Late

from tests.browser.conftest import House
from tests.browser.test_walk import Walk, sign_in, walk_as
from tests.console.shop import PHONE

__all__ = ["walk_as"]

pytestmark = [pytest.mark.capability("H1"), pytest.mark.timeout(600)]
TABS_MAX = 160
CHOOSER_TRIES = 4
FOCUSED = """
() => {
    const one = document.activeElement;
    const label = one.labels && one.labels.length ? one.labels[0].innerText : "";
    return [one.name, one.value, one.innerText, label, one.title].filter(Boolean).join(" | ") + " |";
}
"""


def tab_to(page: Page, words: str) -> None:
    """Press Tab until what has the focus says these words; a trap or a missing stop fails."""
    for _ in range(TABS_MAX):
        page.keyboard.press("Tab")
        if words in page.evaluate(FOCUSED):
            return
    pytest.fail(f"Tab never reached {words!r} on {page.url}")


def press(page: Page, words: str) -> None:
    """Go to a link or a button by Tab and press it."""
    tab_to(page, words)
    with page.expect_navigation():
        page.keyboard.press("Enter")


def test_search_to_adjusted_points_by_keyboard(walk_as: Callable[..., Walk]) -> None:
    walk = walk_as("en-GB", "light")
    page = walk.page
    sign_in(walk)

    page.keyboard.press("Control+k")
    page.keyboard.type(PHONE)
    with page.expect_navigation():
        page.keyboard.press("Enter")
    press(page, "Adjust points")
    tab_to(page, "Points, up or down")
    page.keyboard.type("25")
    tab_to(page, "reason")
    page.keyboard.press("ArrowDown")
    tab_to(page, "note")
    page.keyboard.type("a birthday forgotten")
    press_submit(page)
    walk.look("adjust-preview")
    expect(page.locator("table.impacts")).to_contain_text("1,941")
    press_submit(page)
    walk.look("adjusted")
    expect(page.locator("body")).to_contain_text("1,941")

    assert walk.faults == []


def press_submit(page: Page) -> None:
    """Go to the button that goes on by Tab, and press it."""
    for _ in range(TABS_MAX):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.matches('main button.btn-primary')"):
            with page.expect_navigation():
                page.keyboard.press("Enter")
            return
    pytest.fail(f"Tab never reached the button that goes on, on {page.url}")


def choose(page: Page, file: Path) -> None:
    """Open the chooser of the field that has the focus, and choose a file.

    The browser hands a chooser over only once it knows that somebody waits for one, and the key
    may overtake that message on a busy machine: then it is pressed again.
    """
    for _ in range(CHOOSER_TRIES):
        try:
            with page.expect_file_chooser(timeout=10_000) as chosen:
                page.keyboard.press("Space")
        except Late:
            continue
        chosen.value.set_files(file)
        return
    pytest.fail("Space opens no file chooser")


def test_the_import_wizard_by_keyboard(
    walk_as: Callable[..., Walk], house: House, tmp_path: Path
) -> None:
    walk = walk_as("zh-CN", "light")
    page = walk.page
    file = tmp_path / "spring.csv"
    file.write_text("手机号,姓名\n13700138001,韩梅梅\n138****0000,藏\n", encoding="utf-8")
    sign_in(walk)
    page.goto(f"{house.url}/console/imports/new")
    walk.look("wizard-1")

    tab_to(page, "file |")
    choose(page, file)
    press(page, "上传")
    walk.look("wizard-2")
    place = page.url
    tab_to(page, "source")
    page.keyboard.type("老店")
    tab_to(page, "rehearse")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    house.work()
    page.goto(place)
    walk.look("wizard-3")
    press(page, "继续导入")
    walk.look("wizard-4")
    press_submit(page)
    house.work()
    page.goto(place)
    walk.look("wizard-5")
    expect(page.locator("main")).to_contain_text("spring.csv")
    expect(page.locator("main")).to_contain_text("撤销")

    assert walk.faults == []


def test_leaving_a_changed_form_is_asked(walk_as: Callable[..., Walk]) -> None:
    walk = walk_as("en-GB", "light")
    page, asked = walk.page, []
    sign_in(walk)
    page.goto(f"{walk.house.url}/console/members/{walk.house.things['member']}/adjust")
    page.get_by_label("Points, up or down").fill("25")

    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    page.get_by_role("link", name="Home", exact=True).first.click()
    page.wait_for_url("**/console/")

    assert asked == ["beforeunload"]


@pytest.mark.parametrize("language", ["zh-CN", "en-GB"])
def test_on_paper_the_furniture_is_gone(walk_as: Callable[..., Walk], language: str) -> None:
    walk = walk_as(language, "light")
    page = walk.page
    sign_in(walk)
    page.goto(f"{walk.house.url}/console/orders")

    page.emulate_media(media="print")
    for furniture in (".side", ".top", ".toolbar", ".pager"):
        expect(page.locator(furniture).first).to_be_hidden()
    expect(page.locator("h1")).to_be_visible()
    expect(page.locator(".print-only").first).to_be_visible()
    page.screenshot(path=walk.picture("orders-on-paper"))


def test_a_list_an_act_and_an_export_without_scripts(walk_as: Callable[..., Walk]) -> None:
    walk = walk_as("en-GB", "light", scripts=False)
    page, house = walk.page, walk.house
    sign_in(walk)

    page.goto(f"{house.url}/console/members?sort=-joined&size=50")
    expect(page.locator("tbody tr").first).to_be_visible()
    page.goto(f"{house.url}/console/members/{house.things['member']}/tag")
    page.get_by_label("Tags").fill("by hand")
    page.locator("main button.btn-primary").click()
    page.locator("main button.btn-primary").click()
    expect(page.locator(".toast").first).to_be_visible()
    page.goto(f"{house.url}/console/members/{house.things['member']}")
    expect(page.locator("body")).to_contain_text("by hand")
    page.goto(f"{house.url}/console/exports/new?what=members")
    page.locator("[name=reason]").select_option(index=1)
    page.locator("main button.btn-primary").click()
    walk.look("no-script-export")
    house.work()
    page.goto(f"{house.url}/console/exports")
    expect(page.locator("tbody tr").first).to_be_visible()

    assert walk.faults == []


WIDE = ("", "members", "orders", "ledger", "audit", "imports", "settings", "roles", "staff")


@pytest.mark.parametrize("width", [720, 1024, 1280, 1920])
def test_no_width_scrolls_sideways(walk_as: Callable[..., Walk], width: int) -> None:
    walk = walk_as("en-GB", "light", width)
    page, house = walk.page, walk.house
    sign_in(walk)

    for place in WIDE:
        page.goto(f"{house.url}/console/{place}")
        walk.look(f"{place or 'home'}-{width}")
    page.goto(f"{house.url}/console/members/{house.things['member']}")
    walk.look(f"member-{width}")
    page.goto(f"{house.url}/console/merges/{house.things['member']}/{house.things['other']}")
    walk.look(f"merge-{width}")

    assert walk.faults == []


def test_an_act_that_is_off_says_why_to_the_keyboard(walk_as: Callable[..., Walk]) -> None:
    walk = walk_as("en-GB", "light")
    page = walk.page
    sign_in(walk)
    page.goto(f"{walk.house.url}/console/staff")
    page.locator("tbody a", has_text="陈晨").first.click()
    page.wait_for_url("**/console/staff/*")
    reason = page.get_by_text("This is you. Somebody else switches your account off.")

    expect(reason).to_be_hidden()
    tab_to(page, "Switch off")
    expect(reason).to_be_visible()
    page.keyboard.press("Enter")
    expect(reason).to_be_visible()
    walk.look("why-not")

    assert walk.faults == []
