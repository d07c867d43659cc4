"""Two people at one form: nothing of either is lost, and the reader chooses where both wrote."""

import html
import re
from datetime import datetime

import pytest
from django.test import Client

from regulars.access import selectors as access
from regulars.access import services as access_services
from regulars.access.domain import Actor, Scope, StoreRow
from regulars.loyalty import selectors as loyalty
from regulars.loyalty import services as loyalty_services
from regulars.members import selectors as members
from regulars.members import services
from regulars.web import clock
from tests.console.shop import Shop, open_shop, signed_in
from tests.console.steps import confirmed, errors_in, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.capability("H1")]

HOUSE = Actor.system()


@pytest.fixture
def at(db: None) -> datetime:
    return clock.now()


@pytest.fixture
def shop(at: datetime) -> Shop:
    return open_shop(at)


@pytest.fixture
def owner(at: datetime, shop: Shop) -> Client:
    return signed_in(at, role="owner")


def opened(browser: Client, path: str) -> dict[str, str]:
    """Open a form and answer its fields as a browser would send them."""
    form = text_of(browser, path).split("data-guard", 1)[1].split("</form>", 1)[0]
    return fields_in(form)


def fields_in(form: str) -> dict[str, str]:
    said = {}
    for tag in re.findall(r"<input[^>]*>", form):
        at = dict(re.findall(r'(\w+)="([^"]*)"', tag))
        ticked = at.get("type") not in {"checkbox", "radio"} or " checked" in tag
        if "name" in at and ticked:
            said[at["name"]] = html.unescape(at.get("value", ""))
    for name, inside in re.findall(r'<select[^>]*name="(\w+)".*?>(.*?)</select>', form, re.DOTALL):
        chosen = re.search(r'value="([^"]*)" selected', inside)
        said[name] = html.unescape(chosen[1]) if chosen else ""
    said.pop("csrfmiddlewaretoken", None)
    return said


def differences_in(page: str) -> dict[str, list[str]]:
    """Read the table of what two people changed: before, theirs, yours."""
    if 'id="differences"' not in page:
        return {}
    table = page.split('id="differences"', 1)[1].split("</table>", 1)[0]
    found = {}
    for row in table.split("<tr>")[2:]:
        label = re.search(r'<th scope="row">(.*?)</th>', row)
        cells = re.findall(r"<td[^>]*>(.*?)</td>", row)
        assert label is not None
        found[label[1]] = [html.unescape(re.sub(r"<[^>]+>", "", cell)) for cell in cells]
    return found


def choice_in(page: str, name: str, whose: str) -> dict[str, str]:
    """Answer the radio button of one field as a browser sends it."""
    found = re.search(rf'name="(choose_{name})" value="({whose}:[0-9a-f]+)"', page)
    assert found is not None, errors_in(page)
    return {found[1]: found[2]}


class TestStore:
    @pytest.fixture
    def place(self, shop: Shop) -> str:
        store = access.stores_by_id([shop.store_ids["S01"]])[shop.store_ids["S01"]]
        return f"/console/stores/{store.public_id}/change"

    def other(self, at: datetime, **said: str) -> None:
        row = StoreRow(row=1, code="S01", **said)  # type: ignore[arg-type]
        access_services.change_store(row, at=at, scope=Scope.all(), actor=HOUSE)

    def now(self, shop: Shop) -> tuple[str, str]:
        store = access.stores_by_id([shop.store_ids["S01"]])[shop.store_ids["S01"]]
        return store.name, store.zone

    def test_what_only_the_other_changed_stays_theirs(
        self, owner: Client, shop: Shop, place: str, at: datetime
    ) -> None:
        said = opened(owner, place)
        self.other(at, zone="Asia/Tokyo")

        preview = owner.post(place, said | {"name": "新街口店"})
        answer = confirmed(owner, place, preview.content.decode())

        assert differences_in(preview.content.decode()) == {}
        assert answer.status_code == 302
        assert self.now(shop) == ("新街口店", "Asia/Tokyo")

    @pytest.mark.parametrize(("whose", "stays"), [("mine", "我的店"), ("theirs", "他们的店")])
    def test_what_both_changed_is_chosen_by_the_reader(
        self, owner: Client, shop: Shop, place: str, at: datetime, whose: str, stays: str
    ) -> None:
        before = self.now(shop)[0]
        said = opened(owner, place) | {"name": "我的店", "zone": "Asia/Urumqi"}
        self.other(at, name="他们的店")

        shown = owner.post(place, said)
        page = shown.content.decode()
        again = fields_in(page.split("data-guard", 1)[1])
        unchosen = owner.post(place, again)
        chosen = owner.post(place, again | choice_in(page, "name", whose))
        done = confirmed(owner, place, chosen.content.decode())

        assert shown.status_code == unchosen.status_code == 422
        assert differences_in(page) == {"Store name": [before, "他们的店", "我的店"]}
        assert (again["name"], again["zone"]) == ("我的店", "Asia/Urumqi")
        assert done.status_code == 302, errors_in(done.content.decode())
        assert self.now(shop) == (stays, "Asia/Urumqi")

    def test_a_choice_holds_only_against_what_was_shown(
        self, owner: Client, shop: Shop, place: str, at: datetime
    ) -> None:
        said = opened(owner, place) | {"name": "我的店"}
        self.other(at, name="他们的店")
        page = owner.post(place, said).content.decode()
        self.other(at, name="第三家店")

        again = owner.post(place, said | choice_in(page, "name", "mine")).content.decode()

        assert differences_in(again)["Store name"][1:] == ["第三家店", "我的店"]
        assert self.now(shop)[0] == "第三家店"

    def test_a_change_after_the_preview_comes_back_to_the_form(
        self, owner: Client, shop: Shop, place: str, at: datetime
    ) -> None:
        preview = owner.post(place, opened(owner, place) | {"name": "我的店"}).content.decode()
        self.other(at, name="他们的店")

        answer = confirmed(owner, place, preview)

        assert answer.status_code == 422
        assert differences_in(answer.content.decode())["Store name"][1:] == ["他们的店", "我的店"]
        assert self.now(shop)[0] == "他们的店"

    def test_an_altered_memory_is_no_memory(
        self, owner: Client, shop: Shop, place: str, at: datetime
    ) -> None:
        said = opened(owner, place) | {"name": "我的店", "base": "forged"}
        self.other(at, name="他们的店")

        preview = owner.post(place, said)

        assert preview.status_code == 200
        assert "他们的店" in preview.content.decode()  # the preview says what is replaced


