"""A full disk: a clear sentence, no damage, and no hand needed once there is room again."""

import os
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from regulars.web.postgres import Server, processes
from regulars.web.postgres.refusals import DiskFull

Mount = Callable[[str], Path]


def mount(folder: Path, *options: str) -> bool:
    command = ["mount", "-t", "tmpfs", "-o", ",".join(options), "tmpfs", str(folder)]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


@pytest.fixture
def disk() -> Iterator[Mount]:
    """A small disk of its own, of a size that the test names."""
    folder = Path(tempfile.mkdtemp(prefix="rg-disk-", dir="/tmp"))

    def make(size: str) -> Path:
        if os.geteuid() != 0 or not mount(folder, f"size={size}"):
            pytest.skip("only root may mount a small disk, and not in every container")
        return folder

    yield make
    Server(folder / "var").stop()
    subprocess.run(["umount", str(folder)], capture_output=True, check=False)
    folder.rmdir()


def fill(file: Path) -> None:
    try:
        with file.open("wb", buffering=0) as filler:
            while True:
                filler.write(bytes(65_536))
    except OSError:
        return


@pytest.mark.capability("H5")
class TestDiskFull:
    def test_stops_the_first_start_with_a_sentence_and_leaves_nothing(self, disk: Mount) -> None:
        server = Server(disk("30m") / "var")

        with pytest.raises(DiskFull, match="is full"):
            server.start()

        assert not server.places.data.exists()
        assert not (server.places.home / "data.new").exists()

    def test_loses_nothing_that_was_confirmed(self, disk: Mount) -> None:
        folder = disk("150m")
        server = Server(folder / "var")
        server.start()
        confirmed = self.write_until_full(server)
        processes.send(processes.list_pids(server.places), signal.SIGKILL)
        fill(folder / "filler")

        with pytest.raises(DiskFull):
            server.start()
        (folder / "filler").unlink()
        assert mount(folder, "remount", "size=400m")
        server.start()

        with psycopg.connect(server.url("owner")) as link:
            assert link.execute("SELECT count(*) FROM noted").fetchone() == (confirmed,)

    def write_until_full(self, server: Server) -> int:
        confirmed = 0
        with psycopg.connect(server.url("owner"), autocommit=True) as link:
            link.execute("CREATE TABLE noted (words text)")
            while self.writes(link):
                confirmed += 5_000
        return confirmed

    def writes(self, link: psycopg.Connection[tuple[object, ...]]) -> bool:
        try:
            link.execute(
                "INSERT INTO noted SELECT repeat(md5(n::text), 30) FROM generate_series(1, 5000) n"
            )
        except psycopg.Error:
            return False
        return True
