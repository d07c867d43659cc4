"""Tills that write whole purchases as fast as they can, all beginning at one moment.

Each is an interpreter of its own: `python -m benchmarks.shop` reads what to do from its argument
and prints one JSON line. Rows are made before the clock starts, as pgbench makes nothing either.
With `budget` a till also says where its time went, stage by stage; that costs some speed, so the
figures of such a round are not used.
"""

import gc
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import wraps
from pathlib import Path
from typing import Any

BATCH = 200
NEW_SHARE = 0.02
SEED_BATCH = 500
START_SECONDS = 5.0
SOURCE = "till"
BATCHES_PER_SECOND_MAX = 60


@dataclass(frozen=True, slots=True)
class Sale:
    """What one round does: so many tills, batches of orders, for so many seconds."""

    tills: int
    members: int
    seconds: float = 0.0
    batch: int = BATCH
    enrol: bool = False  # enrol the members first instead of selling
    budget: bool = False
    begin: float = 0.0
    number: int = 0
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Sold:
    """What one round came to; CPU in µs for each order."""

    per_second: float
    orders: int
    p50_ms: float
    p99_ms: float
    python_us: float
    postgres_us: float
    stages: dict[str, list[float]]


def run_sale(environment: dict[str, str], sale: Sale, *, seed: int) -> Sold:
    """Start the tills, let them begin together, and add up what they did."""
    begin = time.time() + START_SECONDS + sale.seconds / 2
    tills = [
        subprocess.Popen(
            [sys.executable, "-m", "benchmarks.shop",
             json.dumps({**asdict(sale), "begin": begin, "number": number, "seed": seed})],
            stdout=subprocess.PIPE, text=True, env=environment, cwd=Path.cwd(),
        )
        for number in range(sale.tills)
    ]  # fmt: skip
    answers: list[dict[str, Any]] = []
    for till in tills:
        said, _ = till.communicate()
        if till.returncode != 0:
            raise RuntimeError("a till broke")
        answers.append(json.loads(said.splitlines()[-1]))
    orders = sum(answer["orders"] for answer in answers)
    spans = sorted(span for answer in answers for span in answer["spans"])
    lasted = max(answer["ended"] for answer in answers) - min(a["begun"] for a in answers)
    stages: dict[str, list[float]] = {}
    for answer in answers:
        for name, spent in answer["stages"].items():
            known = stages.get(name, [0.0] * len(spent))
            stages[name] = [a + b for a, b in zip(known, spent, strict=True)]
    return Sold(
        per_second=orders / lasted,
        orders=orders,
        p50_ms=round(spans[len(spans) // 2] * 1000, 1),
        p99_ms=round(spans[int(len(spans) * 0.99)] * 1000, 1),
        python_us=round(sum(answer["python"] for answer in answers) / orders * 1e6, 1),
        postgres_us=round(sum(answer["postgres"] for answer in answers) / orders * 1e6, 1),
        stages={
            name: [round(part / orders * 1e6, 1) for part in spent]
            for name, spent in stages.items()
        },
    )


def phone_of(member: int) -> str:
    """Name the mobile number of a member of the seed, counted from 0."""
    return f"13{member:09d}"


def order_bodies(
    draw: random.Random, *, members: int, tag: str, now: datetime
) -> Iterator[dict[str, Any]]:
    """Make purchases of two lines without end; two in a hundred are by somebody new."""
    count = 0
    while True:
        count += 1
        first, second = draw.randrange(900, 9000), draw.randrange(900, 9000)
        if draw.random() < NEW_SHARE:
            phone = f"15{draw.randrange(10**9):09d}"
        else:
            phone = phone_of(draw.randrange(members))
        paid = (now - timedelta(seconds=draw.randrange(86_400))).isoformat(timespec="seconds")
        yield {
            "external_id": f"{tag}-{count}",
            "state": "completed",
            "channel": "pos",
            "paid_at": paid,
            "completed_at": paid,
            "amounts": {"goods": f"{(first + second) / 100:.2f}"},
            "lines": [
                {"sku": f"P{first % 200}", "quantity": 1, "amount": f"{first / 100:.2f}"},
                {"sku": f"P{second % 200}", "quantity": 1, "amount": f"{second / 100:.2f}"},
            ],
            "member": {"phone": phone},
        }


def backend_seconds() -> float:
    """Answer the CPU time of the server process behind our connection; 0 where it cannot be seen.

    Read from the scheduler, which counts in nanoseconds.
    """
    from django.db import connection  # noqa: PLC0415 after Django's set-up

    link = connection.connection
    if link is None:
        return 0.0
    try:
        said = Path(f"/proc/{link.info.backend_pid}/schedstat").read_text()
    except OSError:
        return 0.0
    return int(said.split()[0]) / 1e9


class Budget:
    """Where the time goes: exclusive Python CPU, server CPU and wall for each stage."""

    def __init__(self) -> None:
        self.spent: dict[str, list[float]] = {}
        self._open: list[str] = []
        self._since = self._now()

    def stage(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """Wrap a function so that its own time counts for the stage."""

        @wraps(function)
        def timed(*args: Any, **named: Any) -> Any:
            self._switch()
            self._open.append(name)
            try:
                return function(*args, **named)
            finally:
                self._switch()
                self._open.pop()

        return timed

    def _now(self) -> tuple[float, float, float]:
        return (time.process_time(), backend_seconds(), time.perf_counter())

    def _switch(self) -> None:
        now = self._now()
        if self._open:
            spent = self.spent.setdefault(self._open[-1], [0.0, 0.0, 0.0])
            for place in range(3):
                spent[place] += now[place] - self._since[place]
        self._since = self._now()


def watch() -> Budget:
    """Wrap the doors that a purchase passes; the rest of a door's time is its own."""
    from django.db import connection  # noqa: PLC0415 after Django's set-up

    from regulars.commerce import services as commerce  # noqa: PLC0415 the same
    from regulars.events import services as events  # noqa: PLC0415
    from regulars.ingest.services import applying, orders, parking  # noqa: PLC0415
    from regulars.ledger import services as ledger  # noqa: PLC0415
    from regulars.loyalty import services as loyalty  # noqa: PLC0415
    from regulars.loyalty.services import awards  # noqa: PLC0415

    budget = Budget()
    doors: list[tuple[Any, str, str]] = [
        (applying, "apply_rows", "batch, savepoints"),
        (orders, "_read", "read rows"),
        (orders, "identify", "recognise members"),
        (commerce, "record_orders", "orders and lines"),
        (parking, "follow", "parked rows"),
        (events, "append", "events"),
        (loyalty, "award_orders", "awards"),
        (ledger, "post", "ledger"),
        (awards, "judge_tiers", "tiers"),
        (applying, "record_health", "health of the source"),
        (connection, "_commit", "commit"),
    ]
    for where, name, stage in doors:
        setattr(where, name, budget.stage(stage, getattr(where, name)))
    return budget


def main() -> None:
    """Be one till."""
    import django  # noqa: PLC0415 Django is set up by the process that is the till

    django.setup()
    sale = Sale(**json.loads(sys.argv[1]))
    print(json.dumps(_enrol(sale) if sale.enrol else _sell(sale)))


def _sell(sale: Sale) -> dict[str, Any]:
    import msgspec  # noqa: PLC0415 only a till needs it

    from regulars.ingest import services as ingest  # noqa: PLC0415 after Django's set-up
    from regulars.ingest.domain import OrderRow, Outcome  # noqa: PLC0415 the same
    from regulars.web import clock  # noqa: PLC0415 the same

    source = ingest.find_or_create_source(name=SOURCE, at=clock.now())
    draw = random.Random(f"{sale.seed}/{sale.number}")
    tag = f"{sale.seed}-{sale.number}-{os.getpid()}"
    bodies = order_bodies(draw, members=sale.members, tag=tag, now=clock.now())
    batches = [
        [msgspec.convert(next(bodies), OrderRow) for _ in range(sale.batch)]
        for _ in range(int(sale.seconds * BATCHES_PER_SECOND_MAX * BATCH / sale.batch))
    ]
    ingest.apply_orders(batches.pop(), source=source, at=clock.now())  # open what opens once
    budget = watch() if sale.budget else None
    gc.collect()
    gc.freeze()
    time.sleep(max(0.0, sale.begin - time.time()))
    begun, python, postgres = time.time(), time.process_time(), backend_seconds()
    orders, spans = 0, []
    for batch in batches:
        started = time.perf_counter()
        outcomes = ingest.apply_orders(batch, source=source, at=clock.now())
        spans.append(time.perf_counter() - started)
        orders += sum(1 for each in outcomes if each.outcome is Outcome.APPLIED)
        if time.time() - begun >= sale.seconds:
            break
    return {
        "orders": orders, "spans": spans, "begun": begun, "ended": time.time(),
        "python": time.process_time() - python, "postgres": backend_seconds() - postgres,
        "stages": budget.spent if budget else {},
    }  # fmt: skip


def _enrol(sale: Sale) -> dict[str, Any]:
    from regulars.members import services as members  # noqa: PLC0415 after Django's set-up
    from regulars.members.domain import Identity, IdentityKind, Sighting  # noqa: PLC0415 the same
    from regulars.web import clock  # noqa: PLC0415 the same

    begun, spans = time.time(), []
    mine = range(sale.number, sale.members, sale.tills)
    for start in range(0, len(mine), SEED_BATCH):
        now, started = clock.now(), time.perf_counter()
        members.resolve_identities(
            [
                Sighting(
                    row=row,
                    identities=(Identity(IdentityKind.PHONE, phone_of(member)),),
                    occurred_at=now,
                )
                for row, member in enumerate(mine[start : start + SEED_BATCH])
            ],
            at=now,
        )
        spans.append(time.perf_counter() - started)
    return {
        "orders": len(mine), "spans": spans, "begun": begun, "ended": time.time(),
        "python": time.process_time(), "postgres": 0.0, "stages": {},
    }  # fmt: skip


if __name__ == "__main__":
    main()
