"""The privacy desk: what a person may ask for, how long the answer may take, what comes next.

Rights after PIPL Art. 44 to 50 (GDPR Art. 12 to 22): see, copy, correct, delete, take along,
withdraw. The number of days is a setting; days count as working days, Monday to Friday.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from regulars.kit.errors import Kind, Refusal
from regulars.kit.messages import message
from regulars.kit.periods import start_of_day

WORKING_DAYS_DEFAULT: Final = 15
WARN_AT: Final = (50, 80)  # percent of the time used
PACKAGE_DAYS: Final = 7
NOTE_LENGTH_MAX: Final = 1_000
_WORKING_WEEK: Final = 5


class RequestKind(StrEnum):
    """What is asked for."""

    ACCESS = "access"
    COPY = "copy"
    CORRECT = "correct"
    DELETE = "delete"
    PORT = "port"
    WITHDRAW = "withdraw"


class RequestState(StrEnum):
    """Where a request stands."""

    OPEN = "open"
    VERIFIED = "verified"
    DONE = "done"
    REFUSED = "refused"
    CANCELLED = "cancelled"


class RequestStep(StrEnum):
    """What was done about a request."""

    OPENED = "opened"
    ASSIGNED = "assigned"
    VERIFIED = "verified"
    PACKAGED = "packaged"
    FETCHED = "fetched"
    ANSWERED = "answered"
    REFUSED = "refused"
    CANCELLED = "cancelled"
    REMINDED = "reminded"


KIND_TITLES: Final[Mapping[RequestKind, str]] = MappingProxyType(
    {
        RequestKind.ACCESS: message("See my data"),
        RequestKind.COPY: message("Copy of my data"),
        RequestKind.CORRECT: message("Correct my data"),
        RequestKind.DELETE: message("Delete my data"),
        RequestKind.PORT: message("Take my data along"),
        RequestKind.WITHDRAW: message("Withdraw consent"),
    }
)
CHANNELS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "store": message("In a store"),
        "phone": message("By phone"),
        "email": message("By e-mail"),
        "online": message("Online"),
        "letter": message("By letter"),
    }
)
CHECKS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "phone_code": message("Code sent to the phone on record"),
        "account": message("Signed in to the member account"),
        "document": message("Identity document seen"),
        "known": message("Known to the store, details asked"),
    }
)
REFUSALS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "identity": message("The identity could not be established"),
        "law": message("The law requires us to keep the data"),
        "others": message("It would touch the rights of others"),
        "repeated": message("Repeated without a change"),
        "unfounded": message("We hold no such data"),
    }
)


class RequestNotFound(Refusal):
    """There is no such request, or it lies outside what the reader may see."""

    kind = Kind.NOT_FOUND
    reason = message("There is no such privacy request.")


class RequestClosed(Refusal):
    """The request has been answered, refused or cancelled."""

    kind = Kind.CONFLICT
    reason = message("This request is closed.")


class RequestNotVerified(Refusal):
    """Nothing personal leaves before it is clear who asks."""

    kind = Kind.CONFLICT
    reason = message("Check first who is asking, and note how.")


class RequestAlreadyOpen(Refusal):
    """The same person has the same request open."""

    kind = Kind.CONFLICT
    reason = message("This member has the same request open already.")


class RequestWordUnknown(Refusal):
    """A kind, channel, check or reason is not in its list."""

    kind = Kind.INVALID
    reason = message("“{word}” is not one of: {words}.")


class RequestNotDone(Refusal):
    """What was asked for has not been done yet."""

    kind = Kind.CONFLICT
    reason = message("Do what was asked first, or refuse with a reason.")


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivacyRequest:
    """One request: whose, what, since when, until when, and where it stands."""

    id: int
    public_id: UUID
    member_id: int
    kind: RequestKind
    channel: str
    state: RequestState
    opened_at: datetime
    due_at: datetime
    assigned_to: int | None
    checked_how: str
    refused_because: str
    closed_at: datetime | None
    packaged_at: datetime | None
    package_until: datetime | None
    reminded: int

    @property
    def mark(self) -> str:
        """The short name people say on the phone."""
        return f"P{self.public_id.hex[-8:].upper()}"

    @property
    def is_closed(self) -> bool:
        """Tell whether nothing more is to do."""
        return self.closed_at is not None

    def used(self, at: datetime) -> int:
        """Answer how much of the time is used, in percent; over 100 when it is late."""
        whole = self.due_at - self.opened_at
        until = self.closed_at or at
        return max(0, (until - self.opened_at) * 100 // whole) if whole else 100

    def is_late(self, at: datetime) -> bool:
        """Tell whether the answer is, or was, late."""
        return (self.closed_at or at) > self.due_at

    def reminder(self, at: datetime) -> int:
        """Answer the warning that is due now and was not given: 50, 80, or 0 for none."""
        if self.is_closed:
            return 0
        due = max((share for share in WARN_AT if self.used(at) >= share), default=0)
        return due if due > self.reminded else 0

    def has_package(self, at: datetime) -> bool:
        """Tell whether the copy can still be fetched."""
        return self.package_until is not None and at < self.package_until


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step taken: when, by whom, what."""

    at: datetime
    actor_kind: str
    actor_id: int
    step: RequestStep
    word: str


def due_after(opened_at: datetime, *, days: int, tz: ZoneInfo) -> datetime:
    """Answer the end of the n-th working day after the day of opening, in this zone."""
    day = opened_at.astimezone(tz).date()
    left = days
    while left > 0:
        day += timedelta(days=1)
        left -= day.weekday() < _WORKING_WEEK
    return _end_of(day, tz)


def _end_of(day: date, tz: ZoneInfo) -> datetime:
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=tz) + timedelta(days=1)
    return start_of_day(noon, tz)


def needs_check(kind: RequestKind) -> bool:
    """Tell whether it must be clear who asks before anything is done; withdrawing is free."""
    return kind is not RequestKind.WITHDRAW


def known(word: str, words: Mapping[str, str]) -> str:
    """Answer a word of a list; raises RequestWordUnknown."""
    if word not in words:
        raise RequestWordUnknown(word=word[:40], words=", ".join(words))
    return word
