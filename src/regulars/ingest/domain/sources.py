"""A source: the system a fact comes from, and what it means when it leaves something out."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from regulars.kit.errors import Kind, Refusal
from regulars.kit.messages import message

DEFAULT_SOURCE = "api"
NAME_LENGTH_MAX = 80
DEFAULT_AGE_DAYS_MAX = 30  # older facts of a live source are kept and flagged


class SourceKind(StrEnum):
    """How a source sends: files by hand, signed webhooks, or calls to the API."""

    FILE = "file"
    WEBHOOK = "webhook"
    API = "api"


class SourceUnknown(Refusal):
    """No source has this name."""

    kind = Kind.INVALID
    reason = message("There is no source “{source}”. Create it first.")


class SourceMissing(Refusal):
    """No source listens at this address."""

    kind = Kind.NOT_FOUND
    reason = message("There is no such source.")


class SourceNameTaken(Refusal):
    """A source is named once."""

    kind = Kind.CONFLICT
    reason = message("A source named “{source}” exists already.")


class SourceNameInvalid(Refusal):
    """A source is named by a short plain word."""

    kind = Kind.INVALID
    reason = message("A source name has 1 to 80 printable characters.")


class NotAWebhook(Refusal):
    """Only a webhook source has secrets."""

    kind = Kind.CONFLICT
    reason = message("“{source}” is not a webhook source.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A source as others use it."""

    id: int
    public_id: UUID
    name: str
    kind: SourceKind
    zone: str
    currency: str
    reports_completion: bool
    age_days_max: int | None


@dataclass(frozen=True, slots=True)
class SourceState:
    """A source and how it has been doing; `secrets` shows the last characters of the live ones."""

    source: Source
    seen_at: datetime | None
    failed_at: datetime | None
    error_code: str
    counts: dict[str, int]
    secrets: tuple[str, ...]


def clean_name(text: str) -> str:
    """Bring a source name to its stored form; raises SourceNameInvalid."""
    name = text.strip()
    if not 0 < len(name) <= NAME_LENGTH_MAX or not name.isprintable():
        raise SourceNameInvalid
    return name
