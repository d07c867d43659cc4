# ruff: noqa: A005 the command says `http`; inside a package it shadows nothing
"""Whole purchases over HTTP, `orders:batch` through the real web server, beside TPC-B.

Real API key, an idempotency key for every request, bodies read as bytes: what production does.
Client, server and database share the machine.
"""

from typing import Any

from benchmarks.callers import WORKER_THREADS, WORKERS, Calls, make_key, run_calls, serving
from benchmarks.harness import Bench, Row, against_peer
from benchmarks.purchase import DATABASE, ensure_members
from benchmarks.shop import BATCH

ASK = 1.0
CLIENTS = (2, 4, 8)


def run(bench: Bench) -> list[Row]:
    """Measure clients that send as soon as they are answered.

    Each keeps one connection, and which of the web's processes takes it is chance: two clients
    may well share one process and leave the other idle, eight hardly ever do.
    """
    members = bench.size(20_000, 200_000)
    seconds = bench.size(4, 10)
    bench.prepare_peer()
    ensure_members(bench, DATABASE, members=members)
    environment = bench.environment(DATABASE)
    key = make_key(environment, "orders.write")
    kept: dict[str, dict[str, Any]] = {}
    with serving(environment) as port:

        def measure(clients: int) -> float:
            calls = Calls(
                port=port, key=key, members=members, seconds=seconds, clients=clients, batch=BATCH
            )
            kept[f"{clients} clients"] = found = run_calls(environment, calls)
            return float(found["per_second"])

        measure(4)  # warm both workers up
        figures, peers = bench.in_turns(
            {f"{n} clients": lambda n=n: measure(n) for n in CLIENTS},  # type: ignore[misc]
            turns=bench.size(1, 5),
            seconds=seconds,
        )
    best = max(figures, key=lambda name: sorted(figures[name])[len(peers) // 2])
    return [
        against_peer(
            f"orders:batch, {name}, {WORKERS} × {WORKER_THREADS} web",
            figures[name],
            peers,
            unit="orders/s",
            ask=ASK if name == best else None,
            notes={"p50_ms": kept[name]["p50_ms"], "p99_ms": kept[name]["p99_ms"]},
        )
        for name in figures
    ]
