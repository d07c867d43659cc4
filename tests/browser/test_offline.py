"""The house out of reach: what was typed stays, what was meant can be tried again, nothing is blank."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_walk import Walk, sign_in, walk_as

__all__ = ["walk_as"]

pytestmark = [pytest.mark.capability("H1"), pytest.mark.timeout(300)]
UNREACHED = ("net::ERR_INTERNET_DISCONNECTED", "net::ERR_CONNECTION_REFUSED", "htmx:")


def left(walk: Walk) -> list[str]:
    """Answer the faults other than the browser's own words about the network that was cut."""
    return [fault for fault in walk.faults if not any(words in fault for words in UNREACHED)]


def fill(page: Page, address: str) -> None:
    page.goto(f"{address}/adjust")
    page.get_by_label("Points, up or down").fill("25")
    page.locator("[name=reason]").select_option(index=1)
    page.locator("[name=note]").fill("a birthday forgotten")


def test_a_form_sent_offline_keeps_what_was_typed(walk_as: Callable[..., Walk]) -> None:
    walk = walk_as("en-GB", "light")
    page = walk.page
    sign_in(walk)
    fill(page, f"{walk.house.url}/console/members/{walk.house.things['member']}")

    page.context.set_offline(True)
    expect(page.locator("#offline")).to_be_visible()
    page.locator("main button.btn-primary").click()
    page.get_by_role("link", name="Home", exact=True).first.click()
    walk.look("offline-form")

    assert page.url.endswith("/adjust")
    assert page.locator("[name=note]").input_value() == "a birthday forgotten"
    page.get_by_role("button", name="Try again").click()  # still cut: the bar stays
    expect(page.locator("#offline")).to_be_visible()

    page.context.set_offline(False)
    expect(page.locator("#offline")).to_be_visible()  # until what was meant is done or given up
    page.locator("main button.btn-primary").click()
    expect(page.locator("table.impacts")).to_contain_text("1,941")
    assert left(walk) == []


def test_a_house_that_does_not_answer_loses_no_form(walk_as: Callable[..., Walk]) -> None:
    walk = walk_as("zh-CN", "light")
    page = walk.page
    sign_in(walk)
    page.goto(f"{walk.house.url}/console/members/{walk.house.things['member']}/tag")
    page.locator("[name=tags]").fill("常客")

    page.route("**/*", lambda route: route.abort("connectionrefused"))
    page.locator("main button.btn-primary").click()
    expect(page.locator("#offline")).to_be_visible()
    walk.look("offline-house")
    assert page.locator("[name=tags]").input_value() == "常客"

    page.unroute("**/*")
    page.get_by_role("button", name="重试").click()
    expect(page.locator("table.impacts")).to_contain_text("常客")
    assert left(walk) == []


def test_a_list_keeps_its_rows_and_goes_on_when_it_can(walk_as: Callable[..., Walk]) -> None:
    walk = walk_as("en-GB", "light")
    page = walk.page
    sign_in(walk)
    page.goto(f"{walk.house.url}/console/orders")
    rows = page.locator("#list tbody tr").count()

    page.route("**/console/orders?*", lambda route: route.abort("connectionrefused"))
    page.locator("#list .sizes a").last.click()
    expect(page.locator("#offline")).to_be_visible()
    assert page.locator("#list tbody tr").count() == rows > 0

    page.unroute("**/console/orders?*")
    page.get_by_role("button", name="Try again").click()
    page.wait_for_url("**/console/orders?*size=*")
    expect(page.locator("#offline")).to_be_hidden()
    expect(page.locator("#list tbody tr")).to_have_count(rows)
    assert left(walk) == []
