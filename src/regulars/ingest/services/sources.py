"""Make sources, give and exchange their secrets, and keep count of how they do."""

import os
import secrets
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from regulars.access import services as access
from regulars.access.domain import Actor
from regulars.ingest import domain, selectors
from regulars.ingest.domain import (
    DEFAULT_SOURCE,
    NotAWebhook,
    Outcome,
    RowOutcome,
    Source,
    SourceKind,
    SourceNameTaken,
)
from regulars.ingest.domain.signing import SECRET_BYTES, write_secret
from regulars.ingest.domain.sources import DEFAULT_AGE_DAYS_MAX
from regulars.kit import amounts, periods
from regulars.kit.ids import time_ordered_uuid
from regulars.web import crypto, sql

SHARDS = 16
SECRET_OVERLAP_DAYS = 7


@dataclass(frozen=True, slots=True)
class NewSource:
    """A source just made; the secret is shown this once and never again."""

    source: Source
    secret: str | None


@transaction.atomic
def create_source(
    *,
    name: str,
    kind: SourceKind,
    at: datetime,
    actor: Actor,
    zone: str | None = None,
    currency: str | None = None,
    reports_completion: bool = True,
) -> NewSource:
    """Make a source; a webhook source gets its address and first secret.

    Zone and currency are the installation's where not said. Raises SourceNameTaken, UnknownZone,
    UnknownCurrency.
    """
    made = _insert(
        domain.clean_name(name),
        kind,
        zone=zone,
        currency=currency,
        reports_completion=reports_completion,
        at=at,
    )
    if made is None:
        raise SourceNameTaken(source=name)
    access.audit(
        actor=actor,
        action="source.created",
        object_kind="source",
        object_id=str(made.public_id),
        at=at,
        details={"kind": kind.value},
    )
    secret = _add_secret(made.id, at) if kind is SourceKind.WEBHOOK else None
    return NewSource(made, secret)


@transaction.atomic
def find_or_create_source(
    *,
    name: str,
    at: datetime,
    kind: SourceKind = SourceKind.API,
    zone: str | None = None,
    currency: str | None = None,
) -> Source:
    """Answer the source of this name, made now if it is new; an existing one is not changed."""
    found = selectors.find_source(name=name)
    if found is None:
        _insert(
            domain.clean_name(name),
            kind,
            zone=zone,
            currency=currency,
            reports_completion=True,
            at=at,
        )
        found = selectors.get_source(name=name)
    return found


def source_named(*, name: str | None, at: datetime) -> Source:
    """Answer the source a batch names, `api` where it names none; raises SourceUnknown."""
    if name is None or name == DEFAULT_SOURCE:
        return find_or_create_source(name=DEFAULT_SOURCE, at=at)
    return selectors.get_source(name=name)


@transaction.atomic
def rotate_secret(
    *, name: str, at: datetime, actor: Actor, overlap_days: int = SECRET_OVERLAP_DAYS
) -> str:
    """Give a webhook source a new secret; the one before lives on for the overlap, older ones end.

    Raises SourceUnknown, NotAWebhook.
    """
    source = selectors.get_source(name=name)
    if source.kind is not SourceKind.WEBHOOK:
        raise NotAWebhook(source=name)
    sql.run(
        "UPDATE ingest_sourcesecret t SET retires_at = CASE WHEN t.id = (SELECT max(id)"
        " FROM ingest_sourcesecret WHERE source_id = t.source_id)"
        " THEN LEAST(COALESCE(t.retires_at, %s::timestamptz), %s::timestamptz)"
        " ELSE LEAST(COALESCE(t.retires_at, %s::timestamptz), %s::timestamptz) END"
        " WHERE t.source_id = %s::bigint",
        [*[at + timedelta(days=overlap_days)] * 2, at, at, source.id],
    )
    access.audit(
        actor=actor,
        action="source.secret_rotated",
        object_kind="source",
        object_id=str(source.public_id),
        at=at,
    )
    return _add_secret(source.id, at)


def record_health(*, source_id: int, outcomes: Sequence[RowOutcome], at: datetime) -> None:
    """Count what became of a source's rows; one of sixteen counters, so that nobody waits."""
    counts = domain.count_outcomes(list(outcomes))
    bad = next((each.code for each in outcomes if each.outcome in _BAD), None)
    shard = (os.getpid() * 7 + threading.get_ident() // 4096) % SHARDS
    sql.run(
        "INSERT INTO ingest_sourcehealth AS h (source_id, shard, seen_at, failed_at, error_code,"
        " applied, existing, parked, refused, dead_letters) VALUES (%s::bigint, %s::smallint,"
        " %s::timestamptz, %s::timestamptz, %s::text, %s::bigint, %s::bigint, %s::bigint,"
        " %s::bigint, %s::bigint) ON CONFLICT (source_id, shard) DO UPDATE SET"
        " seen_at = EXCLUDED.seen_at, failed_at = COALESCE(EXCLUDED.failed_at, h.failed_at),"
        " error_code = COALESCE(NULLIF(EXCLUDED.error_code, ''), h.error_code),"
        " applied = h.applied + EXCLUDED.applied, existing = h.existing + EXCLUDED.existing,"
        " parked = h.parked + EXCLUDED.parked, refused = h.refused + EXCLUDED.refused,"
        " dead_letters = h.dead_letters + EXCLUDED.dead_letters",
        [
            *(source_id, shard, at, at if bad else None, bad or ""),
            *(counts[outcome.value] for outcome in Outcome),
        ],
    )


_BAD = frozenset({Outcome.REFUSED, Outcome.DEAD_LETTER})


def _insert(
    name: str,
    kind: SourceKind,
    *,
    zone: str | None,
    currency: str | None,
    reports_completion: bool,
    at: datetime,
) -> Source | None:
    if zone is not None:
        periods.zone(zone)
    if currency is not None:
        amounts.exponent(currency)
    age_days_max = None if kind is SourceKind.FILE else DEFAULT_AGE_DAYS_MAX
    made = sql.rows(
        "INSERT INTO ingest_source (public_id, name, kind, zone, currency, reports_completion,"
        " age_days_max, created_at) SELECT %s::uuid, %s::text, %s::text,"
        " COALESCE(%s::text, i.zone), COALESCE(%s::text, i.currency), %s::boolean, %s::int,"
        " %s::timestamptz FROM web_installation i ON CONFLICT (name) DO NOTHING RETURNING id",
        [
            *(time_ordered_uuid(at), name, kind.value, zone, currency, reports_completion),
            *(age_days_max, at),
        ],
    )
    return selectors.get_source_by_id(source_id=made[0][0]) if made else None


def _add_secret(source_id: int, at: datetime) -> str:
    secret = secrets.token_bytes(SECRET_BYTES)
    text = write_secret(secret)
    sql.run(
        "INSERT INTO ingest_sourcesecret (source_id, sealed, tail, created_at)"
        " VALUES (%s::bigint, %s::bytea, %s::text, %s::timestamptz)",
        [
            source_id,
            crypto.seal_house(secret, context=selectors.SECRET_CONTEXT),
            text[-4:],
            at,
        ],
    )
    return text
