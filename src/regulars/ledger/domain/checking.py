"""What a check is: a question to the whole database whose right answer is "no rows"."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from regulars.ledger.domain.values import Finding


@dataclass(frozen=True, slots=True)
class Check:
    """A named invariant as queries, run in one snapshot with all the others.

    `bad` selects one text column: the ids of what is wrong. `scanned` counts what was looked at.
    `narrow`, where given, is `bad` for what a narrow run looks at, which stands in tables of the
    session: `verify_account (id, member_id)`, `verify_member (id)`, `verify_lot (id)` and the
    transfers `verify_moved`. A check without it runs in full runs only. No query takes parameters.
    `bad` is empty where a sweep answers for the check in full runs.
    """

    name: str
    says: str
    scanned: str
    bad: str
    narrow: str | None = None


@dataclass(frozen=True, slots=True)
class Sweep:
    """One pass over large tables that answers for several checks at once.

    `query` selects two text columns: the name of a check, and the id of what breaks it.
    """

    names: tuple[str, ...]
    query: str


@dataclass(frozen=True, slots=True)
class Sample:
    """A check that is too dear to make in full: `look` tries some and says what it found."""

    name: str
    says: str
    look: Callable[[], Finding]


class VerifyKind(StrEnum):
    """How much a run of the checks looked at."""

    FULL = "full"  # the whole ledger, every check and sample of every app
    RECENT = "recent"  # what moved since the last run


class VerifyOrigin(StrEnum):
    """Who asked for a run."""

    CLOCK = "clock"
    COMMAND = "command"
    CONSOLE = "console"


@dataclass(frozen=True, slots=True)
class VerifyRun:
    """A run of the checks that is on record: when, over how much, and what it found."""

    id: int
    kind: VerifyKind
    origin: VerifyOrigin
    started_at: datetime
    finished_at: datetime
    since: int | None
    watermark: int
    transfers: int
    accounts: int
    checks: int
    bad: int
    milliseconds: int
    findings: tuple[Finding, ...]

    @property
    def is_clean(self) -> bool:
        return self.bad == 0


@dataclass(frozen=True, slots=True)
class VerifyRunPage:
    """Runs, newest first, and where the next page begins (None at the end)."""

    runs: tuple[VerifyRun, ...]
    next_cursor: str | None
