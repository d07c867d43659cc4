"""Tiers, statements and the programme through HTTP."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.test import Client

from regulars.access import services as access
from regulars.access.domain import Actor, StoreRow
from regulars.loyalty import selectors as loyalty
from regulars.members import selectors as members
from regulars.members import services as people
from regulars.members.domain import Identity, IdentityKind, Sighting
from regulars.web import clock, paging
from tests.loyalty.test_services import an_order, tell

pytestmark = [pytest.mark.django_db, pytest.mark.capability("H4")]


class Api:
    """A caller with an API key."""

    def __init__(self, *permissions: str, store: str | None = None) -> None:
        at = clock.now()
        if store:
            access.record_stores([StoreRow(row=0, code=store, name=store)], at=at)
        made = access.create_key(
            permissions=list(permissions), actor=Actor.system(), at=at, store=store
        )
        self.headers = {"Authorization": f"Bearer {made.text}", "Accept-Language": "en"}

    def get(self, path: str, language: str = "en") -> Any:
        headers = self.headers | {"Accept-Language": language}
        return Client().get(f"/api/v1{path}", headers=headers)


@pytest.fixture
def api() -> Api:
    return Api("tiers.read", "points.read")


@pytest.fixture
def member() -> tuple[int, UUID]:
    """A member who bought for 600 yuan a month ago, and for 24.90 after that."""
    now = clock.now()
    phone = Identity(IdentityKind.PHONE, "13800138000")
    [found] = people.resolve_identities(
        [Sighting(row=0, identities=(phone,), occurred_at=now)], at=now
    )
    assert found.member_id is not None
    paid_at = now - timedelta(days=30)
    for order_id, net_minor in ((1, 60_000), (2, 2_490)):
        order = an_order(
            order_id,
            found.member_id,
            net_minor=net_minor,
            paid_at=paid_at.isoformat(),
            occurred_at=paid_at,
        )
        tell(order, at=now)
    return found.member_id, members.public_ids(member_ids=[found.member_id])[found.member_id]


class TestTier:
    def test_tells_tier_and_progress(self, api: Api, member: tuple[int, UUID]) -> None:
        answer = api.get(f"/members/{member[1]}/tier")

        assert answer.status_code == 200
        body = answer.json()
        assert (body["tier"]["code"], body["tier"]["name"]) == ("silver", "Silver")
        assert (body["growth"], body["next_tier"]["code"], body["growth_missing"]) == (
            624,
            "gold",
            1_376,
        )

    def test_names_tiers_in_the_readers_language(self, api: Api, member: tuple[int, UUID]) -> None:
        body = api.get(f"/members/{member[1]}/tier", language="zh-hans").json()

        assert body["tier"]["name"] == "银卡"

    def test_lists_the_path(self, api: Api, member: tuple[int, UUID]) -> None:
        items = api.get(f"/members/{member[1]}/tier/history").json()["items"]

        assert [(step["from_tier"], step["to_tier"], step["cause"]) for step in items] == [
            ("base", "silver", "growth")
        ]

    def test_knows_nobody_unknown(self, api: Api) -> None:
        assert api.get(f"/members/{uuid4()}/tier").status_code == 404


class TestStatement:
    def test_explains_each_line(self, api: Api, member: tuple[int, UUID]) -> None:
        answer = api.get(f"/members/{member[1]}/points/statement?limit=1")

        assert answer.status_code == 200
        [line] = answer.json()["items"]
        assert (line["kind"], line["amount"], line["balance_after"]) == ("earn", 27, 627)
        assert line["explanation"]["text"] == (
            "27 points = floor(24.90 × 1.1), Points for purchases v1"
        )
        assert line["explanation"]["rule"]["version"] == 1

    def test_turns_pages(self, api: Api, member: tuple[int, UUID]) -> None:
        first = api.get(f"/members/{member[1]}/points/statement?limit=1").json()
        cursor = first["next_cursor"]

        second = api.get(f"/members/{member[1]}/points/statement?cursor={cursor}").json()

        assert [line["amount"] for line in second["items"]] == [600]
        assert second["next_cursor"] is None

    @pytest.mark.parametrize(
        "cursor", ["made-up", paging.encode(1), paging.encode("a", 1), paging.encode(2**63 + 5, 1)]
    )
    def test_refuses_a_made_up_cursor(
        self, api: Api, member: tuple[int, UUID], cursor: str
    ) -> None:
        answer = api.get(f"/members/{member[1]}/points/statement?cursor={cursor}")

        assert answer.status_code == 422

    def test_lists_growth(self, api: Api, member: tuple[int, UUID]) -> None:
        answer = api.get(f"/members/{member[1]}/points/statement?currency=growth")

        assert [line["amount"] for line in answer.json()["items"]] == [24, 600]


class TestProgramme:
    def test_tells_the_rule_and_the_ladder_in_force(self, api: Api) -> None:
        body = api.get("/programme").json()

        assert (body["currency"], body["pending_days"], body["refund_policy"]) == ("CNY", 7, "owe")
        assert body["rule"]["multipliers_bp"]["diamond"] == 15_000
        assert [tier["growth_min"] for tier in body["ladder"]["tiers"]] == [
            tier.growth_min for tier in loyalty.get_programme().ladders[0].tiers
        ]


@pytest.mark.capability("G1")
class TestRights:
    @pytest.mark.parametrize(
        "path",
        ["/members/{id}/tier", "/members/{id}/tier/history", "/members/{id}/points/statement"],
    )
    def test_needs_the_permission_and_the_scope(self, path: str, member: tuple[int, UUID]) -> None:
        address = path.format(id=member[1])

        assert Client().get(f"/api/v1{address}").status_code == 401
        assert Api("orders.read").get(address).status_code == 403
        elsewhere = Api("tiers.read", "points.read", store="S99")
        assert elsewhere.get(address).status_code == 404
