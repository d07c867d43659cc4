"""A PostgreSQL of the operator's own: Debian's server, addressed by DATABASE_URL."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import orjson
import psycopg
import pytest

from regulars.web.postgres.account import server_account
from tests.faults.installation import Installation

FOLDERS = [Path("/usr/local/bin"), *sorted(Path("/usr/lib/postgresql").glob("*/bin"))]
DEBIAN = next(
    (real for folder in FOLDERS if (real := (folder / "postgres").resolve()).exists()), None
)

pytestmark = pytest.mark.skipif(DEBIAN is None, reason="no PostgreSQL of the system's own here")

ROLES = """
CREATE ROLE shop_owner LOGIN;
CREATE ROLE shop_app LOGIN;
CREATE DATABASE shop OWNER shop_owner;
"""


class Foreign(Installation):
    """An installation whose database is somebody else's business."""

    def __init__(self, var: Path, socket: Path) -> None:
        super().__init__(var)
        self.app = f"postgresql://shop_app@/shop?host={socket}"
        self.owner = f"postgresql://shop_owner@/shop?host={socket}"

    def environment(self, **more: str) -> dict[str, str]:
        urls = {"DATABASE_URL": self.app, "DATABASE_OWNER_URL": self.owner}
        return super().environment(**urls | more)


@pytest.fixture(scope="module")
def foreign() -> Iterator[Foreign]:
    assert DEBIAN is not None
    folder = Path(tempfile.mkdtemp(prefix="rg-debian-", dir="/tmp"))
    folder.chmod(0o755)
    data, var = folder / "data", folder / "var"
    account = server_account(data)
    data.mkdir(mode=0o700)
    if os.geteuid() == 0:
        os.chown(data, account.uid, account.gid)
    tools = DEBIAN.parent
    options = f"-c listen_addresses= -c unix_socket_directories={data}"
    try:
        made = account.run(
            [
                f"{tools}/initdb",
                "-D",
                str(data),
                "-U",
                "postgres",
                "-A",
                "trust",
                "-k",
                "-E",
                "UTF8",
                "--locale=C",
            ]
        )
        assert made.returncode == 0, made.stdout
        with (folder / "log").open("w") as log:
            command = [f"{tools}/pg_ctl", "-D", str(data), "-o", options, "-w", "start"]
            assert account.run(command, log=log.fileno()).returncode == 0
        with psycopg.connect(f"host={data} user=postgres", autocommit=True) as link:
            for statement in ROLES.strip().splitlines():
                link.execute(statement)
        yield Foreign(var, data)
    finally:
        account.run([f"{tools}/pg_ctl", "-D", str(data), "-m", "immediate", "stop"])
        shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.capability("H5")
class TestDebianServer:
    """In order: each test stands on what the one before it did."""

    def test_is_migrated_by_its_owner(self, foreign: Foreign) -> None:
        outcome = foreign.command("db", "migrate", "--json")

        assert outcome.returncode == 0, outcome.stderr
        assert orjson.loads(outcome.stdout)["applied"]
        assert not (foreign.var / "postgres").exists()

    def test_keeps_events_and_hands_them_on(self, foreign: Foreign) -> None:
        foreign.act("append", "3")

        assert foreign.act("drain")["heard"] == 3

    def test_lets_the_application_change_no_event(self, foreign: Foreign) -> None:
        with (
            psycopg.connect(foreign.app) as link,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            link.execute("DELETE FROM events_event")

    def test_is_found_healthy(self, foreign: Foreign) -> None:
        outcome = foreign.command("doctor", "--json")
        states = {
            check["check"]: check["state"] for check in orjson.loads(outcome.stdout)["checks"]
        }

        assert outcome.returncode == 0, outcome.stdout
        assert states["durability"] == states["roles"] == states["append-only"] == "ok"

    def test_is_not_ours_to_stop(self, foreign: Foreign) -> None:
        outcome = foreign.command("db", "stop")

        assert outcome.returncode == 1
        assert "DATABASE_URL is set" in outcome.stderr

    def test_gets_the_time_outs_of_the_web_without_being_asked(self, foreign: Foreign) -> None:
        assert foreign.act("time-outs") == {"statement": "5s", "lock": "2s", "idle": "15s"}

    def test_is_backed_up_and_restored_elsewhere(self, foreign: Foreign, tmp_path: Path) -> None:
        file = tmp_path / "shop.dump"
        written = foreign.command("db", "backup", str(file), "--json")
        with psycopg.connect(
            foreign.owner.replace("/shop?", "/postgres?").replace("shop_owner", "postgres"),
            autocommit=True,
        ) as link:
            link.execute("DROP DATABASE shop WITH (FORCE)")
            link.execute("CREATE DATABASE shop OWNER shop_owner")

        restored = foreign.command("db", "restore", str(file), "--json")

        assert written.returncode == 0, written.stderr
        assert restored.returncode == 0, restored.stderr
        assert foreign.act("drain")["heard"] >= 0
        with psycopg.connect(foreign.owner) as link:
            assert link.execute("SELECT count(*) FROM events_event").fetchone() == (3,)


def test_the_oldest_supported_server_is_what_debian_has() -> None:
    assert DEBIAN is not None
    said = subprocess.run([str(DEBIAN), "--version"], capture_output=True, text=True, check=True)

    assert int(said.stdout.split()[2].split(".")[0]) >= 15
