"""Single requests at a till: 100 each second, 70 % orders that earn at once, 30 % spends.

Open loop: a request is due at its moment whatever happened to the others, and its time counts
from there. Measured alone, and again beside a running import of orders.
"""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.callers import Calls, make_key, run_calls, serving
from benchmarks.harness import Bench, Row
from benchmarks.imports import write_orders_file
from benchmarks.purchase import DATABASE, ensure_members
from benchmarks.workers import Load, run_round

RATE = 100.0
ASK_MS = 40.0
SPENDERS = 2_000
IMPORT_WARM_SECONDS = 6.0


def run(bench: Bench) -> list[Row]:
    """Measure the waiting of each kind of request, alone and beside an import."""
    members = bench.size(5_000, 200_000)
    seconds = bench.size(6, 30)
    ensure_members(bench, DATABASE, members=members)
    environment = bench.environment(DATABASE)
    spenders = _with_points(bench, environment)
    key = make_key(environment, "orders.write,points.spend")
    file = write_orders_file(bench.var / "beside.csv", rows=bench.size(60_000, 600_000))
    with serving(environment) as port:
        calls = Calls(
            port=port, key=key, members=members, seconds=seconds, rate=RATE, spenders=spenders
        )
        run_calls(environment, calls)  # warm every worker up
        alone = run_calls(environment, calls)
        with _importing(environment, file) as still_running:
            beside = run_calls(environment, calls)
            beside["import_ran_throughout"] = still_running()
    return [_row("alone", alone), _row("beside a running import", beside)]


def _row(name: str, found: dict[str, Any]) -> Row:
    ok = found["all_p99_ms"] <= ASK_MS and not found["refused"]
    ok = ok and found.get("import_ran_throughout", True)
    return Row(
        name=f"100 requests/s {name}: p99",
        ours=found["all_p99_ms"],
        peer=ASK_MS,
        ratio=round(found["all_p99_ms"] / ASK_MS, 2),
        unit="ms",
        ask=f"≤ {ASK_MS:g} ms",
        met=ok,
        notes=found,
    )


def _with_points(bench: Bench, environment: dict[str, str]) -> list[str]:
    """Give some members points to spend; answers their public ids."""
    load = Load(writers=1, batch=500, opening=True, members=SPENDERS)
    run_round(environment, load, seed=1)
    with bench.owner(DATABASE) as link:
        found = link.execute(
            "SELECT public_id::text FROM members_member WHERE id <= %s ORDER BY id", [SPENDERS]
        )
        return [public_id for (public_id,) in found]


@contextmanager
def _importing(environment: dict[str, str], file: Path) -> Iterator[Any]:
    """Run an import of the file; answers whether it is still at work when asked."""
    source = f"beside-{time.time_ns()}"
    importer = subprocess.Popen(
        [sys.executable, "-m", "regulars.cli", "import", "orders", str(file),
         "--source", source, "--json"],
        env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    time.sleep(IMPORT_WARM_SECONDS)
    try:
        yield lambda: importer.poll() is None
    finally:
        importer.terminate()
        importer.wait()
