"""Erasure through every app: what came by API, file row and webhook about a person is gone."""

from typing import Any

import pytest

from regulars.events.domain.keys import BODY_CONTEXT
from regulars.ingest import services as ingest
from regulars.ingest.selectors import DELIVERY_CONTEXT, PARKED_CONTEXT
from regulars.ledger import services as ledger
from regulars.web import clock, crypto, sql
from tests.ingest.rows import a_webhook
from tests.ingest.test_webhooks import a_body, deliver, headers, the_secret
from tests.members.test_api import Api

pytestmark = pytest.mark.django_db
PHONE = "13912340777"
EMAIL = "canary-erasure@example.com"
PERSON = {
    "phone": PHONE,
    "email": EMAIL,
    "card": "CANARYCARD7",
    "name": "CanaryName",
    "nickname": "CanaryNick",
    "birthday": "1977-07-17",
    "tags": ["CanaryTag"],
}
WORDS = ("anary", PHONE, "1977-07-17")


def everything() -> dict[str, str]:
    tables = sql.rows(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
        " AND table_type = 'BASE TABLE'"
    )
    return {
        name: "\n".join(row[0] for row in sql.rows(f'SELECT t::text FROM "{name}" t'))
        for (name,) in tables
    }


def kept_bodies() -> str:
    """Open every webhook body, parked row and dead letter that is still kept."""
    contexts = {
        "ingest_delivery": DELIVERY_CONTEXT,
        "ingest_parked": PARKED_CONTEXT,
        "events_deadletter": BODY_CONTEXT,
    }
    return "\n".join(
        crypto.unseal_house(bytes(blob), context=context).decode()
        for table, context in contexts.items()
        for (blob,) in sql.rows(f"SELECT body FROM {table} WHERE body IS NOT NULL")
    )


def an_order(number: str, **more: Any) -> dict[str, Any]:
    return {
        "external_id": number,
        "state": "paid",
        "paid_at": "2026-03-01T04:00:00Z",
        "amounts": {"goods": "57.00"},
        "lines": [{"sku": "T1", "quantity": 1, "amount": "57.00"}],
        "member": {"phone": PHONE, "email": EMAIL},
        **more,
    }


def send_webhook(row: dict[str, Any]) -> None:
    hook = a_webhook("erasure")
    body = a_body(row)
    deliver(hook, body, headers(the_secret(hook), body))
    ((delivery_id,),) = sql.rows("SELECT id FROM ingest_delivery")
    ingest.apply_delivery(delivery_id=delivery_id, at=clock.now())


@pytest.mark.capability("G2")
@pytest.mark.reliability("RG2")
class TestErasureThroughEveryApp:
    def test_leaves_no_trace_of_the_person(self) -> None:
        api = Api()
        enrolled = api.post("/members:batch", {"rows": [PERSON]}).json()["results"][0]
        assert enrolled["outcome"] == "applied", enrolled
        orders = api.post("/orders:batch", {"rows": [an_order("T-1")]}).json()["results"][0]
        assert orders["outcome"] == "applied", orders
        send_webhook(an_order("T-1a"))
        refund = {"order": "T-unknown", "amount": "1.00", "refunded_at": "2026-03-02T04:00:00Z"}
        api.post("/refunds:batch", {"rows": [refund | {"member": {"phone": PHONE}}]})
        member = enrolled["id"]
        held = [bytes(one) for (one,) in sql.rows("SELECT lookup FROM members_identity")]
        assert held
        assert kept_bodies().count(PHONE) == 2

        erased = api.post(f"/members/{member}/erase", {"reason_code": "request"})

        assert erased.status_code == 200, erased.content
        for table, text in everything().items():
            assert not [word for word in WORDS if word in text], table
            assert not [one for one in held if one.hex() in text], table
        assert not [word for word in WORDS if word in kept_bodies()]

    def test_later_rows_about_the_person_leave_nothing_either(self) -> None:
        api = Api()
        member = api.post("/members:batch", {"rows": [PERSON]}).json()["results"][0]["id"]
        held = [bytes(one) for (one,) in sql.rows("SELECT lookup FROM members_identity")]
        api.post(f"/members/{member}/erase", {"reason_code": "request"})

        answers = api.post("/orders:batch", {"rows": [an_order("T-2")]}).json()["results"]
        again = api.post("/members:batch", {"rows": [PERSON]}).json()["results"]

        assert answers[0]["outcome"] == "applied"
        assert again[0]["outcome"] == "refused"
        for table, text in everything().items():
            assert not [word for word in WORDS if word in text], table
            assert not [one for one in held if one.hex() in text], table

    def test_finds_what_was_kept_before_the_person_was_known(self) -> None:
        api = Api()
        refund = {"order": "T-unknown", "amount": "1.00", "refunded_at": "2026-03-02T04:00:00Z"}
        late = {**refund, "order": "T-late"}
        for row in (refund, late):
            api.post("/refunds:batch", {"rows": [row | {"member": {"phone": PHONE}}]})
        sql.run("UPDATE ingest_parked SET expires_at = parked_at WHERE parent = 'T-late'")
        assert ingest.expire_parked(at=clock.now()) == 1
        member = api.post("/members:batch", {"rows": [PERSON]}).json()["results"][0]["id"]
        assert kept_bodies().count(PHONE) == 2

        api.post(f"/members/{member}/erase", {"reason_code": "request"})

        assert not [word for word in WORDS if word in kept_bodies()]
        assert sql.rows("SELECT state, names FROM events_deadletter") == [("dropped", [])]
        assert sql.rows("SELECT 1 FROM ingest_parked") == []

    def test_later_rows_that_must_wait_are_kept_without_the_person(self) -> None:
        api = Api()
        member = api.post("/members:batch", {"rows": [PERSON]}).json()["results"][0]["id"]
        api.post(f"/members/{member}/erase", {"reason_code": "request"})
        refund = {"order": "T-unknown", "amount": "1.00", "refunded_at": "2026-03-02T04:00:00Z"}

        answer = api.post("/refunds:batch", {"rows": [refund | {"member": {"phone": PHONE}}]})

        assert answer.json()["results"][0]["outcome"] == "parked"
        assert not [word for word in WORDS if word in kept_bodies()]
        assert sql.rows("SELECT names FROM ingest_parked") == [([],)]

    @pytest.mark.reliability("RG3")
    def test_the_books_stay_whole(self) -> None:
        api = Api()
        member = api.post("/members:batch", {"rows": [PERSON]}).json()["results"][0]["id"]
        api.post("/orders:batch", {"rows": [an_order("T-3")]})

        api.post(f"/members/{member}/erase", {"reason_code": "request"})

        assert ledger.verify().is_clean
        left = sql.row("SELECT COALESCE(sum(posted), 0) FROM ledger_account WHERE member_id > 0")
        assert left == (0,)
