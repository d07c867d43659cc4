"""What became of a row: the per-row answer that every entrance gives."""

from enum import StrEnum
from typing import Any

from msgspec import Struct


class Outcome(StrEnum):
    """The five things that can become of a row."""

    APPLIED = "applied"
    EXISTS = "exists"
    PARKED = "parked"
    REFUSED = "refused"
    DEAD_LETTER = "dead_letter"


class Change(StrEnum):
    """What an applied row did to the thing it names."""

    NEW = "new"
    UPDATED = "updated"
    SAME = "same"


class RowOutcome(Struct, frozen=True, gc=False):
    """The answer for one row; `row` is its place in the sequence that was sent.

    `facts` never holds personal data: field names, counts, codes.
    """

    row: int
    outcome: Outcome
    code: str | None = None
    facts: dict[str, Any] = {}  # each outcome gets its own
    id: str | None = None
    change: Change = Change.SAME


def count_outcomes(outcomes: list[RowOutcome]) -> dict[str, int]:
    """Count the rows by what became of them; every outcome is named, also with 0."""
    counts = dict.fromkeys((outcome.value for outcome in Outcome), 0)
    for outcome in outcomes:
        counts[outcome.outcome.value] += 1
    return counts
