"""Members as values: status, number, what a list or a page shows of them."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal
from uuid import UUID

from regulars.kit.errors import Kind, Refusal
from regulars.kit.messages import message
from regulars.members.domain.identities import HeldIdentity
from regulars.members.domain.marks import ConsentState, Tag
from regulars.members.domain.profiles import ProfileValue

NUMBER_DIGITS = 10
LOOKUPS_PER_MINUTE_MAX = 600  # of one caller; a chain of tills may share a key
REVEALS_PER_MINUTE_MAX = 20


class MemberNotFound(Refusal):
    """There is no such member, or none within the caller's reach."""

    kind = Kind.NOT_FOUND
    reason = message("There is no such member.")


class MemberErased(Refusal):
    """The member's data was erased; only the record of money stays."""

    kind = Kind.CONFLICT
    reason = message("This member was erased.")


class MemberMerged(Refusal):
    """The member was merged into another, which now stands for both."""

    kind = Kind.CONFLICT
    reason = message("This member was merged into another.")


class MemberFrozen(Refusal):
    """The member is frozen; unfreeze first."""

    kind = Kind.CONFLICT
    reason = message("This member is frozen. Unfreeze first.")


class NothingToFind(Refusal):
    """A look-up names exactly one thing."""

    kind = Kind.INVALID
    reason = message("Name exactly one of: phone, email, card, number.")


class Status(StrEnum):
    """How a membership stands."""

    ACTIVE = "active"
    FROZEN = "frozen"
    MERGED = "merged"
    ERASED = "erased"


@dataclass(frozen=True, slots=True)
class Member:
    """The record of a member, without anything personal."""

    id: int
    public_id: UUID
    number: str
    status: Status
    joined_at: datetime
    home_store_id: int | None
    associate_id: int | None
    source_id: int | None
    survivor_id: int


@dataclass(frozen=True, slots=True)
class Profile:
    """A member as a page shows it; `profile` and `identities` are masked unless revealed.

    `aliases` are all ids under which its facts stand, its own first; `said_at` is when each
    profile field was said, for whoever changes one; `reason_code` is why it is frozen or gone;
    `values` are all words on the profile, of every record, covered like the rest.
    """

    member: Member
    profile: dict[str, str]
    identities: tuple[HeldIdentity, ...]
    tags: tuple[Tag, ...]
    consents: tuple[ConsentState, ...]
    groups: dict[str, tuple[str, ...]]
    revealed: bool = False
    aliases: tuple[int, ...] = ()
    reason_code: str = ""
    said_at: dict[str, datetime] = field(default_factory=dict)
    values: tuple[ProfileValue, ...] = ()


@dataclass(frozen=True, slots=True)
class MemberRow:
    """One line of a member list, masked; `ids` are all under which the member's facts stand."""

    id: int
    public_id: UUID
    number: str
    status: Status
    joined_at: datetime
    home_store_id: int | None
    name: str
    phone: str
    tier: str
    ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Candidate:
    """A member in the order of a list, and the cursor that continues after it."""

    id: int
    cursor: str


@dataclass(frozen=True, slots=True)
class MemberPage:
    """A page of a member list and where the next one starts."""

    items: tuple[MemberRow, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class MemberQuery:
    """What a member list is narrowed by; personal parts match exactly, by blind index.

    `order` is `-id` (newest record first), `joined` or `-joined`; a name cannot be ordered by.
    """

    name: str = ""
    surname: str = ""
    tail: str = ""
    number: str = ""
    tag: str = ""
    tier: str = ""
    segment: str = ""
    status: Status | None = None
    store_ids: tuple[int, ...] = field(default=())
    ids: tuple[int, ...] | None = None
    joined_since: datetime | None = None
    joined_until: datetime | None = None
    order: Literal["-id", "joined", "-joined"] = "-id"


def member_number(member_id: int) -> str:
    """Write the permanent number of a member: its id with a check digit, never given again."""
    body = f"{member_id:0{NUMBER_DIGITS - 1}d}"
    return body + str(_check_digit(body))


def is_member_number(text: str) -> bool:
    """Tell whether the text can be a member number: digits that carry their check digit."""
    if len(text) < NUMBER_DIGITS or not (text.isascii() and text.isdigit()):
        return False
    return int(text[-1]) == _check_digit(text[:-1])


def _check_digit(digits: str) -> int:
    """Luhn: catches every single wrong digit and most swaps of neighbours."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return -total % 10
