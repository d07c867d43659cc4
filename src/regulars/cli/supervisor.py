"""Keep a few child processes running, and end them all in an orderly way.

A child that dies is started again after a pause that doubles with each death in a row. A child
that refuses to start (exit code 78) ends everything: starting it again would change nothing.
"""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import FrameType

REFUSED_TO_START = 78  # EX_CONFIG of sysexits.h
PAUSE_SECONDS_MIN = 0.5
PAUSE_SECONDS_MAX = 30.0
STEADY_SECONDS = 60.0  # a child that lived this long starts again without delay
STOP_SECONDS_MAX = 30.0
TICK_SECONDS = 0.1

Say = Callable[[str], None]


@dataclass(slots=True)
class Child:
    """One process to keep running."""

    name: str
    command: Sequence[str]
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    due_at: float = 0.0
    pause_seconds: float = PAUSE_SECONDS_MIN


@dataclass(slots=True)
class Supervisor:
    """Runs children until it is told to stop."""

    children: Sequence[Child]
    say: Say
    environment: Mapping[str, str] = field(default_factory=dict)
    _stopping: bool = False
    _said: str | None = None

    def run(self, *, each_tick: Callable[[], None] = lambda: None) -> int:
        """Run until SIGTERM or SIGINT, or until a child refuses to start; return the exit code."""
        before = {
            number: signal.signal(number, self._on_signal)
            for number in (signal.SIGTERM, signal.SIGINT)
        }
        try:
            while not self._stopping:
                if any(self._look_after(child) == REFUSED_TO_START for child in self.children):
                    return 1
                each_tick()
                time.sleep(TICK_SECONDS)
            return 0
        finally:
            self._end_all()
            for number, handler in before.items():
                signal.signal(number, handler)

    def say_once(self, words: str | None) -> None:
        """Say a sentence when it is news; None means that all is well again."""
        if words and words != self._said:
            self.say(words)
        self._said = words

    def is_up(self, name: str) -> bool:
        """Tell whether the child of this name has lived for a moment."""
        now = time.monotonic()
        return any(
            child.process is not None and now - child.started_at > PAUSE_SECONDS_MIN
            for child in self.children
            if child.name == name
        )

    def stop(self) -> None:
        """Ask `run` to end."""
        self._stopping = True

    def _on_signal(self, number: int, _: FrameType | None) -> None:
        self.stop()
        # A second signal means it: the default action ends this process.
        signal.signal(number, signal.SIG_DFL)

    def _look_after(self, child: Child) -> int | None:
        now = time.monotonic()
        if child.process is None:
            if now >= child.due_at:
                self._start(child)
            return None
        code = child.process.poll()
        if code is None:
            return None
        _end_group(child.process, signal.SIGKILL)  # what the dead child left behind
        child.process = None
        if code == REFUSED_TO_START:
            return code
        steady = now - child.started_at > STEADY_SECONDS
        child.pause_seconds = PAUSE_SECONDS_MIN if steady else child.pause_seconds
        child.due_at = now + child.pause_seconds
        self.say(
            f"{child.name} ended ({_how(code)}); starting it again in {child.pause_seconds:g} s"
        )
        child.pause_seconds = min(child.pause_seconds * 2, PAUSE_SECONDS_MAX)
        return None

    def _start(self, child: Child) -> None:
        # A session of its own: Ctrl-C reaches the supervisor alone, which then ends the children
        # in order, and what a dead child leaves behind can be found by its group.
        child.process = subprocess.Popen(  # noqa: S603 our own command line
            child.command, env={**os.environ, **self.environment}, start_new_session=True
        )
        child.started_at = time.monotonic()

    def _end_all(self) -> None:
        running = [child.process for child in self.children if child.process is not None]
        for process in running:
            process.terminate()
        deadline = time.monotonic() + STOP_SECONDS_MAX
        for process in running:
            try:
                process.wait(timeout=max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                self.say(f"process {process.pid} did not end in time and is killed")
            _end_group(process, signal.SIGKILL)
            process.wait()


def _end_group(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        return


def _how(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"
