"""Runs of the checks that are on record."""

from typing import Any

import orjson

from regulars.ledger.domain import (
    Finding,
    VerifyKind,
    VerifyOrigin,
    VerifyRun,
    VerifyRunPage,
    VerifyRunUnknown,
)
from regulars.web import paging, sql

_RUN = (
    "id, kind, origin, started_at, finished_at, since, watermark, transfers, accounts, checks, bad,"
    " milliseconds"
)
_END = 2**63 - 1


def list_verify_runs(*, cursor: str | None = None, limit: int = 50) -> VerifyRunPage:
    """List the runs on record, newest first, each with only the findings that are wrong.

    Raises CursorMalformed.
    """
    limit = paging.clamp(limit)
    before = _END if cursor is None else paging.decode(cursor, parts=1)[0]
    if type(before) is not int or not 0 <= before <= _END:
        raise paging.CursorMalformed
    found = sql.rows(
        f"SELECT {_RUN}, jsonb_path_query_array(findings, '$[*] ? (@.bad > 0)')::text"
        " FROM ledger_verify_run WHERE id < %s::bigint ORDER BY id DESC LIMIT %s::int",
        [before, limit + 1],
    )
    runs = tuple(_run(row) for row in found[:limit])
    more = len(found) > limit
    return VerifyRunPage(runs, paging.encode(runs[-1].id) if more else None)


def get_verify_run(*, run_id: int) -> VerifyRun:
    """Answer one run with all its findings; raises VerifyRunUnknown."""
    if run_id > _END:
        raise VerifyRunUnknown
    found = sql.row(
        f"SELECT {_RUN}, findings::text FROM ledger_verify_run WHERE id = %s::bigint", [run_id]
    )
    if found is None:
        raise VerifyRunUnknown
    return _run(found)


def _run(row: tuple[Any, ...]) -> VerifyRun:
    findings = tuple(
        Finding(each["check"], each["scanned"], each["bad"], tuple(each["ids"]), each["ms"])
        for each in orjson.loads(row[12])
    )
    return VerifyRun(
        id=row[0],
        kind=VerifyKind(row[1]),
        origin=VerifyOrigin(row[2]),
        started_at=row[3],
        finished_at=row[4],
        since=row[5],
        watermark=row[6],
        transfers=row[7],
        accounts=row[8],
        checks=row[9],
        bad=row[10],
        milliseconds=row[11],
        findings=findings,
    )
