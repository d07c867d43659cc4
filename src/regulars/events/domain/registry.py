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
    _compiled: dict[str, "Validator"] = field(default_factory=dict)

    def check(self, name: str, facts: dict[str, Any]) -> EventType:
        """Answer the type whose schema the facts fit.

        Raises UnknownEventType, or FactsMalformed with the place (never the value).
        """
        kind = self.types.get(name)
        if kind is None:
            raise UnknownEventType(type=name)
        found = self._compiled.get(name)
        if found is None:
            found = self._compiled[name] = Validator(kind.schema)
        try:
            found.check(facts)
        except fastjsonschema.JsonSchemaValueException as error:
            raise FactsMalformed(type=name, where=error.name or "data") from error
        return kind


class Validator:
    """A compiled schema that remembers which shapes of facts it has found good.

    Most schemas are flat: they ask for names, types and words from a list. What such a schema
    says of facts depends on nothing else, so the same shape need not be looked at twice.
    """

    __slots__ = ("_compiled", "_is_flat", "_seen", "_words")

    def __init__(self, schema: dict[str, Any]) -> None:
        self._compiled: Callable[[Any], Any] = fastjsonschema.compile(schema)
        self._is_flat = _is_flat(schema)
        self._words = tuple(n for n, of in schema.get("properties", {}).items() if "enum" in of)
        self._seen: set[tuple[Any, ...]] = set()

    def check(self, facts: dict[str, Any]) -> None:
        """Raise JsonSchemaValueException where the facts do not fit."""
        if not self._is_flat:
            self._compiled(facts)
            return
        kinds = tuple(map(type, facts.values()))
        words = tuple([facts.get(name) for name in self._words])
        if not _PLAIN.issuperset(kinds):
            self._compiled(facts)
            return
        shape = (tuple(facts), kinds, words)
        if shape not in self._seen:
            self._compiled(facts)
            self._seen.add(shape)


_PLAIN = frozenset({str, int, bool, type(None)})  # of these the type alone decides
_FLAT_KEYS = frozenset({"type", "additionalProperties", "required", "properties"})


def _is_flat(schema: dict[str, Any]) -> bool:
    """Tell a schema whose judgement depends on names, types and listed words alone."""
    return (
        schema.get("additionalProperties") is False
        and _FLAT_KEYS.issuperset(schema)
        and all(of.keys() in ({"type"}, {"enum"}) for of in schema.get("properties", {}).values())
    )
