"""A copy of the data for the person, erasure for good, and privacy on the record."""

import json
from datetime import datetime, timedelta

import pytest
from django.core.cache import cache
from django.test import Client

from regulars.access import selectors as access
from regulars.access import services as access_services
from regulars.access.domain import Actor, Scope
from regulars.console.domain.copies import CopyExpired
from regulars.console.services import copies
from regulars.ledger import selectors as ledger
from regulars.members import selectors as members
from regulars.members.domain import Status
from regulars.web import clock
from tests.console.shop import NAME, PHONE, Shop, open_shop, signed_in
from tests.console.steps import confirmed, impacts_of, previewed, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.capability("A5")]


@pytest.fixture(autouse=True)
def _forget_figures() -> None:
    cache.clear()


@pytest.fixture
def at(db: None) -> datetime:
    return clock.now()


@pytest.fixture
def shop(at: datetime) -> Shop:
    return open_shop(at)


@pytest.fixture
def owner(at: datetime, shop: Shop) -> Client:
    return signed_in(at)


class TestCopy:
    def made(self, browser: Client, shop: Shop) -> str:
        path = f"/console/members/{shop.lin_public}/copy"
        page = previewed(browser, path, {"reason": "copy_request"})
        return str(confirmed(browser, path, page)["Location"])

    def test_is_fetched_as_table_and_for_machines(self, owner: Client, shop: Shop) -> None:
        ready = self.made(owner, shop)

        page = text_of(owner, ready)
        table = owner.get(f"{ready}/csv")
        machine = owner.get(f"{ready}/json")

        assert f'href="{ready}/csv"' in page
        assert NAME not in page
        assert table["Content-Disposition"].startswith("attachment")
        assert PHONE in table.content.decode()
        assert "no-store" in table["Cache-Control"]
        data = json.loads(machine.content)["data"]
        assert {"profile", "identities", "consents", "orders"} <= set(data)
        assert NAME in machine.content.decode()

    def test_is_on_the_record_when_asked_for_and_when_fetched(
        self, owner: Client, shop: Shop
    ) -> None:
        ready = self.made(owner, shop)
        owner.get(f"{ready}/json")

        log = text_of(owner, f"/console/members/{shop.lin_public}/log")

        assert "Data copy asked for" in log
        assert "Data copy made" in log
        assert "The member asks for a copy" in log

    def test_opens_for_its_maker_alone(self, at: datetime, owner: Client, shop: Shop) -> None:
        ready = self.made(owner, shop)
        officer = signed_in(at, role="privacy_officer")

        assert officer.get(ready).status_code == 404
        assert officer.get(f"{ready}/json").status_code == 404
        assert owner.get(f"{ready}x/json").status_code == 404
        assert owner.get(f"{ready}/xlsx").status_code == 404
        other = ready.replace(str(shop.lin_public), str(shop.wang_public))
        assert owner.get(f"{other}/json").status_code == 404

    def test_ends_after_a_day(self, at: datetime, shop: Shop) -> None:
        actor = Actor.system()
        ticket = copies.ask_copy(
            public_id=shop.lin_public, reason_code="copy_request", actor=actor, at=at
        )

        assert copies.read_ticket(ticket, actor=actor, at=at).reason_code == "copy_request"
        with pytest.raises(CopyExpired):
            copies.read_ticket(ticket, actor=actor, at=at + timedelta(hours=24))

    def test_takes_a_right_of_its_own(self, at: datetime, shop: Shop) -> None:
        analyst = signed_in(at, role="analyst")

        assert analyst.get(f"/console/members/{shop.lin_public}/copy").status_code == 403


class TestErasure:
    def path(self, shop: Shop) -> str:
        return f"/console/members/{shop.lin_public}/erase"

    def number(self, shop: Shop) -> str:
        return members.get_member(member_id=shop.lin, scope=Scope.all()).number

    def test_shows_what_goes_and_what_stays(self, owner: Client, shop: Shop) -> None:
        page = previewed(owner, self.path(shop), {"reason": "erase_request"})

        shown = impacts_of(page)
        held = ledger.get_balance(member_id=shop.lin, at=clock.now()).posted
        assert shown["Points, closed with the account"] == (f"{held:,}", "0")
        assert shown["Identities"] == ("3", "0")
        assert shown["Orders"] == ("9", "kept, naming nobody")
        assert "This cannot be taken back" in page

    @pytest.mark.parametrize("typed", ["", "0000000000"])
    def test_wants_the_number_typed(self, owner: Client, shop: Shop, typed: str) -> None:
        page = previewed(owner, self.path(shop), {"reason": "erase_request"})

        answer = confirmed(owner, self.path(shop), page, typed=typed)

        assert answer.status_code == 422
        assert members.get_member(member_id=shop.lin, scope=Scope.all()).status is Status.ACTIVE

    def test_erases_for_good_and_once(self, owner: Client, shop: Shop) -> None:
        number = self.number(shop)
        page = previewed(owner, self.path(shop), {"reason": "erase_request"})

        answer = confirmed(owner, self.path(shop), page, typed=number)
        again = confirmed(owner, self.path(shop), page, typed=number)

        record = text_of(owner, answer["Location"])
        assert again.status_code == 302
        assert "Erased" in record
        for secret in ("林", "138****8000", "无糖"):
            assert secret not in record
        assert ledger.get_balance(member_id=shop.lin, at=clock.now()).posted == 0

    def test_a_note_goes_with_the_member(self, owner: Client, shop: Shop) -> None:
        adjust = f"/console/members/{shop.lin_public}/adjust"
        said = {"amount": "5", "reason": "109", "note": "她的猫叫团子"}
        confirmed(owner, adjust, previewed(owner, adjust, said))
        page = previewed(owner, self.path(shop), {"reason": "erase_request"})

        confirmed(owner, self.path(shop), page, typed=self.number(shop))

        log = text_of(owner, f"/console/members/{shop.lin_public}/log")
        assert "团子" not in log
        assert "The note can no longer be read" in log

    def test_above_the_policy_is_proposed(self, at: datetime, owner: Client, shop: Shop) -> None:
        access_services.change_policy(changes={"erase_members_max": 0}, actor=Actor.system(), at=at)
        signed_in(at, role="privacy_officer")
        page = previewed(owner, self.path(shop), {"reason": "erase_request"})

        confirmed(owner, self.path(shop), page, typed=self.number(shop))

        assert members.get_member(member_id=shop.lin, scope=Scope.all()).status is Status.ACTIVE
        [waiting] = access.list_approvals(at=clock.now(), kinds=["member.erase"])
        assert waiting.payload == {"member_id": shop.lin, "reason_code": "erase_request"}

    def test_is_for_whoever_may_and_sees_the_member(self, at: datetime, shop: Shop) -> None:
        operations = signed_in(at, role="operations")

        assert operations.get(self.path(shop)).status_code == 403
