"""How the cost of one posting and of one purchase changes from 10 thousand to a million members.

The same writers, in turns, against a small and a large house. The cost is CPU, of our process and
of the server's behind it, so that a busy neighbour does not decide; the wall time stands beside it.
"""

import statistics
from collections.abc import Callable
from typing import NamedTuple

from benchmarks.harness import Bench, Row
from benchmarks.ledger import count_transfers, seed
from benchmarks.purchase import ensure_members
from benchmarks.shop import Sale, run_sale
from benchmarks.workers import Load, run_round

ASK = 1.3
BATCH = 200


class Cost(NamedTuple):
    """What one operation took, in µs."""

    cpu: float
    wall: float


def run(bench: Bench) -> list[Row]:
    """Measure both sizes of both operations in turns."""
    small, large = bench.size(1_000, 10_000), bench.size(10_000, 1_000_000)
    seconds = bench.size(3, 10)
    turns = bench.size(1, 5)
    posting = {size: _posting(bench, size, seconds) for size in (small, large)}
    selling = {size: _selling(bench, size, seconds) for size in (small, large)}
    return [
        _compare(bench, name, by_size, turns=turns)
        for name, by_size in (("ledger posting", posting), ("purchase", selling))
    ]


def _posting(bench: Bench, members: int, seconds: float) -> Callable[[], Cost]:
    name = f"scale_ledger_{members}"
    if not bench.has_database(name) or count_transfers(bench, name) < members:
        bench.fresh_database(name)
        seed(bench, name, members=members)
    else:
        bench.migrate(name)
    load = Load(writers=2, batch=BATCH, seconds=seconds, members=members)

    def measure() -> Cost:
        found = run_round(bench.environment(name), load, seed=7)
        return Cost(found.cpu_us + found.postgres_us, 1e6 / found.per_second)

    return measure


def _selling(bench: Bench, members: int, seconds: float) -> Callable[[], Cost]:
    name = f"scale_purchase_{members}"
    ensure_members(bench, name, members=members)
    sale = Sale(tills=2, members=members, seconds=seconds)

    def measure() -> Cost:
        found = run_sale(bench.environment(name), sale, seed=7)
        return Cost(found.python_us + found.postgres_us, 1e6 / found.per_second)

    return measure


def _compare(bench: Bench, name: str, by_size: dict[int, Callable[[], Cost]], *, turns: int) -> Row:
    costs: dict[int, list[Cost]] = {size: [] for size in by_size}
    for size, measure in by_size.items():
        measure()  # warm up
        bench.say(f"{name}: {size:,} members warm")
    for turn in range(1, turns + 1):
        for size, measure in by_size.items():
            costs[size].append(measure())
        said = " · ".join(
            f"{size:,} members {spent[-1].cpu:,.1f} µs" for size, spent in costs.items()
        )
        bench.say(f"turn {turn}: {name}: {said}")
    fewer, more = sorted(costs)
    small, large = (statistics.median(cost.cpu for cost in costs[size]) for size in (fewer, more))
    walls = [statistics.median(cost.wall for cost in costs[size]) for size in (fewer, more)]
    ratio = large / small
    return Row(
        name=f"{name}: {more:,} members beside {fewer:,}",
        ours=round(large, 1),
        peer=round(small, 1),
        ratio=round(ratio, 2),
        unit="µs CPU each",
        ask=f"≤ {ASK:g} ×",
        met=ratio <= ASK,
        turns=tuple(round(cost.cpu, 1) for cost in costs[more]),
        notes={"wall_ratio": round(walls[1] / walls[0], 2)},
    )
