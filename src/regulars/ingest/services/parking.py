"""Rows that came before their order: kept sealed, applied when it comes, dead after seven days."""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import structlog
from django.db import InterfaceError, OperationalError, transaction

from regulars.commerce import selectors as commerce_selectors
from regulars.commerce import services as commerce
from regulars.events import services as events
from regulars.ingest import selectors
from regulars.ingest.domain import (
    Moments,
    OrderRow,
    Outcome,
    RefundRow,
    Row,
    RowOutcome,
    Source,
    write_row,
)
from regulars.ingest.domain.meaning import order_meaning, refund_meaning
from regulars.ingest.selectors import ParkedRow
from regulars.ingest.services.running import (
    Batch,
    Entry,
    find_member,
    guard_row,
    read_letter,
    write_letter,
)
from regulars.kit import periods
from regulars.web import crypto, sql

PARKED_DAYS = 7
ORDER_MISSING = "ingest.order_never_came"
FOLLOWER_BROKE = "ingest.parked_row_broke"

log = structlog.get_logger(__name__)


def park(entry: Entry, batch: Batch, *, parent: str) -> RowOutcome:
    """Keep a row until its order comes; the same row parked twice waits once."""
    until = batch.at + timedelta(days=PARKED_DAYS)
    kept, names = guard_row(entry.row, batch)
    assert kept is not None, "a row that may wait is something without its member"
    sql.run(
        "INSERT INTO ingest_parked (source_id, kind, parent, row_hash, body, award, batch_id,"
        " member_id, names, parked_at, expires_at) VALUES (%s::bigint, %s::text, %s::text,"
        " %s::bytea, %s::bytea, %s::boolean, %s::bigint, %s::bigint, %s::bytea[],"
        " %s::timestamptz, %s::timestamptz)"
        " ON CONFLICT (source_id, parent, row_hash) DO NOTHING",
        [
            *(batch.source.id, batch.kind, parent),
            hashlib.blake2b(write_row(kept), digest_size=16).digest(),
            crypto.seal_house(write_letter(batch, kept), context=selectors.PARKED_CONTEXT),
            *(batch.award, batch.batch_id, find_member(kept, batch), list(names)),
            *(batch.at, until),
        ],
    )
    return RowOutcome(
        entry.place,
        Outcome.PARKED,
        "ingest.order_not_here",
        {"waits_for": "order", "until": until.isoformat()},
    )


def follow(*, source: Source, parents: Iterable[str], at: datetime) -> int:
    """Apply the rows that waited for these orders; answers how many.

    A waiting row that breaks is buried alone and does not touch what it waited for.
    """
    parked = selectors.lock_parked(source_id=source.id, parents=parents)
    if not _follow(parked, source, at):
        for row in parked:
            if not _follow([row], source, at):
                _bury(row, FOLLOWER_BROKE, at)
    _drop(parked)
    return len(parked)


def apply_parked(*, at: datetime, page: int = 1_000) -> int:
    """Apply parked rows whose order came while they were being parked; answers how many.

    Looks through all that waits, a page and a transaction at a time.
    """
    applied, after_id = 0, 0
    while waiting := selectors.list_parked_parents(limit=page, after_id=after_id):
        applied += _apply_page({(source, parent) for _, source, parent in waiting}, at)
        after_id = waiting[-1][0]
    return applied


@transaction.atomic
def expire_parked(*, at: datetime, limit: int = 500) -> int:
    """Turn parked rows whose order never came into dead letters; answers how many."""
    expired = selectors.lock_expired_parked(at=at, limit=limit)
    for row in expired:
        _bury(row, ORDER_MISSING, at)
    _drop(expired)
    return len(expired)


@transaction.atomic
def _apply_page(waiting: set[tuple[int, str]], at: datetime) -> int:
    here = commerce_selectors.find_order_keys(waiting)
    applied = 0
    for source_id in sorted({source for source, _ in here}):
        source = selectors.get_source_by_id(source_id=source_id)
        parents = [parent for owner, parent in here if owner == source_id]
        applied += follow(source=source, parents=parents, at=at)
    return applied


def _follow(rows: Sequence[ParkedRow], source: Source, at: datetime) -> bool:
    """Apply waiting rows together; answers whether they went through."""
    if not rows:
        return True
    try:
        with transaction.atomic():
            _apply(rows, source, at)
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:  # noqa: BLE001 an entrance: told apart row by row
        log.warning("parked_rows_failed", rows=len(rows), error=type(error).__name__)
        return False
    return True


def _apply(rows: Sequence[ParkedRow], source: Source, at: datetime) -> None:
    said: dict[tuple[int | None, bool], list[tuple[ParkedRow, Row]]] = {}
    for row in rows:
        kind = (row.batch_id, row.award)  # nearly always one
        said.setdefault(kind, []).append((row, read_letter(row.body)[2]))
    for (batch_id, award), group in said.items():
        _apply_refunds(group, source, batch_id, at)
        orders = [
            order_meaning(each, source=source, moments=_moments(row, source), stores={})
            for row, each in group
            if isinstance(each, OrderRow)
        ]
        if orders:
            commerce.record_orders(orders=orders, at=at, award=award, batch_id=batch_id)


def _apply_refunds(
    group: Sequence[tuple[ParkedRow, Row]], source: Source, batch_id: int | None, at: datetime
) -> None:
    read = [
        (row, refund_meaning(each, source=source, moments=_moments(row, source)))
        for row, each in group
        if isinstance(each, RefundRow)
    ]
    recorded = commerce.record_refunds(
        refunds=[refund for _, refund in read], at=at, batch_id=batch_id
    )
    for (row, _), done in zip(read, recorded, strict=True):
        if done.refusal is not None or done.change == "missing":
            _bury(row, done.refusal or ORDER_MISSING, at)


def _moments(row: ParkedRow, source: Source) -> Moments:
    return Moments(row.parked_at, periods.zone(source.zone))


def _bury(row: ParkedRow, code: str, at: datetime) -> None:
    events.bury(
        kind="row",
        error_code=code,
        at=at,
        body=row.body,
        error_facts={"kind": row.kind},
        source_id=row.source_id,
        batch_id=row.batch_id,
        member_id=row.member_id,
        names=row.names,
    )


def _drop(rows: Sequence[ParkedRow]) -> None:
    if rows:
        sql.run(
            "DELETE FROM ingest_parked WHERE id = ANY(%s::bigint[])", [[row.id for row in rows]]
        )
