"""Explore the log and the dead letters: by what they are, newest first, however many there are."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from regulars.events.domain import Event, EventMissing
from regulars.events.selectors.reading import (
    COLUMNS,
    LETTER_COLUMNS,
    DeadLetter,
    as_dead_letter,
    as_event,
)
from regulars.web import seeking, sql
from regulars.web.seeking import Condition, Counted, Seek

COMMONEST = "order.recorded"


@dataclass(frozen=True, slots=True, kw_only=True)
class LogQuery:
    """What the explorer asks of the log; `since` is inclusive, `until` exclusive, both by record.

    `store_ids` None means every store and what belongs to none.
    """

    type: str = ""
    member_ids: tuple[int, ...] = ()
    source_id: int | None = None
    batch_id: int | None = None
    since: datetime | None = None
    until: datetime | None = None
    store_ids: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class LogPage:
    """Events, newest recorded first; `stopped` tells that more may lie behind a long gap."""

    events: tuple[Event, ...]
    next_cursor: str | None
    stopped: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterQuery:
    """Which dead letters: those of a state, a kind, a source, a code, of some age."""

    state: str = "open"
    kind: str = ""
    source_id: int | None = None
    error_code: str = ""
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class LetterPage:
    """Dead letters, newest first, and where the next page begins."""

    letters: tuple[DeadLetter, ...]
    next_cursor: str | None


def list_log(*, query: LogQuery, cursor: str | None = None, limit: int | None = None) -> LogPage:
    """List events, newest recorded first, also among ten million. Raises CursorMalformed."""
    found = seeking.page(_log_seek(query), cursor=cursor, limit=limit)
    return LogPage(tuple(as_event(row) for row in found.rows), found.next_cursor, found.stopped)


def count_log(*, query: LogQuery) -> Counted:
    """Count the events that match; of the whole log an estimate."""
    counted = seeking.count(_log_seek(query))
    if counted.is_exact or query != LogQuery():
        return counted
    return Counted(seeking.estimate_rows("events_event"), is_exact=False)


def list_effects(*, event_id: int, limit: int = 200) -> list[Event]:
    """List the events that an event caused in its own transaction, by id; raises EventMissing."""
    place = sql.row("SELECT epoch, xact::text FROM events_event WHERE id = %s::bigint", [event_id])
    if place is None:
        raise EventMissing
    found = sql.rows(
        f"SELECT {COLUMNS} FROM events_event WHERE epoch = %s::int AND xact = %s::text::xid8"
        " AND cause_id = %s::bigint ORDER BY id LIMIT %s::int",
        [*place, event_id, limit],
    )
    return [as_event(each) for each in found]


# Fenced, so that a member's few events are found by their index and never along the whole log.
_OF_MEMBERS = (
    "(SELECT * FROM events_event WHERE member_id = ANY(%s::bigint[]) OFFSET 0) AS of_members"
)


def _log_seek(query: LogQuery) -> Seek:
    along: list[Condition] = []
    among: list[Condition] = []
    # The index by type leaves out the commonest, which is found soon enough among all.
    if query.type == COMMONEST:
        among.append((f"type = '{COMMONEST}'", []))
    elif query.type:
        along.append((f"type = %s::text AND type <> '{COMMONEST}'", [query.type]))
    for condition, value, some in (
        ("recorded_at >= %s::timestamptz", query.since, along),
        ("recorded_at < %s::timestamptz", query.until, along),
        ("source_id = %s::bigint", query.source_id, among),
        ("batch_id = %s::bigint", query.batch_id, among),
    ):
        if value:
            some.append((condition, [value]))
    if query.store_ids is not None:
        among.append(("store_id = ANY(%s::bigint[])", [list(query.store_ids)]))
    return Seek(
        columns=COLUMNS,
        table=_OF_MEMBERS if query.member_ids else "events_event",
        table_values=(list(query.member_ids),) if query.member_ids else (),
        keys=(("recorded_at", "timestamptz"), ("id", "bigint")),
        along=tuple(along),
        among=tuple(among),
    )


def list_letters(
    *, query: LetterQuery, cursor: str | None = None, limit: int | None = None
) -> LetterPage:
    """List dead letters, newest first, without their bodies. Raises CursorMalformed."""
    found = seeking.page(_letter_seek(query), cursor=cursor, limit=limit)
    return LetterPage(tuple(as_dead_letter(row) for row in found.rows), found.next_cursor)


def count_letters(*, query: LetterQuery) -> int:
    """Count the dead letters that match."""
    return seeking.count(_letter_seek(query), passed_max=1_000_000).rows


def list_letter_ids(*, query: LetterQuery, after_id: int = 0, limit: int = 1_000) -> list[int]:
    """List the ids of dead letters that match, oldest first, those after an id."""
    where, values = _letter_conditions(query)
    found = sql.rows(
        f"SELECT id FROM events_deadletter WHERE {where} AND id > %s::bigint"
        " ORDER BY id LIMIT %s::int",
        [*values, after_id, limit],
    )
    return [letter_id for (letter_id,) in found]


def count_letters_by(*, column: str, state: str = "open") -> dict[str, int]:
    """Count the dead letters of a state by their `error_code` or their `kind`."""
    if column not in {"error_code", "kind"}:
        raise ValueError(f"{column} is not counted by")
    return dict(
        sql.rows(
            f"SELECT {column}, count(*) FROM events_deadletter WHERE state = %s::text"
            f" GROUP BY {column} ORDER BY count(*) DESC, {column} LIMIT 100",
            [state],
        )
    )


def _letter_conditions(query: LetterQuery) -> tuple[str, list[Any]]:
    conditions, values = ["TRUE"], list[Any]()
    for condition, value in (
        ("state = %s::text", query.state),
        ("kind = %s::text", query.kind),
        ("source_id = %s::bigint", query.source_id),
        ("error_code = %s::text", query.error_code),
        ("created_at >= %s::timestamptz", query.since),
        ("created_at < %s::timestamptz", query.until),
    ):
        if value:
            conditions.append(condition)
            values.append(value)
    return " AND ".join(conditions), values


def _letter_seek(query: LetterQuery) -> Seek:
    return Seek(
        columns=LETTER_COLUMNS,
        table="events_deadletter",
        keys=(("id", "bigint"),),
        along=(_letter_conditions(query),),
    )
