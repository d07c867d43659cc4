"""What a check is: a question to the whole database whose right answer is "no rows"."""

from dataclasses import dataclass
from enum import StrEnum


class CheckScope(StrEnum):
    """How a check can be narrowed to some accounts or members."""

    ACCOUNTS = "accounts"
    MEMBERS = "members"
    WHOLE = "whole"


@dataclass(frozen=True, slots=True)
class Check:
    """A named invariant as two queries, run in one snapshot with all the others.

    `scanned` counts what is looked at; `bad` lists the ids of what is wrong, one text column.
    Where the scope is ACCOUNTS or MEMBERS both contain the marker `{only}`, which becomes
    nothing for a full run, or ` AND <column> = ANY(...)` for a partial one; `column` says which.
    A check of scope WHOLE runs in full runs only.
    """

    name: str
    says: str
    scanned: str
    bad: str
    scope: CheckScope = CheckScope.WHOLE
    column: str = ""
