"""Prove that the ledger adds up: every invariant, asked of one snapshot of the database."""

import re
import time
from collections import deque
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import Final

from django.db import connection, transaction

from regulars.ledger.domain import Check, Finding, Sweep, Verdict
from regulars.ledger.selectors import moved
from regulars.ledger.selectors.checks import CHECKS, SWEEPS
from regulars.web import sql

IDS_SHOWN: Final = 20
LANES_FROM: Final = 10_000  # so many accounts are worth a second connection
COUNT_TRANSFERS: Final = "SELECT count(*) FROM ledger_transfer"
SETTLE_SECONDS_MAX: Final = 5.0
_PAUSE_SECONDS: Final = 0.05
_SNAPSHOT: Final = re.compile(r"[0-9A-F]+(-[0-9A-F]+)+")


def verify(
    *,
    since: int | None = None,
    account_ids: Collection[int] | None = None,
    member_ids: Collection[int] | None = None,
    extra: Sequence[Check] = (),
) -> Verdict:
    """Run every check and answer what each found; changes nothing.

    Without arguments it reads everything. `since` narrows it to accounts moved since the
    `watermark` of an earlier verdict, `account_ids` or `member_ids` to those. `extra` are the
    checks of other apps. All of it sees one REPEATABLE READ snapshot, unless a transaction is
    already open: then it sees what that transaction sees.
    """
    started = time.perf_counter()
    watermark = _settled_watermark(since)
    is_narrow = not (since is None and account_ids is None and member_ids is None)
    alone = not connection.in_atomic_block
    counts: dict[str, int] = {}
    accounts: list[int] = []
    if is_narrow:
        moved.make_tables()
    with transaction.atomic():
        _take_snapshot()
        if is_narrow:
            accounts = moved.set_down(since=since, account_ids=account_ids, member_ids=member_ids)
            checks = [replace(c, bad=c.narrow) for c in (*CHECKS, *extra) if c.narrow]
            counts = {check.scanned: len(accounts) for check in checks}
            wide = alone and len(accounts) >= LANES_FROM
            asked = _beside(checks, counts, accounts) if wide else _in_line(checks, counts)
        else:
            checks = [*CHECKS, *extra]
            every: deque[Check | Sweep] = deque(SWEEPS)
            every.extend(check for check in checks if check.bad)
            asked = _in_lanes(every, every, counts) if alone else _in_line([*every], counts)
        findings = [asked[check.name] for check in checks]
        transfers = _count(COUNT_TRANSFERS, counts) if not is_narrow else 0
    return Verdict(
        findings=tuple(findings),
        watermark=watermark,
        transfers=transfers,
        milliseconds=round((time.perf_counter() - started) * 1000),
        accounts=tuple(accounts),
    )


def _in_line(questions: Sequence[Check | Sweep], counts: dict[str, int]) -> dict[str, Finding]:
    """Ask one after another, on the connection at hand."""
    return {f.check: f for question in questions for f in _findings(question, counts)}


def _beside(
    checks: Sequence[Check], counts: dict[str, int], accounts: Sequence[int]
) -> dict[str, Finding]:
    """Let another connection make the dearest narrow checks, for which it needs the accounts."""
    dear: deque[Check | Sweep] = deque(c for c in checks if c.name in moved.OF_ACCOUNTS)
    mine: deque[Check | Sweep] = deque(c for c in checks if c.name not in moved.OF_ACCOUNTS)
    return _in_lanes(mine, dear, counts, partial(moved.set_down_accounts, accounts))


