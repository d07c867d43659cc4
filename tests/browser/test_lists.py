"""Lists in a browser: coming back finds place and ticks, columns are as wide as one left them."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.test_every_page import violations
from tests.browser.test_walk import Walk, sign_in, walk_as

__all__ = ["walk_as"]

pytestmark = [pytest.mark.capability("H1"), pytest.mark.timeout(300)]
PLACE = "[...document.querySelectorAll('#list .table-wrap')].map((each) => each.scrollTop)[0]"


def a_short_list(walk: Walk) -> Page:
    """Open the members in a window so low that their rows scroll."""
    page = walk.page
    sign_in(walk)
    page.set_viewport_size({"width": 1440, "height": 430})
    page.goto(f"{walk.house.url}/console/members?size=10")
    return page


def leave_a_mark(page: Page) -> float:
    """Tick the last row and scroll to it; answers how far that is."""
    page.locator("#list [name=ids]").last.check()
    page.evaluate("document.querySelector('#list .table-wrap').scrollTop = 9999")
    place: float = page.evaluate(PLACE)
    assert place > 0
    return place


def expect_mark(page: Page, place: float) -> None:
    expect(page.locator("#list [name=ids]").last).to_be_checked()
    expect(page.locator("#list [name=ids]:checked")).to_have_count(1)
    expect(page.locator("[data-count]")).to_contain_text("1")
    assert page.evaluate(PLACE) == place


def test_back_from_a_row_finds_place_and_ticks(walk_as: Callable[..., Walk]) -> None:
    walk = walk_as("en-GB", "light")
    page = a_short_list(walk)
    place = leave_a_mark(page)
    with page.expect_navigation():
        page.locator("#list tbody tr").last.locator("a").first.click()

    page.go_back()

    page.wait_for_url("**/members?size=10")
    expect_mark(page, place)
    assert walk.faults == []


def test_back_from_another_order_finds_place_and_ticks(walk_as: Callable[..., Walk]) -> None:
    walk = walk_as("en-GB", "light")
    page = a_short_list(walk)
    place = leave_a_mark(page)
    page.locator("#list thead a.sort").first.click()
    page.wait_for_url(re.compile("sort="))
    expect(page.locator("#list [name=ids]:checked")).to_have_count(0)

    with page.expect_navigation():
        page.go_back()

    page.wait_for_url("**/members?size=10")
    expect_mark(page, place)
    assert walk.faults == []


def test_a_list_opened_anew_begins_at_the_top(walk_as: Callable[..., Walk]) -> None:
    walk = walk_as("en-GB", "light")
    page = a_short_list(walk)
    leave_a_mark(page)

    page.goto(f"{walk.house.url}/console/")
    page.goto(f"{walk.house.url}/console/members?size=10")

    expect(page.locator("#list [name=ids]:checked")).to_have_count(0)
    assert page.evaluate(PLACE) == 0


def test_columns_are_as_wide_as_they_were_left(walk_as: Callable[..., Walk]) -> None:
    walk = walk_as("en-GB", "light")
    page = walk.page
    sign_in(walk)
    page.goto(f"{walk.house.url}/console/members")
    edge = edge_of(page, "tier")
    usual = wide(page, "tier")

    edge.focus()
    for _ in range(3):
        with page.expect_response("**/console/columns") as kept:
            page.keyboard.press("Shift+ArrowRight")
        assert kept.value.status == 204
    by_keys = wide(page, "tier")
    page.reload()
    assert wide(page, "tier") == by_keys == usual + 3 * 48
    expect(edge_of(page, "tier")).to_have_attribute("aria-valuenow", str(by_keys))

    box = edge_of(page, "tier").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 4, box["y"] + 8)
    page.mouse.down()
    page.mouse.move(box["x"] - 56, box["y"] + 8, steps=4)
    with page.expect_response("**/console/columns"):
        page.mouse.up()
    walk.look("columns-drawn")
    walk.faults += violations(page, twice=False)
    page.reload()
    assert wide(page, "tier") == by_keys - 60

    with page.expect_response("**/console/columns"):
        edge_of(page, "tier").dblclick()
    page.reload()
    assert wide(page, "tier") == usual
    assert walk.faults == []


def test_widths_hold_without_scripts_too(walk_as: Callable[..., Walk]) -> None:
    walk = walk_as("en-GB", "light")
    sign_in(walk)
    walk.page.goto(f"{walk.house.url}/console/orders")
    code = walk.page.locator("#list .col").nth(1).get_attribute("data-code") or ""
    edge_of(walk.page, code).focus()
    with walk.page.expect_response("**/console/columns"):
        walk.page.keyboard.press("Shift+ArrowRight")
    width = wide(walk.page, code)

    plain = walk_as("en-GB", "light", scripts=False)
    sign_in(plain)
    plain.page.goto(f"{plain.house.url}/console/orders")

    expect(plain.page.locator(".edge")).to_have_count(0)
    expect(plain.page.locator(f".col[data-code={code}]")).to_have_css("width", f"{width}px")
    assert [*walk.faults, *plain.faults] == []


def edge_of(page: Page, code: str) -> Locator:
    return page.locator(f"th:has(.col[data-code={code}]) .edge")


def wide(page: Page, code: str) -> int:
    box = page.locator(f".col[data-code={code}]").bounding_box()
    assert box is not None
    return round(box["width"])
