"""Processes that write to the ledger as fast as they can, all beginning at one moment.

Each is an interpreter of its own, as workers are in production: `python -m benchmarks.workers`
reads what to do from its arguments and prints one JSON line.
"""

import json
import random
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.shop import backend_seconds

MEMBERS = 200_000
SPEND_SHARE = 0.2
EARN_MAX = 200
SPEND_MAX = 150
START_SECONDS = 4.0


@dataclass(frozen=True, slots=True)
class Load:
    """What one round does: so many writers, in batches, for a time or for a number."""

    writers: int
    batch: int
    seconds: float = 0.0
    postings: int = 0
    opening: bool = False
    members: int = MEMBERS
    spend_share: float = SPEND_SHARE


@dataclass(frozen=True, slots=True)
class Round:
    """What one round came to."""

    per_second: float
    posted: int
    refused: int
    p50_ms: float
    p99_ms: float
    cpu_us: float
    postgres_us: float = 0.0  # CPU of the server processes behind the writers


def run_round(environment: dict[str, str], load: Load, *, seed: int) -> Round:
    """Start the writers, let them begin together, and add up what they did."""
    begin = time.time() + START_SECONDS
    writers = [
        subprocess.Popen(
            [sys.executable, "-m", "benchmarks.workers",
             json.dumps({**_plain(load), "begin": begin, "number": number, "seed": seed})],
            stdout=subprocess.PIPE, text=True, env=environment, cwd=Path.cwd(),
        )
        for number in range(load.writers)
    ]  # fmt: skip
    answers: list[dict[str, Any]] = []
    for writer in writers:
        said, _ = writer.communicate()
        if writer.returncode != 0:
            raise RuntimeError("a writer broke")
        answers.append(json.loads(said.splitlines()[-1]))
    posted = sum(answer["posted"] for answer in answers)
    spans = sorted(span for answer in answers for span in answer["spans"])
    lasted = max(answer["ended"] for answer in answers) - min(a["begun"] for a in answers)
    return Round(
        per_second=posted / lasted,
        posted=posted,
        refused=sum(answer["refused"] for answer in answers),
        p50_ms=round(spans[len(spans) // 2] * 1000, 1),
        p99_ms=round(spans[int(len(spans) * 0.99)] * 1000, 1),
        cpu_us=round(sum(answer["cpu"] for answer in answers) / max(1, posted) * 1e6, 1),
        postgres_us=round(sum(a["postgres"] for a in answers) / max(1, posted) * 1e6, 1),
    )


def _plain(load: Load) -> dict[str, Any]:
    return {name: getattr(load, name) for name in Load.__slots__}


def main() -> None:
    """Be one writer."""
    import django  # noqa: PLC0415 Django is set up by the process that is the writer

    django.setup()
    order = json.loads(sys.argv[1])
    load = Load(**{name: order[name] for name in Load.__slots__})
    print(json.dumps(_write(load, order)))


def _write(load: Load, order: dict[str, Any]) -> dict[str, Any]:
    from regulars.ledger import services as ledger  # noqa: PLC0415 after Django's set-up
    from regulars.ledger.domain import PostedAs  # noqa: PLC0415 the same
    from regulars.web import clock  # noqa: PLC0415 the same

    draw = random.Random(f"{order['seed']}/{order['number']}")
    now = clock.now()
    make = _openings if load.opening else _mixed
    stream = make(load, order["number"], draw, now)
    time.sleep(max(0.0, order["begin"] - time.time()))
    begun, cpu, postgres = time.time(), time.process_time(), backend_seconds()
    posted = refused = 0
    spans: list[float] = []
    while batch := next(stream, None):
        started = time.perf_counter()
        answers = ledger.post(batch, at=clock.now())
        spans.append(time.perf_counter() - started)
        done = sum(1 for answer in answers if answer.outcome is PostedAs.POSTED)
        posted += done
        refused += len(answers) - done
        if load.seconds and time.time() - begun >= load.seconds:
            break
    return {
        "posted": posted, "refused": refused, "spans": spans, "begun": begun,
        "ended": time.time(), "cpu": time.process_time() - cpu,
        "postgres": backend_seconds() - postgres,
    }  # fmt: skip


def _mixed(load: Load, number: int, draw: random.Random, now: datetime) -> Any:
    from regulars.kit.ids import time_ordered_uuid  # noqa: PLC0415 after Django's set-up
    from regulars.ledger.domain import Earn, Spend  # noqa: PLC0415 the same

    ends = [datetime(now.year + 1 + y, 12, 31, 16, tzinfo=UTC) for y in range(2)]
    left = load.postings // load.writers if load.postings else None
    uniform = draw.random
    while left is None or left > 0:
        batch: list[Any] = []
        for _ in range(load.batch):
            member = int(uniform() * load.members) + 1
            if uniform() < load.spend_share:
                batch.append(
                    Spend(id=time_ordered_uuid(now), member_id=member, occurred_at=now,
                          amount=int(uniform() * SPEND_MAX) + 1)
                )  # fmt: skip
            else:
                batch.append(
                    Earn(id=time_ordered_uuid(now), member_id=member, occurred_at=now,
                         amount=int(uniform() * EARN_MAX) + 1, usable_from=now,
                         expires_at=ends[member & 1], event_id=number, rule_version_id=None,
                         store_id=7)
                )  # fmt: skip
        now += timedelta(milliseconds=1)
        if left is not None:
            left -= len(batch)
        yield batch


def _openings(load: Load, number: int, draw: random.Random, now: datetime) -> Any:
    from regulars.kit.ids import time_ordered_uuid  # noqa: PLC0415 after Django's set-up
    from regulars.ledger.domain import Open  # noqa: PLC0415 the same

    end = datetime(now.year + 1, 12, 31, 16, tzinfo=UTC)
    mine = range(number + 1, load.members + 1, load.writers)
    for start in range(0, len(mine), load.batch):
        yield [
            Open(id=time_ordered_uuid(now), member_id=member, occurred_at=now, usable_from=now,
                 amount=draw.randint(100, 1000), expires_at=end)
            for member in mine[start : start + load.batch]
        ]  # fmt: skip


if __name__ == "__main__":
    main()
