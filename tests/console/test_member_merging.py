"""Merging: what is shown side by side is what then happens, and it can be undone."""

from datetime import datetime, timedelta
from uuid import UUID

import pytest
from django.core.cache import cache
from django.test import Client

from regulars.access import services as access
from regulars.access.domain import Actor, Scope, StoreRow
from regulars.commerce import selectors as commerce
from regulars.commerce import services as orders
from regulars.commerce.domain import RefundInput
from regulars.console.domain import previews
from regulars.console.domain.previews import Joined
from regulars.console.selectors import merging
from regulars.ledger import selectors as ledger
from regulars.ledger import services as points
from regulars.loyalty import selectors as loyalty
from regulars.members import selectors as members
from regulars.members import services
from regulars.members.domain import Consent, Profile, TagSource
from regulars.web import clock
from tests.console.shop import NAME, OTHER_PHONE, PHONE, Shop, open_shop, signed_in
from tests.console.steps import confirmed, impacts_of, previewed, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.capability("H1")]
TRANSFER = UUID(int=77)


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


def profile_of(member_id: int) -> Profile:
    return members.get_profile(member_id=member_id, scope=Scope.all(), at=clock.now())


def promised(winner_id: int, loser_id: int, at: datetime) -> Joined:
    winner, loser = merging.read_sides(
        winner=profile_of(winner_id), loser=profile_of(loser_id), at=at
    )
    return previews.merged(winner, loser, programme=loyalty.get_programme(), at=at)


def found(member_id: int, at: datetime) -> Joined:
    """Read a member after the merge, by the same words."""
    alone, _ = merging.read_sides(winner=profile_of(member_id), loser=profile_of(member_id), at=at)
    return previews.stand_alone(alone, programme=loyalty.get_programme(), at=at)


def spend(shop: Shop, member_id: int, at: datetime) -> None:
    points.adjust_points(
        transfer_id=UUID(int=79), member_id=member_id, amount=50, reason_code=1, at=at
    )
    points.adjust_points(
        transfer_id=TRANSFER, member_id=member_id, amount=-20, reason_code=1, at=at
    )


def hold(shop: Shop, member_id: int, at: datetime) -> None:
    points.adjust_points(
        transfer_id=UUID(int=78), member_id=member_id, amount=200, reason_code=1, at=at
    )
    points.hold_points(
        hold_id=TRANSFER, member_id=member_id, amount=30, expires_at=at + timedelta(hours=1), at=at
    )


def owe(shop: Shop, member_id: int, at: datetime) -> None:
    """Spend all there is, then take back what had earned it."""
    there = ledger.get_balance(member_id=member_id, at=at).available
    if there:
        points.spend_points(transfer_id=TRANSFER, member_id=member_id, amount=there, at=at)
    number = "SO-0001" if member_id == shop.lin else "SO-9001"
    amount = 28_650 if member_id == shop.lin else 5_700
    orders.record_refunds(
        refunds=[
            RefundInput(
                source_id=shop.source_id,
                order=number,
                amount_minor=amount,
                currency="CNY",
                external_id=f"RF-{member_id}",
                refunded_at=at,
            )
        ],
        at=at,
    )


def speak(shop: Shop, member_id: int, at: datetime) -> None:
    services.update_profile(
        member_id=member_id,
        values={"city": "杭州", "nickname": "阿伟", "birthday": "1991-02-03"},
        at=at,
        actor=Actor.system(),
    )
    services.tag(
        rows=[services.TagRow(member_id, "无糖"), services.TagRow(member_id, "新客")],
        source=TagSource.MANUAL,
        at=at,
    )
    consent = Consent("personalisation", "2026-02", granted=True, at=at)
    services.record_consents(rows=[services.ConsentRow(member_id, consent)], at=at)


def nothing(shop: Shop, member_id: int, at: datetime) -> None:
    """Leave the shop as it is."""


class TestPreview:
    @pytest.mark.parametrize("order", ["as is", "swapped"])
    @pytest.mark.parametrize("before", [nothing, spend, hold, owe, speak])
    @pytest.mark.parametrize("whose", ["lin", "wang"])
    def test_says_what_then_happens(
        self, at: datetime, shop: Shop, before: object, whose: str, order: str
    ) -> None:
        before(shop, getattr(shop, whose), at)  # type: ignore[operator]
        winner, loser = (shop.wang, shop.lin) if order == "swapped" else (shop.lin, shop.wang)
        said = promised(winner, loser, at)

        services.merge(winner_id=winner, loser_id=loser, at=at, actor=Actor.system())

        assert found(winner, at) == said
        assert loyalty.tier_of(member_ids=[winner])[winner] == said.progress.tier
        assert commerce.count_orders(member_id=winner) == said.orders

    def test_holds_also_for_records_that_were_merged_before(self, at: datetime, shop: Shop) -> None:
        speak(shop, shop.wang, at)
        services.merge(winner_id=shop.wang, loser_id=shop.lin, at=at, actor=Actor.system())
        third = third_member(shop, at)
        said = promised(third, shop.wang, at)

        services.merge(winner_id=third, loser_id=shop.wang, at=at, actor=Actor.system())

        assert found(third, at) == said


def third_member(shop: Shop, at: datetime) -> int:
    from regulars.members.domain import Identity, IdentityKind, Sighting

    (seen,) = services.resolve_identities(
        [
            Sighting(
                row=0,
                identities=(Identity(IdentityKind.EMAIL, "third@example.com"),),
                occurred_at=at,
                profile={"city": "南京"},
                source_id=shop.source_id,
                updates_profile=True,
            )
        ],
        at=at,
    )
    assert seen.member_id is not None
    return seen.member_id


