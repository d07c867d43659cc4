"""The plumbing: clock, seals, retry tokens, rates, cursors."""

import hmac
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import ClassVar

import psycopg
import pytest
from django.db import OperationalError, connection

from regulars.kit.errors import Kind, Refusal
from regulars.web import clock, contention, crypto, idempotency, paging, rates, sql
from regulars.web.idempotency import Done, KeyMissing, KeyReused

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


class TestSeals:
    @pytest.mark.reliability("RG10")
    @pytest.mark.capability("G4")
    def test_open_only_where_they_were_made(self) -> None:
        key, other = crypto.new_subject_key(), crypto.new_subject_key()
        blob = crypto.seal("13800138000", key=key, context="members|phone|7")

        assert crypto.unseal(blob, key=key, context="members|phone|7") == "13800138000"
        for wrong_key, context in [
            (other, "members|phone|7"),
            (key, "members|phone|8"),
            (key, "members|email|7"),
        ]:
            with pytest.raises(crypto.SealBroken):
                crypto.unseal(blob, key=wrong_key, context=context)
        with pytest.raises(crypto.SealBroken):
            crypto.unseal(blob[:-1] + b"\x00", key=key, context="members|phone|7")

    def test_never_repeat_themselves(self) -> None:
        key = crypto.new_subject_key()

        seals = {crypto.seal("same", key=key, context="c") for _ in range(50)}

        assert len(seals) == 50

    def test_indexes_are_equal_for_equal_values_only(self) -> None:
        assert crypto.blind_index("phone", "1") == crypto.blind_index("phone", "1")
        assert crypto.blind_index("phone", "1") != crypto.blind_index("email", "1")

    def test_a_blind_index_is_hmac_sha256(self) -> None:
        expected = hmac.digest(crypto.keyring().index, "phone|茶".encode(), "sha256")

        assert crypto.blind_index("phone", "茶") == expected

    def test_keys_are_made_once_and_readable_by_their_owner_only(self, tmp_path: Path) -> None:
        first = crypto.ensure_keyring(tmp_path / "keys")

        assert crypto.ensure_keyring(tmp_path / "keys") == first
        assert {p.stat().st_mode & 0o777 for p in (tmp_path / "keys").iterdir()} == {0o400}


class Full(Refusal):
    """The cup is full."""

    kind = Kind.CONFLICT
    reason: ClassVar[str] = "Full at {size}."


def write(key: str = "k", body: bytes = b"{}", effect: object = None) -> Done:
    return idempotency.once(
        caller="key:1", route="/x", key=key, body=body, at=NOON,
        effect=effect or (lambda: Done(201, {"id": "a"})),  # type: ignore[arg-type]
    )  # fmt: skip


