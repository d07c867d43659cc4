"""What the doctor finds, check by check."""

import os
from pathlib import Path

import pytest
from django.test import override_settings

from regulars.cli import doctor
from regulars.cli.doctor import KEY_NAMES, State
from regulars.web import schema, sql


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    for name in (*KEY_NAMES, "database"):
        (tmp_path / name).write_bytes(b"x" * 32)
        (tmp_path / name).chmod(0o400)
    return tmp_path


class TestKeys:
    def test_are_well(self, keys: Path) -> None:
        assert [found.state for found in doctor.check_keys(keys)] == [State.OK]

    @pytest.mark.parametrize("name", KEY_NAMES)
    def test_that_are_missing_are_named(self, keys: Path, name: str) -> None:
        (keys / name).unlink()

        (found,) = doctor.check_keys(keys)

        assert found.state is State.BAD
        assert name in found.what

    @pytest.mark.parametrize("mode", [0o600, 0o440, 0o404, 0o777])
    def test_that_others_may_read_or_anyone_may_change_are_named(
        self, keys: Path, mode: int
    ) -> None:
        (keys / "index.key").chmod(mode)

        (found,) = doctor.check_keys(keys)

        assert found.state is State.BAD
        assert f"chmod 0400 {keys / 'index.key'}" == found.mend


class TestDisk:
    @pytest.mark.parametrize(
        ("free_mb", "state"), [(100, State.BAD), (1_000, State.WARN), (50_000, State.OK)]
    )
    def test_is_judged_by_the_room_that_is_left(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free_mb: int, state: State
    ) -> None:
        usage = (0, 0, free_mb * 1024 * 1024)
        monkeypatch.setattr(
            doctor.shutil, "disk_usage", lambda _: type("Usage", (), {"free": usage[2]})
        )

        assert doctor.check_disk(tmp_path).state is state


class TestTranslations:
    def test_that_are_not_compiled_are_found(self, tmp_path: Path) -> None:
        source = tmp_path / "zh_Hans" / "LC_MESSAGES" / "django.po"
        source.parent.mkdir(parents=True)
        source.write_text("")

        with override_settings(LOCALE_PATHS=[tmp_path]):
            before = doctor.check_translations()
            source.with_suffix(".mo").write_bytes(b"")
            os.utime(source, (1, 1))
            after = doctor.check_translations()

        assert (before.state, after.state) == (State.WARN, State.OK)


@pytest.mark.django_db
class TestDatabase:
    def test_answers_and_is_new_enough(self) -> None:
        assert doctor.check_reachable().state is State.OK

    def test_of_the_test_rig_is_not_durable(self) -> None:
        found = doctor.check_durability()

        assert found.state is State.BAD
        assert "fsync = off" in found.what

    def test_has_all_migrations(self, monkeypatch: pytest.MonkeyPatch) -> None:
        well = doctor.check_migrations()
        monkeypatch.setattr(schema, "list_pending", lambda: ["ledger.0009_more"])
        behind = doctor.check_migrations()

        assert well.state is State.OK
        assert (behind.state, behind.mend) == (State.BAD, "regulars db migrate")

    def test_has_two_roles_and_closed_tables(self) -> None:
        assert doctor.check_roles().state is State.OK
        assert doctor.check_append_only().state is State.OK

    def test_has_partitions_ahead(self) -> None:
        assert doctor.check_partitions().state is State.OK

    def test_misses_a_worker(self) -> None:
        sql.run("DELETE FROM procrastinate_workers")

        assert doctor.check_worker().what == "no worker runs"

    def test_sees_a_worker(self) -> None:
        sql.run("INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now())")

        assert doctor.check_worker().state is State.OK

    def test_has_no_old_transaction(self) -> None:
        assert doctor.check_transactions().state is State.OK

    def test_has_the_time_of_this_machine(self) -> None:
        well = doctor.check_clock()
        sql.run("UPDATE web_installation SET clock_offset_seconds = 86400")
        moved = doctor.check_clock()

        assert well.state is State.OK
        assert moved.state is State.WARN
        assert "86,400" in moved.what

    def test_notices_foreign_keys(self) -> None:
        sql.run("""UPDATE web_installation SET settings = '{"keyring": "another"}'""")

        assert doctor.check_keyring().state is State.BAD
