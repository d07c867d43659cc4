"""The batch API over HTTP: per-row answers, replies that repeat, bounds, and closed doors."""

import json
from typing import Any

import orjson
import pytest
from django.test import Client

from regulars.access import services as access
from regulars.access.domain import Actor
from regulars.ingest import services
from regulars.ingest.domain import BODY_BYTES_MAX
from regulars.web import clock, sql
from tests.ingest.rows import PHONE

pytestmark = pytest.mark.django_db
ORDER: dict[str, Any] = {
    "external_id": "T-1",
    "state": "paid",
    "paid_at": "2026-03-01T11:00:00Z",
    "amounts": {"goods": "57.00"},
    "lines": [{"sku": "tea", "quantity": 2, "amount": "57.00"}],
    "member": {"phone": PHONE},
}
KINDS = ("stores", "products", "members", "orders", "refunds", "events")
ROWS: dict[str, dict[str, Any]] = {
    "stores": {"code": "S1", "name": "One"},
    "products": {"sku": "tea", "name": "Tea", "price": "18.00"},
    "members": {"phone": PHONE, "name": "林小满"},
    "orders": ORDER,
    "refunds": {"order": "T-1", "amount": "1.00", "external_id": "R-1"},
    "events": {"type": "store.visited", "message_id": "m-1"},
}


@pytest.fixture
def token() -> str:
    return a_token(["all"])


def a_token(permissions: list[str], store: str | None = None) -> str:
    made = access.create_key(
        permissions=permissions, actor=Actor.system("test"), at=clock.now(), store=store
    )
    return made.text


def send(
    token: str, kind: str, *rows: Any, key: str = "k-1", body: bytes | None = None, **more: Any
) -> Any:
    return Client().post(
        f"/api/v1/{kind}:batch",
        data=orjson.dumps({"rows": rows, **more}) if body is None else body,
        content_type="application/json",
        headers={"authorization": f"Bearer {token}", "idempotency-key": key},
    )


@pytest.mark.capability("A1")
class TestBatch:
    def test_answers_per_row(self, token: str) -> None:
        rows = [ORDER, {"external_id": 7}, ORDER | {"external_id": "T-2", "state": "lost"}]

        answer = send(token, "orders", *rows)

        assert answer.status_code == 200
        first, second, third = answer.json()["results"]
        assert (first["outcome"], first["code"], first["facts"]) == (
            "applied",
            None,
            {"late": True},
        )
        assert (second["code"], second["facts"]["field"]) == ("ingest.row_malformed", "external_id")
        assert third["facts"] == {"field": "state", "problem": "not one of the allowed words"}
        assert answer.json()["counts"]["refused"] == 2

    def test_refuses_a_row_that_holds_a_null_character(self, token: str) -> None:
        rows = [
            ORDER,
            ORDER | {"external_id": "T-\x002"},
            ORDER | {"external_id": "T-3", "member": {"openid": {"app": "a\x00", "id": "b"}}},
            ORDER | {"external_id": "T-\\u0000"},
        ]

        answer = send(token, "orders", *rows)

        first, second, third, fourth = answer.json()["results"]
        assert (first["outcome"], fourth["outcome"]) == ("applied", "applied")
        null = "holds a null character"
        assert (second["outcome"], second["code"]) == ("refused", "ingest.row_malformed")
        assert second["facts"] == {"field": "external_id", "problem": null}
        assert third["facts"] == {"field": "member.openid.app", "problem": null}
        assert sql.row("SELECT count(*) FROM events_deadletter") == (0,)

    @pytest.mark.parametrize("kind", KINDS)
    def test_takes_every_kind_of_row(self, token: str, kind: str) -> None:
        answer = send(token, kind, ROWS[kind])

        expected = "parked" if kind == "refunds" else "applied"
        assert answer.json()["results"][0]["outcome"] == expected

    @pytest.mark.reliability("RA11")
    def test_repeats_its_reply_under_the_same_key(self, token: str) -> None:
        first, second = send(token, "orders", ORDER), send(token, "orders", ORDER)

        assert second.json() == first.json()
        assert second["Idempotent-Replayed"] == "true"

    @pytest.mark.reliability("RA12")
    def test_refuses_another_body_under_the_same_key(self, token: str) -> None:
        send(token, "orders", ORDER)

        answer = send(token, "orders", ORDER | {"external_id": "T-2"})

        assert (answer.status_code, answer.json()["code"]) == (409, "web.key_reused")

    def test_refuses_a_write_without_a_key(self, token: str) -> None:
        assert send(token, "orders", ORDER, key="").status_code == 422

    def test_takes_a_named_source_and_refuses_an_unknown_one(self, token: str) -> None:
        services.find_or_create_source(name="pos", at=clock.now())

        assert send(token, "orders", ORDER, source="pos").status_code == 200
        answer = send(token, "orders", ORDER, source="nobody", key="k-2")
        assert (answer.status_code, answer.json()["code"]) == (422, "ingest.source_unknown")

    def test_takes_an_empty_batch(self, token: str) -> None:
        assert send(token, "orders").json()["results"] == []

    @pytest.mark.reliability("RG12")
    def test_keeps_nothing_personal_in_the_reply_it_stores(self, token: str) -> None:
        send(token, "members", ROWS["members"] | {"birthday": PHONE, PHONE: "x"})
        send(token, "orders", ORDER | {"state": PHONE, "paid_at": PHONE}, key="k-2")

        stored = "".join(row[0] for row in sql.rows("SELECT result::text FROM web_idempotency"))
        assert PHONE not in stored.replace(f"unknown field `{PHONE}`", PHONE)


