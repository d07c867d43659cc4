"""RF2: a server that could forget what it confirmed is refused before the first request."""

from collections.abc import Iterator

import pytest

from regulars.cli.supervisor import REFUSED_TO_START
from tests.faults.installation import Installation, free_port, made


@pytest.fixture(scope="module")
def forgetful() -> Iterator[Installation]:
    with made(durable=False) as installation:
        yield installation


@pytest.mark.reliability("RF2")
class TestUnsafeServer:
    def test_is_refused_by_the_web(self, forgetful: Installation) -> None:
        outcome = forgetful.command("web", "--port", str(free_port()))

        assert outcome.returncode == REFUSED_TO_START
        assert "fsync = off" in outcome.stderr
        assert "full_page_writes = off" in outcome.stderr

    def test_is_refused_by_the_worker(self, forgetful: Installation) -> None:
        outcome = forgetful.command("worker")

        assert outcome.returncode == REFUSED_TO_START
        assert "could lose confirmed points" in outcome.stderr

    def test_is_refused_by_serve(self, forgetful: Installation) -> None:
        outcome = forgetful.command("serve", "--port", str(free_port()))
        forgetful.server.start()

        assert outcome.returncode == 1
        assert "READY" not in outcome.stdout

    def test_is_named_by_the_doctor(self, forgetful: Installation) -> None:
        outcome = forgetful.command("doctor")

        assert outcome.returncode == 1
        assert "durability" in outcome.stdout
        assert "synchronous_commit = off" in outcome.stdout
