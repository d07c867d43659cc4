"""What came of an act on many rows: how many were done, and every one that was not, with why."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Skipped:
    """One row the act did not reach; `reason` in the reader's language."""

    label: str
    reason: str
    href: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How many rows were done, how many stood so already, and which were refused."""

    done: int
    unchanged: int = 0
    skipped: tuple[Skipped, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Tell whether nothing was left undone."""
        return not self.skipped
