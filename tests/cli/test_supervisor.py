"""Children are kept running, and ended in order."""

import os
import signal
import sys
import threading
import time
from pathlib import Path

import pytest

from regulars.cli import supervisor as supervision
from regulars.cli.supervisor import REFUSED_TO_START, Child, Supervisor
from tests.faults.installation import eventually


def a_child(code: str, name: str = "child") -> Child:
    return Child(name, [sys.executable, "-c", code])


def note(file: Path, then: str = "") -> str:
    return f"open({str(file)!r}, 'a').write('x'); import time, os, sys, subprocess; {then}"


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervision, "PAUSE_SECONDS_MIN", 0.05)
    monkeypatch.setattr(supervision, "TICK_SECONDS", 0.02)


def stop_when(supervisor: Supervisor, is_so, *, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds

    def look() -> None:
        if is_so() or time.monotonic() > deadline:
            supervisor.stop()

    assert supervisor.run(each_tick=look) == 0
    assert time.monotonic() < deadline


@pytest.mark.capability("H5")
class TestSupervisor:
    def test_starts_a_child_again_that_died(self, tmp_path: Path, said: list[str]) -> None:
        file = tmp_path / "starts"
        child = a_child(note(file, "sys.exit(3)"))
        child.pause_seconds = 0.05

        stop_when(
            Supervisor([child], say=said.append),
            lambda: file.exists() and len(file.read_text()) >= 3,
        )

        assert "child ended (exit code 3)" in said[0]

    def test_waits_longer_with_each_death(self, tmp_path: Path, said: list[str]) -> None:
        child = a_child("import sys; sys.exit(1)")
        child.pause_seconds = 0.05

        stop_when(Supervisor([child], say=said.append), lambda: len(said) >= 3)

        assert [line.rsplit(" in ", 1)[1] for line in said[:3]] == ["0.05 s", "0.1 s", "0.2 s"]

    def test_ends_when_a_child_refuses_to_start(self, said: list[str]) -> None:
        steady = a_child("import time; time.sleep(60)", "steady")
        refusing = a_child(f"import sys; sys.exit({REFUSED_TO_START})", "refusing")

        assert Supervisor([steady, refusing], say=said.append).run() == 1
        assert steady.process is not None
        assert steady.process.poll() is not None

    def test_leaves_no_grandchild_behind(self, tmp_path: Path, said: list[str]) -> None:
        file = tmp_path / "pid"
        code = (
            "import subprocess, sys, time;"
            "p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']);"
            f"open({str(file)!r}, 'w').write(str(p.pid)); time.sleep(60)"
        )

        stop_when(
            Supervisor([a_child(code)], say=said.append),
            lambda: file.exists() and bool(file.read_text()),
        )

        assert eventually(lambda: not is_alive(int(file.read_text())), seconds=10)

    def test_stops_at_a_signal(self, said: list[str]) -> None:
        before = signal.getsignal(signal.SIGTERM)
        threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGTERM)).start()

        code = Supervisor([a_child("import time; time.sleep(60)")], say=said.append).run()

        assert code == 0
        assert signal.getsignal(signal.SIGTERM) is before

    def test_says_a_trouble_once_and_again_when_it_returns(self, said: list[str]) -> None:
        supervisor = Supervisor([], say=said.append)

        for words in ("full", "full", None, "full"):
            supervisor.say_once(words)

        assert said == ["full", "full"]


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False
