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
    RowOutcome,
    Source,
    write_row,
)
from regulars.ingest.domain.meaning import order_meaning, refund_meaning
from regulars.ingest.selectors import ParkedRow
from regulars.ingest.services.running import Batch, Entry, find_member, read_letter, write_letter
from regulars.kit import periods
from regulars.kit.errors import Refusal
from regulars.web import crypto, sql

PARKED_DAYS = 7
ORDER_MISSING = "ingest.order_never_came"
FOLLOWER_BROKE = "ingest.parked_row_broke"

log = structlog.get_logger(__name__)


def park(entry: Entry, batch: Batch, *, parent: str) -> RowOutcome:
    """Keep a row until its order comes; the same row parked twice waits once."""
    until = batch.at + timedelta(days=PARKED_DAYS)
    sql.run(
        "INSERT INTO ingest_parked (source_id, kind, parent, row_hash, body, award, batch_id,"
        " member_id, parked_at, expires_at) VALUES (%s::bigint, %s::text, %s::text, %s::bytea,"
        " %s::bytea, %s::boolean, %s::bigint, %s::bigint, %s::timestamptz, %s::timestamptz)"
        " ON CONFLICT (source_id, parent, row_hash) DO NOTHING",
        [
            *(batch.source.id, batch.kind, parent),
            hashlib.blake2b(write_row(entry.row), digest_size=16).digest(),
            crypto.seal_house(write_letter(batch, entry.row), context=selectors.PARKED_CONTEXT),
            *(batch.award, batch.batch_id, find_member(entry.row, batch), batch.at, until),
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
    for row in parked:
        _follow_one(row, source, at)
    _drop(parked)
    return len(parked)


@transaction.atomic
def apply_parked(*, at: datetime, limit: int = 1_000) -> int:
    """Apply parked rows whose order came while they were being parked; answers how many."""
    waiting = selectors.list_parked_parents(limit=limit)
    here = commerce_selectors.find_order_keys({(source, parent) for _, source, parent in waiting})
    applied = 0
    for source_id in sorted({source for source, _ in here}):
        source = selectors.get_source_by_id(source_id=source_id)
        parents = [parent for owner, parent in here if owner == source_id]
        applied += follow(source=source, parents=parents, at=at)
    return applied


@transaction.atomic
def expire_parked(*, at: datetime, limit: int = 500) -> int:
    """Turn parked rows whose order never came into dead letters; answers how many."""
    expired = selectors.lock_expired_parked(at=at, limit=limit)
    for row in expired:
        _bury(row, ORDER_MISSING, at)
    _drop(expired)
    return len(expired)


def _follow_one(row: ParkedRow, source: Source, at: datetime) -> None:
    try:
        with transaction.atomic():
            _apply(row, source, at)
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:  # noqa: BLE001 an entrance: the waiting row is to blame, not its order
        code = error.code if isinstance(error, Refusal) else FOLLOWER_BROKE
        log.warning("parked_row_failed", code=code, error=type(error).__name__)
        _bury(row, code, at)


def _apply(row: ParkedRow, source: Source, at: datetime) -> None:
    _, _, said = read_letter(row.body)
    moments = Moments(row.parked_at, periods.zone(source.zone))
    if isinstance(said, RefundRow):
        refund = refund_meaning(said, source=source, moments=moments)
        (done,) = commerce.record_refunds(refunds=[refund], at=at, batch_id=row.batch_id)
        if done.refusal is not None or done.change == "missing":
            _bury(row, done.refusal or ORDER_MISSING, at)
        return
    assert isinstance(said, OrderRow)
    order = order_meaning(said, source=source, moments=moments, stores={})
    commerce.record_orders(orders=[order], at=at, award=row.award, batch_id=row.batch_id)


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
    )


def _drop(rows: Sequence[ParkedRow]) -> None:
    if rows:
        sql.run(
            "DELETE FROM ingest_parked WHERE id = ANY(%s::bigint[])", [[row.id for row in rows]]
        )