class TestSettings:
    def test_of_the_programme_meet(self, owner: Client, at: datetime) -> None:
        place = "/console/settings/programme"
        said = opened(owner, place)
        loyalty_services.configure_programme(pending_days=9, currency="JPY")

        page = owner.post(place, said | {"pending_days": "12"}).content.decode()
        chosen = owner.post(
            place, said | {"pending_days": "12"} | choice_in(page, "pending_days", "mine")
        )
        done = confirmed(owner, place, chosen.content.decode())

        assert differences_in(page) == {
            "Days points wait before they can be spent": [said["pending_days"], "9", "12"]
        }
        assert done.status_code == 302
        programme = loyalty.get_programme()
        assert (programme.pending_days, programme.currency) == (12, "JPY")

    def test_of_the_policy_meet(self, owner: Client, at: datetime) -> None:
        place = "/console/settings/policy"
        said = opened(owner, place) | {"note": "why not", "idle_minutes": "20"}
        access_services.change_policy(
            changes={"idle_minutes": 10, "approval_hours": 24}, actor=HOUSE, at=at, note="x"
        )

        page = owner.post(place, said).content.decode()
        chosen = owner.post(place, said | choice_in(page, "idle_minutes", "theirs"))

        (line,) = differences_in(page).values()
        assert line == ["30", "10", "20"]
        assert chosen.status_code == 422  # with theirs, nothing of the reader's is left to write
        assert "Nothing differs from what holds now." in chosen.content.decode()
        policy = access.newest_policy()
        assert (policy.idle_minutes, policy.approval_hours) == (10, 24)


class TestProfile:
    def city(self, shop: Shop) -> str:
        scope = Scope.all()
        found = members.get_profile_by_public(
            public_id=shop.lin_public, scope=scope, at=clock.now()
        )
        return found.profile["city"]

    @pytest.mark.parametrize(("whose", "stays"), [("mine", "杭州"), ("theirs", "苏州")])
    def test_what_two_said_of_a_member_is_chosen_and_stays_covered(
        self, owner: Client, shop: Shop, whose: str, stays: str
    ) -> None:
        place = f"/console/members/{shop.lin_public}/profile"
        said = opened(owner, place) | {"city": "杭州", "nickname": "小满"}
        said |= {"name": "林大满"}
        services.update_profile(
            member_id=shop.lin,
            values={"city": "苏州", "name": "林小小"},
            at=clock.now(),
            actor=HOUSE,
        )

        shown = owner.post(place, said | {"step": "preview"})
        page = shown.content.decode()
        choices = choice_in(page, "city", whose) | choice_in(page, "name", "theirs")
        preview = owner.post(place, said | choices | {"step": "preview"}).content.decode()
        done = confirmed(owner, place, preview)

        assert shown.status_code == 422
        assert differences_in(page) == {
            "Name": ["林**", "林**", "林大满"],
            "City": ["上海", "苏州", "杭州"],
        }
        assert "林小小" not in page
        assert done.status_code == 302, errors_in(done.content.decode())
        assert self.city(shop) == stays
