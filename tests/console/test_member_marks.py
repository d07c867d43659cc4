"""Tags, freezing, profile, home, identities and consent: shown first, done once, on the record."""

from datetime import datetime

import pytest
from django.core.cache import cache
from django.test import Client

from regulars.access import selectors as access
from regulars.access.domain import Actor, Scope
from regulars.members import selectors as members
from regulars.members import services
from regulars.members.domain import Profile
from regulars.web import clock
from tests.console.shop import NAME, OTHER_PHONE, PHONE, Shop, open_shop, signed_in
from tests.console.steps import confirmed, impacts_of, previewed, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.capability("H1")]


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


def path_of(shop: Shop, act: str) -> str:
    return f"/console/members/{shop.lin_public}/{act}"


def profile_of(shop: Shop) -> Profile:
    return members.get_profile(member_id=shop.lin, scope=Scope.all(), at=clock.now())


def said_of(shop: Shop) -> dict[str, str]:
    values = members.masked_values(member_ids=[shop.lin])
    return {value.field: value.value for value in values}


class TestTags:
    def test_are_put_on_until_a_day(self, owner: Client, shop: Shop) -> None:
        said = {"tags": "爱烘焙，周末常客, 爱烘焙", "until": "2099-01-31"}

        page = previewed(owner, path_of(shop, "tag"), said)
        confirmed(owner, path_of(shop, "tag"), page)

        assert impacts_of(page)["爱烘焙"] == ("not there", "2099-01-31")
        tags = {tag.tag: tag for tag in profile_of(shop).tags}
        assert set(tags) == {"无糖", "周末常客", "爱烘焙"}
        assert tags["爱烘焙"].expires_at is not None
        assert access.list_audit(action="members.tag")[0].details == {"added": 2}

    def test_are_taken_off_from_the_tab(self, owner: Client, shop: Shop) -> None:
        page = previewed(owner, path_of(shop, "untag"), {"tag": "无糖"})

        confirmed(owner, path_of(shop, "untag"), page)

        assert [tag.tag for tag in profile_of(shop).tags] == ["周末常客"]

    @pytest.mark.parametrize("tags", ["", " , ，", "x" * 65, ",".join(map(str, range(11)))])
    def test_want_one_to_ten_short_words(self, owner: Client, shop: Shop, tags: str) -> None:
        answer = owner.post(path_of(shop, "tag"), {"step": "preview", "tags": tags})

        assert answer.status_code == 422

    def test_of_nobody_else_can_be_named(self, owner: Client, shop: Shop) -> None:
        answer = owner.post(path_of(shop, "untag"), {"step": "preview", "tag": "别人的"})

        assert answer.status_code == 422


class TestFreezing:
    def test_stops_spending_and_ends_again(self, owner: Client, shop: Shop) -> None:
        page = previewed(owner, path_of(shop, "freeze"), {"reason": "suspected_abuse"})
        confirmed(owner, path_of(shop, "freeze"), page)

        assert impacts_of(page)["Standing"] == ("Active", "Frozen")
        assert "Suspected abuse" in text_of(owner, f"/console/members/{shop.lin_public}")
        assert profile_of(shop).member.status == "frozen"

        page = previewed(owner, path_of(shop, "unfreeze"), {"reason": "cleared"})
        confirmed(owner, path_of(shop, "unfreeze"), page)

        assert profile_of(shop).member.status == "active"

    def test_wants_a_reason_of_the_list(self, owner: Client, shop: Shop) -> None:
        answer = owner.post(path_of(shop, "freeze"), {"step": "preview", "reason": "mood"})

        assert answer.status_code == 422


class TestProfile:
    def test_changes_what_is_written_and_keeps_the_rest(self, owner: Client, shop: Shop) -> None:
        said = {"city": "杭州", "drop_gender": "on"}
        page = previewed(owner, path_of(shop, "profile"), said)

        confirmed(owner, path_of(shop, "profile"), page)

        assert impacts_of(page)["City"] == ("上海", "杭州")
        assert impacts_of(page)["Gender"][1] == "taken away"
        assert said_of(shop)["city"] == "杭州"
        assert said_of(shop)["name"] == "林**"
        assert "gender" not in said_of(shop)

    def test_uncovers_nothing(self, owner: Client, shop: Shop) -> None:
        form = text_of(owner, path_of(shop, "profile"))
        page = previewed(owner, path_of(shop, "profile"), {"nickname": "小满"})

        for shown in (form, page):
            assert NAME not in shown
            assert "1990-05-01" not in shown

    def test_does_not_overwrite_what_another_has_said_since(
        self, owner: Client, shop: Shop
    ) -> None:
        page = previewed(owner, path_of(shop, "profile"), {"city": "杭州"})
        services.update_profile(
            member_id=shop.lin, values={"city": "苏州"}, at=clock.now(), actor=Actor.system()
        )

        answer = confirmed(owner, path_of(shop, "profile"), page)

        assert answer.status_code == 409
        assert "you saw: 上海 → 杭州" in answer.content.decode()
        assert said_of(shop)["city"] == "苏州"

    @pytest.mark.parametrize(
        ("field", "value"), [("birthday", "yesterday"), ("name", "林**"), ("gender", "?")]
    )
    def test_says_at_the_field_what_does_not_fit(
        self, owner: Client, shop: Shop, field: str, value: str
    ) -> None:
        answer = owner.post(path_of(shop, "profile"), {"step": "preview", field: value})

        assert answer.status_code == 422
        assert f'name="{field}"' in answer.content.decode()


