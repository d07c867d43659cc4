"""Tell a living server from a dead one, and from what a dead one left behind.

Every process of a server inherits one locked file from whoever started it. While any of them lives
the lock is held; when it can be taken, all of them are gone, however they died, and a zombie does
not count. That is the proof on which a stale pid file is removed, and it holds across containers.
"""

import fcntl
import os
import signal
from collections.abc import Iterable
from pathlib import Path

from regulars.web.postgres.places import Places

PROC = Path("/proc")


def try_lock(places: Places) -> int | None:
    """Take the server's lock and return its descriptor; None while any process holds it."""
    descriptor = os.open(places.lock, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def read_pid(places: Places) -> int | None:
    """Read the postmaster's pid from its file; None where there is none or it is not whole."""
    try:
        first = (places.data / "postmaster.pid").read_text().split("\n", 1)[0].strip()
    except FileNotFoundError:
        return None
    return int(first) if first.isdigit() else None


def list_pids(places: Places) -> list[int]:
    """List the living processes that work in this data folder."""
    data = os.path.realpath(places.data)
    numbers = [int(entry.name) for entry in PROC.iterdir() if entry.name.isdigit()]
    return [pid for pid in sorted(numbers) if _works_in(pid, data)]


def clear_leftovers(places: Places) -> None:
    """Remove the pid file and socket of a server that is provably gone. Call with the lock held."""
    data = os.path.realpath(places.data)
    pid = read_pid(places)
    if pid is not None and _works_in(pid, data):
        return  # started by hand, past our lock: PostgreSQL's own check will speak
    (places.data / "postmaster.pid").unlink(missing_ok=True)
    socket = places.socket_folder / f".s.PGSQL.{places.port}"
    socket.unlink(missing_ok=True)
    socket.with_name(socket.name + ".lock").unlink(missing_ok=True)


def send(pids: Iterable[int], number: signal.Signals) -> None:
    """Signal processes; those that are gone already are no error."""
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue


def is_postmaster_alive(places: Places) -> bool:
    """Tell whether the process named in the pid file lives and works in this folder."""
    pid = read_pid(places)
    return pid is not None and _works_in(pid, os.path.realpath(places.data))


def _works_in(pid: int, data: str) -> bool:
    try:
        return (PROC / str(pid) / "cwd").readlink() == Path(data)
    except OSError:  # gone, a zombie, or somebody else's
        return False
