"""Whole purchases in batches, beside TPC-B on the same server.

An order of two lines, two in a hundred by somebody new, goes the way every order goes: the row is
read, the buyer recognised or enrolled, order and lines written, the event appended, points and
growth posted, the tier judged. One batch of 200 is one durable transaction.
"""

from dataclasses import replace

from benchmarks.harness import Bench, Row, against_peer, console
from benchmarks.shop import Sale, Sold, run_sale

DATABASE = "purchase"
ASK = 1.5


def run(bench: Bench) -> list[Row]:
    """Measure two and four tills, then say where the time of one till goes."""
    members = bench.size(20_000, 200_000)
    seconds = bench.size(4, 10)
    bench.prepare_peer()
    ensure_members(bench, DATABASE, members=members)
    environment = bench.environment(DATABASE)
    sales = {
        f"{tills} tills": Sale(tills=tills, members=members, seconds=seconds) for tills in (2, 3, 4)
    }
    kept: dict[str, list[Sold]] = {name: [] for name in sales}
    run_sale(environment, Sale(tills=2, members=members, seconds=seconds), seed=1)  # warm up
    bench.analyse(DATABASE)

    def measure(name: str, sale: Sale) -> float:
        kept[name].append(run_sale(environment, sale, seed=100 + len(kept[name])))
        return kept[name][-1].per_second

    figures, peers = bench.in_turns(
        {n: lambda n=n, sale=sale: measure(n, sale) for n, sale in sales.items()},  # type: ignore[misc]
        turns=bench.size(1, 5),
        seconds=seconds,
    )
    best = max(figures, key=lambda name: sorted(figures[name])[len(peers) // 2])
    rows = [
        against_peer(
            name,
            figures[name],
            peers,
            unit="orders/s",
            ask=ASK if name == best else None,
            notes=_notes(kept[name][-1]),
        )
        for name in sales
    ]
    return [*rows, _budget(environment, replace(sales["2 tills"], tills=1))]


def ensure_members(bench: Bench, database: str, *, members: int) -> None:
    """Make a database with so many members, once; a later run of the same size uses it again."""
    if bench.has_database(database) and count(bench, database, "members_member") >= members:
        bench.migrate(database)
        return
    bench.fresh_database(database)
    bench.say(f"{database}: {members:,} members")
    run_sale(bench.environment(database), Sale(tills=2, members=members, enrol=True), seed=0)
    bench.analyse(database)


def count(bench: Bench, database: str, table: str) -> int:
    """Count the rows of a table."""
    with bench.owner(database) as link:
        found = link.execute(f"SELECT count(*) FROM {table}").fetchone()
        assert found is not None
        return int(found[0])


def _notes(sold: Sold) -> dict[str, object]:
    return {
        "p50_ms": sold.p50_ms,
        "p99_ms": sold.p99_ms,
        "python_us": sold.python_us,
        "postgres_us": sold.postgres_us,
    }


def _budget(environment: dict[str, str], sale: Sale) -> Row:
    """Sell once with a watch on every stage."""
    sold = run_sale(environment, replace(sale, budget=True), seed=7)
    console.print("µs for each order        python  server    wall")
    for name, (python, server, wall) in sorted(sold.stages.items(), key=lambda s: -s[1][2]):
        console.print(f"  {name:<22} {python:>6.1f}  {server:>6.1f}  {wall:>6.1f}")
    return Row(
        name="budget of one order, 1 till",
        ours=round(sold.python_us + sold.postgres_us, 1),
        unit="µs CPU",
        notes={
            "python_us": sold.python_us,
            "postgres_us": sold.postgres_us,
            "stages": sold.stages,
        },
    )
