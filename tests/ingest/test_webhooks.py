"""Signed webhooks: who may speak, what is kept, and that nothing counts twice."""

import base64
import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from regulars.access.domain import Actor, Scope
from regulars.commerce import selectors as commerce
from regulars.events import selectors as log
from regulars.ingest import selectors, services
from regulars.ingest.domain import BodyTooLarge, MessageConflict, SignatureInvalid, SignatureStale
from regulars.ingest.domain.signing import sign, write_signature
from regulars.members import selectors as members
from regulars.web import clock, sql
from regulars.web.retention import end_all
from tests.ingest.rows import AT, PHONE, a_webhook

pytestmark = pytest.mark.django_db
ORDER = {
    "external_id": "W-1",
    "state": "paid",
    "paid_at": "2026-03-01T11:00:00Z",
    "amounts": {"goods": "12.00"},
    "member": {"phone": PHONE},
}


def a_body(*rows: dict[str, Any], kind: str = "orders") -> bytes:
    return json.dumps({"type": kind, "rows": rows or [ORDER]}).encode()


def the_secret(new: services.NewSource) -> bytes:
    return secret_of(new.secret or "")


def secret_of(text: str) -> bytes:
    return base64.b64decode(text.removeprefix("whsec_"))


def headers(
    secret: bytes, body: bytes, *, message_id: str = "msg-1", at: datetime = AT
) -> dict[str, str]:
    timestamp = str(int(at.timestamp()))
    made = sign(secret, message_id=message_id, timestamp=timestamp, body=body)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": write_signature(made),
    }


def deliver(new: services.NewSource, body: bytes, given: dict[str, str], at: datetime = AT) -> bool:
    return services.receive_delivery(
        source_id=str(new.source.public_id), headers=given, body=body, at=at
    )


def work(at: datetime = AT) -> int:
    """Do what the worker would do with every waiting body."""
    waiting = sql.rows("SELECT id FROM ingest_delivery WHERE state = 'received' ORDER BY id")
    return sum(services.apply_delivery(delivery_id=each, at=at) for (each,) in waiting)


def orders() -> int:
    return len(commerce.list_orders(scope=Scope.all()).items)


@pytest.mark.capability("A1")
class TestReceive:
    def test_keeps_the_body_sealed_and_applies_it_by_a_job(self) -> None:
        hook, body = a_webhook(), a_body()

        assert deliver(hook, body, headers(the_secret(hook), body)) is True

        (kept,) = sql.rows("SELECT body FROM ingest_delivery")
        assert PHONE.encode() not in bytes(kept[0])
        (job,) = sql.rows("SELECT task_name, args::text FROM procrastinate_jobs")
        assert (job[0], PHONE in job[1]) == ("ingest.apply_delivery", False)
        assert (orders(), work(), orders()) == (0, 1, 1)

    @pytest.mark.reliability("RC8")
    def test_refuses_what_no_live_secret_signed_in_the_last_five_minutes(self) -> None:
        hook, body = a_webhook(), a_body()
        secret = the_secret(hook)
        good = headers(secret, body)
        wrong_key = headers(b"x" * 32, body)
        stale = headers(secret, body, at=AT - timedelta(minutes=5, seconds=1))
        future = headers(secret, body, at=AT + timedelta(minutes=5, seconds=1))

        for given, sent, refusal in [
            (wrong_key, body, SignatureInvalid),
            (good, body.replace(b"12.00", b"92.00"), SignatureInvalid),
            (good | {"webhook-id": "other"}, body, SignatureInvalid),
            (good | {"webhook-timestamp": "1"}, body, SignatureInvalid),
            (good | {"webhook-signature": "v1,"}, body, SignatureInvalid),
            (good | {"webhook-signature": "v2,AAAA"}, body, SignatureInvalid),
            ({}, body, SignatureInvalid),
            (stale, body, SignatureStale),
            (future, body, SignatureStale),
        ]:
            with pytest.raises(refusal):
                deliver(hook, sent, given)
        assert selectors.list_sources(at=AT)[0].counts["applied"] == 0
        assert sql.rows("SELECT 1 FROM ingest_delivery") == []

    @pytest.mark.reliability("RC8")
    def test_takes_the_old_secret_while_it_is_being_replaced(self) -> None:
        hook, body = a_webhook(), a_body()
        old = the_secret(hook)
        new = secret_of(
            services.rotate_secret(name="hook", at=AT, actor=Actor.system("test"), overlap_days=2)
        )

        assert deliver(hook, body, headers(old, body, message_id="1"))
        assert deliver(hook, body, headers(new, body, message_id="2"))
        later = AT + timedelta(days=2)
        with pytest.raises(SignatureInvalid):
            deliver(hook, body, headers(old, body, message_id="3", at=later), at=later)

    def test_ends_the_secret_before_the_last_at_once(self) -> None:
        hook = a_webhook()
        for _ in range(2):
            services.rotate_secret(name="hook", at=AT, actor=Actor.system("test"))

        assert len(selectors.live_secrets(source_id=hook.source.id, at=AT)) == 2

    @pytest.mark.reliability("RC9")
    def test_counts_a_captured_delivery_once(self) -> None:
        hook, body = a_webhook(), a_body()
        given = headers(the_secret(hook), body)

        answers = [deliver(hook, body, given) for _ in range(1_000)]
        work()

        assert answers == [True] + [False] * 999
        assert (orders(), len(sql.rows("SELECT 1 FROM procrastinate_jobs"))) == (1, 1)

    @pytest.mark.reliability("RC4")
    def test_takes_the_same_id_from_two_sources(self) -> None:
        body = a_body()
        hooks = [a_webhook("one"), a_webhook("two")]

        assert all(deliver(hook, body, headers(the_secret(hook), body)) for hook in hooks)

    @pytest.mark.reliability("RC5")
    def test_refuses_and_audits_another_body_under_the_same_id(self) -> None:
        hook, body, other = a_webhook(), a_body(), a_body(kind="refunds")
        deliver(hook, body, headers(the_secret(hook), body))

        with pytest.raises(MessageConflict):
            deliver(hook, other, headers(the_secret(hook), other))

        found = sql.rows("SELECT 1 FROM access_audit_entry WHERE action = 'message.conflict'")
        assert len(found) == 1

    @pytest.mark.reliability("RC10")
    def test_refuses_a_huge_body(self) -> None:
        with pytest.raises(BodyTooLarge):
            deliver(a_webhook(), b" " * 5_000_001, {})


