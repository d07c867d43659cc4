"""Apply staged chunks: each in one transaction with its counts, its errors and its own end."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import Any

from django.db import connection, transaction

from regulars.ingest import selectors
from regulars.ingest.domain import Change, Outcome, RowOutcome, Source
from regulars.ingest.domain.batches import Batch, Tally
from regulars.ingest.domain.files import FileKind, ReadingRules, RowProblem
from regulars.ingest.parsers.candidates import Candidate, RowReader
from regulars.ingest.parsers.mapping import ColumnMapping
from regulars.ingest.services import files_store as store
from regulars.ingest.services.applying import apply_rows
from regulars.ingest.services.files_errors import keep_problems
from regulars.ingest.services.files_reading import Tick
from regulars.ingest.services.running import Batch as Shared
from regulars.web import clock

BAD = frozenset([Outcome.REFUSED, Outcome.DEAD_LETTER])


DOORS: dict[FileKind, tuple[tuple[str, str], ...]] = {
    FileKind.STORES: (("stores", "store"),),
    FileKind.PRODUCTS: (("products", "product"),),
    FileKind.MEMBERS: (("members", "member"),),
    FileKind.ORDERS: (("orders", "order"), ("refunds", "refund")),
    FileKind.LINES: (("orders", "order"), ("refunds", "refund")),
    FileKind.BALANCES: (("balances", "balances"),),
}
"""For each kind of file: as which rows its things go in, and where a candidate holds them."""


@dataclass(frozen=True, slots=True)
class Run:
    """What every chunk of one import shares; `at` is set where a rehearsal keeps one moment."""

    batch: Batch
    source: Source
    reader: RowReader
    columns: Mapping[str, str]
    at: datetime | None = None


def run_of(batch: Batch, *, at: datetime | None = None) -> Run:
    """Prepare to apply an import that was read."""
    source = selectors.get_source_by_id(source_id=batch.source_id)
    mapping = ColumnMapping(
        kind=batch.kind, layout=batch.layout, columns=batch.mapping.get("columns", {})
    )
    rules = ReadingRules(
        zone=batch.options["zone"], currency=batch.options["currency"], file_at=batch.started_at
    )
    return Run(batch, source, RowReader(batch.headers, mapping, rules), mapping.columns, at)


def apply_chunks(run: Run, *, tick: Tick, writers: int = 1) -> None:
    """Apply all chunks that wait, in the order of the file; each commits for itself.

    More than one writer work on connections of their own, so inside a transaction there is one
    only. Chunks then overlap; what they write does not depend on it.
    """
    progress = _Progress(run.batch.done, run.batch.things, tick)
    if writers == 1 or connection.in_atomic_block:
        while things := _apply_next(run):
            progress.add(things)
        return
    with ThreadPoolExecutor(max_workers=writers) as pool:
        works = [pool.submit(_write_on, run, progress) for _ in range(writers)]
    for work in works:
        work.result()


class _Progress:
    """Counts what several writers have done, and lets all stop when one has failed."""

    def __init__(self, done: int, total: int, tick: Tick) -> None:
        self.failed = False
        self._done, self._total, self._tick = done, total, tick
        self._lock = Lock()

    def add(self, things: int) -> None:
        with self._lock:
            self._done += things
            self._tick("apply", self._done, self._total)


def _write_on(run: Run, progress: _Progress) -> None:
    try:
        while not progress.failed and (things := _apply_next(run)):
            progress.add(things)
    except BaseException:
        progress.failed = True
        raise
    finally:
        connection.close()


@transaction.atomic
def _apply_next(run: Run) -> int:
    """Apply one chunk, or nothing at all; answers how many things it held."""
    locked = store.lock_next_chunk(run.batch)
    if locked is None:
        return 0
    chunk_id, candidates, malformed = locked
    tally, problems = _apply(run, candidates)
    keep_problems(run.batch, problems + malformed, reader=run.reader, source=run.source)
    store.end_chunk(chunk_id=chunk_id)
    things = len(candidates) + len({problem.row for problem in malformed})
    tally = tally.plus(Tally(errors=len(malformed)))
    store.count(batch_id=run.batch.id, things=things, tally=tally)
    return things


def _apply(run: Run, candidates: Sequence[Candidate]) -> tuple[Tally, list[RowProblem]]:
    answers: list[list[RowOutcome]] = [[] for _ in candidates]
    at = run.at or clock.now()
    for kind, field in DOORS[run.batch.kind]:
        places, rows = _rows(candidates, field, answers)
        if not rows:
            continue
        shared = Shared(
            kind=kind,
            source=run.source,
            at=at,
            award=bool(run.batch.options["award"]),
            batch_id=run.batch.id,
            bury=False,
        )
        outcomes = apply_rows(rows=rows, batch=shared)
        for place, outcome in zip(places, outcomes, strict=True):
            answers[place].append(outcome)
    return _judge(run, candidates, answers)


def _rows(
    candidates: Sequence[Candidate], field: str, answers: Sequence[Sequence[RowOutcome]]
) -> tuple[list[int], list[Any]]:
    """List the rows of one sort with their places; what was refused before sends no more."""
    places: list[int] = []
    rows: list[Any] = []
    for place, candidate in enumerate(candidates):
        held = getattr(candidate, field)
        if held is None or any(outcome.outcome in BAD for outcome in answers[place]):
            continue
        for row in held if isinstance(held, tuple) else (held,):
            places.append(place)
            rows.append(row)
    return places, rows


def _judge(
    run: Run, candidates: Sequence[Candidate], answers: Sequence[Sequence[RowOutcome]]
) -> tuple[Tally, list[RowProblem]]:
    """Count what came of each thing; one that was refused anywhere is in error, all its rows."""
    counts = dict.fromkeys(("new", "updated", "skipped", "parked", "errors"), 0)
    problems: list[RowProblem] = []
    for candidate, outcomes in zip(candidates, answers, strict=True):
        bad = next((outcome for outcome in outcomes if outcome.outcome in BAD), None)
        if bad is not None:
            counts["errors"] += len(candidate.sources)
            problems += _problems(run, candidate, bad)
        else:
            counts[_word(outcomes)] += 1
    return Tally(**counts), problems


def _word(outcomes: Sequence[RowOutcome]) -> str:
    """Say in one word what came of a thing: new, updated, parked or skipped."""
    if any(outcome.outcome is Outcome.PARKED for outcome in outcomes):
        return "parked"
    changes = [
        outcome.change if outcome.outcome is Outcome.APPLIED else Change.SAME
        for outcome in outcomes
    ]
    if changes and changes[0] is Change.NEW:
        return "new"
    return "updated" if any(change is not Change.SAME for change in changes) else "skipped"


def _problems(run: Run, candidate: Candidate, bad: RowOutcome) -> list[RowProblem]:
    field = str(bad.facts.get("field", "")).rpartition(".")[2]
    column = run.columns.get(field, "")
    code = bad.code or "ingest.row_broke"
    return [
        RowProblem(row, column, code, dict(bad.facts), tuple(cells))
        for row, cells in candidate.sources
    ]