class TestIdempotency:
    @pytest.mark.django_db
    def test_tells_the_same_again(self) -> None:
        first, second = write(), write(effect=lambda: pytest.fail("ran twice"))

        assert (first.status, first.result, first.replayed) == (201, {"id": "a"}, False)
        assert (second.status, second.result, second.replayed) == (201, {"id": "a"}, True)

    @pytest.mark.django_db
    @pytest.mark.reliability("RA12")
    def test_refuses_the_same_key_for_another_request(self) -> None:
        write(body=b"{}")

        with pytest.raises(KeyReused):
            write(body=b"{ }")

    @pytest.mark.django_db
    @pytest.mark.parametrize("key", ["", "x" * 256])
    def test_needs_a_key(self, key: str) -> None:
        with pytest.raises(KeyMissing):
            write(key=key)

    @pytest.mark.django_db
    def test_keeps_refusals_but_not_their_effects(self) -> None:
        def refuse() -> Done:
            rates.admit("cups", limit=9, seconds=60_000.0)
            raise Full(size=3)

        with pytest.raises(Full):
            write(effect=refuse)
        with pytest.raises(Refusal) as again:
            write(effect=lambda: pytest.fail("ran twice"))

        assert (again.value.code, again.value.kind) == (Full(size=3).code, Kind.CONFLICT)
        assert again.value.facts == {"size": 3}
        assert sql.row("SELECT count(*) FROM web_ratewindow") == (0,)

    @pytest.mark.django_db
    def test_forgets_bugs_so_that_a_retry_can_succeed(self) -> None:
        def broken() -> Done:
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            write(effect=broken)

        assert write().status == 201

    def test_begins_again_where_others_were_in_the_way(
        self, committed_db: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(contention, "PAUSE_SECONDS", 0)
        tried: list[int] = []

        def effect() -> Done:
            tried.append(1)
            if len(tried) < 3:
                raise OperationalError from psycopg.errors.DeadlockDetected()
            return Done(201)

        assert write(effect=effect).status == 201
        assert len(tried) == 3

    def test_does_not_begin_again_for_ever(
        self, committed_db: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(contention, "PAUSE_SECONDS", 0)

        def effect() -> Done:
            raise OperationalError from psycopg.errors.DeadlockDetected()

        with pytest.raises(contention.Contended):
            write(effect=effect)
        assert write().status == 201, "nothing is kept of what did not happen"

    @pytest.mark.reliability("RA11")
    def test_runs_once_for_many_at_once(self, committed_db: str) -> None:
        ran: list[int] = []
        answers: list[Done] = []
        gate = threading.Barrier(12)

        def effect() -> Done:
            ran.append(1)
            return Done(201, {"id": "a"})

        def call() -> None:
            gate.wait()
            answers.append(write(effect=effect))
            connection.close()

        threads = [threading.Thread(target=call) for _ in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert len(ran) == 1
        assert len(answers) == 12
        assert {answer.result["id"] for answer in answers} == {"a"}


@pytest.mark.django_db
class TestClock:
    def test_is_moved_by_the_installation(self) -> None:
        before = clock.now()
        sql.run("UPDATE web_installation SET clock_offset_seconds = 86400")

        assert timedelta(hours=23) < clock.now() - before < timedelta(hours=25)

    def test_never_goes_back_behind_the_entrance(self) -> None:
        later = clock.now() + timedelta(days=1)

        assert clock.after_locks(later) == later


@pytest.mark.django_db
class TestRates:
    @pytest.fixture(autouse=True)
    def _fresh(self) -> None:
        rates.forget_shares()

    def test_refuse_beyond_the_limit_and_say_when_to_come_back(self) -> None:
        start = 60_000.0
        for _ in range(3):
            rates.admit("key:1", limit=3, seconds=start)

        with pytest.raises(rates.TooManyRequests) as no:
            rates.admit("key:1", limit=3, seconds=start + 20)
        rates.admit("key:1", limit=3, seconds=start + 60)

        assert no.value.facts == {"retry_after_seconds": 40}

    @pytest.mark.reliability("RH16")
    def test_hold_the_limit_over_processes_that_take_shares(self) -> None:
        admitted = 0
        for turn in range(2_400):
            if turn % 30 == 0:
                rates.forget_shares()  # another process takes over
            try:
                rates.admit("key:2", limit=1_000, seconds=60_000.0)
            except rates.TooManyRequests:
                continue
            admitted += 1

        assert 900 <= admitted <= 1_000

    def test_are_forgotten_when_they_are_over(self) -> None:
        rates.admit("key:3", limit=9, seconds=60_000.0)

        assert rates.forget(seconds=60_120.0) == 1


class TestCursors:
    def test_read_back_what_they_hold(self) -> None:
        assert paging.decode(paging.encode(3, "x"), parts=2) == [3, "x"]

    @pytest.mark.parametrize("text", ["", "!", "bm90anNvbg", "WzFd", "é"])
    def test_refuse_what_is_not_ours(self, text: str) -> None:
        with pytest.raises(paging.CursorMalformed):
            paging.decode(text, parts=2)


@pytest.mark.django_db
class TestIds:
    def test_are_unique_and_rise_within_a_process(self) -> None:
        taken = [each for _ in range(5) for each in sql.take_ids("events_event_id_seq", 700)]

        assert len(set(taken)) == 3500
        assert taken == sorted(taken)
