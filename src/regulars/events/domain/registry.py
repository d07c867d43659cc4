"""Who may say what, and who listens: the catalogue of types and the ordered list of reactions."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

import fastjsonschema

from regulars.events.domain.facts import Event, EventType, Outcome
from regulars.events.domain.refusals import FactsMalformed, UnknownEventType


class Reaction(Protocol):
    """Hears a batch of events of the types it asked for; says what came of each, or nothing."""

    def __call__(self, events: Sequence[Event], *, at: datetime) -> Sequence[Outcome]:
        """React to the batch inside the running transaction."""


@dataclass(frozen=True, slots=True)
class Inline:
    """A reaction that runs inside the transaction of the append; order in the list is kept."""

    types: frozenset[str]
    react: Reaction


@dataclass(frozen=True, slots=True)
class Deferred:
    """A reaction that follows the log after commit, with a cursor of its own."""

    name: str
    types: frozenset[str]
    react: Reaction


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Every declared type with its compiled schema, and everyone who reacts."""

    types: dict[str, EventType]
    inline: tuple[Inline, ...] = ()
    deferred: tuple[Deferred, ...] = ()
    _compiled: dict[str, Callable[[Any], Any]] = field(default_factory=dict)

    def check(self, name: str, facts: dict[str, Any]) -> EventType:
        """Answer the type whose schema the facts fit.

        Raises UnknownEventType, or FactsMalformed with the place (never the value).
        """
        kind = self.types.get(name)
        if kind is None:
            raise UnknownEventType(type=name)
        try:
            self._validator(kind)(facts)
        except fastjsonschema.JsonSchemaValueException as error:
            raise FactsMalformed(type=name, where=error.name or "data") from error
        return kind

    def _validator(self, kind: EventType) -> Callable[[Any], Any]:
        found = self._compiled.get(kind.name)
        if found is None:
            found = fastjsonschema.compile(kind.schema)
            self._compiled[kind.name] = found
        return found
