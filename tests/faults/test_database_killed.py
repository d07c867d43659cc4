"""RF1: every PostgreSQL process is killed under load; what was acknowledged is there."""

import random
import time
from pathlib import Path

import orjson
import pytest

from tests.faults.installation import Installation
from tests.faults.saying import say
from tests.sizes import size

KILLS = size(ci=2, soak=50)
RECOVERY_SECONDS_MAX = size(ci=60, soak=10)


@pytest.mark.reliability("RF1")
@pytest.mark.capability("H5")
class TestKilledUnderLoad:
    def test_loses_nothing_acknowledged_and_restarts(
        self, installation: Installation, tmp_path: Path
    ) -> None:
        seed = random.randrange(1_000_000)
        say(f"seed {seed}")
        for turn in range(KILLS):
            journal = tmp_path / f"journal-{turn}.json"
            load = ("tests.faults.acts", "post", "8", "30", str(journal), f"{seed}/{turn}")
            with installation.running(*load) as posting:
                posting.await_word("POSTING")
                time.sleep(random.Random(f"{seed}/{turn}").uniform(0.4, 1.2))
                installation.kill_database()
                counts = orjson.loads(posting.wait()[-1])

            began = time.monotonic()
            installation.server.start()
            seconds = time.monotonic() - began
            report = installation.act("settle", str(journal))

            assert counts["ok"] > 0
            assert counts["unknown"] > 0
            assert seconds < RECOVERY_SECONDS_MAX
            assert report["lost"] == 0
            assert report["refused_but_booked"] == 0
            assert report["unresolved"] == 0
        verdict = installation.command("verify", "--all", "--json")
        assert verdict.returncode == 0, verdict.stdout + verdict.stderr
