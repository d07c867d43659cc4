"""Stores and regions over HTTP: who may see which, a page at a time."""

from datetime import datetime

import pytest
from django.test import Client

from regulars.access import selectors, services
from regulars.access.domain import Actor, StoreRow
from regulars.web import clock

pytestmark = [pytest.mark.capability("H4"), pytest.mark.capability("A6")]


@pytest.fixture
def at(db: None) -> datetime:
    services.forget_keys()
    at = clock.now()
    rows = [
        StoreRow(n, f"S{n}", f"Store {n}", region="north" if n % 2 else "south") for n in range(5)
    ]
    services.record_stores(rows, at=at)
    return at


def a_client(at: datetime, *permissions: str, store: str | None = None) -> Client:
    made = services.create_key(permissions=permissions, store=store, actor=Actor.system(), at=at)
    return Client(headers={"Authorization": f"Bearer {made.text}"})


class TestListStores:
    def test_turns_pages_by_cursor(self, at: datetime) -> None:
        client = a_client(at, "stores.read")

        codes, cursor = [], None
        for _ in range(3):
            query = {"limit": 2} | ({"cursor": cursor} if cursor else {})
            page = client.get("/api/v1/stores", query).json()
            codes += [each["code"] for each in page["items"]]
            cursor = page["next_cursor"]

        assert codes == ["S0", "S1", "S2", "S3", "S4"]
        assert cursor is None

    def test_shows_what_a_store_is(self, at: datetime) -> None:
        page = a_client(at, "stores.read").get("/api/v1/stores", {"region": "north"}).json()

        first = page["items"][0]
        assert first == {
            "id": str(selectors.stores_by_code(["S1"])["S1"].public_id),
            "code": "S1",
            "name": "Store 1",
            "kind": "shop",
            "zone": "Asia/Shanghai",
            "region": "north",
            "brand": "default",
        }
        assert [each["code"] for each in page["items"]] == ["S1", "S3"]

    @pytest.mark.reliability("RH1")
    def test_of_a_key_for_one_store_shows_that_one(self, at: datetime) -> None:
        client = a_client(at, "stores.read", store="S3")

        stores = client.get("/api/v1/stores").json()["items"]
        regions = client.get("/api/v1/regions").json()["items"]

        assert [each["code"] for each in stores] == ["S3"]
        assert [each["code"] for each in regions] == ["north"]
        assert client.get("/api/v1/stores/S3").status_code == 200
        assert client.get("/api/v1/stores/S1").status_code == 404

    @pytest.mark.parametrize(
        "query",
        [{"cursor": "nonsense"}, {"limit": "0"}, {"limit": "201"}],
    )
    def test_refuses_a_malformed_question(self, at: datetime, query: dict[str, str]) -> None:
        answer = a_client(at, "stores.read").get("/api/v1/stores", query)

        assert answer.status_code == 422
        assert answer["Content-Type"] == "application/problem+json"

    @pytest.mark.reliability("RH13")
    @pytest.mark.parametrize("code", ["'; DROP TABLE access_store; --", "%", "S_", "\\"])
    def test_takes_text_for_text(self, at: datetime, code: str) -> None:
        client = a_client(at, "stores.read")

        assert client.get("/api/v1/stores", {"region": code}).status_code == 404
        assert len(client.get("/api/v1/stores").json()["items"]) == 5


class TestGetStore:
    def test_finds_it_by_code_and_by_id(self, at: datetime) -> None:
        client = a_client(at, "stores.read")

        by_code = client.get("/api/v1/stores/S2").json()

        assert client.get(f"/api/v1/stores/{by_code['id']}").json() == by_code

    def test_answers_a_problem_where_there_is_none(self, at: datetime) -> None:
        answer = a_client(at, "stores.read").get("/api/v1/stores/nowhere")

        assert answer.status_code == 404
        assert answer.json()["code"] == "access.store_not_found"


class TestListRegions:
    def test_turns_pages_by_cursor(self, at: datetime) -> None:
        client = a_client(at, "stores.read")

        first = client.get("/api/v1/regions", {"limit": 2}).json()
        rest = client.get("/api/v1/regions", {"limit": 2, "cursor": first["next_cursor"]}).json()

        codes = [each["code"] for each in first["items"] + rest["items"]]
        assert codes == ["default", "north", "south"]
        assert rest["next_cursor"] is None


@pytest.mark.capability("G1")
@pytest.mark.parametrize("path", ["/api/v1/stores", "/api/v1/stores/S1", "/api/v1/regions"])
class TestWalls:
    def test_nobody_is_asked_to_show_a_key(self, at: datetime, path: str) -> None:
        answer = Client().get(path)

        assert answer.status_code == 401
        assert answer["WWW-Authenticate"] == "Bearer"

    def test_a_key_without_the_permission_is_refused(self, at: datetime, path: str) -> None:
        answer = a_client(at, "orders.read").get(path)

        assert answer.status_code == 403
        assert answer.json()["code"] == "web.permission_missing"

    @pytest.mark.reliability("RH15")
    def test_a_revoked_key_is_refused(self, at: datetime, path: str) -> None:
        made = services.create_key(permissions=["all"], actor=Actor.system(), at=at)
        client = Client(headers={"Authorization": f"Bearer {made.text}"})
        assert client.get(path).status_code == 200

        services.revoke_key(name=made.key.name, actor=Actor.system(), at=at)
        services.forget_keys()

        assert client.get(path).status_code == 401

    @pytest.mark.reliability("RH10")
    def test_a_browsers_session_opens_no_api(self, at: datetime, path: str) -> None:
        staff = services.create_staff(email="o@x.cn", role="owner", actor=Actor.system(), at=at)
        browser = Client()
        browser.get(services.issue_sign_in_link(staff_id=staff.id, at=at))

        assert browser.get("/console/").status_code == 200
        assert browser.get(path).status_code == 401
