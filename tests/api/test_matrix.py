"""Who may do what to whose things over the API: every operation, tried by the wrong callers.

An operation without an entry fails. Each is tried by a key without its permission, by a key of
another store, by a revoked key, and by the right key, so that the refusals mean something.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import uuid4

import orjson
import pytest
from django.test import Client

from regulars.access import services as access
from regulars.access.domain import Actor
from regulars.urls import api
from regulars.web import clock, sql
from regulars.web.permissions import PERMISSIONS
from tests.console.shop import Shop, open_shop

SYSTEM = Actor.system()
ORDER = {
    "external_id": "X-1", "state": "paid", "paid_at": "2026-01-05T10:00:00Z", "store": "S01",
    "amounts": {"goods": "10.00"}, "lines": [{"sku": "T-001", "quantity": 1, "amount": "10.00"}],
}  # fmt: skip
REFUND = {"order": "SO-0001", "amount": "1.00", "refunded_at": "2026-01-05T10:00:00Z"}
FACT = {
    "type": "custom.visit", "message_id": "m-1", "occurred_at": "2026-01-05T10:00:00Z", "facts": {},
}  # fmt: skip


@dataclass(frozen=True)
class Entry:
    """What an operation is tried on, and a body that is right.

    A `thing` belongs to store S01 and must not be found from S02; a list `hides` it; an exact
    look-up `reaches` further than the scope, on purpose and on the record.
    """

    thing: str = ""
    body: Any = None
    hides: bool = False
    reaches: bool = False


def of(thing: str, **body: Any) -> Entry:
    return Entry(thing, body or None)


LIST = Entry(hides=True)
MATRIX: dict[str, Entry] = {
    "GET /stores": LIST,
    "GET /stores/{store}": of("store"),
    "GET /regions": Entry(),
    "GET /approvals/{approval_id}": of("approval"),
    "POST /members/{member_id}/merge": of("member", loser="{other}"),
    "POST /members/{member_id}/unmerge": of("member", loser="{merged}"),
    "POST /merge-suggestions:dismiss": of("pair", member="{member}", other="{other}"),
    "POST /members/{member_id}/reveal": of("member", reason_code="service"),
    "POST /members/{member_id}/export": of("member", reason_code="request"),
    "POST /members/{member_id}/erase": of("member", reason_code="request"),
    "GET /members": LIST,
    "POST /members": Entry(body={"phone": "13700000001"}),
    "POST /members:search": Entry(body={"name": "林小满"}, hides=True),
    "POST /members:lookup": Entry(body={"phone": "13800138000"}, reaches=True),
    "GET /members/{member_id}": of("member"),
    "PATCH /members/{member_id}": of("member", city="上海"),
    "GET /members/{member_id}/timeline": of("member"),
    "GET /merge-suggestions": LIST,
    "POST /members/{member_id}/identities": of("member", kind="card", value="C777"),
    "POST /members/{member_id}/identities:remove": of("member", kind="card", value="C20230001"),
    "POST /members/{member_id}/tags": of("member", add=[{"tag": "x"}]),
    "POST /members/{member_id}/consents": of(
        "member", consents=[{"purpose": "m", "policy_version": "1", "granted": True}]
    ),
    "POST /members/{member_id}/freeze": of("member", reason_code="x"),
    "POST /members/{member_id}/unfreeze": of("frozen", reason_code="x"),
    "GET /orders": LIST,
    "GET /orders/{order_id}": of("order"),
    "GET /products": Entry(),
    "GET /products/{sku}": Entry(),  # the catalogue is everybody's who may read orders
    "POST /stores:batch": Entry(body={"rows": [{"code": "S02", "name": "徐汇天平店"}]}),
    "POST /products:batch": Entry(body={"rows": [{"sku": "T-001", "name": "白桃乌龙"}]}),
    "POST /members:batch": Entry(body={"rows": [{"phone": "13700000002"}]}),
    "POST /orders:batch": Entry(body={"rows": [ORDER]}),
    "POST /refunds:batch": Entry(body={"rows": [REFUND]}),
    "POST /events:batch": Entry(body={"rows": [FACT]}),
    "POST /members/{member_id}/points/hold": of("member", amount=1, expires_at="{soon}"),
    "POST /holds/{hold_id}/commit": of("hold", amount=1),
    "POST /holds/{hold_id}/void": of("hold"),
    "POST /members/{member_id}/points/earn": of("member", amount=1),
    "POST /members/{member_id}/points/spend": of("member", amount=1),
    "POST /members/{member_id}/points/give": of("member", amount=1, recipient="{other}"),
    "POST /members/{member_id}/points/adjust": of("member", amount=1, reason_code=7),
    "POST /transfers/{transfer_id}/reverse": of("transfer", amount=1),
    "GET /members/{member_id}/points": of("member"),
    "GET /members/{member_id}/tier": of("member"),
    "GET /members/{member_id}/tier/history": of("member"),
    "GET /members/{member_id}/points/statement": of("member"),
    "GET /programme": Entry(),
}


def operations() -> dict[str, dict[str, Any]]:
    """List every operation of the OpenAPI document, without the base path."""
    paths = api.get_openapi_schema()["paths"]
    return {
        f"{method.upper()} {path.removeprefix('/api/v1')}": operation
        for path, found in paths.items()
        for method, operation in found.items()
    }


OPERATIONS = operations()


@pytest.fixture
def shop(db: None) -> Shop:
    return open_shop(clock.now())


@pytest.fixture
def things(shop: Shop) -> dict[str, str]:
    """Answer one thing of each kind that belongs to store S01, made as callers make them."""
    whole = key(*PERMISSIONS)
    order = sql.row("SELECT public_id FROM commerce_order WHERE external_id = 'SO-0001'")
    assert order is not None
    soon = (shop.at + timedelta(hours=1)).isoformat()
    made = {"member": str(shop.lin_public), "other": str(shop.wang_public), "soon": soon}
    points = f"/members/{made['member']}/points"
    earned = call(whole, "POST", f"{points}/earn", {"amount": 50})
    held = call(whole, "POST", f"{points}/hold", {"amount": 5, "expires_at": soon})
    product = {"rows": [{"sku": "T-001", "name": "白桃乌龙"}]}
    call(whole, "POST", "/products:batch", product)
    return made | {
        "id": str(shop.lin),
        "store": "S01",
        "order": str(order[0]),
        "product": "T-001",
        "transfer": earned["transfer_id"],
        "hold": held["id"],
    }


def key(*permissions: str, store: str | None = None) -> str:
    made = access.create_key(
        permissions=list(permissions), actor=SYSTEM, at=clock.now(), store=store
    )
    return made.text


def revoked_key() -> str:
    made = access.create_key(permissions=["all"], actor=SYSTEM, at=clock.now())
    access.revoke_key(name=made.key.name, actor=SYSTEM, at=clock.now())
    return made.text


def request(caller: str, method: str, path: str, body: Any = None) -> Any:
    return Client().generic(
        method,
        f"/api/v1{path}",
        data=b"" if body is None else orjson.dumps(body),
        content_type="application/json",
        headers={"Authorization": f"Bearer {caller}", "Idempotency-Key": uuid4().hex},
    )


def call(caller: str, method: str, path: str, body: Any = None) -> Any:
    answer = request(caller, method, path, body)
    assert answer.status_code in {200, 201}, answer.content
    return answer.json()


def prepare(name: str, things: dict[str, str]) -> dict[str, str]:
    """Make what an operation needs before it can succeed."""
    whole, entry = key(*PERMISSIONS), MATRIX[name]
    if name.endswith("/unmerge"):
        loser = call(whole, "POST", "/members", {"phone": "13700000055"})["id"]
        call(whole, "POST", f"/members/{things['member']}/merge", {"loser": loser})
        return things | {"merged": loser}
    if entry.thing == "frozen":
        path = f"/members/{things['member']}/freeze"
        assert request(whole, "POST", path, {"reason_code": "x"}).status_code < 300
    if entry.thing == "pair":
        suggest(things)
    if entry.thing == "approval":
        maker = access.find_actor_of_key(text=whole, address="127.0.0.1")
        assert maker is not None
        proposed = access.approvals.propose(
            kind="points.adjust", payload={"member_id": int(things["id"])}, object_kind="member",
            object_id=things["member"], maker=maker, at=clock.now(), size=1,
        )  # fmt: skip
        return things | {"approval": str(proposed.public_id)}
    return things


def suggest(things: dict[str, str]) -> None:
    found = sql.rows(
        "SELECT id FROM members_member WHERE public_id = ANY(%s::uuid[]) ORDER BY id",
        [[things["member"], things["other"]]],
    )
    sql.run(
        "INSERT INTO members_mergesuggestion (low_id, high_id, reason, state, suggested_at)"
        " VALUES (%s::bigint, %s::bigint, 'phone', 'open', now())",
        [one for (one,) in found],
    )


def send(caller: str, name: str, things: dict[str, str]) -> Any:
    """Send an operation about the things of store S01."""
    method, path = name.split(" ", 1)
    parts = {
        "{member_id}": "member", "{order_id}": "order", "{store}": "store", "{sku}": "product",
        "{hold_id}": "hold", "{transfer_id}": "transfer", "{approval_id}": "approval",
    }  # fmt: skip
    for part, thing in parts.items():
        if part in path:
            path = path.replace(part, things[thing])
    return request(caller, method, path, filled(MATRIX[name].body, things))


def filled(body: Any, things: dict[str, str]) -> Any:
    match body:
        case dict():
            return {name: filled(value, things) for name, value in body.items()}
        case str() if body.startswith("{"):
            return things[body.strip("{}")]
        case _:
            return body


@pytest.mark.reliability("RH1")
class TestEveryOperation:
    def test_has_its_entry(self) -> None:
        assert set(OPERATIONS) == set(MATRIX)

    @pytest.mark.parametrize("name", MATRIX)
    def test_is_refused_to_the_wrong_callers_only(self, things: dict[str, str], name: str) -> None:
        things, needed = prepare(name, things), OPERATIONS[name]["x-permission"]

        without = send(key(*(set(PERMISSIONS) - {needed})), name, things)
        revoked = send(revoked_key(), name, things)
        elsewhere = send(key(*PERMISSIONS, store="S02"), name, things)
        rightful = send(key(*PERMISSIONS), name, things)

        assert (without.status_code, without.json()["facts"]) == (403, {"permission": needed})
        assert revoked.status_code in {401, 403}
        if MATRIX[name].thing:
            assert elsewhere.status_code == 404, elsewhere.content
            assert things["member"] not in elsewhere.content.decode()
        assert rightful.status_code in {200, 201, 202, 204}, rightful.content

    @pytest.mark.parametrize("name", [name for name, entry in MATRIX.items() if entry.hides])
    def test_lists_only_one_s_own(self, things: dict[str, str], name: str) -> None:
        suggest(things)
        own = {"GET /stores": "S01", "GET /orders": things["order"]}.get(name, things["member"])

        shown = send(key(*PERMISSIONS), name, things)
        hidden = send(key(*PERMISSIONS, store="S02"), name, things)

        assert f'"{own}"' in shown.content.decode()
        assert hidden.status_code == 200
        assert f'"{own}"' not in hidden.content.decode()

    def test_an_exact_look_up_reaches_further_on_the_record(self, things: dict[str, str]) -> None:
        (name,) = [name for name, entry in MATRIX.items() if entry.reaches]

        answer = send(key("members.lookup", store="S02"), name, things)

        assert answer.json()["id"] == things["member"]
        said = sql.row(
            "SELECT count(*) FROM access_audit_entry WHERE action = 'members.lookup'"
            " AND object_id = %s::text",
            [things["member"]],
        )
        assert said == (1,)
