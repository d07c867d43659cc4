"""Retention: what is kept, how long, and how it ends; counted and ended by the same words.

A class of data is declared once, by the app whose table it is in, as a `Sweep`. A dry run counts
what its condition finds, a run ends what its condition finds, so that they cannot differ. A run
goes in batches, each a transaction of its own: rows that others hold are left for the next time,
and a worker that dies leaves nothing half done.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction

from regulars.web import sql

BATCH: Final = 1_000

Rows = Sequence[tuple[Any, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """One class of data: what for, how long after which moment, and what ending it means.

    `aged_by` is the moment, in SQL; what is as old as `limit` goes, and with a limit of None
    nothing does. `blanks` is what is set where the row itself stays, each `%s` in it the time of
    the run; `end` does the work where more than one table or a file is to end; without either, rows
    are deleted. `then` is told the keys of every batch. `spares` takes the ids of held members and
    is true for rows about them. `walks` is a rising column of the key, unique in the class, for
    tables without an index by age: batches go along it.
    """

    name: str
    title: str
    purpose: str
    since: str
    table: str
    aged_by: str
    limit: timedelta | None = timedelta(0)
    key: str = "id"
    where: str = "TRUE"
    blanks: str = ""
    end: Callable[[Rows, datetime], None] | None = None
    then: Callable[[Rows, datetime], None] | None = None
    spares: str = ""
    walks: str = ""

    @property
    def is_emptied(self) -> bool:
        """Tell whether the row stays and only what it held ends."""
        return bool(self.blanks or self.end)


@dataclass(frozen=True, slots=True)
class Due:
    """How many rows are over their limit, the oldest moment among them, how many are held back."""

    rows: int = 0
    oldest_at: datetime | None = None
    held: int = 0


@dataclass(frozen=True, slots=True)
class Ended:
    """What one batch ended; `last` is how far along its walk it came."""

    rows: int = 0
    oldest_at: datetime | None = None
    last: int = 0


def count(sweeps: Sequence[Sweep], *, at: datetime, spared: Sequence[int] = ()) -> list[Due]:
    """Count what a run at this moment would end of each class, in one reading; changes nothing."""
    parts: list[str] = []
    params: list[Any] = []
    for place, sweep in enumerate(sweeps):
        if sweep.limit is None:
            continue
        free, ids = _free(sweep, spared)
        parts.append(
            f"SELECT {place}, count(*) FILTER (WHERE is_free),"
            " min(aged_at) FILTER (WHERE is_free), count(*) FILTER (WHERE NOT is_free)"
            f" FROM (SELECT {sweep.aged_by} AS aged_at, {free} AS is_free FROM {sweep.table}"
            f" WHERE ({sweep.where}) AND {sweep.aged_by} <= %s::timestamptz) AS due"
        )
        params += [*ids, at - sweep.limit]
    found = sql.rows(" UNION ALL ".join(parts), params) if parts else []
    told = {place: Due(*counted) for place, *counted in found}
    return [told.get(place, Due()) for place in range(len(sweeps))]


@transaction.atomic
def end_batch(sweep: Sweep, *, at: datetime, spared: Sequence[int] = (), after: int = 0) -> Ended:
    """End one batch of what is due, in one transaction; answers none when nothing more is."""
    if sweep.limit is None:
        return Ended()
    free, ids = _free(sweep, spared)
    onward = f" AND {sweep.walks} > %s::bigint" if sweep.walks else ""
    found = sql.rows(
        f"WITH due AS MATERIALIZED (SELECT {sweep.key}, {sweep.aged_by} AS aged_at"
        f" FROM {sweep.table} WHERE ({sweep.where}) AND {sweep.aged_by} <= %s::timestamptz"
        f" AND {free}{onward} ORDER BY {sweep.walks or 'aged_at'} LIMIT %s::int"
        f" FOR UPDATE SKIP LOCKED){_writing(sweep)}",
        [
            *(at - sweep.limit, *ids, *([after] if onward else []), BATCH),
            *([at] * sweep.blanks.count("%s")),
        ],
    )
    if not found:
        return Ended()
    for told in (sweep.end, sweep.then):
        if told is not None:
            told(found, at)
    last = 0
    if sweep.walks:
        place = sweep.key.split(", ").index(sweep.walks)
        last = max(row[place] for row in found)
    return Ended(len(found), min(row[-1] for row in found), last)


def end_all(sweep: Sweep, *, at: datetime, spared: Sequence[int] = ()) -> int:
    """End everything that is due, batch by batch; answers how many rows."""
    done, after = 0, 0
    while (ended := end_batch(sweep, at=at, spared=spared, after=after)).rows:
        done, after = done + ended.rows, ended.last
    return done


def _free(sweep: Sweep, spared: Sequence[int]) -> tuple[str, list[list[int]]]:
    """Say in SQL that a row is about nobody who is held."""
    if not (sweep.spares and spared):
        return "TRUE", []
    return f"({sweep.spares}) IS NOT TRUE", [list(spared)]


def _writing(sweep: Sweep) -> str:
    if sweep.end is not None:
        return " SELECT * FROM due"
    mine = ", ".join(f"t.{column}" for column in sweep.key.split(", "))
    theirs = ", ".join(f"due.{column}" for column in sweep.key.split(", "))
    verb = (
        f"UPDATE {sweep.table} t SET {sweep.blanks} FROM due"
        if sweep.blanks
        else f"DELETE FROM {sweep.table} t USING due"
    )
    return f", ended AS ({verb} WHERE ({mine}) = ({theirs}) RETURNING due.*) SELECT * FROM ended"
