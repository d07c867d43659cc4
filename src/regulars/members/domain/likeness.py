"""How alike two records are: what speaks for one person, and what against.

Only whether values agree is told, never the values themselves.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from regulars.members.domain.profiles import name_key

TELLING = ("name", "birthday", "gender", "city")
WEIGHTS = {"name": 2, "birthday": 3, "gender": 0, "city": 1}
SHARED = "shared_"
HIGH, MEDIUM = 4, 2
FULL_BIRTHDAY = len("1990-05-01")


class Confidence(StrEnum):
    """How sure one may be that two records are one person."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


@dataclass(frozen=True, slots=True)
class Likeness:
    """Which fields agree, which disagree, and what that comes to."""

    agree: tuple[str, ...]
    disagree: tuple[str, ...]
    confidence: Confidence


@dataclass(frozen=True, slots=True)
class Suggested:
    """An open suggestion: both members as they stand now, why, since when, until when put off."""

    id: int
    member_id: int
    other_id: int
    reason: str
    suggested_at: datetime
    wait_until: datetime | None = None


def likeness(reason: str, one: Mapping[str, str], other: Mapping[str, str]) -> Likeness:
    """Weigh two profiles; a shared identity speaks for one person, a second one against."""
    said = [field for field in TELLING if one.get(field) and other.get(field)]
    agree = tuple(field for field in said if _same(field, one[field], other[field]))
    disagree = tuple(field for field in said if field not in agree)
    weight = 2 if reason.startswith(SHARED) else 1
    weight += sum(WEIGHTS[field] for field in agree)
    weight -= sum(WEIGHTS[field] for field in disagree)
    return Likeness(agree, disagree, _confidence(weight))


def _confidence(weight: int) -> Confidence:
    if weight >= HIGH:
        return Confidence.HIGH
    return Confidence.MEDIUM if weight >= MEDIUM else Confidence.LOW


def _same(field: str, one: str, other: str) -> bool:
    if field == "name":
        return name_key(one) == name_key(other)
    if field == "birthday" and min(len(one), len(other)) < FULL_BIRTHDAY:
        return one[-5:] == other[-5:]  # a birthday without its year agrees by month and day
    return one.casefold() == other.casefold()
