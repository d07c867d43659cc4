"""Signed webhooks: the body is kept before anything is made of it, answered, and applied by a job.

A message id is accepted once for ever. Applying goes in chunks, each one transaction with the
progress in it, so a worker that dies is followed by one that goes on where it stopped.
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import orjson
from django.db import transaction

from regulars.access import services as access
from regulars.access.domain import Actor
from regulars.events import services as events
from regulars.ingest import domain, selectors
from regulars.ingest.domain import (
    MessageConflict,
    Row,
    RowMalformed,
    RowOutcome,
    Source,
    SourceMissing,
    read_body,
    read_type,
)
from regulars.ingest.domain.signing import check_signature, read_headers
from regulars.ingest.services.applying import apply_rows
from regulars.ingest.services.running import Batch, find_members
from regulars.kit.errors import Refusal
from regulars.kit.messages import message
from regulars.web import crypto, later, sql
from regulars.web.retention import Rows, Sweep

CHUNK = 200
TASK = "ingest.apply_delivery"


def receive_delivery(
    *, source_id: str, headers: Mapping[str, str], body: bytes, at: datetime
) -> bool:
    """Check a delivery, keep it sealed and queue its application; answers whether it is new.

    Raises SourceMissing, SignatureInvalid, SignatureStale, BodyTooLarge, and MessageConflict
    (audited) where the message id was used for another body.
    """
    domain.check_size(len(body))
    source = _listening(source_id)
    signed = read_headers(headers)
    secrets = selectors.live_secrets(source_id=source.id, at=at)
    check_signature(signed, body=body, secrets=secrets, at=at)
    digest = hashlib.blake2b(body, digest_size=16).digest()
    kept = _keep(source, signed.message_id, body, digest, at)
    if kept is None:
        _audit_conflict(source, at)
        raise MessageConflict
    return kept


def apply_delivery(*, delivery_id: int, at: datetime) -> int:
    """Apply what is left of a kept body; answers how many rows were done in this call.

    Does nothing for a body that is done, gone, or being applied by another worker.
    """
    done = 0
    while True:
        rows = apply_chunk(delivery_id=delivery_id, at=at)
        if rows == 0:
            return done
        done += rows


@transaction.atomic
def apply_chunk(*, delivery_id: int, at: datetime) -> int:
    """Apply the next rows of a kept body with the progress in the same commit; 0 when done.

    A body that cannot be read at all becomes a dead letter of its own.
    """
    delivery = selectors.lock_delivery(delivery_id=delivery_id)
    if delivery is None or delivery.state != "received" or delivery.body is None:
        return 0
    source = selectors.get_source_by_id(source_id=delivery.source_id)
    try:
        kind = read_type(delivery.body)
        body = read_body(delivery.body, kind=kind)
    except Refusal as no:
        _fail(delivery, no, at)
        return 0
    part = body.rows[delivery.rows_done : delivery.rows_done + CHUNK]
    outcomes = apply_rows(rows=part, batch=Batch(kind=kind, source=source, at=at))
    _progress(delivery, part, outcomes, rows=len(body.rows), at=at)
    _link_members(delivery.id, part, source, at)
    return len(part)


@transaction.atomic
def requeue_stale(*, at: datetime, minutes: int = 10) -> int:
    """Queue bodies again that were received a while ago and never finished."""
    found = sql.rows(
        "SELECT id FROM ingest_delivery WHERE state = 'received' AND body IS NOT NULL"
        " AND received_at < %s::timestamptz ORDER BY id LIMIT 1000",
        [at - timedelta(minutes=minutes)],
    )
    for (delivery_id,) in found:
        later.defer(TASK, lock=f"delivery:{delivery_id}", delivery_id=delivery_id)
    return len(found)


def body_sweep(*, days: int) -> Sweep:
    """Say how long bodies stay; what is not applied yet stays, and so does the id of each."""
    return Sweep(
        name="webhook_bodies",
        title=message("Bodies of webhooks"),
        purpose=message("To apply again what a sender sent, and to find out what went wrong."),
        since=message("its arrival"),
        table="ingest_delivery",
        where="body IS NOT NULL AND state <> 'received'",
        aged_by="received_at",
        limit=timedelta(days=days),
        blanks="body = NULL",
        then=_forget_named,
        spares="EXISTS (SELECT 1 FROM ingest_deliverymember d WHERE"
        " d.delivery_id = ingest_delivery.id AND d.member_id = ANY(%s::bigint[]))",
    )


def _forget_named(ended: Rows, _at: datetime) -> None:
    sql.run(
        "DELETE FROM ingest_deliverymember WHERE delivery_id = ANY(%s::bigint[])",
        [[delivery_id for delivery_id, _ in ended]],
    )


def _listening(source_id: str) -> Source:
    try:
        public_id = UUID(source_id)
    except ValueError as error:
        raise SourceMissing from error
    source = selectors.find_webhook_source(public_id=public_id)
    if source is None:
        raise SourceMissing
    return source


@transaction.atomic
def _keep(source: Source, message_id: str, body: bytes, digest: bytes, at: datetime) -> bool | None:
    """Keep the body and queue it: True if new, False if seen, None if it is another body."""
    made = sql.rows(
        "INSERT INTO ingest_delivery (source_id, message_id, body_hash, body, state, rows_done,"
        " counts, error_code, received_at) VALUES (%s::bigint, %s::text, %s::bytea, %s::bytea,"
        " 'received', 0, '{}', '', %s::timestamptz)"
        " ON CONFLICT (source_id, message_id) DO NOTHING RETURNING id",
        [
            *(source.id, message_id, digest),
            crypto.seal_house(body, context=selectors.DELIVERY_CONTEXT),
            at,
        ],
    )
    if made:
        delivery_id = made[0][0]
        later.defer(TASK, lock=f"delivery:{delivery_id}", delivery_id=delivery_id)
        return True
    known = sql.row(
        "SELECT body_hash FROM ingest_delivery WHERE source_id = %s::bigint"
        " AND message_id = %s::text",
        [source.id, message_id],
    )
    return False if known is not None and bytes(known[0]) == digest else None


@transaction.atomic
def _audit_conflict(source: Source, at: datetime) -> None:
    access.audit(
        actor=Actor.system("ingest"),
        action="message.conflict",
        object_kind="source",
        object_id=str(source.public_id),
        at=at,
        result="refused",
    )


def _progress(
    delivery: selectors.Delivery,
    part: Sequence[Row | RowMalformed],
    outcomes: list[RowOutcome],
    *,
    rows: int,
    at: datetime,
) -> None:
    done = delivery.rows_done + len(part)
    state = "applied" if done >= rows else "received"
    counts = domain.count_outcomes(outcomes)
    sql.run(
        "UPDATE ingest_delivery d SET rows_done = %s::int, state = %s::text,"
        " applied_at = CASE WHEN %s::text = 'applied' THEN %s::timestamptz END,"
        " body = CASE WHEN %s::text = 'applied' AND error_code = %s::text THEN NULL ELSE body END,"
        " counts = (SELECT jsonb_object_agg(key, value::int + COALESCE((d.counts->>key)::int, 0))"
        " FROM jsonb_each_text(%s::jsonb)) WHERE id = %s::bigint",
        [
            done,
            *(state, state, at, state, selectors.DROP_WHEN_DONE),
            orjson.dumps(counts).decode(),
            delivery.id,
        ],
    )


def _link_members(
    delivery_id: int, part: Sequence[Row | RowMalformed], source: Source, at: datetime
) -> None:
    """Note whom the body was about, so that erasing one of them erases the body."""
    rows = [row for row in part if isinstance(row, Row)]
    touched = find_members(rows, Batch(kind="", source=source, at=at))
    if touched:
        sql.run(
            "INSERT INTO ingest_deliverymember (member_id, delivery_id)"
            " SELECT m, %s::bigint FROM unnest(%s::bigint[]) AS m ON CONFLICT DO NOTHING",
            [delivery_id, sorted(touched)],
        )


def _fail(delivery: selectors.Delivery, no: Refusal, at: datetime) -> None:
    sql.run(
        "UPDATE ingest_delivery SET state = 'failed', error_code = %s::text,"
        " applied_at = %s::timestamptz WHERE id = %s::bigint",
        [no.code, at, delivery.id],
    )
    events.bury(
        kind="webhook",
        error_code=no.code,
        at=at,
        body=str(delivery.id).encode(),
        error_facts={"delivery_id": delivery.id, **no.facts},
        source_id=delivery.source_id,
    )
