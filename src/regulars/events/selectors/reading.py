"""Read the log: keys already used, a member's timeline, dead letters, cursors and their lag."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from regulars.events.domain import DeadLetterMissing, Event, EventMissing, TimelineCursor
from regulars.events.domain.keys import BODY_CONTEXT, message_hash
from regulars.web import crypto, sql

COLUMNS = (
    "id, type, version, member_id, store_id, source_id, batch_id, cause_id,"
    " occurred_at, recorded_at, facts::text"
)


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """Something that could not be applied; the body is opened only on request."""

    id: int
    kind: str
    state: str
    consumer: str
    event_id: int | None
    source_id: int | None
    batch_id: int | None
    member_id: int | None
    error_code: str
    error_facts: dict[str, Any]
    attempts: int
    created_at: datetime
    settled_at: datetime | None


@dataclass(frozen=True, slots=True)
class ConsumerState:
    """How far a deferred reaction has come."""

    consumer: str
    behind: int
    attempts: int
    error_code: str
    moved_at: datetime | None


def find_keys(*, source_id: int, message_ids: Sequence[str]) -> dict[str, tuple[int, bytes]]:
    """Answer (event id, body hash) of the message ids of this source that are known."""
    by_hash = {message_hash(message_id): message_id for message_id in message_ids}
    found = sql.rows(
        "SELECT message_hash, event_id, body_hash FROM events_eventkey"
        " WHERE source_id = %s::bigint AND message_hash = ANY(%s::bytea[])",
        [source_id, list(by_hash)],
    )
    return {by_hash[bytes(key)]: (event_id, bytes(body)) for key, event_id, body in found}


def get_event(*, event_id: int) -> Event:
    """Answer one event; raises EventMissing."""
    found = sql.row(f"SELECT {COLUMNS} FROM events_event WHERE id = %s::bigint", [event_id])
    if found is None:
        raise EventMissing
    return as_event(found)


def list_events(*, event_ids: Sequence[int]) -> list[Event]:
    """Answer the events with these ids, by id."""
    found = sql.rows(
        f"SELECT {COLUMNS} FROM events_event WHERE id = ANY(%s::bigint[]) ORDER BY id",
        [list(event_ids)],
    )
    return [as_event(each) for each in found]


def list_timeline(
    *,
    member_ids: Sequence[int],
    types: Sequence[str] | None = None,
    before: TimelineCursor | None = None,
    limit: int = 50,
) -> list[Event]:
    """Answer the newest events of these member ids (a survivor's and its aliases'), by time."""
    found = sql.rows(
        f"SELECT {COLUMNS} FROM events_event WHERE member_id = ANY(%s::bigint[])"
        " AND (%s::text[] IS NULL OR type = ANY(%s::text[]))"
        " AND (%s::timestamptz IS NULL OR (occurred_at, id) < (%s::timestamptz, %s::bigint))"
        " ORDER BY occurred_at DESC, id DESC LIMIT %s::int",
        [
            list(member_ids),
            None if types is None else list(types),
            None if types is None else list(types),
            before.occurred_at if before else None,
            before.occurred_at if before else None,
            before.id if before else None,
            limit,
        ],
    )
    return [as_event(each) for each in found]


def batches_of(*, member_ids: Sequence[int], types: Sequence[str]) -> dict[int, set[int | None]]:
    """Answer from which import batches (None: from none) events of these types came, by member."""
    found = sql.rows(
        "SELECT DISTINCT member_id, batch_id FROM events_event WHERE member_id = ANY(%s::bigint[])"
        " AND type = ANY(%s::text[])",
        [list(member_ids), list(types)],
    )
    batches: dict[int, set[int | None]] = {}
    for member_id, batch_id in found:
        batches.setdefault(member_id, set()).add(batch_id)
    return batches


def list_history(*, member_ids: Sequence[int], types: Sequence[str]) -> list[Event]:
    """Answer all events of these types about these members, in the order of the log."""
    found = sql.rows(
        f"SELECT {COLUMNS} FROM events_event WHERE member_id = ANY(%s::bigint[])"
        " AND type = ANY(%s::text[]) ORDER BY epoch, xact, id",
        [list(member_ids), list(types)],
    )
    return [as_event(each) for each in found]


def members_of_batch(*, batch_id: int, kind: str) -> list[int]:
    """Answer whom the events of one type that came with an import are about."""
    found = sql.rows(
        "SELECT DISTINCT member_id FROM events_event WHERE type = %s::text"
        " AND batch_id = %s::bigint AND member_id IS NOT NULL ORDER BY member_id",
        [kind, batch_id],
    )
    return [member_id for (member_id,) in found]


def count_batches(*, kind: str) -> dict[int, int]:
    """Answer how often events of one type named each import."""
    return dict(
        sql.rows(
            "SELECT (facts ->> 'batch_id')::bigint, count(*) FROM events_event"
            " WHERE type = %s::text AND facts ? 'batch_id' GROUP BY 1",
            [kind],
        )
    )


def members_named(*, member_ids: Sequence[int], kind: str, fact: str) -> set[int]:
    """Answer which of these members a fact of events of one type names: who was given something.

    Reads every event of the type, which are few; who an event is about is found by `batches_of`.
    """
    found = sql.rows(
        "SELECT DISTINCT (facts ->> %s::text)::bigint FROM events_event WHERE type = %s::text"
        " AND (facts ->> %s::text)::bigint = ANY(%s::bigint[])",
        [fact, kind, fact, list(member_ids)],
    )
    return {member_id for (member_id,) in found}


def list_dead_letters(
    *,
    state: str | None = "open",
    kind: str | None = None,
    error_code: str | None = None,
    ids: Sequence[int] | None = None,
    after_id: int = 0,
    limit: int = 100,
) -> list[DeadLetter]:
    """Answer dead letters of a state (None: of any) by id, without their bodies."""
    found = sql.rows(
        f"SELECT {LETTER_COLUMNS} FROM events_deadletter"
        " WHERE (%s::text IS NULL OR state = %s::text) AND (%s::text IS NULL OR kind = %s::text)"
        " AND (%s::text IS NULL OR error_code = %s::text) AND id > %s::bigint"
        " AND (%s::bigint[] IS NULL OR id = ANY(%s::bigint[])) ORDER BY id LIMIT %s::int",
        [
            *(state, state, kind, kind, error_code, error_code, after_id),
            *([None if ids is None else list(ids)] * 2),
            limit,
        ],
    )
    return [as_dead_letter(each) for each in found]


LETTER_COLUMNS = (
    "id, kind, state, consumer, event_id, source_id, batch_id, member_id, error_code,"
    " error_facts::text, attempts, created_at, settled_at"
)


def as_dead_letter(found: tuple[Any, ...]) -> DeadLetter:
    """Build the value from a row of the dead letters."""
    values = list(found)
    values[9] = orjson.loads(values[9])
    return DeadLetter(*values)


def get_dead_letter(*, letter_id: int) -> DeadLetter:
    """Answer one dead letter; raises DeadLetterMissing."""
    found = list_dead_letters(after_id=letter_id - 1, limit=1, state=None)
    if not found or found[0].id != letter_id:
        raise DeadLetterMissing
    return found[0]


def count_dead_letters(*, state: str = "open") -> int:
    """Count the dead letters of a state."""
    found = sql.row("SELECT count(*) FROM events_deadletter WHERE state = %s", [state])
    assert found is not None
    return int(found[0])


def open_body(*, letter_id: int) -> bytes | None:
    """Unseal the body of a dead letter; raises DeadLetterMissing."""
    found = sql.row("SELECT body FROM events_deadletter WHERE id = %s::bigint", [letter_id])
    if found is None:
        raise DeadLetterMissing
    return None if found[0] is None else crypto.unseal_house(found[0], context=BODY_CONTEXT)


def list_consumers() -> list[ConsumerState]:
    """Answer every consumer with how many settled events it has yet to read (counted to 10,000)."""
    found = sql.rows(
        "SELECT c.consumer, (SELECT count(*) FROM (SELECT 1 FROM events_event e"
        "   WHERE (e.epoch, e.xact, e.id) > (c.epoch, c.xact::xid8, c.event_id) LIMIT 10000) x),"
        " c.attempts, c.error_code, c.moved_at FROM events_cursor c ORDER BY c.consumer"
    )
    return [ConsumerState(*each) for each in found]


def as_event(found: tuple[Any, ...]) -> Event:
    """Build the value from a row of the log."""
    return Event(
        id=found[0], type=found[1], version=found[2], member_id=found[3], store_id=found[4],
        source_id=found[5], batch_id=found[6], cause_id=found[7], occurred_at=found[8],
        recorded_at=found[9], facts=orjson.loads(found[10]),
    )  # fmt: skip
