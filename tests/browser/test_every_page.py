"""Every page of the console in both languages and themes, under the eyes of axe.

Which pages there are is the URL map's to say: the table in `tests.console.places` has an entry for
each, and the matrix of access fails where one is missing.
"""

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser.conftest import ARTEFACTS, House
from tests.browser.test_walk import LOOKS, Walk, sign_in, walk_as
from tests.console.places import PLACES

__all__ = ["walk_as"]

pytestmark = [pytest.mark.capability("H1"), pytest.mark.reliability("RH11")]
SHOWN = {name: place for name, place in PLACES.items() if place.walk and not place.owned}
# what is measured elsewhere, or is a matter of the reader's own settings
RULES = {"resultTypes": ["violations"], "rules": {"region": {"enabled": True}}}


@pytest.mark.parametrize(("language", "theme"), LOOKS)
def test_every_page(
    walk_as: Callable[[str, str], Walk], house: House, language: str, theme: str
) -> None:
    walk = walk_as(language, theme)
    sign_in(walk)
    faults: list[str] = []

    for name, place in SHOWN.items():
        walk.page.goto(f"{house.url}{place.href(name, house.things)}")
        walk.look(name.removeprefix("console-"))
        faults += [f"{name}: {fault}" for fault in walk.faults]
        faults += [f"{name}: {fault}" for fault in violations(walk)]
        walk.faults.clear()

    (ARTEFACTS / f"faults-{language}-{theme}.txt").write_text("\n".join(faults), encoding="utf-8")
    assert faults == []


def violations(walk: Walk) -> list[str]:
    """Answer what axe finds wrong, with the places."""
    found = Axe().run(walk.page, options=RULES).response["violations"]
    return [
        f"axe {one['id']} ({one['impact']}): {node['target']} {node['html'][:120]}"
        for one in found
        for node in one["nodes"][:3]
    ]
