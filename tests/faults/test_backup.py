"""RF8: a backup restored into a fresh place with the documented commands only."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import orjson
import psycopg
import pytest

from tests.faults.installation import Installation, made
from tests.sizes import size

EVENTS = size(ci=50, soak=5_000)
BURNT = size(ci=3_000, soak=100_000)


def burn_transactions(installation: Installation) -> None:
    """Let the old cluster count on, so that its transaction ids lie ahead of a fresh one's."""
    with psycopg.connect(installation.server.url("owner"), autocommit=True) as link:
        link.execute(
            "CREATE OR REPLACE PROCEDURE burn(n int) LANGUAGE plpgsql AS $$ BEGIN"
            " FOR i IN 1..n LOOP PERFORM pg_current_xact_id(); COMMIT; END LOOP; END $$"
        )
        link.execute(f"CALL burn({BURNT})")
        link.execute("DROP PROCEDURE burn")


@pytest.fixture(scope="class")
def fresh() -> Iterator[Installation]:
    """A fresh box: nothing but an empty database."""
    with made() as installation:
        installation.server.stop()
        shutil.rmtree(installation.server.places.home)
        yield installation


@pytest.mark.reliability("RF8")
@pytest.mark.capability("H5")
class TestBackupAndRestore:
    def test_moves_everything_and_the_log_still_flows(
        self, installation: Installation, fresh: Installation, tmp_path: Path
    ) -> None:
        burn_transactions(installation)
        installation.act("append", str(EVENTS))
        file = tmp_path / "monday.dump"
        written = installation.command("db", "backup", str(file), "--json")
        told = orjson.loads(written.stdout)
        for key in told["keys"]:
            copy = fresh.var / "keys" / Path(key).name
            copy.unlink(missing_ok=True)
            shutil.copy2(key, copy)

        restored = fresh.command("db", "restore", str(file), "--json")
        report = orjson.loads(restored.stdout)
        heard_before_new = fresh.act("drain")["heard"]
        fresh.act("append", "3")
        heard_after = fresh.act("drain")["heard"]

        assert restored.returncode == 0, restored.stderr
        assert report["keys_fit"] is True
        assert report["epoch"] > 1
        assert self.counts(fresh) | {"events_event": 0} == self.counts(installation) | {
            "events_event": 0
        }
        assert heard_before_new >= EVENTS
        assert heard_after == 3
        assert "master.key" in {Path(key).name for key in told["keys"]}

    def test_keeps_the_application_from_changing_the_log(self, fresh: Installation) -> None:
        with (
            psycopg.connect(fresh.server.url()) as link,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            link.execute("UPDATE events_event SET version = 2")

    def test_notices_keys_that_do_not_fit(self, fresh: Installation) -> None:
        ring = fresh.var / "keys" / "index.key"
        right = ring.read_bytes()
        ring.chmod(0o600)
        ring.write_bytes(bytes(len(right)))
        try:
            outcome = fresh.command("doctor", "--json")
        finally:
            ring.write_bytes(right)
            ring.chmod(0o400)

        states = {
            check["check"]: check["state"] for check in orjson.loads(outcome.stdout)["checks"]
        }
        assert states["keyring"] == "bad"

    def test_refuses_a_database_that_is_not_empty(
        self, installation: Installation, tmp_path: Path
    ) -> None:
        file = tmp_path / "any.dump"
        file.write_bytes(b"PGDMP")

        outcome = installation.command("db", "restore", str(file), "--json")

        assert outcome.returncode == 1
        assert orjson.loads(outcome.stdout)["error"]["code"] == "cli.database_in_use"

    def test_leaves_nothing_of_a_file_that_was_cut_off(
        self, installation: Installation, fresh: Installation, tmp_path: Path
    ) -> None:
        whole = tmp_path / "whole.dump"
        installation.command("db", "backup", str(whole))
        with psycopg.connect(
            fresh.server.url("owner", database="postgres"), autocommit=True
        ) as link:
            link.execute("DROP DATABASE regulars WITH (FORCE)")
            link.execute("CREATE DATABASE regulars OWNER regulars_owner")

        for share in (0.3, 0.7, 0.97):
            broken = tmp_path / f"broken-{share}.dump"
            broken.write_bytes(whole.read_bytes()[: int(whole.stat().st_size * share)])
            outcome = fresh.command("db", "restore", str(broken))

            assert outcome.returncode == 1
            assert "did not succeed" in outcome.stderr
            assert fresh.ask("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == 0

    def test_overwrites_no_file(self, installation: Installation, tmp_path: Path) -> None:
        file = tmp_path / "kept"
        file.write_text("mine")

        outcome = installation.command("db", "backup", str(file))

        assert outcome.returncode == 1
        assert file.read_text() == "mine"

    def counts(self, installation: Installation) -> dict[str, int]:
        with psycopg.connect(installation.server.url("owner")) as link:
            tables = [
                name
                for (name,) in link.execute(
                    "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p')"
                    " AND relnamespace = 'public'::regnamespace ORDER BY relname"
                )
                if not name.startswith(
                    ("procrastinate", "events_cursor", "events_logepoch", "probe")
                )
                and not name.startswith("events_event_")
            ]
            return {name: self.count(link, name) for name in tables}

    def count(self, link: psycopg.Connection[tuple[object, ...]], name: str) -> int:
        row = link.execute(f'SELECT count(*) FROM "{name}"').fetchone()
        assert row is not None
        return int(str(row[0]))
