"""RF10: the database goes away and comes back; the web says so and recovers by itself."""

import signal
import time
from collections.abc import Iterator

import pytest

from tests.faults.installation import Installation, Running, eventually, fetch, free_port
from tests.sizes import size

RECOVERY_SECONDS_MAX = size(ci=60, soak=10)


@pytest.fixture(scope="module")
def port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def web(installed: Installation, port: int) -> Iterator[Running]:
    installed.server.start()
    with installed.running("regulars.cli", "web", "--port", str(port)) as running:
        assert eventually(lambda: fetch(port, "/readyz")[0] == 200), running.said
        yield running
        running.send(signal.SIGTERM)


@pytest.mark.reliability("RF10")
@pytest.mark.capability("H5")
class TestDatabaseRestarted:
    def test_says_503_with_retry_after_and_recovers(
        self, installation: Installation, web: Running, port: int
    ) -> None:
        installation.server.stop()
        away, headers = fetch(port, "/readyz")
        alive, _ = fetch(port, "/healthz")

        began = time.monotonic()
        installation.server.start()
        back = eventually(lambda: fetch(port, "/readyz")[0] == 200, seconds=RECOVERY_SECONDS_MAX)

        assert away == 503
        assert int(headers["retry-after"]) > 0
        assert alive == 200
        assert back
        assert time.monotonic() - began < RECOVERY_SECONDS_MAX
        assert web.process.poll() is None

    def test_survives_that_every_process_of_it_is_killed(
        self, installation: Installation, web: Running, port: int
    ) -> None:
        installation.kill_database()
        away, _ = fetch(port, "/readyz")
        installation.server.start()

        assert away == 503
        assert eventually(lambda: fetch(port, "/readyz")[0] == 200, seconds=RECOVERY_SECONDS_MAX)
        assert web.process.poll() is None

    def test_counts_itself_as_away_in_the_metrics(
        self, installation: Installation, web: Running, port: int
    ) -> None:
        installation.server.stop()
        status, _ = fetch(port, "/metrics")
        installation.server.start()

        assert status == 200
        assert web.process.poll() is None
