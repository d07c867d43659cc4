"""The audit log under attack by whoever owns the database."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from django.db import DatabaseError, transaction

from regulars.access import selectors, services
from regulars.access.domain import Actor, ChainProblem, DetailsNotPlain, Scope
from regulars.web import clock, crypto, postgres, sql
from tests.environment import rig_folder

CLERK = Actor("staff", 7, "Lin", frozenset(), Scope())
LATER = timedelta(seconds=3)

pytestmark = [pytest.mark.reliability("RH18"), pytest.mark.capability("G4")]


@pytest.fixture
def at(db: None) -> datetime:
    return clock.now()


def note(at: datetime, *, count: int = 1, **more: object) -> None:
    for number in range(count):
        services.audit(
            actor=CLERK,
            action="points.adjusted",
            object_kind="member",
            object_id=str(number),
            at=at,
            details={"points": number},
            **more,  # type: ignore[arg-type]
        )


class TestAudit:
    def test_keeps_who_did_what_to_whom(self, at: datetime) -> None:
        note(at, reason_code="goodwill", network="203.0.113.0/24", on_behalf_id=3)

        (entry,) = selectors.list_audit()

        assert (entry.actor_kind, entry.actor_id, entry.on_behalf_id) == ("staff", 7, 3)
        assert (entry.action, entry.object_kind, entry.object_id) == (
            "points.adjusted",
            "member",
            "0",
        )
        assert (entry.result, entry.reason_code, entry.details) == ("ok", "goodwill", {"points": 0})
        assert (entry.at, entry.network) == (at, "203.0.113.0/24")

    def test_keeps_a_note_only_as_ciphertext(self, at: datetime) -> None:
        note(at, note="she complained about 13800138000")

        (entry,) = selectors.list_audit()

        assert entry.note is not None
        assert b"13800138000" not in entry.note
        assert services.read_note(entry) == "she complained about 13800138000"

    @pytest.mark.reliability("RG3")
    def test_a_note_under_a_subjects_key_dies_with_it_and_the_chain_holds(
        self, at: datetime, tmp_path: Path
    ) -> None:
        key = crypto.new_subject_key()
        note(at, note="private", note_key=key)
        services.seal_audit(at + LATER)

        (entry,) = selectors.list_audit()

        assert services.read_note(entry, note_key=key) == "private"
        with pytest.raises(crypto.SealBroken):
            services.read_note(entry, note_key=crypto.new_subject_key())
        with pytest.raises(crypto.SealBroken):
            services.read_note(entry)
        assert services.verify_audit(at=at, folder=tmp_path).is_whole

    def test_refuses_details_that_are_not_plain(self, at: datetime) -> None:
        with pytest.raises(DetailsNotPlain):
            services.audit(
                actor=CLERK,
                action="x",
                object_kind="member",
                object_id="1",
                at=at,
                details={"profile": {"phone": "1"}},
            )

    def test_lists_newest_first_by_action_actor_and_object(self, at: datetime) -> None:
        note(at, count=3)
        newest = selectors.list_audit(limit=1)[0]

        rest = selectors.list_audit(before=(newest.at, newest.id))

        assert [entry.object_id for entry in rest] == ["1", "0"]
        assert len(selectors.list_audit(action="points.adjusted")) == 3
        assert selectors.list_audit(action="other") == []
        assert len(selectors.list_audit(actor=("staff", 7), about=("member", "1"))) == 1

    @pytest.mark.parametrize("table", ["access_audit_entry", "access_audit_seal"])
    @pytest.mark.parametrize(
        "verb", ["UPDATE {} SET {} = {}", "DELETE FROM {}", "TRUNCATE {} CASCADE"]
    )
    def test_the_application_cannot_change_it(self, at: datetime, table: str, verb: str) -> None:
        note(at)
        services.seal_audit(at + LATER)
        column = "actor_id" if table.endswith("entry") else "entry_id"

        with pytest.raises(DatabaseError), transaction.atomic():
            sql.run(verb.format(table, column, column))


class TestSealing:
    def test_takes_what_is_older_than_two_seconds(self, at: datetime) -> None:
        note(at, count=3)

        too_soon = services.seal_audit(at + timedelta(seconds=1))
        in_time = services.seal_audit(at + LATER)
        again = services.seal_audit(at + LATER)

        assert (too_soon, in_time, again) == (0, 3, 0)
        assert selectors.chain_end().seq == 3
        assert selectors.count_entries() == (3, 0)

    def test_goes_on_where_the_chain_ended(self, at: datetime, tmp_path: Path) -> None:
        for round_ in range(3):
            note(at + timedelta(minutes=round_), count=2)
            services.seal_audit(at + timedelta(minutes=round_) + LATER)

        check = services.verify_audit(at=at, folder=tmp_path)

        assert check.is_whole
        assert (check.entries, check.sealed, check.unsealed) == (6, 6, 0)

    def test_takes_up_an_entry_that_was_committed_late(self, committed_db: str) -> None:
        at = clock.now()
        url = _url_of(committed_db)
        with psycopg.connect(url) as slow:
            slow.execute(
                "WITH e AS (INSERT INTO access_audit_entry (at, actor_kind, actor_id, action,"
                " object_kind, object_id, result, details) VALUES (%s, 'staff', 1, 'late', 'x',"
                " '1', 'ok', '{}') RETURNING id, at)"
                " INSERT INTO access_audit_waiting SELECT id, at FROM e",
                [at],
            )
            note(at)
            first = services.seal_audit(at + LATER)
            slow.commit()

        second = services.seal_audit(at + LATER)

        assert (first, second) == (1, 1)
        assert services.verify_audit(at=at, folder=Path("nowhere")).is_whole

    def test_by_a_second_sealer_at_once_takes_nothing(self, committed_db: str) -> None:
        at = clock.now()
        note(at)
        with psycopg.connect(_url_of(committed_db)) as other:
            other.execute("SELECT pg_advisory_xact_lock(hashtext('access.audit'))")
            while_held = services.seal_audit(at + LATER)

        assert while_held == 0
        assert services.seal_audit(at + LATER) == 1

    def test_that_never_happens_is_found(self, at: datetime, tmp_path: Path) -> None:
        note(at)

        fresh = services.verify_audit(at=at + timedelta(minutes=1), folder=tmp_path)
        stale = services.verify_audit(at=at + timedelta(minutes=11), folder=tmp_path)

        assert (fresh.is_whole, fresh.unsealed) == (True, 1)
        assert (stale.first_bad_seq, stale.problem) == (1, ChainProblem.NEVER_SEALED)


@pytest.fixture
def chain(committed_db: str, tmp_path: Path) -> Iterator[tuple[psycopg.Connection, Path, datetime]]:
    """A sealed chain of twenty with a checkpoint kept outside, and the owner at the database."""
    at = clock.now()
    note(at, count=20)
    services.seal_audit(at + LATER)
    services.write_checkpoint(at=at, folder=tmp_path)
    with psycopg.connect(_url_of(committed_db, role="owner"), autocommit=True) as owner:
        owner.execute("ALTER TABLE access_audit_entry DISABLE TRIGGER ALL")
        owner.execute("ALTER TABLE access_audit_seal DISABLE TRIGGER ALL")
        yield owner, tmp_path, at


def _url_of(name: str, role: str = "app") -> str:
    return postgres.Server(rig_folder(), durable=False).url(role, database=name)


_ENTRY_AT = "(SELECT entry_id FROM access_audit_seal WHERE seq = {})"


class TestVerify:
    @pytest.mark.parametrize(
        ("damage", "seq", "problem"),
        [
            (
                f"UPDATE access_audit_entry SET actor_id = 8 WHERE id = {_ENTRY_AT.format(5)}",
                5,
                ChainProblem.ENTRY_ALTERED,
            ),
            (
                (
                    "UPDATE access_audit_entry SET details = '{\"points\": 9999}'"
                    f" WHERE id = {_ENTRY_AT.format(12)}"
                ),
                12,
                ChainProblem.ENTRY_ALTERED,
            ),
            (
                f"DELETE FROM access_audit_entry WHERE id = {_ENTRY_AT.format(6)}",
                6,
                ChainProblem.ENTRY_MISSING,
            ),
            ("DELETE FROM access_audit_seal WHERE seq = 9", 9, ChainProblem.SEAL_MISSING),
            (
                (
                    "UPDATE access_audit_seal SET entry_id = -entry_id WHERE seq IN (3, 4);"
                    " UPDATE access_audit_seal SET entry_id = (SELECT -sum(entry_id) FROM"
                    " access_audit_seal o WHERE o.seq IN (3, 4)) + entry_id WHERE seq IN (3, 4)"
                ),
                3,
                ChainProblem.ENTRY_ALTERED,
            ),
            ("DELETE FROM access_audit_seal WHERE seq > 15", 16, ChainProblem.TAIL_CUT),
            (
                "DELETE FROM access_audit_entry; DELETE FROM access_audit_seal",
                1,
                ChainProblem.TAIL_CUT,
            ),
        ],
        ids=["altered", "details", "deleted", "seal", "reordered", "tail", "everything"],
    )
    def test_names_the_first_bad_place(
        self,
        chain: tuple[psycopg.Connection, Path, datetime],
        damage: str,
        seq: int,
        problem: ChainProblem,
    ) -> None:
        owner, folder, at = chain
        assert services.verify_audit(at=at, folder=folder).is_whole

        owner.execute(damage)

        check = services.verify_audit(at=at, folder=folder)
        assert (check.first_bad_seq, check.problem) == (seq, problem)

    def test_finds_a_cut_tail_that_was_grown_again(
        self, chain: tuple[psycopg.Connection, Path, datetime]
    ) -> None:
        owner, folder, at = chain
        owner.execute("DELETE FROM access_audit_entry; DELETE FROM access_audit_seal")
        note(at, count=25)
        services.seal_audit(at + LATER)

        check = services.verify_audit(at=at, folder=folder)

        assert (check.first_bad_seq, check.problem) == (20, ChainProblem.CHECKPOINT_DIFFERS)


class TestCheckpoint:
    def test_is_written_when_the_chain_has_grown(self, at: datetime, tmp_path: Path) -> None:
        assert services.write_checkpoint(at=at, folder=tmp_path) is None
        note(at)
        services.seal_audit(at + LATER)

        first = services.write_checkpoint(at=at, folder=tmp_path)
        again = services.write_checkpoint(at=at, folder=tmp_path)

        assert first is not None
        assert again is None
        assert json.loads(first.read_text())["seq"] == 1

    @pytest.mark.parametrize("damage", ["signature", "hash", "seq", "empty"])
    def test_that_was_forged_is_found(self, at: datetime, tmp_path: Path, damage: str) -> None:
        note(at)
        services.seal_audit(at + LATER)
        path = services.write_checkpoint(at=at, folder=tmp_path)
        assert path is not None
        body = json.loads(path.read_text())
        match damage:
            case "signature":
                body["signature"] = "00" * 64
            case "hash":
                body["statement"] = body["statement"].replace(body["hash"], "00" * 32)
            case "seq":
                path = path.rename(path.with_name("checkpoint-000000000009.json"))
            case _:
                body = {}
        path.write_text(json.dumps(body))

        check = services.verify_audit(at=at, folder=tmp_path)

        assert check.problem is ChainProblem.CHECKPOINT_FORGED
