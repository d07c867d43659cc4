"""Write down the rows that could not be taken, for those who can mend them.

The error file holds the columns as they stood, then row, column and reason in the reader's
language; no cell opens as a formula. It goes after 30 days, or as soon as a person in it is
erased.
"""

import csv
import os
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext

from regulars.access import services as access
from regulars.access.domain import Actor
from regulars.ingest.domain.batches import Batch, ErrorsGone
from regulars.ingest.domain.files import ERROR_FILE_DAYS, RowProblem
from regulars.ingest.domain.meaning import identities_of
from regulars.ingest.domain.sources import Source
from regulars.ingest.parsers.candidates import RowReader, names_in
from regulars.ingest.services import files_store as store
from regulars.kit.errors import Refusal
from regulars.kit.messages import message
from regulars.kit.sheets import safe_cell
from regulars.members.selectors import identities as people
from regulars.web import sql
from regulars.web.retention import Rows, Sweep
from regulars.web.sentences import words_of

FOLDER = "imports"
ERASED_PAGE = 5_000

ROW_TITLE = message("Row")
COLUMN_TITLE = message("Column")
REASON_TITLE = message("Reason")


def keep_problems(
    batch: Batch, problems: Sequence[RowProblem], *, reader: RowReader, source: Source
) -> None:
    """Keep rows in error with the people they name, so that an erasure finds them."""
    if not problems:
        return
    store.add_errors(batch, problems)
    lookups: set[bytes] = set()
    for problem in problems:
        for identity in identities_of(names_in(reader, list(problem.cells)), source=source):
            try:
                lookups.add(people.lookup_of(identity))
            except Refusal:
                continue
    sql.run(
        "INSERT INTO ingest_batcherrorname (batch_id, lookup)"
        " SELECT %s::bigint, unnest(%s::bytea[]) ON CONFLICT DO NOTHING",
        [batch.id, sorted(lookups)],
    )


def write_error_file(*, batch: Batch, at: datetime) -> str:
    """Write the error file of an import; answers its path, or nothing where no row is in error."""
    path = folder() / f"{batch.public_id}-errors.csv"
    half = path.with_suffix(".part")
    rows = 0
    handle = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.writer(stream)
        titles = [gettext(ROW_TITLE), gettext(COLUMN_TITLE), gettext(REASON_TITLE)]
        writer.writerow([safe_cell(header) for header in batch.headers] + titles)
        for problem in store.iter_errors(batch):
            writer.writerow(_line(problem, len(batch.headers)))
            rows += 1
    if not rows:
        half.unlink()
        return ""
    half.replace(path)
    until = at + timedelta(days=ERROR_FILE_DAYS)
    store.name_error_file(batch_id=batch.id, path=str(path), until=until)
    return str(path)


@transaction.atomic
def note_errors_fetched(*, batch: Batch, actor: Actor, at: datetime) -> None:
    """Put on record that somebody takes the rows in error out; raises ErrorsGone."""
    until = batch.error_file_until
    is_there = bool(batch.error_file) and Path(batch.error_file).is_file()
    if not is_there or until is None or until <= at:
        raise ErrorsGone
    access.audit(
        actor=actor,
        action="import.errors_fetched",
        object_kind="import",
        object_id=batch.public_id,
        at=at,
        details={"kind": batch.kind.value, "errors": batch.tally.errors},
    )


def _end_files(ended: Rows, _at: datetime) -> None:
    """Forget the rows first; the files themselves go when that is certain."""
    store.end_errors(batch_ids=[batch_id for batch_id, _, _ in ended])
    paths = [Path(path) for _, path, _ in ended if path]

    def unlink() -> None:
        for path in paths:
            path.unlink(missing_ok=True)

    transaction.on_commit(unlink)


ERROR_FILES: Final = Sweep(
    name="error_files",
    title=message("Rows in error of imports"),
    purpose=message("To mend the rows of a file that were not taken."),
    since=message("the end of its time, 30 days after the import"),
    table="ingest_batch",
    key="id, error_file",
    where="state NOT IN ('reading', 'applying')",
    aged_by="error_file_until",
    end=_end_files,
)


def drop_errors_of_erased() -> int:
    """Drop the error files in which somebody who is erased by now is named; answers how many."""
    found = sql.rows(
        "SELECT DISTINCT n.batch_id, b.error_file FROM ingest_batcherrorname n"
        " JOIN ingest_batch b ON b.id = n.batch_id ORDER BY n.batch_id",
    )
    dropped = 0
    for batch_id, path in found:
        if _names_erased(batch_id):
            _drop(batch_id, path)
            dropped += 1
    return dropped


def drop_errors_of(*, batch_id: int) -> None:
    """Drop the error file and the rows in error of one import."""
    found = sql.row("SELECT error_file FROM ingest_batch WHERE id = %s::bigint", [batch_id])
    if found is not None:
        _drop(batch_id, found[0])


def folder() -> Path:
    """Answer the folder of error files, made for nobody else to read."""
    place = Path(settings.REGULARS_VAR) / FOLDER
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    return place


def _line(problem: RowProblem, width: int) -> list[str]:
    cells = [safe_cell(cell) for cell in problem.cells[:width]]
    cells += [""] * (width - len(cells))
    reason = words_of(problem.code, dict(problem.facts))
    return [*cells, str(problem.row), safe_cell(problem.column), reason]


def _names_erased(batch_id: int) -> bool:
    last = b""
    while True:
        found = sql.rows(
            "SELECT lookup FROM ingest_batcherrorname WHERE batch_id = %s::bigint"
            " AND lookup > %s::bytea ORDER BY lookup LIMIT %s::int",
            [batch_id, last, ERASED_PAGE],
        )
        if not found:
            return False
        lookups = [bytes(lookup) for (lookup,) in found]
        if people.erased_at(lookups=lookups):
            return True
        last = lookups[-1]


def _drop(batch_id: int, path: str) -> None:
    """Forget the rows first; the file itself goes when that is certain."""
    with transaction.atomic():
        store.end_errors(batch_ids=[batch_id])
        if path:
            transaction.on_commit(lambda: Path(path).unlink(missing_ok=True))
