"""Views of a list: named, shared, opened with, changed, deleted; columns and their order."""

import re
from datetime import datetime

import pytest
from django.test import Client

from regulars.access import selectors as access
from regulars.console.domain import views
from regulars.console.pages.views import moved
from regulars.web import clock
from tests.console.shop import open_shop, signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.capability("H1")]
LIST = "/console/members"


@pytest.fixture
def at(db: None) -> datetime:
    return clock.now()


@pytest.fixture
def owner(at: datetime) -> Client:
    open_shop(at)
    return signed_in(at)


def save(browser: Client, title: str = "Mine", query: str = "store=S01", **more: str) -> str:
    said = {"list": "members", "next": LIST, "title": title, "query": query}
    answer = browser.post("/console/views", said | more)
    assert answer.status_code == 302
    return answer["Location"]


def view_in(place: str) -> str:
    found = re.search(r"view=([0-9a-f-]{36})", place)
    assert found is not None, place
    return found[1]


def page_of(browser: Client, place: str) -> str:
    answer = browser.get(place)
    assert answer.status_code == 200, answer
    return answer.content.decode()


class TestNames:
    @pytest.mark.parametrize("text", ["", "   ", "x" * 41, "a\x07b"])
    def test_are_short_and_printable(self, text: str) -> None:
        with pytest.raises(views.ViewNameUnfit):
            views.check_name(text)

    def test_lose_blanks_around(self) -> None:
        assert views.check_name("  new   members ") == "new members"

    def test_queries_lose_the_place_in_the_list(self) -> None:
        assert views.clean_query("view=x&after=y&store=S01&select=page") == "store=S01"


class TestSaving:
    def test_shows_the_view_as_a_tab(self, owner: Client) -> None:
        page = page_of(owner, save(owner))

        assert ">Mine</a>" in page.replace("\n", "")
        assert 'aria-current="page">Mine' in page

    def test_says_when_the_list_left_the_view(self, owner: Client) -> None:
        place = save(owner)

        page = page_of(owner, place.replace("store=S01", "store=S02"))

        assert 'class="edited"' in page
        assert "Save changes" in page

    def test_refuses_a_name_twice_and_an_empty_one(self, owner: Client) -> None:
        save(owner)

        assert "view=" not in save(owner)
        assert "view=" not in save(owner, title=" ")

    def test_keeps_so_many(self, owner: Client) -> None:
        for number in range(views.VIEWS_MAX):
            save(owner, title=f"V{number}")

        assert "view=" not in save(owner, title="one more")

    def test_is_on_the_record(self, owner: Client) -> None:
        made = view_in(save(owner))

        assert access.list_audit(action="views.save")[0].object_id == made

    def test_stays_in_the_house(self, owner: Client) -> None:
        assert save(owner, next="https://evil.example/").startswith("/console/")


class TestSharing:
    def test_shows_shared_views_to_others_who_may_not_change_them(
        self, owner: Client, at: datetime
    ) -> None:
        made = view_in(save(owner, shared="1"))
        save(owner, title="Private")
        other = signed_in(at, role="analyst")

        page = page_of(other, LIST)
        refused = other.post(f"/console/views/{made}", {"act": "delete", "next": LIST})

        assert "Mine" in page
        assert "Private" not in page
        assert refused.status_code == 404

    def test_opens_the_list_with_the_default(self, owner: Client, at: datetime) -> None:
        made = view_in(save(owner, shared="1", default="1"))
        other = signed_in(at, role="analyst")
        other.post("/console/views/default", {"list": "members", "view": made, "next": LIST})

        assert owner.get(LIST)["Location"] == f"{LIST}?view={made}&store=S01"
        assert other.get(LIST)["Location"] == f"{LIST}?view={made}&store=S01"
        assert owner.get(f"{LIST}?view=all").status_code == 200


