"""A file import as a whole: how it was asked for, how far it is, what came of it."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from enum import StrEnum
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from regulars.ingest.domain.files import FileKind
from regulars.kit.errors import Kind, Refusal
from regulars.kit.messages import message

CHUNK_THINGS = 200
DEFAULT_SOURCE = "files"


class BatchState(StrEnum):
    """Where an import stands."""

    READING = "reading"
    APPLYING = "applying"
    FINISHED = "finished"
    REHEARSED = "rehearsed"
    REVERTING = "reverting"
    REVERTED = "reverted"


REVERTIBLE = frozenset({BatchState.FINISHED, BatchState.APPLYING, BatchState.REVERTING})


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportOptions:
    """What the one who imports says beside the file."""

    kind: FileKind
    source: str = DEFAULT_SOURCE
    zone: str | None = None
    currency: str | None = None
    as_of: datetime | date | None = None
    award: bool = True
    said: Mapping[str, Any] = field(default_factory=dict)

    def dated(self, *, at: datetime, zone: ZoneInfo) -> datetime:
        """Answer the moment the file speaks of: the end of its day where only a day is said."""
        if self.as_of is None:
            return at
        if isinstance(self.as_of, datetime):
            moment = self.as_of
        else:
            moment = datetime.combine(self.as_of, time(23, 59, 59))
        local = moment if moment.tzinfo else moment.replace(tzinfo=zone)
        return local.astimezone(UTC)

    def digest(self, *, zone: str, currency: str, mapping: Mapping[str, Any]) -> bytes:
        """Tell two ways to read the same file apart."""
        as_of = self.as_of.isoformat() if self.as_of else ""
        parts = [self.kind.value, self.source, zone, currency, as_of, self.award, dict(mapping)]
        return hashlib.sha256(msgspec.json.encode(parts, order="deterministic")).digest()


@dataclass(frozen=True, slots=True)
class Tally:
    """How many things of a file were new, changed, already so, waiting, or in error."""

    new: int = 0
    updated: int = 0
    skipped: int = 0
    parked: int = 0
    errors: int = 0

    def plus(self, other: "Tally") -> "Tally":
        """Add two tallies."""
        return Tally(
            self.new + other.new,
            self.updated + other.updated,
            self.skipped + other.skipped,
            self.parked + other.parked,
            self.errors + other.errors,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """One import: its file, its state, its counts."""

    id: int
    public_id: str
    kind: FileKind
    source_id: int
    file_name: str
    state: BatchState
    options: Mapping[str, Any]
    headers: tuple[str, ...]
    mapping: Mapping[str, Any]
    layout: str
    rows: int
    things: int
    done: int
    tally: Tally
    wrapped_key: bytes | None
    error_file: str
    started_at: datetime
    finished_at: datetime | None
    started_by: str = ""
    progress_id: UUID | None = None
    error_file_until: datetime | None = None
    reverted_at: datetime | None = None

    @property
    def may_be_undone(self) -> bool:
        """Tell whether there is something of this import to take back."""
        return self.state in REVERTIBLE

    @property
    def may_be_resumed(self) -> bool:
        """Tell whether the file was read whole and not all of it is applied."""
        return self.state is BatchState.APPLYING


@dataclass(frozen=True, slots=True)
class ProblemReason:
    """Why rows of a file were not taken: one reason in one column, how often, where first."""

    code: str
    column: str
    rows: int
    first_row: int
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchQuery:
    """Which imports to list."""

    kind: FileKind | None = None
    state: BatchState | None = None
    source_id: int | None = None
    started_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """The answer to an import: counts, where the errors are, how the columns were read."""

    batch: str
    kind: FileKind
    state: BatchState
    tally: Tally
    rows: int
    error_file: str
    layout: str
    mapping: Mapping[str, Any]
    left: tuple[str, ...] = ()
    balances_left: tuple[str, ...] = ()
    seen_before: bool = False

    def payload(self) -> dict[str, Any]:
        """Write the answer for machines."""
        return {
            "new": self.tally.new,
            "updated": self.tally.updated,
            "skipped": self.tally.skipped,
            "errors": self.tally.errors,
            "error_file": self.error_file or None,
            "batch": self.batch,
            "parked": self.tally.parked,
            "rows": self.rows,
            "kind": self.kind.value,
            "state": self.state.value,
            "layout": self.layout,
            "mapping": dict(self.mapping),
            "columns_left": list(self.left),
            "balance_columns_left": list(self.balances_left),
            "seen_before": self.seen_before,
        }


class BatchMissing(Refusal):
    """There is no such import."""

    kind = Kind.NOT_FOUND
    reason = message("There is no import {batch}.")


class ErrorsGone(Refusal):
    """The rows in error are not kept any more."""

    kind = Kind.NOT_FOUND
    reason = message("The error file is gone: its 30 days are over, or somebody in it was erased.")


class BatchBusy(Refusal):
    """Another process is at work on this very import."""

    kind = Kind.CONFLICT
    reason = message("This import is being worked on right now. Wait until it has ended.")


class BatchUnread(Refusal):
    """The file was not read to its end, so there is nothing to go on with."""

    kind = Kind.CONFLICT
    reason = message("The file of this import was not read to its end. Import the file again.")


class BatchNotRevertible(Refusal):
    """The import has not ended, was only rehearsed, or was undone before."""

    kind = Kind.CONFLICT
    reason = message("An import in state {state} cannot be undone.")
