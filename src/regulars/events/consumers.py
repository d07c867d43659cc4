"""Follow the log after commit: every deferred reaction has a cursor that moves with its effect.

Ids are taken before commit, so a reader that remembers the last id skips late commits. Readers
here order by (epoch, transaction, id) and stop at the oldest transaction still open anywhere in
the cluster, so an event is seen once it is certain that nothing earlier can still appear.

A batch that fails is tried event by event. An event that fails is tried again with growing
pauses, then buried as a dead letter with the member's later events queued behind it, so that
the order within a member is kept and nobody else waits.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.db import transaction

from regulars.events import selectors, services
from regulars.events.domain import Deferred, Event
from regulars.kit.errors import Refusal
from regulars.web import sql

BATCH = 200
ATTEMPTS_MAX = 5
PAUSE_SECONDS = (1, 2, 4, 8)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Position:
    """A place in the log: epoch, transaction, event."""

    epoch: int
    xact: str
    event_id: int


@dataclass(frozen=True, slots=True)
class _Cursor:
    """A consumer's place and its troubles."""

    position: _Position
    attempts: int
    retry_at: datetime | None


def advance(consumer: Deferred, *, at: datetime) -> int:
    """Read one batch for a consumer and run its reaction; answers how many events were passed."""
    with transaction.atomic():
        cursor = _lock(consumer.name)
        if cursor is None or (cursor.retry_at is not None and cursor.retry_at > at):
            return 0
        found = _read(cursor.position)
        if not found:
            return 0
        events = [event for _, event in found]
        try:
            with transaction.atomic():
                _run(consumer, events, at)
        except Exception as error:  # noqa: BLE001 an entrance: told apart event by event below
            log.warning("consumer_batch_failed", consumer=consumer.name, error=type(error).__name__)
            return _advance_singly(consumer, cursor, found, at)
        _move(consumer.name, found[-1][0], at)
        return len(found)


def drain(*, at: datetime, rounds: int = 1_000, wait_seconds: float = 0.0) -> int:
    """Advance all consumers until none finds anything; answers how many events were passed.

    With `wait_seconds`, waits that long for open transactions to let the horizon pass.
    """
    passed = 0
    patience = time.monotonic() + wait_seconds
    for _ in range(rounds):
        moved = sum(advance(consumer, at=at) for consumer in services.catalogue().deferred)
        passed += moved
        if moved:
            continue
        if time.monotonic() >= patience or not _held_back():
            break
        time.sleep(0.02)
    return passed


def replay(*, letter_id: int, consumer: Deferred, at: datetime) -> bool:
    """Run a buried event through its consumer again; answers whether it is settled now."""
    letter = selectors.get_dead_letter(letter_id=letter_id)
    if letter.event_id is None or letter.state != "open":
        return False
    event = selectors.get_event(event_id=letter.event_id)
    with transaction.atomic():
        if not services.settle(ids=[letter_id], state="replayed", at=at):
            return False  # somebody else is settling it just now
        consumer.react([event], at=at)
    return True


def _advance_singly(
    consumer: Deferred, cursor: _Cursor, found: list[tuple[_Position, Event]], at: datetime
) -> int:
    passed = 0
    for position, event in found:
        try:
            with transaction.atomic():
                _run(consumer, [event], at)
        except Exception as error:  # noqa: BLE001 an entrance: kept as a dead letter or tried again
            attempts = cursor.attempts + 1 if passed == 0 else 1
            if attempts < ATTEMPTS_MAX:
                _postpone(consumer.name, attempts, error, at)
                return passed
            _bury(consumer, event, error, attempts, at)
        _move(consumer.name, position, at)
        passed += 1
    return passed


def _run(consumer: Deferred, events: Sequence[Event], at: datetime) -> None:
    wanted = [event for event in events if event.type in consumer.types]
    if not wanted:
        return
    stuck = _stuck_members(consumer.name, wanted)
    for event in wanted:
        if event.member_id in stuck:
            _queue_behind(consumer, event, at)
    free = [event for event in wanted if event.member_id not in stuck]
    if free:
        consumer.react(free, at=at)


