"""Read what sources delivered and what still waits; never what a body holds."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from regulars.ingest.domain import Source, SourceMissing, SourceState
from regulars.ingest.selectors.sources import list_sources
from regulars.web import seeking, sql
from regulars.web.seeking import Condition, Seek

_COLUMNS = (
    "id, message_id, state, rows_done, counts::text, error_code, received_at, applied_at,"
    " body IS NOT NULL"
)


@dataclass(frozen=True, slots=True)
class DeliveryLine:
    """One signed body: when it came, how far it is, what became of its rows."""

    id: int
    message_id: str
    state: str
    rows_done: int
    counts: dict[str, int]
    error_code: str
    received_at: datetime
    applied_at: datetime | None
    is_kept: bool


@dataclass(frozen=True, slots=True)
class DeliveryPage:
    """Deliveries of a source, newest first, and where the next page begins."""

    lines: tuple[DeliveryLine, ...]
    next_cursor: str | None
    stopped: bool


@dataclass(frozen=True, slots=True)
class Backlog:
    """What a source sent and we have not applied yet."""

    waiting: int
    oldest_at: datetime | None


@dataclass(frozen=True, slots=True)
class SecretLine:
    """A secret that may sign: its last characters, since when, until when. Never itself."""

    tail: str
    created_at: datetime
    retires_at: datetime | None


def get_source_state(*, public_id: UUID, at: datetime) -> SourceState:
    """Answer one source in use with its health; raises SourceMissing."""
    found = next((each for each in list_sources(at=at) if each.source.public_id == public_id), None)
    if found is None:
        raise SourceMissing
    return found


def list_deliveries(
    *, source: Source, state: str = "", cursor: str | None = None, limit: int | None = None
) -> DeliveryPage:
    """List the deliveries of a source, newest first. Raises CursorMalformed."""
    among: tuple[Condition, ...] = (("state = %s::text", [state]),) if state else ()
    found = seeking.page(
        Seek(
            columns=_COLUMNS,
            table="ingest_delivery",
            keys=(("id", "bigint"),),
            along=(("source_id = %s::bigint", [source.id]),),
            among=among,
        ),
        cursor=cursor,
        limit=limit,
    )
    return DeliveryPage(tuple(_line(row) for row in found.rows), found.next_cursor, found.stopped)


def backlogs() -> dict[int, Backlog]:
    """Answer what waits, by source."""
    found = sql.rows(
        "SELECT source_id, count(*), min(received_at) FROM ingest_delivery"
        " WHERE state = 'received' GROUP BY source_id"
    )
    return {source_id: Backlog(count, oldest) for source_id, count, oldest in found}


def list_secrets(*, source: Source, at: datetime) -> list[SecretLine]:
    """List the secrets that may sign for a source now, newest first, by their last characters."""
    found = sql.rows(
        "SELECT tail, created_at, retires_at FROM ingest_sourcesecret WHERE source_id = %s::bigint"
        " AND (retires_at IS NULL OR retires_at > %s::timestamptz) ORDER BY id DESC",
        [source.id, at],
    )
    return [SecretLine(*row) for row in found]


def _line(row: tuple[Any, ...]) -> DeliveryLine:
    values = list(row)
    values[4] = orjson.loads(values[4])
    return DeliveryLine(*values)