@pytest.mark.reliability("RC10")
class TestBounds:
    def test_refuses_a_body_over_five_megabytes(self, token: str) -> None:
        answer = send(token, "orders", body=b" " * (BODY_BYTES_MAX + 1))

        assert (answer.status_code, answer.json()["code"]) == (413, "ingest.body_too_large")

    @pytest.mark.parametrize(
        ("body", "status"),
        [
            (b"", 400),
            (b"not json", 400),
            (b'{"rows": [' + b'{"a":' * 100 + b"1" + b"}" * 100 + b"]}", 400),
            (b'{"rows": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", 400),
            (b'{"rows": [{' + b",".join(b'"k%d":1' % n for n in range(300_000)) + b"}]}", 400),
            (b'{"rows": [' + b",".join([b"1"] * 1_200_000) + b"]}", 400),
            (b'{"rows": 1}', 422),
            (b'{"lines": []}', 422),
            (b'{"rows": [], "extra": 1}', 422),
            (b'[{"external_id": "x"}]', 422),
            (b'{"rows": [' + b",".join([b"{}"] * 1_001) + b"]}", 422),
            (b'{"rows": [{"external_id": "\xff"}]}', 400),
        ],
        ids=["empty", "words", "deep", "deeper", "keys", "numbers", "no-list", "no-rows", "extra",
             "list", "many", "bytes"],
    )  # fmt: skip
    def test_refuses_bodies_of_no_sane_shape(self, token: str, body: bytes, status: int) -> None:
        assert send(token, "orders", body=body).status_code == status

    def test_refuses_packed_bodies(self, token: str) -> None:
        answer = Client().post(
            "/api/v1/orders:batch",
            data=b"\x1f\x8b",
            content_type="application/json",
            headers={
                "authorization": f"Bearer {token}",
                "idempotency-key": "k",
                "content-encoding": "gzip",
            },
        )

        assert answer.status_code == 400

    def test_refuses_a_body_of_unknown_length(self, token: str) -> None:
        answer = Client().post(
            "/api/v1/orders:batch",
            data=b"",
            content_type="application/json",
            CONTENT_LENGTH="",
            headers={
                "authorization": f"Bearer {token}",
                "idempotency-key": "k",
                "transfer-encoding": "chunked",
            },
        )

        assert answer.json()["facts"] == {"problem": "it has no Content-Length"}

    def test_bounds_nesting_inside_event_facts(self, token: str) -> None:
        nested: Any = "x"
        for _ in range(40):
            nested = [nested]
        row = ROWS["events"] | {"facts": {"channel": nested}}

        assert send(token, "events", row).json()["results"][0]["outcome"] == "refused"


class TestDoors:
    @pytest.mark.parametrize("kind", KINDS)
    def test_are_closed_to_strangers_and_to_keys_without_the_permission(self, kind: str) -> None:
        weak = a_token(["points.read"])

        assert send("rg_live_nobody", kind, ROWS[kind]).status_code == 401
        assert send(weak, kind, ROWS[kind]).status_code == 403

    @pytest.mark.reliability("RH1")
    def test_keep_a_store_key_to_its_store(self, token: str) -> None:
        send(token, "stores", {"code": "A", "name": "A"}, {"code": "B", "name": "B"})
        send(token, "orders", ORDER | {"external_id": "B-1", "store": "B"}, key="k-2")
        narrow = a_token(["orders.write", "orders.read", "members.write"], store="A")

        answer = send(
            narrow,
            "orders",
            ORDER | {"external_id": "A-1", "store": "A"},
            ORDER | {"external_id": "B-2", "store": "B"},
            ORDER | {"external_id": "B-1", "store": "A"},
            ORDER | {"external_id": "N-1"},
        )
        listed = Client().get("/api/v1/orders", headers={"authorization": f"Bearer {narrow}"})

        outcomes = [each["outcome"] for each in answer.json()["results"]]
        assert outcomes == ["applied", "refused", "refused", "refused"]
        assert [item["external_id"] for item in listed.json()["items"]] == ["A-1"]

    @pytest.mark.reliability("RH5")
    @pytest.mark.parametrize("kind", KINDS)
    @pytest.mark.parametrize("field", ["id", "public_id", "net_minor", "award", "batch_id"])
    def test_refuse_every_field_that_is_not_theirs(self, token: str, kind: str, field: str) -> None:
        (result,) = send(token, kind, ROWS[kind] | {field: 1}).json()["results"]

        assert (result["outcome"], result["facts"]["problem"]) == ("refused", "unknown field")

    @pytest.mark.reliability("RH13")
    @pytest.mark.parametrize("evil", ["' OR 1=1 --", "x'); DROP TABLE commerce_order; --", "%s"])
    def test_take_evil_text_as_text(self, token: str, evil: str) -> None:
        row = ORDER | {"external_id": evil, "store": evil, "channel": evil}
        send(token, "orders", row)
        headers = {"authorization": f"Bearer {token}"}

        by_store = Client().get("/api/v1/orders", {"store": evil}, headers=headers)
        by_cursor = Client().get("/api/v1/orders", {"cursor": evil}, headers=headers)
        by_category = Client().get("/api/v1/products", {"category": evil}, headers=headers)
        everything = Client().get("/api/v1/orders", headers=headers)

        assert (by_store.status_code, by_cursor.status_code) == (404, 422)
        assert by_category.json()["items"] == []
        assert [item["external_id"] for item in everything.json()["items"]] == [evil]


class TestReads:
    @pytest.fixture
    def order_id(self, token: str) -> str:
        (result,) = send(token, "orders", ORDER).json()["results"]
        return str(result["id"])

    def get(self, token: str, path: str, **query: str) -> Any:
        return Client().get(f"/api/v1/{path}", query, headers={"authorization": f"Bearer {token}"})

    def test_show_an_order_with_its_parts(self, token: str, order_id: str) -> None:
        order = self.get(token, f"orders/{order_id}").json()

        assert (order["state"], order["net"], order["goods_paid"]) == ("paid", "57.00", "57.00")
        assert order["lines"] == [
            {"sku": "tea", "name": "", "quantity": "2.000", "amount": "57.00", "kind": "goods"}
        ]

    def test_list_the_orders_of_a_member(self, token: str, order_id: str) -> None:
        member = self.get(token, f"orders/{order_id}").json()["member"]

        found = self.get(token, "orders", member=member, state="paid").json()

        assert [item["id"] for item in found["items"]] == [order_id]
        assert self.get(token, "orders", member=order_id).status_code == 404

    def test_refuse_unknown_questions(self, token: str) -> None:
        assert self.get(token, "orders", state="lost").status_code == 422
        assert self.get(token, "orders/1").status_code == 422
        assert self.get(token, "products/none").status_code == 404


class TestDescription:
    def test_every_batch_has_a_schema_and_an_example_that_works(self, token: str) -> None:
        described = json.loads(Client().get("/api/v1/openapi.json").content)

        for kind in KINDS:
            operation = described["paths"][f"/api/v1/{kind}:batch"]["post"]
            content = operation["requestBody"]["content"]["application/json"]
            assert content["schema"]["properties"]["rows"]["items"]["additionalProperties"] is False
            body = orjson.dumps(content["example"])
            answer = send(token, kind, body=body, key=f"example-{kind}")
            assert answer.json()["counts"]["refused"] == 0