class TestPage:
    def path(self, shop: Shop) -> str:
        return f"/console/merges/{shop.lin_public}/{shop.wang_public}"

    def test_shows_both_side_by_side_covered(self, owner: Client, shop: Shop) -> None:
        page = text_of(owner, self.path(shop))

        for word in ("林**", "王*", "Points available", "Tier", "静安愚园店", "徐汇天平店"):
            assert word in page, word
        for secret in (NAME, PHONE, OTHER_PHONE, "王伟"):
            assert secret not in page

    def test_can_keep_the_other_one(self, owner: Client, shop: Shop) -> None:
        swap = f"/console/merges/{shop.wang_public}/{shop.lin_public}"

        assert f'href="{swap}"' in text_of(owner, self.path(shop))
        assert "Merge 林** into 王*" in text_of(owner, swap)

    def test_merges_as_shown(self, owner: Client, shop: Shop, at: datetime) -> None:
        page = previewed(owner, self.path(shop), {"reason": "same_person"})
        shown = impacts_of(page)

        confirmed(owner, self.path(shop), page)

        left = ledger.get_balance(member_id=shop.lin, at=at).available
        assert shown["Points available"][1] == f"{left:,}"
        assert shown["Tier"][1] == loyalty.tier_of(member_ids=[shop.lin])[shop.lin].name("en")
        record = text_of(owner, f"/console/members/{shop.lin_public}/identities")
        assert "stands for 2 records" in record
        assert "陈晨" in record

    def test_sent_twice_merges_once(self, owner: Client, shop: Shop) -> None:
        page = previewed(owner, self.path(shop), {"reason": "same_person"})
        confirmed(owner, self.path(shop), page)

        answer = confirmed(owner, self.path(shop), page)

        assert answer.status_code == 302
        assert len(members.list_merges(member_id=shop.lin)) == 1

    def test_refuses_when_money_moved_meanwhile(
        self, owner: Client, shop: Shop, at: datetime
    ) -> None:
        page = previewed(owner, self.path(shop), {"reason": "same_person"})
        spend(shop, shop.lin, at)

        answer = confirmed(owner, self.path(shop), page)

        assert answer.status_code == 409
        assert members.list_merges(member_id=shop.lin) == []

    def test_refuses_a_frozen_record(self, owner: Client, shop: Shop) -> None:
        services.freeze(
            member_id=shop.wang, reason_code="cleared", at=shop.at, actor=Actor.system()
        )

        answer = owner.get(self.path(shop))

        assert answer.status_code == 409
        assert "Unfreeze first" in answer.content.decode()

    def test_finds_the_other_by_an_exact_number(self, owner: Client, shop: Shop) -> None:
        path = f"/console/members/{shop.lin_public}/merge"

        assert owner.post(path, {"number": OTHER_PHONE})["Location"] == self.path(shop)
        assert owner.post(path, {"number": "13700000000"}).status_code == 422
        assert owner.post(path, {"number": PHONE}).status_code == 422

    def test_is_not_there_when_one_lies_outside_the_scope(self, at: datetime, shop: Shop) -> None:
        access.record_stores(
            [StoreRow(row=0, code="S01", name="静安愚园店", region="EAST")], at=shop.at
        )
        browser = signed_in(at, role="operations", scope="region:EAST")

        assert browser.get(self.path(shop)).status_code == 404
        assert browser.get(f"/console/members/{shop.lin_public}/merge").status_code == 200
        number = {"number": OTHER_PHONE}
        answer = browser.post(f"/console/members/{shop.lin_public}/merge", number)
        assert answer.status_code == 422

    def test_takes_a_right_of_its_own(self, at: datetime, shop: Shop) -> None:
        manager = signed_in(at, role="store_manager", scope="store:S01")

        assert manager.get(self.path(shop)).status_code == 403

    def test_asks_a_fixed_number_of_times(
        self, owner: Client, shop: Shop, django_assert_max_num_queries: object
    ) -> None:
        with django_assert_max_num_queries(17):  # type: ignore[operator]
            text_of(owner, self.path(shop))


class TestUndo:
    def test_leaves_each_with_what_was_shown(self, owner: Client, shop: Shop, at: datetime) -> None:
        before = ledger.balances(member_ids=[shop.lin, shop.wang], at=at)
        merged = services.merge(winner_id=shop.lin, loser_id=shop.wang, at=at, actor=Actor.system())
        path = f"/console/members/{shop.lin_public}/unmerge/{merged.id}"

        page = previewed(owner, path, {"reason": "wrong_merge"})
        answer = confirmed(owner, path, page)

        after = ledger.balances(member_ids=[shop.lin, shop.wang], at=at)
        shown = impacts_of(page)
        assert answer["Location"] == f"/console/members/{shop.wang_public}"
        assert shown["Points available here"][1] == f"{after[shop.lin].available:,}"
        assert shown["Points available of the record that parts"][1] == (
            f"{after[shop.wang].available:,}"
        )
        assert after == before

    def test_a_preview_changes_nothing(self, owner: Client, shop: Shop, at: datetime) -> None:
        merged = services.merge(winner_id=shop.lin, loser_id=shop.wang, at=at, actor=Actor.system())
        path = f"/console/members/{shop.lin_public}/unmerge/{merged.id}"

        previewed(owner, path, {"reason": "wrong_merge"})

        assert members.get_merge(merge_id=merged.id).undone_at is None
        assert profile_of(shop.lin).aliases == (shop.lin, shop.wang)

    def test_of_another_member_is_not_there(self, owner: Client, shop: Shop, at: datetime) -> None:
        merged = services.merge(winner_id=shop.lin, loser_id=shop.wang, at=at, actor=Actor.system())
        other = members.public_ids(member_ids=[third := third_member(shop, at)])[third]

        assert owner.get(f"/console/members/{other}/unmerge/{merged.id}").status_code == 404