def _in_lanes(
    mine: deque[Check | Sweep],
    shared: deque[Check | Sweep],
    counts: dict[str, int],
    set_down: Callable[[], object] | None = None,
) -> dict[str, Finding]:
    """Share questions with another connection that sees the snapshot of this one."""
    found = sql.row("SELECT pg_export_snapshot()")
    assert found is not None
    findings: dict[str, Finding] = {}

    def work(waiting: deque[Check | Sweep]) -> None:
        while waiting:
            try:
                question = waiting.popleft()
            except IndexError:  # the other lane took the last
                return
            findings.update((f.check, f) for f in _findings(question, counts))

    def work_beside() -> None:
        try:
            if set_down is not None:
                moved.make_tables()
            with transaction.atomic():
                _take_snapshot(found[0])
                if set_down is not None:
                    set_down()
                work(shared)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:  # two lanes: the smallest machine has two processors
        beside = pool.submit(work_beside)
        work(mine)
        work(shared)
        beside.result()
    return findings


def _findings(question: Check | Sweep, counts: dict[str, int]) -> list[Finding]:
    if isinstance(question, Check):
        return [_ask(question, counts)]
    return _sweep(question, counts)


def _sweep(sweep: Sweep, counts: dict[str, int]) -> list[Finding]:
    """Ask a sweep; its time is told at the first of its checks."""
    started = time.perf_counter()
    found = sql.rows(
        f"WITH bad (name, id) AS MATERIALIZED ({sweep.query}) SELECT name, count(*),"
        f" (array_agg(id ORDER BY id))[:{IDS_SHOWN}] FROM bad GROUP BY name"
    )
    bad = {name: (count, tuple(ids)) for name, count, ids in found}
    scanned = {check.name: _count(check.scanned, counts) for check in CHECKS}
    spent = round((time.perf_counter() - started) * 1000)
    return [
        Finding(name, scanned[name], *bad.get(name, (0, ())), milliseconds=0 if place else spent)
        for place, name in enumerate(sweep.names)
    ]


def _take_snapshot(shared: str | None = None) -> None:
    """Begin to see one moment; with `shared`, the moment that another connection sees."""
    if len(connection.savepoint_ids) == 0:
        sql.run("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
    if shared is not None:
        assert _SNAPSHOT.fullmatch(shared), shared
        sql.run(f"SET TRANSACTION SNAPSHOT '{shared}'")
    sql.run("SET LOCAL statement_timeout = 0")
    sql.run("SET LOCAL idle_in_transaction_session_timeout = 0")
    sql.run("SET LOCAL max_parallel_workers_per_gather = 0")
    sql.run("SET LOCAL work_mem = '256MB'")


def _settled_watermark(since: int | None) -> int:
    """Answer a sequence number below which every transfer is committed or will never be.

    Numbers are taken before commit, so the newest seen is not enough: wait until everyone who
    was writing when we read the counter is done. Where that takes too long, or a transaction of
    ours is open, keep the old mark: it is only less narrow.
    """
    kept = since or 0
    if connection.in_atomic_block:
        return kept
    found = sql.row(
        "SELECT last_value, is_called, pg_snapshot_xmax(pg_current_snapshot())::text::bigint"
        " FROM ledger_transfer_seq"
    )
    assert found is not None
    last, called, horizon = found
    if not called:
        return kept
    deadline = time.monotonic() + SETTLE_SECONDS_MAX
    while time.monotonic() < deadline:
        oldest = sql.row("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
        assert oldest is not None
        if oldest[0] >= horizon:
            return int(last) + sql.BLOCK
        time.sleep(_PAUSE_SECONDS)
    return kept


def _ask(check: Check, counts: dict[str, int]) -> Finding:
    started = time.perf_counter()
    found = sql.row(
        f"WITH bad (id) AS MATERIALIZED ({check.bad}) SELECT (SELECT count(*) FROM bad),"
        f" ARRAY(SELECT id FROM bad ORDER BY id LIMIT {IDS_SHOWN})"
    )
    assert found is not None
    scanned = _count(check.scanned, counts)
    spent = round((time.perf_counter() - started) * 1000)
    return Finding(check.name, scanned, found[0], tuple(found[1]), spent)


def _count(query: str, counts: dict[str, int]) -> int:
    if query not in counts:
        found = sql.row(query)
        counts[query] = int(found[0]) if found else 0
    return counts[query]
