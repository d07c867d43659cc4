"""Read sources and their health, deliveries, and rows that wait for a parent."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from regulars.ingest.domain import Source, SourceKind, SourceMissing, SourceState, SourceUnknown
from regulars.web import crypto, sql

SECRET_CONTEXT = "ingest_sourcesecret|sealed"  # noqa: S105 the name of a context, not a secret
DELIVERY_CONTEXT = "ingest_delivery|body"
PARKED_CONTEXT = "ingest_parked|body"

DROP_WHEN_DONE = "ingest.member_erased"  # a body that goes as soon as its last row is applied

_SOURCE = (
    "s.id, s.public_id, s.name, s.kind, s.zone, s.currency, s.reports_completion, s.age_days_max"
)


@dataclass(frozen=True, slots=True)
class Delivery:
    """A kept webhook body; `body` is None once retention or an erasure took it."""

    id: int
    source_id: int
    message_id: str
    state: str
    rows_done: int
    received_at: datetime
    body: bytes | None


@dataclass(frozen=True, slots=True)
class ParkedRow:
    """A row that waits for its order."""

    id: int
    source_id: int
    kind: str
    parent: str
    body: bytes
    award: bool
    batch_id: int | None
    member_id: int | None
    parked_at: datetime
    names: tuple[bytes, ...]


def get_source(*, name: str) -> Source:
    """Answer the source of this name; raises SourceUnknown."""
    found = find_source(name=name)
    if found is None:
        raise SourceUnknown(source=name[:80])
    return found


def find_source(*, name: str) -> Source | None:
    """Answer the source of this name that is in use, or None."""
    row = sql.row(
        f"SELECT {_SOURCE} FROM ingest_source s WHERE s.name = %s::text AND s.archived_at IS NULL",
        [name],
    )
    return None if row is None else _source(row)


def get_source_by_id(*, source_id: int) -> Source:
    """Answer a source by id, archived or not; raises SourceMissing."""
    row = sql.row(f"SELECT {_SOURCE} FROM ingest_source s WHERE s.id = %s::bigint", [source_id])
    if row is None:
        raise SourceMissing
    return _source(row)


def find_webhook_source(*, public_id: UUID) -> Source | None:
    """Answer the webhook source that listens at this address, or None."""
    row = sql.row(
        f"SELECT {_SOURCE} FROM ingest_source s WHERE s.public_id = %s::uuid"
        " AND s.kind = 'webhook' AND s.archived_at IS NULL",
        [public_id],
    )
    return None if row is None else _source(row)


def live_secrets(*, source_id: int, at: datetime) -> list[bytes]:
    """Answer the secrets that may sign for a source now, newest first."""
    found = sql.rows(
        "SELECT sealed FROM ingest_sourcesecret WHERE source_id = %s::bigint"
        " AND (retires_at IS NULL OR retires_at > %s::timestamptz) ORDER BY id DESC",
        [source_id, at],
    )
    return [crypto.unseal_house(bytes(sealed), context=SECRET_CONTEXT) for (sealed,) in found]


def list_sources(*, at: datetime) -> list[SourceState]:
    """List the sources in use by name, with their health and the tails of their secrets."""
    found = sql.rows(
        f"SELECT {_SOURCE}, h.seen_at, h.failed_at, h.error_code, h.applied, h.existing, h.parked,"
        " h.refused, h.dead_letters, ARRAY(SELECT t.tail FROM ingest_sourcesecret t"
        " WHERE t.source_id = s.id AND (t.retires_at IS NULL OR t.retires_at > %s::timestamptz)"
        " ORDER BY t.id DESC) FROM ingest_source s LEFT JOIN LATERAL (SELECT"
        " max(x.seen_at) AS seen_at, max(x.failed_at) AS failed_at,"
        " (array_agg(x.error_code ORDER BY x.failed_at DESC NULLS LAST))[1] AS error_code,"
        " sum(x.applied) AS applied, sum(x.existing) AS existing, sum(x.parked) AS parked,"
        " sum(x.refused) AS refused, sum(x.dead_letters) AS dead_letters"
        " FROM ingest_sourcehealth x WHERE x.source_id = s.id) h ON true"
        " WHERE s.archived_at IS NULL ORDER BY s.name",
        [at],
    )
    names = ("applied", "exists", "parked", "refused", "dead_letter")
    return [
        SourceState(
            source=_source(row[:8]),
            seen_at=row[8],
            failed_at=row[9],
            error_code=row[10] or "",
            counts={name: int(count or 0) for name, count in zip(names, row[11:16], strict=True)},
            secrets=tuple(row[16]),
        )
        for row in found
    ]


def lock_delivery(*, delivery_id: int) -> Delivery | None:
    """Lock a delivery for whoever applies it; None where another worker holds it."""
    row = sql.row(
        "SELECT id, source_id, message_id, state, rows_done, received_at, body"
        " FROM ingest_delivery WHERE id = %s::bigint FOR UPDATE SKIP LOCKED",
        [delivery_id],
    )
    if row is None:
        return None
    body = None if row[6] is None else crypto.unseal_house(bytes(row[6]), context=DELIVERY_CONTEXT)
    found, source, message_id, state, rows_done, received_at, _ = row
    return Delivery(found, source, message_id, state, rows_done, received_at, body)


def sealed_delivery(*, delivery_id: int) -> bytes | None:
    """Answer the sealed body of a delivery; None once retention or an erasure took it."""
    row = sql.row("SELECT body FROM ingest_delivery WHERE id = %s::bigint", [delivery_id])
    return None if row is None or row[0] is None else bytes(row[0])


def lock_parked(*, source_id: int, parents: Iterable[str]) -> list[ParkedRow]:
    """Lock the rows of a source that wait for these orders, oldest first."""
    found = sql.rows(
        f"SELECT {_PARKED} FROM ingest_parked WHERE source_id = %s::bigint"
        " AND parent = ANY(%s::text[]) ORDER BY id FOR UPDATE SKIP LOCKED",
        [source_id, list(parents)],
    )
    return [_parked(row) for row in found]


def lock_expired_parked(*, at: datetime, limit: int) -> list[ParkedRow]:
    """Lock parked rows whose order did not come in time, oldest first."""
    found = sql.rows(
        f"SELECT {_PARKED} FROM ingest_parked WHERE expires_at <= %s::timestamptz"
        " ORDER BY id LIMIT %s::int FOR UPDATE SKIP LOCKED",
        [at, limit],
    )
    return [_parked(row) for row in found]


def list_parked_parents(*, limit: int, after_id: int = 0) -> list[tuple[int, int, str]]:
    """List (id, source, order number) of parked rows by id."""
    return sql.rows(
        "SELECT id, source_id, parent FROM ingest_parked WHERE id > %s::bigint"
        " ORDER BY id LIMIT %s::int",
        [after_id, limit],
    )


def count_parked(*, source_id: int | None = None) -> int:
    """Count the rows that wait for a parent, of one source or of all."""
    found = sql.row(
        "SELECT count(*) FROM ingest_parked WHERE %s::bigint IS NULL OR source_id = %s::bigint",
        [source_id, source_id],
    )
    return int(found[0]) if found else 0


_PARKED = "id, source_id, kind, parent, body, award, batch_id, member_id, parked_at, names"


def _parked(row: tuple[Any, ...]) -> ParkedRow:
    body = crypto.unseal_house(bytes(row[4]), context=PARKED_CONTEXT)
    found, source, kind, parent, _, award, batch_id, member_id, parked_at, kept = row
    names = tuple(bytes(name) for name in kept)
    return ParkedRow(
        found, source, kind, parent, body, award, batch_id, member_id, parked_at, names
    )


def _source(row: tuple[Any, ...]) -> Source:
    return Source(
        id=row[0],
        public_id=row[1],
        name=row[2],
        kind=SourceKind(row[3]),
        zone=row[4],
        currency=row[5],
        reports_completion=row[6],
        age_days_max=row[7],
    )
