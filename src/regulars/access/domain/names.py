"""The names behind the ids that pages show: stores, people, keys."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Names:
    """What stores, members of staff and API keys are called, by id."""

    stores: Mapping[int, str] = field(default_factory=dict)
    staff: Mapping[int, str] = field(default_factory=dict)
    keys: Mapping[int, str] = field(default_factory=dict)

    def store(self, store_id: int | None) -> str:
        """Answer the name of a store; nothing where there is none."""
        return self.stores.get(store_id or 0, "")

    def operator(self, operator_id: int | None) -> str:
        """Answer who moved something: a person, a key; nothing for the house itself."""
        if not operator_id:
            return ""
        held = self.staff if operator_id > 0 else self.keys
        return held.get(abs(operator_id), "")

    def actor(self, kind: str, actor_id: int) -> str:
        """Answer the name of an actor by its kind; nothing for the house itself."""
        return {"staff": self.staff, "key": self.keys}.get(kind, {}).get(actor_id, "")
