"""Run a batch: all at once where it goes through, in halves around the rows that break it.

A deadlock, or a lock that does not come in time, is tried again, five times. A refusal raised by
a reaction, or a bug, is narrowed down by halving until only its culprits stand alone: those are
refused, or buried as dead letters; everybody else is applied. What no row is to blame for stops
the whole batch, so that the caller comes again: the database is away, or too contended.
"""

import random
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import structlog
from django.db import InterfaceError, OperationalError, transaction
from msgspec import Struct
from msgspec.structs import replace

from regulars.access.domain import Scope
from regulars.commerce.domain import OrdersBusy
from regulars.events import services as events
from regulars.ingest.domain import (
    Busy,
    EventRow,
    MemberRow,
    OrderRow,
    Outcome,
    RefundRow,
    Row,
    RowOutcome,
    Source,
    read_row,
    write_row,
)
from regulars.ingest.domain.meaning import identities_of
from regulars.kit.errors import Kind, Refusal
from regulars.members import selectors as members
from regulars.members.domain import Identity

ATTEMPTS_MAX = 5
PAUSE_SECONDS = 0.02
BUG = "ingest.row_broke"
_CONTENTION = frozenset({"40P01", "40001", "55P03"})  # deadlock, serialization, lock time-out

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What all rows of a batch share."""

    kind: str
    source: Source
    at: datetime
    award: bool = True
    batch_id: int | None = None
    bury: bool = True
    scope: Scope = field(default_factory=Scope.all)


class Entry(Struct, frozen=True, gc=False):
    """A row with its place in what was sent."""

    place: int
    row: Row


Write = Callable[[Sequence[Entry], Batch], list[RowOutcome]]


def run(entries: Sequence[Entry], batch: Batch, write: Write) -> list[RowOutcome]:
    """Write all entries; answers one outcome per entry, in no particular order.

    Raises only refusals of kind TRY_LATER and errors of the connection.
    """
    outcomes: list[RowOutcome] = []
    waiting = [list(entries)] if entries else []
    while waiting:
        part = waiting.pop()
        try:
            outcomes += _attempt(part, batch, write)
        except (OperationalError, InterfaceError):
            raise
        except Exception as error:  # an entrance: told apart row by row
            if isinstance(error, Refusal) and error.kind in {Kind.TRY_LATER, Kind.LIMITED}:
                raise
            if len(part) == 1:
                outcomes.append(_blame(part[0], batch, error))
                continue
            middle = len(part) // 2
            waiting += [part[middle:], part[:middle]]
    return outcomes


def _attempt(part: Sequence[Entry], batch: Batch, write: Write) -> list[RowOutcome]:
    for attempt in range(1, ATTEMPTS_MAX + 1):
        try:
            with transaction.atomic():
                return write(part, batch)
        except OperationalError as error:
            if getattr(error.__cause__, "sqlstate", None) not in _CONTENTION:
                raise
            log.info("batch_contended", kind=batch.kind, attempt=attempt)
            time.sleep(PAUSE_SECONDS * attempt * random.uniform(0.5, 1.5))  # noqa: S311 jitter
        except OrdersBusy:  # somebody was first with an order: it is here now
            log.info("orders_raced", attempt=attempt)
    raise Busy


def _blame(entry: Entry, batch: Batch, error: Exception) -> RowOutcome:
    if isinstance(error, Refusal):
        return RowOutcome(entry.place, Outcome.REFUSED, error.code, dict(error.facts))
    log.error("row_broke", kind=batch.kind, error=type(error).__name__, place=_place_of(error))
    return bury(entry, batch, code=BUG, facts={"error": type(error).__name__})


def bury(entry: Entry, batch: Batch, *, code: str, facts: dict[str, object]) -> RowOutcome:
    """Keep a row as a dead letter, sealed, with its kind beside it."""
    if batch.bury:
        kept, names = guard_row(entry.row, batch)
        events.bury(
            kind="row",
            error_code=code,
            at=batch.at,
            body=None if kept is None else write_letter(batch, kept),
            error_facts=dict(facts),
            source_id=batch.source.id,
            batch_id=batch.batch_id,
            member_id=find_member(entry.row, batch),
            names=names,
        )
    return RowOutcome(entry.place, Outcome.DEAD_LETTER, code, dict(facts))


def guard_row(row: Row, batch: Batch) -> tuple[Row | None, tuple[bytes, ...]]:
    """Answer a row as it may be kept, and the blind indexes by which an erasure finds it.

    Of a person who is erased already nothing is kept: the row loses its member, and a row that
    is nothing without its member is not kept at all.
    """
    names = members.guard_names(identities=_identities(row, batch))
    if not names.is_erased:
        return row, names.lookups
    if isinstance(row, OrderRow | RefundRow | EventRow):
        return replace(row, member=None), ()
    return None, ()


def write_letter(batch: Batch, row: Row) -> bytes:
    """Write a row with what is needed to say it again: its kind, and whether it awards."""
    return f"{batch.kind} {int(batch.award)}\n".encode() + write_row(row)


def read_letter(body: bytes) -> tuple[str, bool, Row]:
    """Read what `write_letter` wrote; raises RowMalformed."""
    head, _, raw = body.partition(b"\n")
    kind, _, award = head.decode().partition(" ")
    return kind, award == "1", read_row(raw, kind=kind)


def find_member(row: Row, batch: Batch) -> int | None:
    """Find whom a row is about, so that erasing the member erases the kept row."""
    found = find_members([row], batch)
    return found[0] if found else None


def find_members(rows: Sequence[Row], batch: Batch) -> list[int]:
    """Find the members these rows are about, by one look at all their identities."""
    identities = [identity for row in rows for identity in _identities(row, batch)]
    found = members.find_by_identities(identities=identities) if identities else []
    return list(dict.fromkeys(member_id for member_id in found if member_id is not None))


def _identities(row: Row, batch: Batch) -> tuple[Identity, ...]:
    who = row if isinstance(row, MemberRow) else getattr(row, "member", None)
    return identities_of(who, source=batch.source)


def _place_of(error: Exception) -> str:
    """Say where a bug struck; its message stays out of the log, for it may quote a row."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{frames[-1].name}:{frames[-1].lineno}" if frames else ""
