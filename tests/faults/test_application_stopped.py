"""RF3, RF4: the application is killed or stopped at the worst moment."""

import signal
from uuid import uuid4

import psycopg
import pytest

from tests.faults.installation import Installation, eventually
from tests.sizes import size

IDLE_MILLISECONDS = size(ci=2_000, soak=15_000)
LOCK_MILLISECONDS = size(ci=300, soak=2_000)


@pytest.fixture
def probe(installation: Installation) -> Installation:
    installation.ask("CREATE TABLE IF NOT EXISTS probe (word text, note text)")
    installation.ask("GRANT ALL ON probe TO regulars_app")
    installation.ask("TRUNCATE probe")
    installation.ask("DELETE FROM procrastinate_jobs")
    return installation


@pytest.mark.reliability("RF3")
class TestKilledAroundTheCommit:
    def test_before_it_nothing_happened_and_a_retry_does_it(self, probe: Installation) -> None:
        key = str(uuid4())
        with probe.running("tests.faults.acts", "write-once", key, "before") as writing:
            writing.await_word("PAUSED")
            writing.send(signal.SIGKILL)
        jobs = probe.ask("SELECT count(*) FROM procrastinate_jobs")
        effects = probe.ask("SELECT count(*) FROM probe")

        retried = probe.act("write-once", key, "")

        assert (jobs, effects) == (0, 0)
        assert retried == {"status": 201, "replayed": False}
        assert probe.ask("SELECT count(*) FROM probe WHERE word = %s", key) == 1

    def test_after_it_the_retry_answers_what_was_done(self, probe: Installation) -> None:
        key = str(uuid4())
        with probe.running("tests.faults.acts", "write-once", key, "after") as writing:
            writing.await_word("PAUSED")
            writing.send(signal.SIGKILL)

        retried = probe.act("write-once", key, "")
        probe.act("work", "anyone")

        assert retried == {"status": 201, "replayed": True}
        assert probe.ask("SELECT count(*) FROM probe WHERE note = 'effect'") == 1
        assert probe.ask("SELECT count(*) FROM probe WHERE note = 'followed'") == 1


@pytest.mark.reliability("RF4")
class TestStoppedWhileItHoldsLocks:
    def test_others_are_freed_by_the_time_outs_and_it_cannot_write_late(
        self, installation: Installation
    ) -> None:
        limits = f"-c idle_in_transaction_session_timeout={IDLE_MILLISECONDS}"
        before = installation.ask("SELECT name FROM web_installation")
        with installation.running("tests.faults.acts", "hold-a-row", PGOPTIONS=limits) as holder:
            holder.await_word("LOCKED")
            holder.send(signal.SIGSTOP)

            with pytest.raises(psycopg.errors.LockNotAvailable):
                self.lock(installation)
            freed = eventually(lambda: self.is_free(installation))

            holder.send(signal.SIGCONT)
            holder.send(signal.SIGKILL)

        assert freed
        assert installation.ask("SELECT name FROM web_installation") == before

    def test_the_web_connects_with_short_time_outs(self, installation: Installation) -> None:
        said = installation.act("time-outs")

        assert said == {"statement": "5s", "lock": "2s", "idle": "15s"}

    def is_free(self, installation: Installation) -> bool:
        try:
            self.lock(installation)
        except psycopg.errors.LockNotAvailable:
            return False
        return True

    def lock(self, installation: Installation) -> None:
        with psycopg.connect(installation.server.url()) as link:
            link.execute("SELECT set_config('lock_timeout', %s, true)", (str(LOCK_MILLISECONDS),))
            link.execute("SELECT id FROM web_installation FOR UPDATE")
            link.rollback()
