"""Sixty payloads as tags, and as every name a house takes, shown by a real browser: none runs."""

from collections.abc import Callable

import pytest

from tests.browser.conftest import EMAIL, PASSWORD, another_house
from tests.browser.test_walk import Walk, sign_in, walk_as
from tests.console.test_member_xss import PAYLOADS, TABS

__all__ = ["walk_as"]

pytestmark = [
    pytest.mark.capability("H1"),
    pytest.mark.reliability("RH11"),
    pytest.mark.timeout(600),
]
TRAP = """
window.ran = [];
window.pwn3d = () => window.ran.push(document.location.href);
document.addEventListener("securitypolicyviolation", (event) => window.ran.push(
    `${event.violatedDirective} ${event.blockedURI} ${document.location.href}`));
"""
FILL = "from tests.browser.poison import poison\npoison()"
LISTS = {
    "members": "member",
    "stores": "store",
    "products": "product",
    "sources": "source",
    "keys": "key",
    "imports": "",
    "orders": "",
    "ledger": "",
    "audit": "",
    "staff": "",
}
DETAILS_EACH = 6
LEAST = {
    "members": 1,
    "stores": 40,
    "products": 40,
    "sources": 15,
    "keys": 40,
    "orders": 15,
    "imports": 5,
}


def test_no_payload_runs(walk_as: Callable[..., Walk]) -> None:
    walk = walk_as("en-GB", "light")
    page = walk.page
    page.add_init_script(TRAP)
    page.on("dialog", lambda dialog: (walk.faults.append(dialog.message), dialog.dismiss()))
    sign_in(walk)
    member = f"{walk.house.url}/console/members/{walk.house.things['twin']}"

    for place, payload in enumerate(PAYLOADS):
        page.goto(f"{member}/tag")
        page.locator("[name=tags]").fill(payload[:60].replace(",", ";"))
        with page.expect_navigation():
            page.locator("main button.btn-primary").click()
        assert page.evaluate("window.ran") == []
        if place % 3 == 0:  # the others are looked at in the preview
            with page.expect_navigation():
                page.locator("main button.btn-primary").click()
            assert page.evaluate("window.ran") == []
    for tab in TABS:
        page.goto(f"{member}/{tab}".rstrip("/"))
        page.mouse.move(700, 450)
        assert page.evaluate("window.ran") == []
    page.goto(f"{member}/tags")
    assert page.inner_text("main").count("pwn3d") >= 10
    page.goto(f"{walk.house.url}/console/members?tag=%3Cimg%20src%3Dx%20onerror%3Dpwn3d()%3E")
    assert page.evaluate("window.ran") == []

    assert walk.faults == []


def test_no_name_of_a_house_runs(walk_as: Callable[..., Walk]) -> None:
    walk = walk_as("en-GB", "light")
    page, shown = walk.page, {}
    page.add_init_script(TRAP)
    page.on("dialog", lambda dialog: (walk.faults.append(dialog.message), dialog.dismiss()))

    def open_page(address: str) -> str:
        page.goto(f"{walk.house.url}/console/{address}")
        page.mouse.move(700, 450)
        assert page.evaluate("window.ran") == [], address
        return page.inner_text("body")

    with another_house(FILL) as house:
        walk.house = house
        things = house.things
        page.goto(f"{house.url}/sign-in")
        page.fill("input[name=email]", EMAIL)
        page.fill("input[name=password]", PASSWORD)
        with page.expect_navigation():
            page.click("main button.btn-primary")
        for name in LISTS:
            shown[name] = open_page(f"{name}?size=100").count("pwn3d")
        for name, kind in LISTS.items():
            for each in things.get(kind, [])[:: 60 // DETAILS_EACH]:
                open_page(f"{name}/{each}")
        for each in things["member"][:: 60 // DETAILS_EACH]:
            for tab in ("points", "identities", "log", "adjust", "profile"):
                open_page(f"members/{each}/{tab}")
            open_page(f"members/{each}/identities")
            page.locator("form[action$='/reveal'] input[type=radio]").first.evaluate(
                "b => b.click()"
            )
            with page.expect_navigation():
                page.locator("form[action$='/reveal'] button").evaluate("b => b.click()")
            assert page.evaluate("window.ran") == []
            shown["revealed"] = shown.get("revealed", 0) + page.content().count("pwn3d")
        for each in things["store"][:: 60 // DETAILS_EACH]:
            open_page(f"stores/{each}/change")
        for each in things["upload"][:: 60 // DETAILS_EACH]:
            open_page(f"imports/{each}")
        for each in things["entry"][:: 60 // DETAILS_EACH]:
            shown["note"] = shown.get("note", 0) + open_page(f"audit/{each}").count("pwn3d")

    assert {name: n for name, n in shown.items() if n < LEAST.get(name, 0)} == {}
    assert shown["revealed"] > 0
    assert shown["note"] > 0
    taken = len(things["upload"])  # a file whose name holds markup is mostly refused outright
    assert taken >= 5
    assert taken + things["refused"]["file"] == 60
    assert walk.faults == []
