"""Imports that are killed, said twice and run side by side: nothing lost, nothing counted twice."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from django.db import connections

from regulars.ingest import services as ingest
from regulars.ingest.domain.batches import BatchBusy, ImportOptions
from regulars.ingest.domain.files import FileKind
from regulars.web import clock, postgres, sql
from tests.environment import rig_folder
from tests.ingest.reading import a_csv
from tests.sizes import size


class Stopped(Exception):  # noqa: N818 a stop on purpose, not an error
    """The process ends here, as far as the import is concerned."""


HEADER = ["订单号", "订单状态", "订单创建时间", "实付", "手机号"]
KILLS = size(ci=6, soak=10)
OPTIONS = ImportOptions(kind=FileKind.ORDERS)
EACH = 20  # orders a member has: too few to rise a tier, so that each order earns ten points

RUN = """
import sys, django
django.setup()
from pathlib import Path
from regulars.ingest import services as ingest
from regulars.ingest.domain.batches import ImportOptions
from regulars.ingest.domain.files import FileKind
from regulars.web import clock
report = ingest.import_file(
    path=Path(sys.argv[1]), options=ImportOptions(kind=FileKind.ORDERS), at=clock.now(), writers=2
)
# VmHWM, not ru_maxrss: that one still counts the process we were forked from
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(report.tally.new, int(peak.split()[1]) // 1024)
"""


def a_file(folder: Path, numbers: range, name: str = "orders.csv") -> Path:
    rows = [
        [f"E{n}", "交易完成", "2026-01-05 10:00", "10.00", f"138{n // EACH:08}"] for n in numbers
    ]
    return a_csv(folder, [HEADER, *rows], name=name)


def start(path: Path, database: str) -> "subprocess.Popen[str]":
    server = postgres.Server(rig_folder(), durable=False)
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "regulars.settings",
        "PYTHONPATH": "src",
        "DATABASE_URL": server.url("app", database=database),
        "DATABASE_OWNER_URL": server.url("owner", database=database),
    }
    return subprocess.Popen(
        [sys.executable, "-c", RUN, str(path)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def one(query: str) -> int:
    found = sql.row(query)
    assert found is not None
    return int(found[0])


def everything_stands_once(orders: int) -> None:
    """Every order is in once, told once, and worth ten points once."""
    assert one("SELECT count(*) FROM commerce_order") == orders
    assert one("SELECT count(*) FROM events_event WHERE type = 'order.recorded'") == orders
    assert one("SELECT count(*) FROM members_member") == -(-orders // EACH)
    earned = "SELECT COALESCE(sum(granted), 0) FROM ledger_lot"
    assert one(earned) == 10 * orders
    assert one("SELECT count(*) FROM ingest_stagedchunk") == 0


@pytest.mark.reliability("RJ2")
class TestKilled:
    def test_goes_on_where_it_was_killed(self, tmp_path: Path, committed_db: str) -> None:
        amount = size(ci=3_000, soak=100_000)
        path = a_file(tmp_path, range(amount))
        chance = random.Random(7)
        kills = 0

        for _ in range(40):
            process = start(path, committed_db)
            try:
                _, err = process.communicate(
                    timeout=chance.uniform(0.7, 2.2) if kills < KILLS else 120
                )
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                process.communicate()
                kills += 1
                continue
            if process.returncode == 0:
                break
            assert "BatchBusy" in err, err  # the killed one's connection is still being closed
            time.sleep(0.1)

        assert process.returncode == 0
        assert kills >= 3
        everything_stands_once(amount)

    def test_is_resumed_by_its_id(self, tmp_path: Path, committed_db: str) -> None:
        path = a_file(tmp_path, range(1_000))
        ticks: list[str] = []

        def stop_later(phase: str, done: int, total: int) -> None:
            ticks.append(phase)
            if ticks.count("apply") == 2:
                raise Stopped

        with pytest.raises(Stopped):
            ingest.import_file(path=path, options=OPTIONS, at=clock.now(), tick=stop_later)
        (batch,) = (str(row[0]) for row in sql.rows("SELECT public_id FROM ingest_batch"))
        report = ingest.resume_import(batch=batch)

        assert report.tally.new == 1_000
        everything_stands_once(1_000)

    def test_reads_anew_what_was_not_read_to_its_end(
        self, tmp_path: Path, committed_db: str
    ) -> None:
        path = a_file(tmp_path, range(2_500))

        def stop_reading(phase: str, done: int, total: int) -> None:
            if phase == "read":
                raise Stopped

        with pytest.raises(Stopped):
            ingest.import_file(path=path, options=OPTIONS, at=clock.now(), tick=stop_reading)
        assert one("SELECT count(*) FROM ingest_stagedchunk") > 0
        report = ingest.import_file(path=path, options=OPTIONS, at=clock.now())

        assert report.tally.new == 2_500
        everything_stands_once(2_500)


@pytest.mark.reliability("RJ2")
class TestSideBySide:
    def test_two_overlapping_files_count_every_order_once(
        self, tmp_path: Path, committed_db: str
    ) -> None:
        amount = size(ci=1_600, soak=50_000)
        paths = [
            a_file(tmp_path, range(amount), "one.csv"),
            a_file(tmp_path, range(amount // 2, amount + amount // 2), "other.csv"),
        ]
        trouble: list[BaseException] = []

        def work(path: Path) -> None:
            try:
                ingest.import_file(path=path, options=OPTIONS, at=clock.now())
            except BaseException as error:  # noqa: BLE001 told to the test below
                trouble.append(error)
            finally:
                connections.close_all()

        threads = [threading.Thread(target=work, args=(path,)) for path in paths]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert trouble == []
        everything_stands_once(amount + amount // 2)

    def test_the_same_file_at_the_same_time_waits_for_nobody(
        self, tmp_path: Path, committed_db: str
    ) -> None:
        path = a_file(tmp_path, range(600))
        refused: list[BaseException] = []

        def another(phase: str, done: int, total: int) -> None:
            if phase == "apply" and not refused:
                thread = threading.Thread(target=try_again)
                thread.start()
                thread.join()

        def try_again() -> None:
            try:
                ingest.import_file(path=path, options=OPTIONS, at=clock.now())
            except BatchBusy as busy:
                refused.append(busy)
            finally:
                connections.close_all()

        ingest.import_file(path=path, options=OPTIONS, at=clock.now(), tick=another)

        assert len(refused) == 1
        everything_stands_once(600)


class TestMemory:
    @pytest.mark.reliability("RJ1")
    def test_a_big_file_takes_little_of_it(self, tmp_path: Path, committed_db: str) -> None:
        amount = size(ci=5_000, soak=1_000_000)

        out, err = start(a_file(tmp_path, range(amount)), committed_db).communicate()

        assert err == ""
        new, peak_mb = map(int, out.split())
        assert new == amount
        assert peak_mb < 400
