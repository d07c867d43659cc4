"""The noes of the log."""

from regulars.kit.errors import Kind, Refusal
from regulars.kit.messages import message


class UnknownEventType(Refusal):
    """No app declares this type."""

    kind = Kind.INVALID
    reason = message("There is no event type “{type}”.")


class FactsMalformed(Refusal):
    """The facts do not fit the schema of their type."""

    kind = Kind.INVALID
    reason = message("The facts of {type} are malformed at {where}.")


class EventMissing(Refusal):
    """No event has this id."""

    kind = Kind.NOT_FOUND
    reason = message("There is no such event.")


class DeadLetterMissing(Refusal):
    """No dead letter has this id."""

    kind = Kind.NOT_FOUND
    reason = message("There is no such rejected row.")


class TooManyWaves(Exception):  # noqa: N818 a bug with a name
    """Reactions keep answering each other: a circle among apps, which is a bug."""
