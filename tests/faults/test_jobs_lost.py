"""RE5, RE6: a worker is stopped or killed with a job in hand; another takes over, the first is late."""

import signal
import time

import pytest

from tests.faults.installation import Installation
from tests.sizes import size

KILLS = size(ci=3, soak=100)


@pytest.fixture
def queue(installation: Installation) -> Installation:
    installation.ask("CREATE TABLE IF NOT EXISTS probe (word text, note text)")
    installation.ask("GRANT ALL ON probe TO regulars_app")
    installation.ask("TRUNCATE probe")
    installation.ask("DELETE FROM procrastinate_jobs")
    installation.ask("DELETE FROM procrastinate_workers")
    return installation


def notes(queue: Installation) -> list[str]:
    found = queue.ask("SELECT coalesce(array_agg(note ORDER BY ctid), '{}') FROM probe")
    return [str(note) for note in found]


@pytest.mark.reliability("RE5")
@pytest.mark.capability("H5")
class TestJobOfALostWorker:
    @pytest.mark.parametrize("loss", ["heartbeat missed", "worker row pruned"])
    def test_is_taken_over_and_the_late_worker_cannot_write(
        self, queue: Installation, loss: str
    ) -> None:
        queue.act("defer", "probe.slow", "a")
        with queue.running("tests.faults.acts", "work", "first", "wait") as first:
            first.await_word("BEGUN")
            first.send(signal.SIGSTOP)
            if loss == "worker row pruned":
                queue.ask("DELETE FROM procrastinate_workers")
            else:
                queue.ask(
                    "UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 h'"
                )
            queue.act("work", "second")

            first.send(signal.SIGCONT)
            said = "\n".join(first.listen())

        assert notes(queue) == ["begun by first", "begun by second", "done by second"]
        assert "lease_lost" in said
        assert (
            queue.ask("SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'probe.slow'") == 0
        )

    def test_is_taken_over_when_the_worker_is_killed(self, queue: Installation) -> None:
        queue.act("defer", "probe.slow", "a")
        with queue.running("tests.faults.acts", "work", "first", "wait") as first:
            first.await_word("BEGUN")
            first.send(signal.SIGKILL)
        queue.ask("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 h'")

        queue.act("work", "second")

        assert notes(queue) == ["begun by first", "begun by second", "done by second"]


@pytest.mark.reliability("RE6")
class TestReaperKilled:
    def test_leaves_no_lock_and_the_next_one_works(self, queue: Installation) -> None:
        for _ in range(KILLS):
            with queue.running("tests.faults.acts", "reap-for-ever") as reaping:
                reaping.await_word("REAPING")
                time.sleep(0.2)
                reaping.send(signal.SIGKILL)
        queue.act("defer", "probe.slow", "b")
        queue.ask("UPDATE procrastinate_jobs SET status = 'doing', worker_id = NULL")

        queue.act("work", "next")

        assert notes(queue)[-1] == "done by next"
