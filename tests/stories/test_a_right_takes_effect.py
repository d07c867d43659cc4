"""Who corrects, withdraws or leaves is heard at once, in every place, and the proof of it stays."""

import json
import time
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from django.utils.html import strip_tags

from regulars.ledger import services as ledger
from regulars.members import selectors as members
from regulars.web import clock, sql
from tests.console.shop import NAME, PHONE, Shop, open_shop, signed_in
from tests.members.test_api import Api

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.capability("G2"),
    pytest.mark.reliability("RG6"),
]
EFFECT_SECONDS_MAX = 10
OTHER_NAME = "欧阳知秋"
OTHER_CITY = "杭州"


@pytest.fixture
def shop(db: None) -> Shop:
    return open_shop(clock.now())


@pytest.fixture
def api(shop: Shop) -> Api:
    return Api()


@pytest.fixture
def owner(shop: Shop) -> Client:
    return signed_in(shop.at)


@pytest.fixture(autouse=True)
def _at_once() -> Iterator[None]:
    """Whatever a test asks and sees: all of it together within the ten seconds."""
    began = time.monotonic()
    yield
    assert time.monotonic() - began < EFFECT_SECONDS_MAX


class TestACorrection:
    def test_shows_wherever_the_value_stood(self, shop: Shop, api: Api, owner: Client) -> None:
        member = f"/members/{shop.lin_public}"

        assert api.send("PATCH", member, {"name": OTHER_NAME, "city": None}).status_code == 200
        shown = api.post(f"{member}/reveal", {"reason_code": "asked"}).json()

        assert shown["profile"]["name"] == OTHER_NAME
        assert "city" not in shown["profile"]
        assert found_by(api, name=OTHER_NAME) == [str(shop.lin_public)]
        assert found_by(api, surname="欧阳") == [str(shop.lin_public)]
        assert found_by(api, name=NAME) == []
        assert found_by(api, surname="林") == []
        assert page(owner, shop.lin_public).count("欧") >= 1
        assert "上海" not in page(owner, shop.lin_public)
        assert NAME not in exported(api, shop.lin_public)
        assert OTHER_NAME in exported(api, shop.lin_public)

    def test_leaves_a_proof_that_names_the_fields_and_no_value(self, shop: Shop, api: Api) -> None:
        api.send("PATCH", f"/members/{shop.lin_public}", {"name": OTHER_NAME, "city": OTHER_CITY})

        (told,) = sql.rows(
            "SELECT facts::text FROM events_event WHERE type = 'member.updated'"
            " AND member_id = %s::bigint ORDER BY id DESC LIMIT 1",
            [shop.lin],
        )

        assert "name" in told[0]
        assert "city" in told[0]
        assert not any(value in told[0] for value in (NAME, OTHER_NAME, OTHER_CITY, "上海"))


class TestAWithdrawal:
    def test_stops_one_purpose_on_one_channel(self, shop: Shop, api: Api, owner: Client) -> None:
        agree(api, shop, "marketing_sms", channel="wechat", granted=True)
        agree(api, shop, "personalisation", granted=True)
        before = words(owner, shop, "privacy").count("Withdrawn")

        agree(api, shop, "marketing_sms", channel="sms", granted=False)

        assert standing(api, shop) == {
            ("marketing_sms", "sms"): False,
            ("marketing_sms", "wechat"): True,
            ("personalisation", ""): True,
        }
        assert words(owner, shop, "privacy").count("Withdrawn") == before + 2, "state and proof"

    def test_of_everything_leaves_nothing_granted(self, shop: Shop, api: Api) -> None:
        for purpose, channel in list(standing(api, shop)):
            agree(api, shop, purpose, channel=channel, granted=False)

        assert set(standing(api, shop).values()) == {False}

    def test_keeps_what_was_agreed_before_as_proof(self, shop: Shop, api: Api) -> None:
        agree(api, shop, "marketing_sms", channel="sms", granted=False)

        history = [
            (one.purpose, one.granted, one.policy_version)
            for one in members.consent_history(member_ids=[shop.lin])
            if one.channel == "sms"
        ]

        assert history == [("marketing_sms", True, "2026-01"), ("marketing_sms", False, "2026-02")]

    def test_is_not_undone_by_an_older_word(self, shop: Shop, api: Api) -> None:
        agree(api, shop, "marketing_sms", channel="sms", granted=False)

        late = shop.at.replace(year=shop.at.year - 1).isoformat()
        agree(api, shop, "marketing_sms", channel="sms", granted=True, at=late)

        assert standing(api, shop)["marketing_sms", "sms"] is False


class TestALeaving:
    def test_is_heard_everywhere(self, shop: Shop, api: Api, owner: Client) -> None:
        member = f"/members/{shop.lin_public}"

        gone = api.post(f"{member}/erase", {"reason_code": "asked"})

        assert gone.status_code == 200
        assert api.post("/members:lookup", {"phone": PHONE}).status_code == 404
        assert api.post(f"{member}/reveal", {"reason_code": "asked"}).json()["profile"] == {}
        assert found_by(api, name=NAME) == []
        assert found_by(api, tail=PHONE[-4:]) == []
        assert NAME not in page(owner, shop.lin_public)
        assert api.post(f"{member}/points/spend", {"amount": 1}).status_code == 409
        assert api.post("/members", {"phone": PHONE, "name": NAME}).status_code == 409

    def test_leaves_books_and_consents_that_name_nobody(self, shop: Shop, api: Api) -> None:
        before = members.consent_history(member_ids=[shop.lin])

        api.post(f"/members/{shop.lin_public}/erase", {"reason_code": "asked"})

        assert members.consent_history(member_ids=[shop.lin]) == before
        assert [found for found in ledger.verify().findings if found.bad] == []
        assert sql.row(
            "SELECT count(*) FROM members_subjectkey WHERE member_id = %s::bigint", [shop.lin]
        ) == (0,)


def agree(
    api: Api, shop: Shop, purpose: str, *, granted: bool, channel: str = "", at: str | None = None
) -> None:
    said = {
        "purpose": purpose,
        "policy_version": "2026-02",
        "granted": granted,
        "channel": channel,
        "at": at,
    }
    answer = api.post(f"/members/{shop.lin_public}/consents", {"consents": [said]})
    assert answer.status_code == 200, answer.content


def standing(api: Api, shop: Shop) -> dict[tuple[str, str], bool]:
    said = api.get(f"/members/{shop.lin_public}").json()["consents"]
    return {(one["purpose"], one["channel"]): one["granted"] for one in said}


def found_by(api: Api, **what: str) -> list[str]:
    return [one["id"] for one in api.post("/members:search", what).json()["items"]]


def page(browser: Client, member: UUID, tab: str = "") -> str:
    answer = browser.get(f"/console/members/{member}/{tab}".rstrip("/"))
    assert answer.status_code == 200
    return answer.content.decode()


def words(browser: Client, shop: Shop, tab: str) -> str:
    return strip_tags(page(browser, shop.lin_public, tab))


def exported(api: Api, member: UUID) -> str:
    answer: Any = api.post(f"/members/{member}/export", {"reason_code": "asked", "format": "json"})
    assert answer.status_code == 200
    return json.dumps(answer.json(), ensure_ascii=False)
