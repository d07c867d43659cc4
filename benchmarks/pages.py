"""The console in a large house: a million members, ten million events, a million audit entries.

Members are enrolled and orders sold through the doors everybody uses; the log and the audit log are
then made longer by copies of their own rows. A page's time is the server's: from the request to the
whole answer, without network. A browser of an owner asks, in Chinese.
"""

import gzip
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.harness import Bench, Row
from benchmarks.purchase import count
from benchmarks.shop import Sale, run_sale

DATABASE = "pages"
P95_MS = 200
QUERIES = 20
PAGE_BYTES = 60_000
CSS_BYTES = 40_000
EXPORT_MEGABYTES = 400
PROCESSES = 2

LONGER_LOG = """
INSERT INTO events_event (id, type, version, member_id, store_id, source_id, batch_id, cause_id,
    occurred_at, recorded_at, epoch, xact, facts)
SELECT %(above)s + row_number() OVER (), e.type, e.version, e.member_id, e.store_id, e.source_id,
    e.batch_id, e.cause_id, e.occurred_at - make_interval(days => %(days)s), e.recorded_at, e.epoch,
    e.xact, e.facts
FROM (SELECT * FROM events_event ORDER BY id LIMIT %(some)s) e
"""
LONGER_AUDIT = """
INSERT INTO access_audit_entry (at, actor_kind, actor_id, action, object_kind, object_id, result,
    details)
SELECT now() - make_interval(secs => n), 'staff', 1 + n %% 40,
    (ARRAY['members.lookup', 'members.reveal', 'points.adjust', 'exports.make', 'staff.sign_in'])
        [1 + n %% 5],
    'member', md5(n::text)::uuid::text, 'ok', '{}'
FROM generate_series(1, %s) n
"""


def run(bench: Bench) -> list[Row]:
    """Measure every page, the size of the first list, the styles, and a whole export."""
    members = bench.size(5_000, 1_000_000)
    events = bench.size(50_000, 10_000_000)
    _ensure(bench, members=members, events=events)
    seen = _ask(bench, act="browse", rounds=bench.size(10, 60))
    rows = [_page(name, found, members=members, events=events) for name, found in seen.items()]
    rows.append(
        _limit("first list page, gzip", seen["members"]["gzip_bytes"] / 1e3, PAGE_BYTES / 1e3, "kB")
    )
    rows.append(_limit("all CSS, gzip", _css_bytes() / 1e3, CSS_BYTES / 1e3, "kB"))
    return [*rows, _export(bench)]


def _page(name: str, found: dict[str, Any], *, members: int, events: int) -> Row:
    return Row(
        name=name,
        ours=found["p95_ms"],
        unit="ms, p95",
        peer=P95_MS,
        ratio=round(found["p95_ms"] / P95_MS, 2),
        ask=f"≤ {P95_MS} ms, ≤ {QUERIES} queries",
        met=found["p95_ms"] <= P95_MS and found["queries"] <= QUERIES,
        notes={
            "p50_ms": found["p50_ms"],
            "queries": found["queries"],
            "members": members,
            "events": events,
        },
    )


def _limit(name: str, ours: float, limit: float, unit: str) -> Row:
    return Row(
        name=name,
        ours=round(ours, 1),
        unit=unit,
        peer=limit,
        ratio=round(ours / limit, 2),
        ask=f"≤ {limit:g} {unit}",
        met=ours <= limit,
    )


def _export(bench: Bench) -> Row:
    made = _ask(bench, act="export")
    megabytes = made["megabytes"]
    return Row(
        name=f"export of {made['rows']:,} masked rows",
        ours=round(made["rows"] / made["seconds"], 1),
        unit="rows/s",
        peer=None,
        ask=f"≤ {EXPORT_MEGABYTES} MB",
        met=megabytes <= EXPORT_MEGABYTES,
        notes={"peak_mb": round(megabytes), "seconds": round(made["seconds"], 1)},
    )


def _css_bytes() -> int:
    files = Path("src/regulars/static/console").glob("*.css")
    return sum(len(gzip.compress(file.read_bytes(), 6)) for file in files)


def _ensure(bench: Bench, *, members: int, events: int) -> None:
    """Make the house once; a later run of the same size uses it again."""
    whole = bench.has_database(DATABASE) and count(bench, DATABASE, "events_event") >= events
    if whole and count(bench, DATABASE, "members_member") >= members:
        bench.migrate(DATABASE)
        return
    bench.fresh_database(DATABASE)
    bench.say(f"{DATABASE}: {members:,} members")
    _seed(bench, members)
    sold = Sale(tills=2, members=members, seconds=bench.size(2, 90))
    bench.say(f"{DATABASE}: orders for {sold.seconds:.0f} s")
    run_sale(bench.environment(DATABASE), sold, seed=3)
    bench.say(f"{DATABASE}: {events:,} events")
    _lengthen(bench, events)
    bench.analyse(DATABASE)


def _seed(bench: Bench, members: int) -> None:
    parts = [
        _start(bench, act="seed", members=members, part=part, parts=PROCESSES)
        for part in range(PROCESSES)
    ]
    for part in parts:
        _answer(part)


def _lengthen(bench: Bench, events: int) -> None:
    held, some = count(bench, DATABASE, "events_event"), 0
    with bench.owner(DATABASE) as link:
        days = 0
        while held < events:
            above = link.execute("SELECT max(id) FROM events_event").fetchone()
            assert above is not None
            days, some = days + 11, min(events - held, 1_000_000)
            given = {"above": above[0], "days": days, "some": some}
            held += link.execute(LONGER_LOG, given).rowcount
        link.execute("SELECT setval('events_event_id_seq', (SELECT max(id) + 1 FROM events_event))")
        link.execute(LONGER_AUDIT, [events // 10])


def _ask(bench: Bench, **asked: Any) -> Any:
    return _answer(_start(bench, **asked))


def _start(bench: Bench, **asked: Any) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "benchmarks.browsing", json.dumps(asked)],
        stdout=subprocess.PIPE,
        text=True,
        env=bench.environment(DATABASE),
        cwd=Path.cwd(),
    )


def _answer(process: subprocess.Popen[str]) -> Any:
    said, _ = process.communicate()
    if process.returncode != 0:
        raise RuntimeError("a process broke")
    return json.loads(said.splitlines()[-1])
