"""Leases of jobs: who may write, and what becomes of a lost job."""

import pytest
from django.db import connection, transaction

from regulars.web import leases, sql
from regulars.web.leases import Lease, LeaseLost, fenced, reap

pytestmark = pytest.mark.reliability("RE5")

DEFER = (
    "INSERT INTO procrastinate_jobs (queue_name, task_name, status, attempts, worker_id,"
    " queueing_lock) VALUES ('default', 'probe', %s::procrastinate_job_status, %s::int,"
    " %s::bigint, %s::text) RETURNING id"
)


def a_worker(*, silent_seconds: int = 0) -> int:
    row = sql.row(
        "INSERT INTO procrastinate_workers (last_heartbeat)"
        " VALUES (now() - make_interval(secs => %s::int)) RETURNING id",
        [silent_seconds],
    )
    assert row is not None
    return int(row[0])


def a_job(
    *,
    worker_id: int | None,
    attempts: int = 0,
    status: str = "doing",
    waits_once: str | None = None,
) -> int:
    row = sql.row(DEFER, [status, attempts, worker_id, waits_once])
    assert row is not None
    return int(row[0])


def status_of(job_id: int) -> tuple[str, int]:
    row = sql.row("SELECT status::text, attempts FROM procrastinate_jobs WHERE id = %s", [job_id])
    assert row is not None
    return (str(row[0]), int(row[1]))


@pytest.mark.django_db
class TestReap:
    def test_leaves_jobs_of_living_workers_alone(self) -> None:
        job = a_job(worker_id=a_worker())

        assert reap() == []
        assert status_of(job) == ("doing", 0)

    def test_frees_jobs_of_silent_workers(self) -> None:
        job = a_job(worker_id=a_worker(silent_seconds=leases.STALLED_SECONDS + 5))

        assert reap() == [(job, "probe", "todo")]
        assert status_of(job) == ("todo", 1)

    def test_frees_jobs_whose_worker_is_forgotten(self) -> None:
        job = a_job(worker_id=None)

        assert reap() == [(job, "probe", "todo")]

    def test_gives_a_job_up_that_takes_every_worker_down(self) -> None:
        job = a_job(worker_id=None, attempts=leases.LOST_ATTEMPTS_MAX - 1)

        assert reap() == [(job, "probe", "failed")]

    def test_does_not_queue_twice_what_may_wait_only_once(self) -> None:
        waiting = a_job(worker_id=None, status="todo", waits_once="nightly")
        lost = a_job(worker_id=None, waits_once="nightly")

        assert reap() == [(lost, "probe", "failed")]
        assert status_of(waiting) == ("todo", 0)

    def test_of_two_lost_twins_one_waits_again(self) -> None:
        first = a_job(worker_id=None, waits_once="nightly")
        second = a_job(worker_id=None, waits_once="nightly")

        assert sorted(reap()) == [(first, "probe", "todo"), (second, "probe", "failed")]


@pytest.mark.django_db
class TestFence:
    def test_lets_the_holder_write(self) -> None:
        worker = a_worker()
        job = a_job(worker_id=worker)

        with fenced(Lease(job_id=job, worker_id=worker, attempts=0)):
            sql.run("UPDATE web_installation SET name = 'held'")

        assert sql.row("SELECT name FROM web_installation") == ("held",)

    @pytest.mark.parametrize("lease", [{"worker_id": -1}, {"attempts": 1}, {"job_id": -1}], ids=str)
    def test_refuses_whoever_holds_it_no_more(self, lease: dict[str, int]) -> None:
        worker = a_worker()
        known = {"job_id": a_job(worker_id=worker), "worker_id": worker, "attempts": 0}

        with pytest.raises(LeaseLost), transaction.atomic(), fenced(Lease(**known | lease)):
            sql.run("UPDATE web_installation SET name = 'late'")

        assert sql.row("SELECT name FROM web_installation") != ("late",)

    def test_asks_once_in_a_transaction_however_much_is_said(self) -> None:
        worker = a_worker()
        job = a_job(worker_id=worker)
        asked: list[str] = []

        def listen(execute, statement, params, many, context):
            asked.append(statement)
            return execute(statement, params, many, context)

        with (
            fenced(Lease(job_id=job, worker_id=worker, attempts=0)),
            connection.execute_wrapper(listen),
        ):
            for _ in range(3):
                sql.run("UPDATE web_installation SET name = 'held'")

        assert sum("FOR SHARE" in statement for statement in asked) == 1


class TestFenceAcrossTransactions:
    def test_is_asked_again_in_each_and_stops_the_second(self, committed_db: str) -> None:
        worker = a_worker()
        job = a_job(worker_id=worker)
        with fenced(Lease(job_id=job, worker_id=worker, attempts=0)):
            with transaction.atomic():
                sql.run("UPDATE web_installation SET name = 'first'")
            sql.rows("SELECT 1")  # reads outside a transaction are not asked about
        sql.run("UPDATE procrastinate_jobs SET attempts = 1")

        with (
            fenced(Lease(job_id=job, worker_id=worker, attempts=0)),
            pytest.raises(LeaseLost),
            transaction.atomic(),
        ):
            sql.run("UPDATE web_installation SET name = 'second'")

        assert sql.row("SELECT name FROM web_installation") == ("first",)

    def test_lets_a_transaction_only_read_that_says_so(self, committed_db: str) -> None:
        with (
            fenced(Lease(job_id=-1, worker_id=-1, attempts=0)),
            transaction.atomic(),
        ):
            sql.run("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")

            assert sql.row("SELECT name FROM web_installation") is not None

    def test_stops_a_write_outside_any_transaction(self, committed_db: str) -> None:
        with fenced(Lease(job_id=-1, worker_id=-1, attempts=0)), pytest.raises(LeaseLost):
            sql.run("UPDATE web_installation SET name = 'late'")

    def test_is_forgotten_after_a_rollback(self, committed_db: str) -> None:
        worker = a_worker()
        job = a_job(worker_id=worker)
        with fenced(Lease(job_id=job, worker_id=worker, attempts=0)):
            with transaction.atomic():
                sql.run("UPDATE web_installation SET name = 'undone'")
                transaction.set_rollback(True)
            sql.rows("SELECT 1")
        sql.run("DELETE FROM procrastinate_jobs")

        with (
            fenced(Lease(job_id=job, worker_id=worker, attempts=0)),
            pytest.raises(LeaseLost),
            transaction.atomic(),
        ):
            sql.run("UPDATE web_installation SET name = 'late'")
