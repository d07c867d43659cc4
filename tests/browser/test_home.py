"""The home page over free days: chosen, wrong, without scripts; its lines drawn and as a table."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_every_page import violations
from tests.browser.test_walk import LOOKS, Walk, sign_in, walk_as

__all__ = ["walk_as"]

pytestmark = [pytest.mark.capability("H1"), pytest.mark.timeout(300)]


def days(page: Page) -> tuple[str, str]:
    """Answer the days the page stands at, which are those of the last 30 days."""
    return page.input_value("#days-from"), page.input_value("#days-to")


def choose(page: Page, first: str, last: str) -> None:
    if not page.locator("#days-from").is_visible():
        page.click("details:has(#days-from) > summary")
    page.fill("#days-from", first)
    page.fill("#days-to", last)
    with page.expect_navigation():
        page.click("form:has(#days-from) button")


@pytest.mark.parametrize(("language", "theme"), LOOKS)
def test_free_days_in_both_languages_and_themes(
    walk_as: Callable[..., Walk], language: str, theme: str
) -> None:
    walk = walk_as(language, theme)
    page = walk.page
    sign_in(walk)
    first, last = days(page)
    sparks = page.locator(".kpi .spark")
    expect(sparks.first).to_be_visible()
    assert all(sparks.nth(each).get_attribute("aria-label") for each in range(sparks.count()))
    page.click("details:has(#days-from) > summary")
    walk.look("home-days")

    choose(page, first, last)

    assert f"from={first}&to={last}" in page.url
    assert days(page) == (first, last)
    expect(page.locator("select[name=period] option:checked")).to_have_text(f"{first} – {last}")
    page.click(".lines > summary")
    expect(page.locator(".lines tbody tr")).to_have_count(30)
    walk.look("home-lines")
    walk.faults += violations(page, twice=False)

    walk.expected.add(422)
    choose(page, last, first)
    expect(page.locator("#days-to_error")).to_be_visible()
    expect(page.locator("#days-to")).to_have_attribute("aria-invalid", "true")
    walk.look("home-wrong")
    walk.faults += violations(page, twice=False)
    assert walk.faults == []


def test_free_days_without_scripts(walk_as: Callable[..., Walk]) -> None:
    walk = walk_as("en-GB", "light", scripts=False)
    page = walk.page
    sign_in(walk)
    first, last = days(page)

    choose(page, first, last)
    assert f"from={first}&to={last}" in page.url
    page.select_option("select[name=vs]", "year")
    with page.expect_navigation():
        page.click("form:has(select[name=period]) button")

    assert f"from={first}&to={last}" in page.url
    assert "vs=year" in page.url
    expect(page.locator(".kpis")).to_contain_text("vs last year")
    expect(page.locator(".kpi .spark").first).to_be_visible()
    assert walk.faults == []
