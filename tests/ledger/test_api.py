"""Points through HTTP, as a till would ask for them."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import orjson
import pytest
from django.test import Client

from regulars.access import services as access
from regulars.access.domain import Actor, StoreRow
from regulars.events import selectors as log
from regulars.ledger import selectors
from regulars.ledger import services as ledger
from regulars.members import selectors as members
from regulars.web import clock, sql
from tests.ledger.making import a_spend

pytestmark = [pytest.mark.django_db, pytest.mark.capability("A7")]


class Till:
    """A caller with an API key, and one member it has enrolled."""

    def __init__(self, *permissions: str, store: str | None = None) -> None:
        at, system = clock.now(), Actor.system()
        if store:
            access.record_stores([StoreRow(row=0, code=store, name=store)], at=at)
        made = access.create_key(
            permissions=list(permissions) or ["all"], actor=system, at=at, store=store
        )
        self.headers = {"Authorization": f"Bearer {made.text}"}
        self.client = Client()

    def send(self, method: str, path: str, body: Any = None, *, key: str | None = None) -> Any:
        return self.client.generic(
            method,
            f"/api/v1{path}",
            data=body if isinstance(body, bytes) else orjson.dumps(body or {}),
            content_type="application/json",
            headers=self.headers | {"Idempotency-Key": key or uuid4().hex},
        )

    def post(self, path: str, body: Any = None, *, key: str | None = None) -> Any:
        return self.send("POST", path, body, key=key)

    def get(self, path: str) -> Any:
        return self.send("GET", path)

    def enrol(self, phone: str = "13800000001") -> str:
        return str(self.post("/members", {"phone": phone}).json()["id"])


@pytest.fixture
def till() -> Till:
    return Till()


@pytest.fixture
def member(till: Till) -> str:
    return till.enrol()


def earn(till: Till, member: str, amount: int = 100, **more: Any) -> Any:
    return till.post(f"/members/{member}/points/earn", {"amount": amount, **more})


class TestPoints:
    def test_are_earned_spent_and_seen(self, till, member):
        earned = earn(till, member, expires_at="2091-01-01T00:00:00+08:00")
        spent = till.post(f"/members/{member}/points/spend", {"amount": 60})
        seen = till.get(f"/members/{member}/points").json()

        assert (earned.status_code, earned.json()["available"]) == (201, 100)
        assert (spent.status_code, spent.json()["available"]) == (201, 40)
        assert seen["available"] == 40
        [lot] = seen["lots"]
        assert (lot["remaining"], lot["transfer_id"]) == (40, earned.json()["transfer_id"])

    def test_are_refused_with_facts(self, till, member):
        answer = till.post(f"/members/{member}/points/spend", {"amount": 60})

        assert answer.status_code == 409
        assert answer["Content-Type"] == "application/problem+json"
        assert answer.json()["code"] == "ledger.insufficient_points"
        assert answer.json()["facts"] == {"asked": 60, "available": 0}

    def test_are_given_to_another(self, till, member):
        other = till.enrol("13800000002")
        earn(till, member)

        answer = till.post(f"/members/{member}/points/give", {"amount": 30, "recipient": other})

        assert answer.json()["available"] == 70
        assert till.get(f"/members/{other}/points").json()["available"] == 30

    def test_are_corrected_with_a_reason(self, till, member):
        earn(till, member)

        down = till.post(f"/members/{member}/points/adjust", {"amount": -30, "reason_code": 7})
        bare = till.post(f"/members/{member}/points/adjust", {"amount": -30})

        assert down.json()["available"] == 70
        assert bare.status_code == 422

    def test_follow_a_merged_member(self, till, member):
        earn(till, member)
        other = till.enrol("13800000002")
        merged = till.post(f"/members/{other}/merge", {"loser": member})

        assert merged.status_code == 200, merged.content
        assert till.get(f"/members/{member}/points").json()["available"] == 100
        assert till.get(f"/members/{other}/points").json()["available"] == 100


class TestRetries:
    @pytest.mark.reliability("RA11")
    def test_answer_the_same_and_count_once(self, till, member):
        earn(till, member)

        answers = [
            till.post(f"/members/{member}/points/spend", {"amount": 60}, key="k1") for _ in range(3)
        ]

        assert {answer.content for answer in answers} == {answers[0].content}
        assert till.get(f"/members/{member}/points").json()["available"] == 40

    @pytest.mark.reliability("RA12")
    def test_with_another_body_are_refused(self, till, member):
        earn(till, member)
        till.post(f"/members/{member}/points/spend", {"amount": 60}, key="k1")

        answer = till.post(f"/members/{member}/points/spend", {"amount": 5}, key="k1")

        assert answer.status_code == 409
        assert till.get(f"/members/{member}/points").json()["available"] == 40

    @pytest.mark.reliability("RA13")
    def test_are_known_after_the_reply_was_tidied_away(self, till, member):
        earn(till, member)
        first = till.post(f"/members/{member}/points/spend", {"amount": 60}, key="k1")
        sql.run("DELETE FROM web_idempotency")

        again = till.post(f"/members/{member}/points/spend", {"amount": 60}, key="k1")

        assert again.json() == first.json()

    def test_of_a_refusal_are_refused_alike(self, till, member):
        path, body = f"/members/{member}/points/spend", {"amount": 60}
        first = till.post(path, body, key="k1")
        earn(till, member)

        again = till.post(path, body, key="k1")

        assert (again.status_code, again.json()) == (409, first.json())

    def test_need_a_key(self, till, member):
        answer = till.client.post(
            f"/api/v1/members/{member}/points/spend", b'{"amount": 1}',
            content_type="application/json", headers=till.headers,
        )  # fmt: skip

        assert answer.status_code == 422


class TestHolds:
    def hold(self, till, member, amount=60):
        ends = (clock.now() + timedelta(minutes=15)).isoformat()
        return till.post(f"/members/{member}/points/hold", {"amount": amount, "expires_at": ends})

    def test_are_made_and_committed_in_part(self, till, member):
        earn(till, member)
        held = self.hold(till, member)

        answer = till.post(f"/holds/{held.json()['id']}/commit", {"amount": 25})

        assert (held.status_code, held.json()["state"]) == (201, "open")
        assert (answer.status_code, answer.json()["amount"]) == (201, 25)
        assert answer.json()["available"] == 75

    def test_are_let_go(self, till, member):
        earn(till, member)
        held = self.hold(till, member)

        answers = [till.post(f"/holds/{held.json()['id']}/void") for _ in range(2)]

        assert [a.json()["state"] for a in answers] == ["voided", "voided"]
        assert till.get(f"/members/{member}/points").json()["available"] == 100

    def test_that_are_unknown_are_not_found(self, till, member):
        assert till.post(f"/holds/{uuid4()}/commit", {}).status_code == 404
        assert till.post(f"/holds/{uuid4()}/void").status_code == 404


class TestReversals:
    def test_take_back_a_grant_and_owe_the_rest(self, till, member):
        earned = earn(till, member).json()["transfer_id"]
        till.post(f"/members/{member}/points/spend", {"amount": 60})

        answer = till.post(f"/transfers/{earned}/reverse", {})

        assert answer.status_code == 201
        assert (answer.json()["amount"], answer.json()["owed"]) == (40, 60)

    def test_refuse_more_than_is_left(self, till, member):
        earned = earn(till, member).json()["transfer_id"]
        till.post(f"/transfers/{earned}/reverse", {})

        answer = till.post(f"/transfers/{earned}/reverse", {})

        assert answer.json()["code"] == "ledger.reversal_too_large"

    def test_of_the_unknown_are_not_found(self, till):
        assert till.post(f"/transfers/{uuid4()}/reverse", {}).status_code == 404


@pytest.mark.reliability("RA26")
@pytest.mark.parametrize(
    "amount",
    [b"0", b"-1", b"9223372036854775807", b"1.5", b'"1e3"', b"1e3", b"NaN", b"null", b"true"],
)
@pytest.mark.parametrize("what", ["earn", "spend", "hold"])
def test_refuses_amounts_that_are_not_whole_and_in_range(till, member, what, amount):
    ends = b', "expires_at": "2090-01-01T00:00:00Z"' if what == "hold" else b""

    answer = till.post(f"/members/{member}/points/{what}", b'{"amount": ' + amount + ends + b"}")

    assert answer.status_code in {400, 422}
    assert sql.row("SELECT count(*) FROM ledger_transfer") == (0,)


@pytest.mark.reliability("RA26")
@pytest.mark.parametrize("field", ["expires_at", "usable_from", "occurred_at"])
@pytest.mark.parametrize("moment", ["9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+14:00"])
def test_refuses_moments_that_no_calendar_has(till, member, field, moment):
    answer = till.post(f"/members/{member}/points/earn", {"amount": 1, field: moment})

    assert answer.status_code == 422
    assert earn(till, member).json()["available"] == 100


@pytest.mark.reliability("RH5")
def test_refuses_a_store_no_database_can_name(till, member):
    answer = till.post(f"/members/{member}/points/earn", {"amount": 1, "store": "S\0"})

    assert answer.status_code == 422


@pytest.mark.reliability("RH5")
def test_refuses_fields_that_are_not_declared(till, member):
    answer = till.post(f"/members/{member}/points/spend", {"amount": 1, "currency": 3})

    assert answer.status_code == 422


@pytest.mark.reliability("RH1")
class TestReach:
    def test_ends_at_the_permission(self, till, member):
        reader = Till("points.read")

        assert reader.get(f"/members/{member}/points").status_code == 200
        assert reader.post(f"/members/{member}/points/spend", {"amount": 1}).status_code == 403

    def test_ends_at_the_scope_and_says_not_found(self, till, member):
        earned = earn(till, member).json()["transfer_id"]
        ends = clock.now() + timedelta(hours=1)
        hold_id, at = uuid4(), clock.now()
        [inside] = members.ids_by_public(public_ids=[member]).values()
        ledger.hold_points(hold_id=hold_id, member_id=inside, amount=5, expires_at=ends, at=at)

        other = Till(
            "points.read", "points.spend", "points.earn", "points.reverse", "points.adjust",
            store="ELSEWHERE",
        )  # fmt: skip
        answers = [
            other.get(f"/members/{member}/points"),
            other.post(f"/members/{member}/points/spend", {"amount": 1}),
            other.post(f"/members/{member}/points/earn", {"amount": 1}),
            other.post(f"/members/{member}/points/adjust", {"amount": 1, "reason_code": 1}),
            other.post(f"/holds/{hold_id}/commit", {}),
            other.post(f"/holds/{hold_id}/void"),
            other.post(f"/transfers/{earned}/reverse", {}),
        ]

        assert {answer.status_code for answer in answers} == {404}


def test_movements_stand_in_the_log_without_anything_personal(till, member):
    earn(till, member)

    [inside] = members.ids_by_public(public_ids=[member]).values()
    [event] = log.list_timeline(member_ids=[inside], types=["points.earned"], limit=5)
    assert set(event.facts) == {"transfer_id", "amount", "currency", "reason_code"}


def test_a_spend_by_service_is_the_same_ledger(till, member):
    earn(till, member)
    [inside] = members.ids_by_public(public_ids=[member]).values()

    ledger.post([a_spend(10, member_id=inside)], at=clock.now())

    assert selectors.get_balance(member_id=inside, at=clock.now()).available == 90
