"""Every page of the console in both languages and themes, under the eyes of axe.

Which pages there are is the URL map's to say: the table in `tests.console.places` has an entry for
each, and the matrix of access fails where one is missing. A page is opened once per language and
looked at in both themes; the classes let two workers share the walk.
"""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import axe_playwright_python
import pytest
from playwright.sync_api import Page

from tests.browser.conftest import ARTEFACTS, House
from tests.browser.test_walk import Walk, sign_in, walk_as
from tests.console.places import PLACES

__all__ = ["walk_as"]

pytestmark = [
    pytest.mark.capability("H1"),
    pytest.mark.reliability("RH11"),
    pytest.mark.timeout(1200),  # seventy pages in two themes, on a machine that may be busy
]
SHOWN = {name: place for name, place in PLACES.items() if place.walk and not place.owned}
# The watermark is ornament: faint on purpose, hidden from readers of screens, over everything.
# The page of the design system shows every landmark twice, once per theme: they share their names.
LOOK = """
async (twice) => (await axe.run({exclude: [".watermark"]}, {
    resultTypes: ["violations"], rules: {"landmark-unique": {enabled: !twice}},
})).violations
    .flatMap(one => one.nodes.slice(0, 3).map(node =>
        `axe ${one.id} (${one.impact}): ${node.target} ${node.html.slice(0, 160)}`))
"""


def look_at_every_page(walk: Walk, house: House) -> None:
    sign_in(walk)
    faults: list[str] = []
    report = ARTEFACTS / f"faults-{walk.language}.txt"
    report.unlink(missing_ok=True)
    for name, place in SHOWN.items():
        walk.theme = "light"
        walk.page.emulate_media(color_scheme="light")
        walk.page.goto(f"{house.url}{place.href(name, house.things)}")
        for theme in ("light", "dark"):
            walk.theme = theme
            walk.page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
            walk.look(name.removeprefix("console-"))
            walk.faults += violations(walk.page, twice=name == "console-style")
            faults += [f"{name} {theme}: {fault}" for fault in walk.faults]
            walk.faults.clear()
        report.write_text("\n".join(faults), encoding="utf-8")

    assert faults == []


def violations(page: Page, *, twice: bool) -> list[str]:
    """Answer what axe finds wrong, with the places."""
    page.evaluate(axe())
    found: list[str] = page.evaluate(LOOK, twice)
    return found


@cache
def axe() -> str:
    """Answer the engine, read from the installed package; nothing is fetched."""
    return (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")


class TestInChinese:
    def test_every_page(self, walk_as: Callable[..., Walk], house: House) -> None:
        look_at_every_page(walk_as("zh-CN", "light"), house)


class TestInEnglish:
    def test_every_page(self, walk_as: Callable[..., Walk], house: House) -> None:
        look_at_every_page(walk_as("en-GB", "light"), house)
