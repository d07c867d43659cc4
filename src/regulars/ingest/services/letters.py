"""Dead letters: say a row again, read a body again, or book a return without its order."""

import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from msgspec.structs import replace

from regulars.commerce import services as commerce
from regulars.commerce.domain import RefundInput
from regulars.events import selectors as log
from regulars.events import services as events
from regulars.events.domain import DeadLetterMissing
from regulars.events.selectors import DeadLetter
from regulars.ingest import selectors
from regulars.ingest.domain import (
    Change,
    LetterNotReplayable,
    Moments,
    NotAReturn,
    Outcome,
    RefundRow,
    Row,
    RowMalformed,
    RowOutcome,
    Source,
)
from regulars.ingest.domain.meaning import refund_meaning
from regulars.ingest.services.applying import apply_rows
from regulars.ingest.services.orders import refused
from regulars.ingest.services.parking import ORDER_MISSING
from regulars.ingest.services.people import Question, identify
from regulars.ingest.services.running import Batch, Entry, read_letter
from regulars.ingest.services.webhooks import TASK
from regulars.kit import periods
from regulars.kit.errors import Refusal
from regulars.web import later, sql

LETTERS_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Replayed:
    """What became of one dead letter that was said again."""

    letter_id: int
    outcome: str
    code: str | None = None


def replay_letters(*, ids: Sequence[int] | None, at: datetime) -> list[Replayed]:
    """Say open dead letters again (all rows and bodies where `ids` is None), each on its own.

    A letter that is applied, seen before or parked is settled; one that fails again stays open.
    Letters of consumers belong to `events` and are answered as not replayable.
    """
    return [_replay(letter, at) for letter in _open_letters(ids)]


@transaction.atomic
def book_letters(*, ids: Sequence[int] | None, at: datetime) -> list[Replayed]:
    """Book refunds whose order never came as returns without an order, and settle their letters.

    With `ids` None, all of them. Raises NotAReturn where an id is anything else.
    """
    letters = _open_letters(ids, error_code=ORDER_MISSING if ids is None else None)
    booked: list[Replayed] = []
    for letter in letters:
        read = _row_of(letter)
        source, row = (read[0], read[1]) if read is not None else (None, None)
        if source is None or not isinstance(row, RefundRow):
            if ids is None:
                continue
            raise NotAReturn
        (done,) = book_returns([row], source=source, at=at, batch_id=letter.batch_id)
        if done.outcome in _SETTLED:
            events.settle(ids=[letter.id], state="replayed", at=at)
        booked.append(Replayed(letter.id, done.outcome.value, done.code))
    return booked


@transaction.atomic
def book_returns(
    rows: Sequence[RefundRow], *, source: Source, at: datetime, batch_id: int | None = None
) -> list[RowOutcome]:
    """Book refunds as they are: on their order where it is here, else as returns without one."""
    batch = Batch(kind="refunds", source=source, at=at, batch_id=batch_id)
    outcomes: list[RowOutcome] = []
    read: list[tuple[Entry, RefundRow, RefundInput]] = []
    for place, row in enumerate(rows):
        moments = Moments(at, periods.zone(source.zone))
        try:
            said = refund_meaning(row, source=source, moments=moments)
            read.append((Entry(place, row), row, said))
        except RowMalformed as no:
            outcomes.append(refused(Entry(place, row), no))
    recorded = commerce.record_refunds(
        refunds=[said for _, _, said in read], at=at, batch_id=batch_id
    )
    alone = [each for each, done in zip(read, recorded, strict=True) if done.change == "missing"]
    answers = identify(
        [Question(row.member, said.refunded_at, enrol=False) for _, row, said in alone], batch
    )
    returns = [
        (replace(said, currency=said.currency or source.currency), answer.survivor_id)
        for (_, _, said), answer in zip(alone, answers, strict=True)
    ]
    booked = iter(commerce.record_returns(returns=returns, at=at, batch_id=batch_id))
    for (entry, _, _), first in zip(read, recorded, strict=True):
        done = next(booked) if first.change == "missing" else first
        change = Change.NEW if done.change == "new" else Change.SAME
        outcome = Outcome.APPLIED if change is Change.NEW else Outcome.EXISTS
        if done.refusal is not None:
            outcome = Outcome.REFUSED
        public_id = None if done.public_id is None else str(done.public_id)
        outcomes.append(RowOutcome(entry.place, outcome, done.refusal, {}, public_id, change))
    return sorted(outcomes, key=lambda outcome: outcome.row)


_SETTLED = frozenset({Outcome.APPLIED, Outcome.EXISTS, Outcome.PARKED})


def _open_letters(
    ids: Sequence[int] | None, *, error_code: str | None = None
) -> Iterable[DeadLetter]:
    """Answer the open letters with these ids, in their order; without ids all that there are.

    Letters of consumers are not ours. Raises DeadLetterMissing.
    """
    if ids is None:
        return _all_open(error_code)
    found = log.list_dead_letters(ids=ids, limit=len(ids))
    wanted = {letter.id: letter for letter in found if letter.kind != "event"}
    if len(wanted) != len(set(ids)):
        raise DeadLetterMissing
    return [wanted[letter_id] for letter_id in ids]


def _all_open(error_code: str | None) -> Iterator[DeadLetter]:
    last = 0
    while found := log.list_dead_letters(
        error_code=error_code, after_id=last, limit=LETTERS_AT_ONCE
    ):
        yield from (letter for letter in found if letter.kind != "event")
        last = found[-1].id


def _replay(letter: DeadLetter, at: datetime) -> Replayed:
    try:
        with transaction.atomic():
            return _replay_webhook(letter, at) if letter.kind == "webhook" else _say(letter, at)
    except Refusal as no:
        return Replayed(letter.id, Outcome.REFUSED.value, no.code)


def _say(letter: DeadLetter, at: datetime) -> Replayed:
    read = _row_of(letter)
    if read is None:
        raise LetterNotReplayable
    _, row, batch = read
    (outcome,) = apply_rows(rows=[row], batch=dataclasses.replace(batch, at=at))
    if outcome.outcome in _SETTLED:
        events.settle(ids=[letter.id], state="replayed", at=at)
    return Replayed(letter.id, outcome.outcome.value, outcome.code)


def _replay_webhook(letter: DeadLetter, at: datetime) -> Replayed:
    body = log.open_body(letter_id=letter.id)
    if body is None or not body.isdigit():
        raise LetterNotReplayable
    delivery_id = int(body)
    reopened = sql.run(
        "UPDATE ingest_delivery SET state = 'received', error_code = '' WHERE id = %s::bigint"
        " AND state = 'failed' AND body IS NOT NULL",
        [delivery_id],
    )
    if not reopened:
        raise LetterNotReplayable
    later.defer(TASK, lock=f"delivery:{delivery_id}", delivery_id=delivery_id)
    events.settle(ids=[letter.id], state="replayed", at=at)
    return Replayed(letter.id, "queued")


def _row_of(letter: DeadLetter) -> tuple[Source, Row, Batch] | None:
    if letter.kind != "row" or letter.source_id is None:
        return None
    body = log.open_body(letter_id=letter.id)
    if body is None:
        return None
    kind, award, row = read_letter(body)
    source = selectors.get_source_by_id(source_id=letter.source_id)
    batch = Batch(
        kind=kind,
        source=source,
        at=letter.created_at,
        award=award,
        batch_id=letter.batch_id,
        bury=False,
    )
    return source, row, batch
