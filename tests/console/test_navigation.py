"""The sidebar: which entry stands for an address, and what each reader sees of it."""

from datetime import datetime

import pytest
from django.urls import get_resolver, resolve, reverse

from regulars.console.domain.navigation import NAVIGATION, Entry, entry_of
from regulars.console.pages import ROUTES
from regulars.web import clock
from regulars.web.permissions import PERMISSIONS, permission_of
from tests.console.shop import open_shop, signed_in


class TestEntryOf:
    @pytest.mark.parametrize(
        ("url_name", "entry"),
        [
            ("console-home", "console-home"),
            ("root", "console-home"),
            ("console-members", "console-members"),
            ("console-member-tab", "console-members"),
            ("console-merge", "console-suggestions"),
            ("console-import-new", "console-imports"),
            ("console-dead-letter", "console-dead-letters"),
            ("console-exports", "console-exports"),
            ("healthz", ""),
            ("", ""),
        ],
    )
    def test_takes_the_entry_that_matches_longest(self, url_name: str, entry: str) -> None:
        assert entry_of(url_name) == entry

    @pytest.mark.parametrize(
        "entry", [entry for group in NAVIGATION for entry in group.entries], ids=lambda e: e.name
    )
    def test_leads_somewhere_from_every_entry(self, entry: Entry) -> None:
        page = resolve(reverse(entry.name))

        assert permission_of(page.func) in PERMISSIONS

    def test_names_no_page_twice(self) -> None:
        names = [entry.name for group in NAVIGATION for entry in group.entries]

        assert len(names) == len(set(names))


class TestRoutes:
    def test_put_literal_addresses_before_those_to_fill_in(self) -> None:
        names = [route.name for route in ROUTES]

        assert names.index("console-reveal") < names.index("console-member-tab")

    def test_are_part_of_the_house(self) -> None:
        known = {
            pattern.name for pattern in get_resolver().url_patterns if hasattr(pattern, "name")
        }

        assert {route.name for route in ROUTES} <= known


@pytest.mark.django_db
@pytest.mark.capability("H1")
class TestSidebar:
    @pytest.fixture
    def at(self, db: None) -> datetime:
        return clock.now()

    def test_shows_the_current_page_inside_its_open_group(self) -> None:
        page = signed_in(clock.now()).get("/console/members").content.decode()

        group = page.split('data-group="members"')[1].split("</details>")[0]
        assert group.startswith(" open")
        assert 'href="/console/members" aria-current="page"' in group

    def test_says_where_a_page_stands(self, at: datetime) -> None:
        page = signed_in(at).get("/console/members").content.decode()

        crumbs = page.split('class="crumbs"')[1].split("</ol>")[0]
        assert 'href="/console/"' in crumbs
        assert 'aria-current="page">Member list' in crumbs

    def test_keeps_groups_closed_that_the_reader_closed(self) -> None:
        browser = signed_in(clock.now())
        browser.cookies["regulars_groups"] = "points"

        page = browser.get("/console/").content.decode()

        assert 'data-group="members">' in page

    def test_hides_what_the_reader_may_not_open(self, at: datetime) -> None:
        open_shop(at)
        clerk = signed_in(at, role="clerk", scope="store:S01")

        page = clerk.get("/console/").content.decode()

        assert 'href="/console/members"' not in page
