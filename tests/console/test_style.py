"""The living style page shows every part, whole in both languages and both themes."""

import re

import pytest
from django.test import Client

from regulars.console.domain.cells import CellKind
from regulars.web import clock
from tests.console.shop import signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.capability("H1")]


def test_shows_four_panels_in_two_languages_and_two_themes() -> None:
    page = signed_in(clock.now()).get("/console/style").content.decode()

    assert page.count('class="scheme scheme-light"') == 2
    assert page.count('class="scheme scheme-dark"') == 2
    assert page.count("没有符合条件的记录") == 2
    assert page.count("Nothing matches") == 2


def test_shows_every_kind_of_cell_once_a_panel() -> None:
    page = signed_in(clock.now()).get("/console/style").content.decode()

    for kind in set(CellKind.__args__) - {"text"}:  # type: ignore[attr-defined]
        assert page.count(f"<code>{kind}</code>") == 4, kind


def test_repeats_no_id() -> None:
    page = signed_in(clock.now()).get("/console/style").content.decode()

    ids = re.findall(r'\sid="([^"]+)"', page)
    assert sorted({each for each in ids if ids.count(each) > 1}) == []


def test_is_for_staff_only() -> None:
    assert Client().get("/console/style").status_code == 302