class TestApply:
    def test_goes_on_where_another_worker_stopped(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(services.webhooks, "CHUNK", 2)
        hook = a_webhook()
        body = a_body(*(ORDER | {"external_id": f"W-{n}"} for n in range(5)))
        deliver(hook, body, headers(the_secret(hook), body))
        (delivery_id,) = sql.row("SELECT id FROM ingest_delivery")  # type: ignore[misc]

        assert services.webhooks.apply_chunk(delivery_id=delivery_id, at=AT) == 2
        assert services.apply_delivery(delivery_id=delivery_id, at=AT) == 3
        assert services.apply_delivery(delivery_id=delivery_id, at=AT) == 0
        assert orders() == 5
        (state,) = sql.rows(
            "SELECT state, rows_done, (counts->>'applied')::int FROM ingest_delivery"
        )
        assert state == ("applied", 5, 5)

    @pytest.mark.parametrize(
        ("body", "code"),
        [
            (b"not json", "ingest.body_unreadable"),
            (b'{"rows": []}', "ingest.body_malformed"),
            (b'{"type": "balances", "rows": []}', "ingest.body_malformed"),
            (b'{"type": "orders", "rows": ' + b"[" * 200 + b"]" * 200 + b"}", "ingest.body_"),
        ],
    )
    def test_buries_a_body_that_cannot_be_read(self, body: bytes, code: str) -> None:
        hook = a_webhook()
        deliver(hook, body, headers(the_secret(hook), body))

        work()

        (letter,) = log.list_dead_letters()
        assert (letter.kind, letter.error_code.startswith(code)) == ("webhook", True)
        (again,) = services.replay_letters(ids=[letter.id], at=AT)
        assert again.outcome == "queued"

    def test_refuses_single_rows_and_takes_the_rest(self) -> None:
        hook = a_webhook()
        body = a_body(ORDER, {"external_id": "W-2", "surprise": PHONE})
        deliver(hook, body, headers(the_secret(hook), body))

        work()

        counts = selectors.list_sources(at=AT)[0].counts
        assert (counts["applied"], counts["refused"]) == (1, 1)

    def test_queues_again_what_was_never_finished(self) -> None:
        hook, body = a_webhook(), a_body()
        deliver(hook, body, headers(the_secret(hook), body))

        assert services.requeue_stale(at=AT) == 0
        assert services.requeue_stale(at=AT + timedelta(hours=1)) == 1


class TestRetention:
    def given_an_applied_body(self) -> services.NewSource:
        hook, body = a_webhook(), a_body()
        deliver(hook, body, headers(the_secret(hook), body))
        work()
        return hook

    def test_drops_bodies_and_still_knows_their_ids(self) -> None:
        hook = self.given_an_applied_body()

        assert end_all(services.body_sweep(days=30), at=AT + timedelta(days=31)) == 1

        later, body = AT + timedelta(days=40), a_body()
        assert deliver(hook, body, headers(the_secret(hook), body, at=later), at=later) is False

    @pytest.mark.reliability("RG2")
    def test_drops_the_body_of_an_erased_member(self) -> None:
        self.given_an_applied_body()
        member_ids = [row[0] for row in sql.rows("SELECT id FROM members_member")]

        services.forget_members(member_ids=member_ids)

        assert sql.rows("SELECT body FROM ingest_delivery") == [(None,)]
        assert members.public_ids(member_ids=member_ids)


class TestOverHttp:
    def post(self, hook: services.NewSource, body: bytes, **change: str) -> Any:
        at = clock.now()
        given = headers(the_secret(hook), body, at=at) | {
            name.replace("_", "-"): value for name, value in change.items()
        }
        return Client().post(
            f"/hooks/{hook.source.public_id}",
            data=body,
            content_type="application/json",
            headers=given,
        )

    def test_answers_202_at_once(self) -> None:
        answer = self.post(a_webhook(at=clock.now()), a_body())

        assert (answer.status_code, answer.json()) == (202, {"received": True, "new": True})

    def test_answers_401_to_strangers_and_404_to_the_lost(self) -> None:
        hook = a_webhook(at=clock.now())

        assert self.post(hook, a_body(), webhook_signature="v1,AAAA").status_code == 401
        assert Client().post("/hooks/nobody", data=b"{}", content_type="a/b").status_code == 404
        assert Client().get(f"/hooks/{hook.source.public_id}").status_code == 405

    def test_answers_409_to_another_body_under_the_same_id(self) -> None:
        hook = a_webhook(at=clock.now())
        self.post(hook, a_body())

        answer = self.post(hook, a_body(kind="refunds"))

        assert (answer.status_code, answer.json()["code"]) == (409, "ingest.message_conflict")
