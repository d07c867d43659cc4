"""The values of the log: what is said (`Fact`), what was written (`Event`), what came of it."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from msgspec import Struct


@dataclass(frozen=True, slots=True)
class EventType:
    """A declared kind of event.

    `schema` is the JSON Schema of its facts; `public` names the facts that may leave the house
    in a timeline or an export; `title` is the sentence shown to people, filled from the facts.
    """

    name: str
    version: int
    title: str
    schema: dict[str, Any]
    public: tuple[str, ...] = ()


class Fact(Struct, frozen=True, kw_only=True, gc=False):
    """Something that happened, not yet written down.

    `message_id` with `source_id` is the sender's own name for it, kept for ever: said again
    with the same `body_hash`, it is not written twice.
    """

    type: str
    occurred_at: datetime
    facts: dict[str, Any]
    member_id: int | None = None
    store_id: int | None = None
    source_id: int | None = None
    message_id: str | None = None
    body_hash: bytes | None = None
    batch_id: int | None = None
    cause_id: int | None = None


class Event(Struct, frozen=True, kw_only=True, gc=False):
    """Something that happened, as the log holds it."""

    id: int
    type: str
    version: int
    occurred_at: datetime
    recorded_at: datetime
    facts: dict[str, Any]
    member_id: int | None = None
    store_id: int | None = None
    source_id: int | None = None
    batch_id: int | None = None
    cause_id: int | None = None


class Outcome(Struct, frozen=True, gc=False):
    """What an inline reaction has to say about one event: `loyalty.awarded`, with facts."""

    event_id: int
    app: str
    code: str
    facts: dict[str, Any] = {}  # the struct makes a new one each time


@dataclass(frozen=True, slots=True)
class Appended:
    """The events written by one append, and what reactions said about each, by event id."""

    events: tuple[Event, ...]
    outcomes: dict[int, tuple[Outcome, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TimelineCursor:
    """Where a timeline page ended, newest first."""

    occurred_at: datetime
    id: int
