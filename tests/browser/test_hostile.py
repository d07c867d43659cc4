"""Sixty payloads as tags of one person, shown by a real browser: none of them runs."""

from collections.abc import Callable

import pytest

from tests.browser.test_walk import Walk, sign_in, walk_as
from tests.console.test_member_xss import PAYLOADS, TABS

__all__ = ["walk_as"]

pytestmark = [
    pytest.mark.capability("H1"),
    pytest.mark.reliability("RH11"),
    pytest.mark.timeout(600),
]
TRAP = "window.ran = []; window.pwn3d = () => window.ran.push(document.location.href);"


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
