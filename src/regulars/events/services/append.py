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

from regulars.events.domain import Appended, Catalogue, Event, Fact, Inline, Outcome, TooManyWaves
from regulars.events.domain.keys import message_hash
from regulars.kit.instants import text_of
from regulars.web import sql

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


_LOG = "SELECT epoch, pg_current_xact_id()::text FROM events_logepoch"
_COPY = (
    "COPY events_event (id, type, version, member_id, store_id, source_id, batch_id, cause_id,"
    " occurred_at, recorded_at, epoch, xact, facts) FROM STDIN"
)
_NULL = "\\N"


def _insert(events: Sequence[Event]) -> None:
    epoch, xact = sql.rows(_LOG)[0]
    sql.copy(_COPY, "".join([_line(event, epoch, xact) for event in events]))


def _line(event: Event, epoch: int, xact: str) -> str:
    """Write a row for COPY; facts are JSON, in which only the backslash means something to it."""
    member_id, store_id, source_id = event.member_id, event.store_id, event.source_id
    batch_id, cause_id = event.batch_id, event.cause_id
    facts = orjson.dumps(event.facts).decode().replace("\\", "\\\\")
    return (
        f"{event.id}\t{event.type}\t{event.version}\t"
        f"{_NULL if member_id is None else member_id}\t{_NULL if store_id is None else store_id}\t"
        f"{_NULL if source_id is None else source_id}\t{_NULL if batch_id is None else batch_id}\t"
        f"{_NULL if cause_id is None else cause_id}\t"
        f"{text_of(event.occurred_at)}\t{text_of(event.recorded_at)}\t{epoch}\t{xact}\t{facts}\n"
    )
