"""The whole house served by one command, killed in parts, and stopped."""

import os
import signal
import subprocess
from collections.abc import Iterator

import pytest

from regulars.web.postgres import processes
from tests.faults.installation import Installation, Running, eventually, fetch, free_port, made


@pytest.fixture(scope="module")
def installation() -> Iterator[Installation]:
    with made() as installation:
        yield installation


@pytest.fixture(scope="module")
def port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def served(installation: Installation, port: int) -> Iterator[Running]:
    with installation.running("regulars.cli", "serve", "--port", str(port)) as running:
        running.await_word(f"READY http://127.0.0.1:{port}")
        yield running
        running.process.send_signal(signal.SIGTERM)
        running.listen()
        assert running.process.returncode == 0


def children_of(pid: int, word: str) -> list[int]:
    said = subprocess.run(
        ["ps", "-o", "pid=,args=", "--ppid", str(pid)], capture_output=True, text=True, check=False
    )
    return [int(line.split()[0]) for line in said.stdout.splitlines() if f" {word}" in line]


@pytest.mark.capability("H5")
class TestServe:
    """In order: the last test stops what the others look at."""

    def test_is_ready_when_it_says_so(self, served: Running, port: int) -> None:
        assert fetch(port, "/readyz")[0] == 200
        assert fetch(port, "/static/console/tokens.css")[0] == 200

    def test_offers_the_link_that_makes_the_first_account(self, served: Running, port: int) -> None:
        (line,) = [line for line in served.said if line.startswith("SET-UP ")]
        path = line.removeprefix(f"SET-UP http://127.0.0.1:{port}")

        assert path.startswith("/set-up/")
        assert fetch(port, path)[0] == 200

    def test_refuses_a_second_one_on_the_same_port(
        self, installation: Installation, served: Running, port: int
    ) -> None:
        outcome = installation.command("serve", "--port", str(port))

        assert outcome.returncode == 1
        assert f"Port {port}" in outcome.stderr

    def test_keeps_the_database_from_being_stopped_below_it(
        self, installation: Installation, served: Running
    ) -> None:
        outcome = installation.command("db", "stop")

        assert outcome.returncode == 1
        assert "Stop that first" in outcome.stderr

    @pytest.mark.reliability("RF10")
    def test_starts_the_database_again_when_it_is_killed(
        self, installation: Installation, served: Running, port: int
    ) -> None:
        before = processes.read_pid(installation.server.places)
        installation.kill_database()

        assert eventually(
            lambda: processes.read_pid(installation.server.places) not in {None, before}, seconds=20
        )
        assert eventually(lambda: fetch(port, "/readyz")[0] == 200, seconds=20)

    def test_starts_the_web_again_when_it_is_killed(self, served: Running, port: int) -> None:
        before = children_of(served.process.pid, "web")
        os.kill(before[0], signal.SIGKILL)

        assert eventually(lambda: bool(set(children_of(served.process.pid, "web")) - set(before)))
        assert eventually(lambda: fetch(port, "/readyz")[0] == 200)

    def test_stops_everything_it_started(
        self, installation: Installation, served: Running, port: int
    ) -> None:
        served.process.send_signal(signal.SIGTERM)
        served.listen()

        assert served.process.returncode == 0
        assert fetch(port, "/healthz")[0] == 0
        assert processes.list_pids(installation.server.places) == []