class TestChanging:
    @pytest.mark.parametrize(
        ("act", "said", "shown"),
        [
            ("rename", {"title": "Ours"}, ">Ours"),
            ("update", {"query": "store=S02"}, "store=S02"),
            ("share", {}, "Stop sharing"),
            ("default", {}, "Do not open the list with it"),
        ],
    )
    def test_changes_what_was_asked(
        self, owner: Client, act: str, said: dict[str, str], shown: str
    ) -> None:
        made = view_in(save(owner))

        answer = owner.post(f"/console/views/{made}", {"act": act, "next": LIST} | said)

        assert shown in page_of(owner, answer["Location"])

    def test_takes_sharing_and_default_back(self, owner: Client) -> None:
        made = view_in(save(owner, shared="1", default="1"))
        for act in ("unshare", "undefault"):
            owner.post(f"/console/views/{made}", {"act": act, "next": LIST})

        page = page_of(owner, LIST)

        assert "Mine" in page

    def test_deletes(self, owner: Client) -> None:
        made = view_in(save(owner, default="1"))

        owner.post(f"/console/views/{made}", {"act": "delete", "next": LIST})

        assert "Mine</a>" not in page_of(owner, LIST)
        gone = owner.post(f"/console/views/{made}", {"act": "rename", "title": "x", "next": LIST})
        assert gone.status_code == 404

    def test_refuses_the_name_of_another_view(self, owner: Client) -> None:
        save(owner, title="First")
        made = view_in(save(owner, title="Second"))

        owner.post(f"/console/views/{made}", {"act": "rename", "title": "First", "next": LIST})

        assert "Second" in page_of(owner, LIST)

    def test_ignores_acts_nobody_made(self, owner: Client) -> None:
        made = view_in(save(owner))

        assert owner.post(f"/console/views/{made}", {"act": "steal"}).status_code == 302


class TestColumns:
    def test_are_kept_for_who_chose_them(self, owner: Client, at: datetime) -> None:
        owner.post(
            "/console/columns", {"list": "members", "column": ["joined", "tier"], "next": LIST}
        )

        mine = page_of(owner, LIST).split("<thead")[1].split("</thead>")[0]
        other = page_of(signed_in(at, role="analyst"), LIST).split("<thead")[1]

        assert mine.index("Joined") < mine.index("Tier")
        assert "Home store" not in mine
        assert "Home store" in other.split("</thead>", maxsplit=1)[0]

    def test_go_back_to_the_usual(self, owner: Client) -> None:
        owner.post("/console/columns", {"list": "members", "column": ["tier"], "next": LIST})
        owner.post("/console/columns", {"list": "members", "reset": "1", "next": LIST})

        assert "Home store" in page_of(owner, LIST)

    def test_are_as_wide_as_they_were_drawn(self, owner: Client) -> None:
        answer = owner.post("/console/columns", {"list": "members", "width": "tier:160"})
        owner.post("/console/columns", {"list": "members", "width": "joined:90000"})

        page = page_of(owner, LIST)

        assert answer.status_code == 204
        assert 'data-code="tier" style="--w:160px"' in page
        assert "--w:800px" in page

    def test_are_as_wide_as_usual_again_one_by_one_or_all(self, owner: Client) -> None:
        for width in ("member:300", "tier:160", "joined:200"):
            owner.post("/console/columns", {"list": "members", "width": width})
        assert page_of(owner, LIST).count('class="clip" style="--w:300px"') > 0

        owner.post("/console/columns", {"list": "members", "width": "tier:0"})
        without_one = page_of(owner, LIST)
        owner.post("/console/columns", {"list": "members", "reset": "1", "next": LIST})
        without_any = page_of(owner, LIST)

        assert "--w:160px" not in without_one
        assert "--w:200px" in without_one
        assert "--w:" not in without_any.partition("<thead")[2].partition("</table>")[0]

    def test_are_ones_own(self, owner: Client, at: datetime) -> None:
        owner.post("/console/columns", {"list": "members", "width": "tier:160"})

        other = page_of(signed_in(at, role="operations"), LIST)

        assert "--w:160px" not in other

    @pytest.mark.parametrize("text", ["", "tier", "tier:wide", "a-b:10", ":10"])
    def test_ignore_widths_that_are_none(self, text: str) -> None:
        assert views.read_width(text) is None

    @pytest.mark.parametrize(
        ("code", "by", "order"),
        [("a", 1, "bac"), ("c", -1, "acb"), ("a", -1, "abc"), ("c", 1, "abc"), ("x", 1, "abc")],
    )
    def test_move_one_place(self, code: str, by: int, order: str) -> None:
        assert "".join(moved("abc", code, by=by)) == order
