"""The frame of pages: help, watermark, refusals that say who may, forms that are too old."""

from datetime import datetime

import pytest
from django.test import Client, RequestFactory
from django.urls import NoReverseMatch, reverse

from regulars.console.domain.helping import HELP, TERMS
from regulars.console.domain.navigation import NAVIGATION
from regulars.console.pages.errors import broken
from regulars.web import clock
from tests.console.shop import open_shop, signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.capability("H1")]


@pytest.fixture
def at(db: None) -> datetime:
    return clock.now()


class TestHelp:
    def test_is_written_for_every_page_of_the_sidebar(self) -> None:
        names = {entry.name for group in NAVIGATION for entry in group.entries}

        assert names - set(HELP) <= {"console-style"}
        assert all(term in TERMS for each in HELP.values() for term in each.terms)

    def test_stands_on_the_page_with_steps_words_and_keys(self, at: datetime) -> None:
        page = signed_in(at).get("/console/members").content.decode()

        assert "save them as a view" in page
        assert "Counts purchases towards a tier" in page
        assert "<kbd>j k</kbd>" in page


class TestWatermark:
    def test_says_who_looked_and_when_on_pages_with_personal_data(self, at: datetime) -> None:
        open_shop(at)
        browser = signed_in(at)

        assert 'class="watermark"' in browser.get("/console/members").content.decode()
        assert 'class="watermark"' not in browser.get("/console/").content.decode()


class TestNoRight:
    def test_names_the_right_and_the_roles_that_have_it(self, at: datetime) -> None:
        open_shop(at)
        clerk = signed_in(at, role="clerk", scope="store:S01")

        answer = clerk.get("/console/members")

        page = answer.content.decode()
        assert answer.status_code == 403
        assert "See members, masked" in page
        assert "members.read" in page
        assert "Store manager" in page
        assert "Clerk" not in page.split("Roles that have it:")[1].split("</p>", maxsplit=1)[0]


class TestStaleForm:
    def test_says_that_nothing_was_changed(self, at: datetime) -> None:
        browser = signed_in(at)
        browser.handler.enforce_csrf_checks = True

        answer = browser.post("/console/search", {"q": "林"})

        assert answer.status_code == 403
        assert "form is too old" in answer.content.decode()


class TestBroken:
    def test_gives_a_number_that_the_log_knows(self) -> None:
        request = RequestFactory().get("/console/")

        answer = broken(request)

        assert answer.status_code == 500
        assert "<code>" in answer.content.decode()


class TestNavigationNames:
    def test_home_is_there(self, at: datetime) -> None:
        assert Client().get(reverse("console-home")).status_code == 302
        with pytest.raises(NoReverseMatch):
            reverse("console-nowhere")
