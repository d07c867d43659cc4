"""Append facts to the log and let the inline reactions answer, wave by wave, in one transaction.

The outermost append writes its batch, runs every inline reaction on it, then does the same with
the facts those reactions appended, at most eight waves deep. Ids are given at once, so a
reaction can name the event it has caused before the row is written.
"""

from collections import defaultdict
from collections.abc import Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime

import orjson
from django.db import connection
from msgspec.structs import astuple

from regulars.events.domain import Appended, Catalogue, Event, Fact, Inline, Outcome, TooManyWaves
from regulars.events.domain.keys import message_hash
from regulars.web import sql
from regulars.web.binary import Shape

WAVES_MAX = 8

_installed: dict[str, Catalogue] = {"catalogue": Catalogue(types={})}


@dataclass(slots=True)
class _Run:
    """One outermost append: what waits for the next wave, and what was said so far."""

    waiting: list[Event] = field(default_factory=list)
    outcomes: dict[int, list[Outcome]] = field(default_factory=lambda: defaultdict(list))


_run: ContextVar[_Run | None] = ContextVar("events_run", default=None)


def install(catalogue: Catalogue) -> None:
    """Say which types exist and who reacts; wiring does it once at start."""
    _installed["catalogue"] = catalogue


def catalogue() -> Catalogue:
    """Answer the installed types and reactions."""
    return _installed["catalogue"]


def append(facts: Sequence[Fact], *, at: datetime) -> Appended:
    """Write the facts as events inside the caller's transaction and run the inline reactions.

    Facts whose (source, message id) is known are left out of the answer: look them up with
    `selectors.find_keys`. Called from a reaction, it queues the next wave and answers the events
    without outcomes. Raises UnknownEventType, FactsMalformed, and any refusal of a reaction.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("append belongs inside the transaction of the change it reports")
    events = _admitted(facts, at)
    run = _run.get()
    if run is not None:
        run.waiting.extend(events)
        return Appended(events=tuple(events))
    run = _Run(waiting=list(events))
    token = _run.set(run)
    try:
        _roll(run, at)
    finally:
        _run.reset(token)
    return Appended(
        events=tuple(events), outcomes={key: tuple(said) for key, said in run.outcomes.items()}
    )


def _roll(run: _Run, at: datetime) -> None:
    for _ in range(WAVES_MAX):
        if not run.waiting:
            return
        wave, run.waiting = run.waiting, []
        _insert(wave)
        present = {event.type for event in wave}
        for reaction in catalogue().inline:
            if present & reaction.types:
                _react(reaction, wave, run, at)
    if run.waiting:
        raise TooManyWaves(run.waiting[0].type)


def _react(reaction: Inline, wave: list[Event], run: _Run, at: datetime) -> None:
    heard = [event for event in wave if event.type in reaction.types]
    for outcome in reaction.react(heard, at=at):
        run.outcomes[outcome.event_id].append(outcome)


def _admitted(facts: Sequence[Fact], at: datetime) -> list[Event]:
    known = catalogue()
    versions = [known.check(fact.type, fact.facts).version for fact in facts]
    ids = sql.take_ids("events_event_id_seq", len(facts))
    events = [
        Event(
            id=event_id, type=fact.type, version=version, occurred_at=fact.occurred_at,
            recorded_at=at, facts=fact.facts, member_id=fact.member_id, store_id=fact.store_id,
            source_id=fact.source_id, batch_id=fact.batch_id, cause_id=fact.cause_id,
        )
        for event_id, version, fact in zip(ids, versions, facts, strict=True)
    ]  # fmt: skip
    if not any(fact.message_id for fact in facts):
        return events
    fresh = _claim_keys(facts, ids)
    return [
        event
        for event, fact in zip(events, facts, strict=True)
        if fact.message_id is None or event.id in fresh
    ]


def _claim_keys(facts: Sequence[Fact], ids: Sequence[int]) -> set[int]:
    keyed = sorted(
        (fact.source_id or 0, message_hash(fact.message_id), fact.body_hash or b"", event_id)
        for fact, event_id in zip(facts, ids, strict=True)
        if fact.message_id is not None
    )
    sources, messages, bodies, event_ids = map(list, zip(*keyed, strict=True))
    found = sql.rows(
        "INSERT INTO events_eventkey (source_id, message_hash, body_hash, event_id)"
        " SELECT * FROM unnest(%s::bigint[], %s::bytea[], %s::bytea[], %s::bigint[])"
        " ON CONFLICT DO NOTHING RETURNING event_id",
        [sources, messages, bodies, event_ids],
    )
    return {event_id for (event_id,) in found}


_LOG = "SELECT epoch, pg_current_xact_id()::text::bigint FROM events_logepoch"
_ROWS = Shape(
    "events_event",
    {
        "id": "bigint", "type": "word", "version": "smallint", "occurred_at": "timestamptz",
        "recorded_at": "timestamptz", "facts": "jsonb", "member_id": "bigint?",
        "store_id": "bigint?", "source_id": "bigint?", "batch_id": "bigint?",
        "cause_id": "bigint?", "epoch": "int", "xact": "xid8",
    },
)  # fmt: skip


def _insert(events: Sequence[Event]) -> None:
    log = sql.rows(_LOG)[0]
    sql.copy_rows(_ROWS, [_row(event, log) for event in events])


def _row(event: Event, log: tuple[int, int]) -> tuple[object, ...]:
    """Order the fields as they stand in the value, the facts as JSON."""
    id_, type_, version, occurred_at, recorded_at, facts, *links = astuple(event)
    return (
        id_, type_, version, occurred_at, recorded_at, orjson.dumps(facts), *links, *log,
    )  # fmt: skip
