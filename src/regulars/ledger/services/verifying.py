"""Prove that the ledger adds up: every invariant, asked of one snapshot of the database."""

import re
import time
from collections import deque
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from django.db import connection, transaction

from regulars.ledger.domain import Check, Finding, Sweep, Verdict
from regulars.ledger.selectors.checks import CHECKS, SWEEPS
from regulars.ledger.selectors.locks import bigints
from regulars.web import sql

IDS_SHOWN: Final = 20
LANES: Final = 2  # as many as the smallest machine has processors
COUNT_TRANSFERS: Final = "SELECT count(*) FROM ledger_transfer"
SETTLE_SECONDS_MAX: Final = 5.0
_PAUSE_SECONDS: Final = 0.05
_SNAPSHOT: Final = re.compile(r"[0-9A-F]+(-[0-9A-F]+)+")

_TOUCHED: Final = (
    "SELECT DISTINCT a.id, a.member_id FROM ledger_account AS a JOIN ("
    "SELECT credit_id AS id FROM ledger_transfer WHERE seq >= %s::bigint UNION"
    " SELECT debit_id FROM ledger_transfer WHERE seq >= %s::bigint) AS t ON t.id = a.id"
    " WHERE a.member_id IS NOT NULL"
)
_OF_ACCOUNTS: Final = (
    "SELECT id, member_id FROM ledger_account WHERE id = ANY(%s::bigint[])"
    " AND member_id IS NOT NULL"
)
_OF_MEMBERS: Final = "SELECT id, member_id FROM ledger_account WHERE member_id = ANY(%s::bigint[])"


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
    partial = not (since is None and account_ids is None and member_ids is None)
    alone = not connection.in_atomic_block
    counts: dict[str, int] = {}
    with transaction.atomic():
        _take_snapshot()
        touched = _touched(since, account_ids, member_ids) if partial else []
        if partial:
            narrow = [(check, check.narrow) for check in (*CHECKS, *extra) if check.narrow]
            findings = [_ask(check, query, touched, counts) for check, query in narrow]
        else:
            checks = [*CHECKS, *extra]
            answer = _in_lanes if alone else _in_line
            asked = answer([*SWEEPS, *(check for check in checks if check.bad)], counts)
            findings = [asked[check.name] for check in checks]
        transfers = _count(COUNT_TRANSFERS, counts) if not partial else 0
    return Verdict(
        findings=tuple(findings),
        watermark=watermark,
        transfers=transfers,
        milliseconds=round((time.perf_counter() - started) * 1000),
        accounts=tuple(account for account, _ in touched),
    )


def _in_line(questions: Sequence[Check | Sweep], counts: dict[str, int]) -> dict[str, Finding]:
    """Ask one after another, on the connection at hand."""
    return {f.check: f for question in questions for f in _findings(question, counts)}


def _in_lanes(questions: Sequence[Check | Sweep], counts: dict[str, int]) -> dict[str, Finding]:
    """Share the questions among a few connections that all see the snapshot of this one."""
    found = sql.row("SELECT pg_export_snapshot()")
    assert found is not None
    waiting = deque(questions)
    findings: dict[str, Finding] = {}

    def work() -> None:
        while waiting:
            try:
                question = waiting.popleft()
            except IndexError:  # the other lane took the last
                return
            findings.update((f.check, f) for f in _findings(question, counts))

    def work_beside() -> None:
        try:
            with transaction.atomic():
                _take_snapshot(found[0])
                work()
        finally:
            connection.close()

    with ThreadPoolExecutor(LANES - 1) as pool:
        beside = [pool.submit(work_beside) for _ in range(LANES - 1)]
        work()
        for lane in beside:
            lane.result()
    return findings


def _findings(question: Check | Sweep, counts: dict[str, int]) -> list[Finding]:
    if isinstance(question, Check):
        return [_ask(question, question.bad, None, counts)]
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


def _touched(
    since: int | None, account_ids: Collection[int] | None, member_ids: Collection[int] | None
) -> list[tuple[int, int]]:
    found: list[tuple[Any, ...]] = []
    if since is not None:
        found += sql.rows(_TOUCHED, [since, since])
    if account_ids is not None:
        found += sql.rows(_OF_ACCOUNTS, [bigints(account_ids)])
    if member_ids is not None:
        found += sql.rows(_OF_MEMBERS, [bigints(member_ids)])
    return sorted({(row[0], row[1]) for row in found})


def _ask(
    check: Check, query: str, touched: Sequence[tuple[int, int]] | None, counts: dict[str, int]
) -> Finding:
    started = time.perf_counter()
    wrapped = (
        f"WITH bad (id) AS MATERIALIZED ({query}) SELECT (SELECT count(*) FROM bad),"
        f" ARRAY(SELECT id FROM bad ORDER BY id LIMIT {IDS_SHOWN})"
    )
    with connection.cursor() as cursor:
        if touched is None:
            cursor.execute(wrapped)
        else:
            accounts = bigints(account for account, _ in touched)
            members = bigints({member for _, member in touched})
            named = {"accounts": accounts, "members": members}
            cursor.execute(wrapped, {k: v for k, v in named.items() if f"%({k})s" in query})
        bad, ids = cursor.fetchone()
    scanned = len(touched) if touched is not None else _count(check.scanned, counts)
    spent = round((time.perf_counter() - started) * 1000)
    return Finding(check.name, scanned, bad, tuple(ids), spent)


def _count(query: str, counts: dict[str, int]) -> int:
    if query not in counts:
        found = sql.row(query)
        counts[query] = int(found[0]) if found else 0
    return counts[query]
