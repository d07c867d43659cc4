"""Refusals: the answers the domain gives when it says no.

A refusal is anticipated. It has a name, a reason a person can read, and the facts that led to
it. Anything else that escapes is a bug and should be loud.
"""

from enum import StrEnum
from typing import ClassVar


class Kind(StrEnum):
    """What sort of no this is. Each entrance translates it into its own tongue."""

    NOT_FOUND = "not_found"
    CONFLICT = "conflict"
    INVALID = "invalid"
    DENIED = "denied"
    LIMITED = "limited"
    TRY_LATER = "try_later"


class Refusal(Exception):  # noqa: N818 a refusal is an answer, not an error
    """Base of every anticipated no."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    reason: ClassVar[str] = "The request was refused."

    def __init__(self, **facts: object) -> None:
        self.facts = facts
        super().__init__(self.reason.format(**facts))

    @classmethod
    def name(cls) -> str:
        """Name the refusal for machines: `ledger.insufficient_points`."""
        app = cls.__module__.split(".")[1]
        words = "".join(f"_{c.lower()}" if c.isupper() else c for c in cls.__name__)
        return f"{app}.{words.lstrip('_')}"

    @property
    def code(self) -> str:
        """Name this refusal for machines: `ledger.insufficient_points`."""
        return self.name()


def every_refusal() -> list[type[Refusal]]:
    """List every refusal class that has been imported, by code: the catalogue of noes."""
    found: list[type[Refusal]] = []
    waiting = list(Refusal.__subclasses__())
    while waiting:
        kind = waiting.pop()
        waiting.extend(kind.__subclasses__())
        if kind.__module__.startswith("regulars."):
            found.append(kind)
    return sorted(set(found), key=lambda kind: kind.name())