def _stuck_members(consumer: str, events: Sequence[Event]) -> set[int]:
    members = sorted({event.member_id for event in events if event.member_id is not None})
    if not members:
        return set()
    found = sql.rows(
        "SELECT DISTINCT member_id FROM events_deadletter WHERE state = 'open'"
        " AND consumer = %s AND member_id = ANY(%s::bigint[])",
        [consumer, members],
    )
    return {member_id for (member_id,) in found}


def _queue_behind(consumer: Deferred, event: Event, at: datetime) -> None:
    services.bury(
        kind="event",
        consumer=consumer.name,
        event_id=event.id,
        member_id=event.member_id,
        error_code="events.behind_another",
        attempts=0,
        at=at,
    )


def _bury(consumer: Deferred, event: Event, error: Exception, attempts: int, at: datetime) -> None:
    log.error("event_buried", consumer=consumer.name, event_id=event.id, exc_info=error)
    services.bury(
        kind="event",
        consumer=consumer.name,
        event_id=event.id,
        member_id=event.member_id,
        error_code=_code(error),
        attempts=attempts,
        at=at,
    )


def _code(error: Exception) -> str:
    return error.code if isinstance(error, Refusal) else f"bug.{type(error).__name__}"


def _lock(name: str) -> _Cursor | None:
    sql.run(
        "INSERT INTO events_cursor (consumer, epoch, xact, event_id, attempts, error_code)"
        " VALUES (%s, 0, '0', 0, 0, '') ON CONFLICT DO NOTHING",
        [name],
    )
    found = sql.row(
        "SELECT epoch, xact, event_id, attempts, retry_at FROM events_cursor"
        " WHERE consumer = %s FOR UPDATE SKIP LOCKED",
        [name],
    )
    if found is None:
        return None
    return _Cursor(_Position(*found[:3]), attempts=found[3], retry_at=found[4])


def _read(after: _Position) -> list[tuple[_Position, Event]]:
    found = sql.rows(
        "SELECT e.id, e.type, e.version, e.member_id, e.store_id, e.source_id, e.batch_id,"
        " e.cause_id, e.occurred_at, e.recorded_at, e.facts::text, e.epoch, e.xact::text"
        " FROM events_event e"
        " WHERE (e.epoch, e.xact, e.id) > (%s::int, %s::text::xid8, %s::bigint)"
        " AND (e.epoch < (SELECT epoch FROM events_logepoch)"
        "      OR e.xact < pg_snapshot_xmin(pg_current_snapshot()))"
        " ORDER BY e.epoch, e.xact, e.id LIMIT %s::int",
        [after.epoch, after.xact, after.event_id, BATCH],
    )
    return [(_Position(each[11], each[12], each[0]), selectors.as_event(each)) for each in found]


def _held_back() -> bool:
    found = sql.row(
        "SELECT EXISTS (SELECT 1 FROM events_event e, events_cursor c"
        " WHERE (e.epoch, e.xact, e.id) > (c.epoch, c.xact::xid8, c.event_id)"
        " AND e.epoch = (SELECT epoch FROM events_logepoch)"
        " AND e.xact >= pg_snapshot_xmin(pg_current_snapshot()))"
    )
    return bool(found and found[0])


def _move(name: str, to: _Position, at: datetime) -> None:
    sql.run(
        "UPDATE events_cursor SET epoch = %s::int, xact = %s, event_id = %s::bigint,"
        " attempts = 0, retry_at = NULL, error_code = '', moved_at = %s::timestamptz"
        " WHERE consumer = %s",
        [to.epoch, to.xact, to.event_id, at, name],
    )


def _postpone(name: str, attempts: int, error: Exception, at: datetime) -> None:
    pause = PAUSE_SECONDS[min(attempts, len(PAUSE_SECONDS)) - 1]
    sql.run(
        "UPDATE events_cursor SET attempts = %s::int, retry_at = %s::timestamptz,"
        " error_code = %s WHERE consumer = %s",
        [attempts, at + timedelta(seconds=pause), _code(error), name],
    )
