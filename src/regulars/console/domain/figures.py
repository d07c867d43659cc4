"""Figures counted beforehand: what was counted, for whom, when, and when it is due again.

Counting a large house takes seconds, a page takes none: a figure is kept with the time counting
took, and counted anew after a hundred times that, five minutes at the least.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

EVERYWHERE = "all"
LEVEL = "now"  # the period of figures that have none, such as how many members there are
STEPS = "steps"  # the same figures for each step of the period
HISTORY = "by_day"  # what a level was on each day it was counted
HISTORY_KEPT = timedelta(days=400)
CHOSEN_KEPT = timedelta(days=1)  # of periods that somebody chose freely
FRESH_FOR = timedelta(minutes=5)
REST_FACTOR = 100
QUICK_MS = 150
INLINE_ROWS_MAX = 300_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """One set of figures as it was counted."""

    part: str
    period: str
    at: datetime
    took_ms: int
    figures: Mapping[str, object]

    def is_due(self, at: datetime) -> bool:
        """Tell whether it is time to count again."""
        rest = timedelta(milliseconds=self.took_ms * REST_FACTOR)
        return at - self.at >= max(FRESH_FOR, rest)

    @property
    def is_quick(self) -> bool:
        """Tell whether counting again is no burden for who waits."""
        return self.took_ms <= QUICK_MS


@dataclass(frozen=True, slots=True, kw_only=True)
class SalesOf:
    """What was sold in a stretch, in the currency sold most in it now."""

    orders: int = 0
    net_minor: int = 0
    buyers: int = 0
    repeat_buyers: int = 0
    member_net_minor: int = 0
