"""The queue of merge suggestions: why, how alike, and what was decided is remembered."""

from datetime import datetime, timedelta

import pytest
from django.core.cache import cache
from django.test import Client

from regulars.access import selectors as access
from regulars.access.domain import Actor, Scope
from regulars.members import selectors as members
from regulars.members import services
from regulars.members.domain import Identity, IdentityKind, Sighting
from regulars.members.domain.likeness import Confidence, likeness
from regulars.members.selectors import suggestions as queue
from regulars.web import clock
from tests.console.shop import NAME, OTHER_PHONE, PHONE, Shop, open_shop, signed_in
from tests.console.steps import confirmed, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.capability("H1")]


@pytest.fixture(autouse=True)
def _forget_figures() -> None:
    cache.clear()


@pytest.fixture
def at(db: None) -> datetime:
    return clock.now()


@pytest.fixture
def shop(at: datetime) -> Shop:
    shop = open_shop(at)
    services.link_identity(
        member_id=shop.lin,
        identity=Identity(IdentityKind.PHONE, OTHER_PHONE),
        at=at,
        actor=Actor.system(),
    )
    return shop


@pytest.fixture
def owner(at: datetime, shop: Shop) -> Client:
    return signed_in(at)


def open_ids(at: datetime) -> list[int]:
    found, _ = queue.list_queue(scope=Scope.all(), at=at)
    return [one.id for one in found]


def many(shop: Shop, at: datetime, count: int) -> None:
    """Suggest many pairs: every new record shares its card with Lin."""
    for number in range(count):
        services.resolve_identities(
            [
                Sighting(
                    row=0,
                    identities=(Identity(IdentityKind.EMAIL, f"twin{number}@example.com"),),
                    occurred_at=at,
                    profile={"name": NAME, "birthday": "1990-05-01"},
                    source_id=shop.source_id,
                    home_store_id=shop.store_ids["S01"],
                    updates_profile=True,
                )
            ],
            at=at,
        )
        services.link_identity(
            member_id=shop.lin,
            identity=Identity(IdentityKind.EMAIL, f"twin{number}@example.com"),
            at=at,
            actor=Actor.system(),
        )


class TestList:
    def test_says_why_and_how_alike_without_uncovering(self, owner: Client, shop: Shop) -> None:
        page = text_of(owner, "/console/suggestions")

        for word in ("both used the same Phone", "林**", "王*", "rather two people", "Name"):
            assert word in page, word
        for secret in (NAME, PHONE, OTHER_PHONE, "王伟"):
            assert secret not in page

    def test_leads_to_both_side_by_side(self, owner: Client, shop: Shop) -> None:
        page = text_of(owner, "/console/suggestions")

        pairs = (shop.lin_public, shop.wang_public), (shop.wang_public, shop.lin_public)
        assert any(f"/console/merges/{one}/{other}" in page for one, other in pairs)

    def test_shows_none_beyond_the_scope(self, at: datetime, shop: Shop) -> None:
        found, _ = queue.list_queue(scope=Scope(store_ids=(shop.store_ids["S01"],)), at=at)

        assert found == []

    def test_is_not_for_whoever_may_not_merge(self, at: datetime, shop: Shop) -> None:
        assert signed_in(at, role="analyst").get("/console/suggestions").status_code == 403

    @pytest.mark.parametrize("count", [0, 30])
    def test_asks_a_fixed_number_of_times(
        self,
        owner: Client,
        shop: Shop,
        at: datetime,
        count: int,
        django_assert_max_num_queries: object,
    ) -> None:
        many(shop, at, count)

        with django_assert_max_num_queries(17):  # type: ignore[operator]
            page = text_of(owner, "/console/suggestions?size=50")

        assert ("very likely one person" in page) == (count > 0)

    def test_narrows_by_the_reason(self, owner: Client, shop: Shop, at: datetime) -> None:
        many(shop, at, 2)

        page = text_of(owner, "/console/suggestions?reason=shared_email")

        assert "王*" not in page


class TestDecisions:
    def test_not_the_same_person_is_remembered(
        self, owner: Client, shop: Shop, at: datetime
    ) -> None:
        [pair] = open_ids(at)
        path = "/console/suggestions/dismiss"

        page = owner.post(path, {"ids": [str(pair)]}).content.decode()
        confirmed(owner, path, page)
        services.link_identity(
            member_id=shop.lin,
            identity=Identity(IdentityKind.PHONE, OTHER_PHONE),
            at=at,
            actor=Actor.system(),
        )

        assert "Not the same person: 1 pair" in page
        assert open_ids(at) == []
        assert access.list_audit(action="members.dismiss_suggestion")[0].object_id == str(pair)

    def test_later_comes_back_by_itself(self, owner: Client, shop: Shop, at: datetime) -> None:
        [pair] = open_ids(at)
        path = "/console/suggestions/later"

        confirmed(owner, path, owner.post(path, {"ids": [str(pair)]}).content.decode())

        assert open_ids(at) == []
        assert "王*" in text_of(owner, "/console/suggestions?waiting=1")
        assert open_ids(at + timedelta(days=31)) == [pair]

    def test_many_are_dismissed_at_once_and_once(
        self, owner: Client, shop: Shop, at: datetime
    ) -> None:
        many(shop, at, 3)
        path = "/console/suggestions/dismiss"
        page = owner.post(path, {"all": "1", "query": "reason=shared_email"}).content.decode()

        confirmed(owner, path, page)
        answer = confirmed(owner, path, page)

        assert "3 pairs" in page
        assert answer.status_code == 302
        assert len(open_ids(at)) == 1
        assert len(access.list_audit(action="members.dismiss_suggestion")) == 3

    def test_of_nobody_within_reach_are_not_there(self, owner: Client, shop: Shop) -> None:
        answer = owner.post("/console/suggestions/dismiss", {"ids": ["999999"]})

        assert answer.status_code == 404

    def test_a_merged_pair_leaves_the_queue(self, at: datetime, shop: Shop) -> None:
        services.merge(winner_id=shop.lin, loser_id=shop.wang, at=at, actor=Actor.system())

        assert open_ids(at) == []
        assert members.list_suggestions(scope=Scope.all()) == []


class TestLikeness:
    def test_the_same_name_and_birthday_weigh_most(self) -> None:
        one = {"name": "林 小满", "birthday": "1990-05-01", "city": "上海"}

        found = likeness("shared_phone", one, one | {"city": "杭州"})

        assert found.confidence is Confidence.HIGH
        assert (found.agree, found.disagree) == (("name", "birthday"), ("city",))

    def test_another_birthday_speaks_for_two(self) -> None:
        found = likeness("shared_phone", {"birthday": "1990-05-01"}, {"birthday": "1991-05-01"})

        assert found.confidence is Confidence.LOW

    def test_a_birthday_without_its_year_agrees_by_the_day(self) -> None:
        found = likeness("shared_phone", {"birthday": "--05-01"}, {"birthday": "1991-05-01"})

        assert found.agree == ("birthday",)

    def test_nothing_said_leaves_the_reason_alone(self) -> None:
        assert likeness("shared_card", {}, {}).confidence is Confidence.MEDIUM
        assert likeness("second_card", {}, {}).confidence is Confidence.LOW
