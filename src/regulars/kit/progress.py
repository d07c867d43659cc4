"""How far a long piece of work is: what the bar shows and what the reader is told."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

TELLS_AFTER_DONE = 200  # before that, a guess at the time left would be noise


class ProgressState(StrEnum):
    """The life of a piece of work."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


ENDED = frozenset((ProgressState.DONE, ProgressState.FAILED, ProgressState.CANCELLED))


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """A piece of work: whose it is, how far it is, how it ended. `done` and `total` count rows."""

    id: UUID
    kind: str
    owner: str
    state: ProgressState
    done: int
    total: int | None
    facts: dict[str, Any]
    result: dict[str, Any]
    asked_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    cancel_asked_at: datetime | None

    @property
    def is_over(self) -> bool:
        """Tell whether nothing more will happen."""
        return self.state in ENDED

    @property
    def is_stopping(self) -> bool:
        """Tell whether it was asked to stop and has not stopped yet."""
        return self.cancel_asked_at is not None and not self.is_over

    @property
    def percent(self) -> int | None:
        """How much is done, of one hundred; None where the whole is not known."""
        if self.state is ProgressState.DONE:
            return 100
        if not self.total:
            return None
        return min(99, self.done * 100 // self.total)

    def time_left(self, at: datetime) -> timedelta | None:
        """Guess the time left from the speed so far; None while a guess would be noise."""
        is_told = self.started_at and self.total and self.done >= TELLS_AFTER_DONE
        if not is_told or self.is_over:
            return None
        assert self.started_at is not None
        assert self.total is not None
        return (at - self.started_at) * max(0, self.total - self.done) / self.done
