"""What may not be done now is shown and says why: in words, to the keyboard, to screen readers."""

import html
from datetime import datetime, timedelta
from html.parser import HTMLParser

import pytest
from django.test import Client

from regulars.access import selectors as access
from regulars.access import services
from regulars.access.domain import Actor
from regulars.ingest import services as ingest
from regulars.ingest.domain import SourceKind
from regulars.members import services as members
from regulars.web import clock
from tests.console.shop import Shop, open_shop, signed_in
from tests.console.steps import text_of
from tests.console.things import open_things

pytestmark = [pytest.mark.django_db, pytest.mark.capability("H1")]

HOUSE = Actor.system()
VOID = {"input", "img", "meta", "link", "br", "path", "circle", "rect", "line", "polyline"}


class Reader(HTMLParser):
    """Collects what is switched off, and every text that has an id."""

    def __init__(self) -> None:
        super().__init__()
        self.off: list[dict[str, str | None]] = []
        self.texts: dict[str, list[str]] = {}
        self.open: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = dict(attrs)
        if tag not in VOID:
            self.open.append((tag, said))
        if said.get("aria-disabled") == "true":
            self.off.append(said)
        if "id" in said:
            self.texts.setdefault(str(said["id"]), []).append("")

    def handle_endtag(self, tag: str) -> None:
        if any(each == tag for each, _ in self.open):
            while self.open.pop()[0] != tag:
                pass

    def handle_data(self, data: str) -> None:
        for _, said in self.open:
            if "id" in said:
                self.texts[str(said["id"])][-1] += data
            if said.get("aria-disabled") == "true":
                said["words"] = (said.get("words") or "") + data


def reasons(page: str) -> dict[str, str]:
    """Answer each act that is switched off with its reason; every one must be able to say it."""
    reader = Reader()
    reader.feed(page)
    found = {}
    for each in reader.off:
        assert each.get("tabindex") == "0", each
        assert "href" not in each
        (said,) = reader.texts[str(each["aria-describedby"])]
        assert said.strip(), each
        found[str(each["words"]).strip()] = html.unescape(said.strip())
    return found


@pytest.fixture
def at(db: None) -> datetime:
    return clock.now()


@pytest.fixture
def shop(at: datetime) -> Shop:
    return open_shop(at)


@pytest.fixture
def owner(at: datetime, shop: Shop) -> Client:
    return signed_in(at, role="owner")


class TestMember:
    def test_who_lacks_a_right_reads_which(self, at: datetime, shop: Shop) -> None:
        manager = signed_in(at, role="store_manager", scope="store:S01")
        page = text_of(manager, f"/console/members/{shop.lin_public}")

        found = reasons(page)

        assert found["Erase"] == "Your roles do not hold the right “Erase a member”."
        assert {"Merge with another record", "Make a data copy"} <= set(found)
        assert "Adjust points" not in found
        assert f"{shop.lin_public}/adjust" in page
        assert f"{shop.lin_public}/erase" not in page

    def test_an_owner_is_refused_nothing(self, owner: Client, shop: Shop) -> None:
        assert reasons(text_of(owner, f"/console/members/{shop.lin_public}")) == {}

    @pytest.mark.parametrize("tab", ["", "/tags", "/identities", "/privacy"])
    def test_an_erased_record_says_that_it_is_over(
        self, owner: Client, shop: Shop, tab: str
    ) -> None:
        members.erase(member_id=shop.lin, at=clock.now(), actor=HOUSE, reason_code="request")

        found = reasons(text_of(owner, f"/console/members/{shop.lin_public}{tab}"))

        assert {"Tag", "Adjust points", "Edit profile", "Erase"} <= set(found)
        assert set(found.values()) == {"Nothing is done with this record any more: Erased."}


class TestStaff:
    def test_ones_own_account_is_somebody_elses_to_change(self, owner: Client) -> None:
        staff = access.list_staff(limit=1)[0]

        found = reasons(text_of(owner, f"/console/staff/{staff.public_id}"))

        assert set(found) == {
            "One-time link",
            "Sign out everywhere",
            "Sessions and second factors",
            "Switch off",
            "Give a role",
        }
        assert found["Give a role"] == "This is you. Somebody else changes your roles."

    def test_an_account_that_is_off_is_switched_on_first(self, owner: Client, at: datetime) -> None:
        staff = services.create_staff(email="2@example.com", role="owner", actor=HOUSE, at=at)
        services.deactivate_staff(staff_id=staff.id, actor=HOUSE, at=at)

        page = text_of(owner, f"/console/staff/{staff.public_id}")

        assert reasons(page)["One-time link"] == "The account is switched off. Switch it on first."
        assert f"{staff.public_id}/activate" in page


class TestKey:
    def test_what_has_ended_is_not_exchanged(self, owner: Client, at: datetime) -> None:
        made = services.create_key(permissions=["points.read"], title="till", actor=HOUSE, at=at)
        before = reasons(text_of(owner, f"/console/keys/{made.key.name}"))
        services.revoke_key(name=made.key.name, actor=HOUSE, at=at + timedelta(seconds=1))

        after = reasons(text_of(owner, f"/console/keys/{made.key.name}"))
        listed = text_of(owner, "/console/keys")

        assert set(before) == {"Fetch the secret"}
        assert set(after) == {"Fetch the secret", "Exchange", "Revoke"}
        assert set(after.values()) == {"The key has ended. Make a new one."}
        assert f"/console/keys/{made.key.name}/revoke" not in listed


class TestSource:
    def test_only_a_webhook_has_a_secret(self, owner: Client, at: datetime) -> None:
        hook = ingest.create_source(name="youzan", kind=SourceKind.WEBHOOK, actor=HOUSE, at=at)
        file = ingest.create_source(name="old till", kind=SourceKind.FILE, actor=HOUSE, at=at)

        assert reasons(text_of(owner, f"/console/sources/{hook.source.public_id}")) == {}
        found = reasons(text_of(owner, f"/console/sources/{file.source.public_id}"))
        assert found == {
            "Exchange the secret": "Only a source that calls us by webhook has a secret."
        }


class TestImport:
    def test_is_undone_once(self, owner: Client, shop: Shop) -> None:
        things = open_things(shop)
        path = f"/console/imports/{things['batch']}"
        before = reasons(text_of(owner, path))

        ingest.undo_import(batch=things["batch"])

        assert "Undo the import" not in before
        assert reasons(text_of(owner, path))["Undo the import"] == "This import is undone already."
