"""A whole installation in a folder of its own, driven from outside as an operator would."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
import psycopg

from regulars.web.postgres import Server, processes

ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 60


class Installation:
    """One VAR with its database; every command and act runs in a process of its own."""

    def __init__(self, var: Path, *, durable: bool = True) -> None:
        self.var = var
        self.server = Server(var, durable=durable)

    def environment(self, **more: str) -> dict[str, str]:
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith("DATABASE")
        }
        path = os.pathsep.join([str(ROOT / "src"), str(ROOT)])
        return {**kept, "REGULARS_VAR": str(self.var), "PYTHONPATH": path, "LANG": "C", **more}

    def command(self, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Run `regulars …` to its end."""
        return subprocess.run(
            [sys.executable, "-m", "regulars.cli", *arguments],
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS * 3,
            check=False,
            cwd=ROOT,
            env=self.environment(**more),
        )

    @contextmanager
    def running(self, *arguments: str, **more: str) -> Iterator["Running"]:
        """Run `python -m …` beside the test; killed at the end if it still lives."""
        process = subprocess.Popen(
            [sys.executable, "-u", "-m", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=ROOT,
            env=self.environment(**more),
            start_new_session=True,
        )
        try:
            yield Running(process)
        finally:
            for number in (signal.SIGCONT, signal.SIGKILL):
                try:
                    os.killpg(process.pid, number)
                except ProcessLookupError:
                    continue
            process.wait()
            assert process.stdout is not None
            process.stdout.close()

    def act(self, name: str, *arguments: str, **more: str) -> Any:
        """Run one of `acts` to its end and answer the JSON it prints last."""
        with self.running("tests.faults.acts", name, *arguments, **more) as running:
            said = running.wait()
        return orjson.loads(said[-1])

    def ask(self, statement: str, *params: object) -> Any:
        """Ask the database as the owner; answers the first field of the first row."""
        with psycopg.connect(self.server.url("owner"), autocommit=True) as link:
            cursor = link.execute(statement, params or None)
            row = cursor.fetchone() if cursor.description else None
            return row[0] if row else None

    def kill_database(self) -> None:
        """Kill every process of the server at once, as a power cut would."""
        processes.send(processes.list_pids(self.server.places), signal.SIGKILL)


class Running:
    """A process beside the test, and what it has said."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.said: list[str] = []

    def await_word(self, word: str) -> str:
        """Read on until a line starts with the word; answers the line."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said.append(line.rstrip("\n"))
            if line.startswith(word):
                return line.strip()
        raise AssertionError(f"ended without saying {word}: " + "\n".join(self.said[-20:]))

    def listen(self) -> list[str]:
        """Wait for the end, good or not, and answer every line."""
        assert self.process.stdout is not None
        self.said += [line.rstrip("\n") for line in self.process.stdout]
        self.process.wait(timeout=PATIENCE_SECONDS)
        return self.said

    def wait(self) -> list[str]:
        """Wait for a good end and answer every line."""
        said = self.listen()
        assert self.process.returncode == 0, "\n".join(said[-20:])
        return said

    def send(self, number: signal.Signals) -> None:
        os.killpg(self.process.pid, number)


@contextmanager
def made(*, durable: bool = True) -> Iterator[Installation]:
    """Make an installation with its tables, and remove it without a trace."""
    var = Path(tempfile.mkdtemp(prefix="rg-fault-", dir="/tmp"))
    var.chmod(0o755)
    installation = Installation(var, durable=durable)
    try:
        installation.server.start()
        outcome = installation.command("db", "migrate", "--json")
        assert outcome.returncode == 0, outcome.stderr[-2000:]
        yield installation
    finally:
        installation.server.stop()
        shutil.rmtree(var, ignore_errors=True)


def eventually(is_so: Callable[[], bool], *, seconds: float = PATIENCE_SECONDS) -> bool:
    """Wait until it is so; answers whether it came to be."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if is_so():
            return True
        time.sleep(0.05)
    return False


def free_port() -> int:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return int(trial.getsockname()[1])


def fetch(port: int, path: str) -> tuple[int, dict[str, str]]:
    """GET a page; answers status and headers, status 0 where nobody listens."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as reply:
            return reply.status, _lower(reply.headers.items())
    except urllib.error.HTTPError as error:
        with error:
            return error.code, _lower(error.headers.items())
    except OSError:
        return 0, {}


def _lower(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers}
