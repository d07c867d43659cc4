"""What an event is: typed, versioned, checked, and free of personal data."""

from regulars.events.domain.facts import (
    Appended,
    Event,
    EventType,
    Fact,
    Outcome,
    TimelineCursor,
)
from regulars.events.domain.refusals import (
    DeadLetterMissing,
    EventMissing,
    FactsMalformed,
    TooManyWaves,
    UnknownEventType,
)
from regulars.events.domain.registry import Catalogue, Deferred, Inline, Reaction

__all__ = [
    "Appended",
    "Catalogue",
    "DeadLetterMissing",
    "Deferred",
    "Event",
    "EventMissing",
    "EventType",
    "Fact",
    "FactsMalformed",
    "Inline",
    "Outcome",
    "Reaction",
    "TimelineCursor",
    "TooManyWaves",
    "UnknownEventType",
]
