"""Points posted in batches, decided in Python, beside TPC-B on the same server.

80 % earn and 20 % spend first-expiring-first over 200,000 members, each of whom holds one
opening lot, so that spends find something. `fresh` begins there; `aged` has five million
transfers behind it, all written by the same writer.
"""

import statistics
from dataclasses import replace

from benchmarks.harness import Bench, Row, against_peer
from benchmarks.workers import MEMBERS, Load, Round, run_round

FRESH = "ledger_fresh"
AGED = "ledger_aged"
ASK_FRESH = 3.0
ASK_AGED = 2.5


def run(bench: Bench) -> list[Row]:
    """Measure both ledgers at two and at four writers."""
    seconds = bench.size(3, 10)
    turns = bench.size(1, 5)
    bench.prepare_peer()
    rows: list[Row] = []
    bench.fresh_database(FRESH)
    seed(bench, FRESH)
    rows += _measure(bench, FRESH, "fresh", ASK_FRESH, turns=turns, seconds=seconds)
    bench.drop_database(FRESH)
    total = ensure_aged(bench)
    label = f"aged, {total / 1e6:.1f} M transfers"
    rows += _measure(bench, AGED, label, ASK_AGED, turns=turns, seconds=seconds)
    return rows


def seed(bench: Bench, database: str, *, members: int = MEMBERS) -> None:
    """Open an account with one lot for every member."""
    bench.say(f"{database}: {members:,} accounts")
    load = Load(writers=2, batch=1000, opening=True, members=members)
    run_round(bench.environment(database), load, seed=1)
    bench.analyse(database)


def ensure_aged(bench: Bench) -> int:
    """Make the old ledger once and keep it; answers how many transfers it has."""
    wanted = bench.size(300_000, 5_000_000)
    if not bench.has_database(AGED):
        bench.fresh_database(AGED)
        seed(bench, AGED)
    have = count_transfers(bench, AGED)
    while have < wanted:
        bench.say(f"{AGED}: {have:,} of {wanted:,} transfers")
        load = Load(writers=4, batch=200, postings=min(500_000, wanted - have + 4000))
        run_round(bench.environment(AGED), load, seed=have)
        have = count_transfers(bench, AGED)
    bench.analyse(AGED)
    return have


def count_transfers(bench: Bench, database: str) -> int:
    """Count what the ledger holds."""
    with bench.owner(database) as link:
        found = link.execute("SELECT count(*) FROM ledger_transfer").fetchone()
        assert found is not None
        return int(found[0])


def _measure(
    bench: Bench, database: str, label: str, ask: float, *, turns: int, seconds: int
) -> list[Row]:
    environment = bench.environment(database)
    loads = {
        f"{label}: 2 writers": Load(writers=2, batch=200, seconds=seconds),
        f"{label}: 4 writers": Load(writers=4, batch=200, seconds=seconds),
    }
    kept: dict[str, list[Round]] = {name: [] for name in loads}
    cpu: dict[str, list[float]] = {name: [] for name in loads}
    for load in loads.values():  # warm the caches and the prepared statements once
        run_round(environment, replace(load, seconds=1), seed=99)

    def measure(name: str, load: Load) -> float:
        before = bench.server_cpu_seconds()
        found = run_round(environment, load, seed=len(kept[name]) + 7)
        used = (bench.server_cpu_seconds() - before) / max(1, found.posted)
        cpu[name].append(used * 1e6 + found.cpu_us)
        kept[name].append(found)
        return found.per_second

    figures, peers = bench.in_turns(
        {n: lambda n=n, load=load: measure(n, load) for n, load in loads.items()},  # type: ignore[misc]
        turns=turns,
        seconds=seconds,
    )
    best = max(figures, key=lambda name: sorted(figures[name])[turns // 2])
    return [
        against_peer(
            name,
            figures[name],
            peers,
            unit="postings/s",
            ask=ask if name == best else None,
            notes=_notes(kept[name]) | _cpu(cpu[name], bench.peer_cpu_us[-turns:]),
        )
        for name in loads
    ]


def _notes(rounds: list[Round]) -> dict[str, object]:
    last = rounds[-1]
    refused = sum(r.refused for r in rounds) / max(1, sum(r.refused + r.posted for r in rounds))
    return {
        "p50_ms": last.p50_ms,
        "p99_ms": last.p99_ms,
        "python_us": last.cpu_us,
        "refused": f"{refused:.1%}",
    }


def _cpu(ours: list[float], peers: list[float]) -> dict[str, object]:
    """Say what one posting and one TPC-B transaction cost in processor time, both sides."""
    mine, theirs = statistics.median(ours), statistics.median(peers)
    return {
        "cpu_us": round(mine, 1),
        "peer_cpu_us": round(theirs, 1),
        "cpu_ratio": round(theirs / mine, 2),
    }