class TestHome:
    def test_moves_a_member_to_another_store(self, owner: Client, shop: Shop) -> None:
        page = previewed(owner, path_of(shop, "home"), {"store": "S03"})

        confirmed(owner, path_of(shop, "home"), page)

        assert impacts_of(page)["Home store"] == ("静安愚园店", "杭州湖滨店")
        assert profile_of(shop).member.home_store_id == shop.store_ids["S03"]

    def test_offers_a_manager_their_own_stores_alone(self, at: datetime, shop: Shop) -> None:
        manager = signed_in(at, role="store_manager", scope="store:S01")

        answer = manager.post(path_of(shop, "home"), {"step": "preview", "store": "S03"})

        assert answer.status_code == 422
        assert "杭州湖滨店" not in answer.content.decode()


class TestIdentities:
    def test_are_linked(self, owner: Client, shop: Shop) -> None:
        said = {"kind": "email", "value": "lin@example.com"}
        page = previewed(owner, path_of(shop, "link"), said)

        answer = confirmed(owner, path_of(shop, "link"), page)

        assert "l***@example.com" in page
        assert "l***@example.com" in text_of(owner, answer["Location"])

    def test_of_another_member_suggest_a_merge_and_do_not_say_whose(
        self, owner: Client, shop: Shop
    ) -> None:
        page = previewed(owner, path_of(shop, "link"), {"kind": "phone", "value": OTHER_PHONE})

        confirmed(owner, path_of(shop, "link"), page)

        assert "another member&#x27;s" in page
        assert "王" not in page
        found = members.list_suggestions(scope=Scope.all(), member_id=shop.lin)
        assert [one.reason for one in found] == ["shared_phone"]

    def test_are_taken_off_by_what_is_shown_covered(self, owner: Client, shop: Shop) -> None:
        held = {one.kind.value: one.id for one in profile_of(shop).identities}
        said = {"identity": str(held["card"])}

        page = previewed(owner, path_of(shop, "unlink"), said)
        confirmed(owner, path_of(shop, "unlink"), page)

        assert PHONE not in page
        assert "card" not in {one.kind for one in profile_of(shop).identities}

    def test_of_another_member_are_not_there(self, owner: Client, shop: Shop) -> None:
        other = members.get_profile(member_id=shop.wang, scope=Scope.all(), at=clock.now())
        said = {"step": "preview", "identity": str(other.identities[0].id)}

        assert owner.post(path_of(shop, "unlink"), said).status_code == 422


class TestConsent:
    def test_is_withdrawn_and_given_and_both_stay(self, owner: Client, shop: Shop) -> None:
        said = {"purpose": "marketing_sms", "channel": "sms", "policy_version": "2026-01"}
        page = previewed(owner, path_of(shop, "consent"), said | {"word": "withdrawn"})

        confirmed(owner, path_of(shop, "consent"), page)

        assert impacts_of(page)["Marketing by SMS · SMS"] == ("agreed", "withdrawn")
        stands = {(one.purpose, one.granted) for one in profile_of(shop).consents}
        assert ("marketing_sms", False) in stands
        proofs = members.list_consents(member_ids=[shop.lin])
        assert len([one for one in proofs if one.consent.purpose == "marketing_sms"]) == 2
        assert access.list_audit(action="members.consent")[0].details["granted"] is False


ACTS = ("tag", "untag", "freeze", "unfreeze", "profile", "home", "link", "unlink", "consent")


class TestWalls:
    @pytest.mark.parametrize("act", ACTS)
    def test_are_closed_without_the_right(self, at: datetime, shop: Shop, act: str) -> None:
        analyst = signed_in(at, role="analyst")

        assert analyst.get(path_of(shop, act)).status_code == 403

    @pytest.mark.parametrize("act", ACTS)
    def test_are_not_there_outside_the_scope(self, at: datetime, shop: Shop, act: str) -> None:
        stranger = signed_in(at, role="store_manager", scope="store:S02")

        assert stranger.get(path_of(shop, act)).status_code == 404

    @pytest.mark.parametrize("act", ACTS)
    def test_refuse_an_erased_member(self, owner: Client, shop: Shop, act: str) -> None:
        services.erase(
            member_id=shop.lin, at=shop.at, actor=Actor.system(), reason_code="erase_request"
        )

        page = text_of(owner, f"/console/members/{shop.lin_public}")

        assert f'href="{path_of(shop, act)}"' not in page
