"""How far someone's eyes reach: a scope says which members and stores, an actor says who asks.

A scope is read as "or": members of one of these stores, or members whose associate I am. It
narrows lists and exports in one place; whoever reads rows for staff takes one.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Self

from regulars.kit.errors import Kind, Refusal
from regulars.kit.messages import message


class ScopeKind(StrEnum):
    """The four widths a role can be given in."""

    OWN = "own"
    STORE = "store"
    REGION = "region"
    ALL = "all"


class ScopeUnreadable(Refusal):
    """A scope is written as all, own, store:CODE or region:CODE."""

    kind = Kind.INVALID
    reason = message("“{scope}” is not a scope. Write all, own, store:CODE or region:CODE.")


@dataclass(frozen=True, slots=True)
class Scope:
    """Everything, or these stores and the members whose associate this is."""

    everything: bool = False
    store_ids: tuple[int, ...] = ()
    associate_id: int | None = None

    @classmethod
    def all(cls) -> Self:
        """Answer the scope without walls."""
        return cls(everything=True)

    @property
    def is_empty(self) -> bool:
        return not (self.everything or self.store_ids or self.associate_id is not None)

    def covers_store(self, store_id: int | None) -> bool:
        """Tell whether rows of this store may be seen; rows of no store need everything."""
        return self.everything or (store_id is not None and store_id in self.store_ids)

    def covers_member(self, *, home_store_id: int | None, associate_id: int | None) -> bool:
        """Tell whether a member of this store and associate may be seen."""
        mine = self.associate_id is not None and associate_id == self.associate_id
        return mine or self.covers_store(home_store_id)

    def contains(self, other: "Scope") -> bool:
        """Tell whether nothing that `other` shows lies outside this scope."""
        if self.everything:
            return True
        if other.everything or not set(other.store_ids) <= set(self.store_ids):
            return False
        return other.associate_id is None or other.associate_id == self.associate_id

    def condition(self, store: str, associate: str | None = None) -> tuple[str, list[object]]:
        """Write the scope as an SQL condition on these columns, with its parameters.

        The columns are names of ours, never text from outside. A scope that covers nothing
        answers a condition that is never true.
        """
        if self.everything:
            return "TRUE", []
        parts: list[str] = []
        values: list[object] = []
        if self.store_ids:
            parts.append(f"{store} = ANY(%s::bigint[])")
            values.append(list(self.store_ids))
        if self.associate_id is not None and associate is not None:
            parts.append(f"{associate} = %s::bigint")
            values.append(self.associate_id)
        return (f"({' OR '.join(parts)})", values) if parts else ("FALSE", [])

    def __or__(self, other: "Scope") -> "Scope":
        if self.everything or other.everything:
            return Scope.all()
        stores = tuple(sorted({*self.store_ids, *other.store_ids}))
        own = self.associate_id if self.associate_id is not None else other.associate_id
        return Scope(store_ids=stores, associate_id=own)

    def __and__(self, other: "Scope") -> "Scope":
        if self.everything:
            return other
        if other.everything:
            return self
        stores = tuple(sorted({*self.store_ids} & {*other.store_ids}))
        own = self.associate_id if self.associate_id == other.associate_id else None
        return Scope(store_ids=stores, associate_id=own)


@dataclass(frozen=True, slots=True)
class Reach:
    """What one grant gives: these permissions, within this scope, by the role of this name."""

    permissions: frozenset[str]
    scope: Scope
    role: str = ""


@dataclass(frozen=True, slots=True)
class SessionMark:
    """The session an actor came by: which one, and when its owner last proved who they are."""

    id: int
    proved_at: datetime | None


@dataclass(frozen=True, slots=True)
class Actor:
    """Whoever acts: a member of staff, an API key, or the system itself.

    `scope` is safe for every permission held: with several grants it is what they share.
    `narrowed_to` answers the actor as one permission sees it. `made_by` is the account that made
    a key, where a person did. With `viewing_id` set, the actor looks through the eyes of that
    account and changes nothing.
    """

    kind: str
    id: int
    name: str
    permissions: frozenset[str]
    scope: Scope
    reaches: tuple[Reach, ...] = ()
    made_by: int | None = None
    session: SessionMark | None = None
    viewing_id: int | None = None
    viewing_name: str = ""

    @classmethod
    def system(cls, name: str = "system") -> Self:
        """Answer the house itself, at work by clock, queue or command line."""
        return cls(kind="system", id=0, name=name, permissions=frozenset(), scope=Scope.all())

    @classmethod
    def of_reaches(cls, *, kind: str, id: int, name: str, reaches: tuple[Reach, ...]) -> Self:  # noqa: A002 the field's own name
        """Join several grants into one actor, granting nothing that no single grant gives."""
        permissions = frozenset[str]().union(*(reach.permissions for reach in reaches))
        scope = Scope.all() if reaches else Scope()
        for reach in reaches:
            scope = scope & reach.scope
        return cls(kind, id, name, permissions, scope, reaches)

    @property
    def caller(self) -> str:
        """Name the actor for keys and counters: `key:12`."""
        return f"{self.kind}:{self.id}"

    @property
    def person_id(self) -> int | None:
        """Answer the account behind the actor: itself, or who made the key; None for nobody."""
        return self.id if self.kind == "staff" else self.made_by

    @property
    def operator_id(self) -> int | None:
        """Name the actor in one number, as the ledger keeps it: a key by its negative id."""
        if self.kind == "key":
            return -self.id
        return self.id if self.kind == "staff" else None

    @property
    def is_read_only(self) -> bool:
        return self.viewing_id is not None

    def may(self, permission: str) -> bool:
        """Tell whether the actor holds the permission, in any scope. The system holds all."""
        return self.kind == "system" or permission in self.permissions

    def may_all(self, permissions: frozenset[str]) -> bool:
        """Tell whether the actor holds every one of these."""
        return all(self.may(each) for each in permissions)

    def scope_for(self, permission: str) -> Scope:
        """Answer how far one permission reaches: the grants that carry it, joined."""
        if not self.may(permission):
            return Scope()
        scope = Scope()
        for reach in self.reaches:
            if permission in reach.permissions:
                scope = scope | reach.scope
        return scope if self.reaches else self.scope

    def narrowed_to(self, permission: str) -> "Actor":
        """Answer the same actor whose `scope` is the one of this permission."""
        return replace(self, scope=self.scope_for(permission)) if len(self.reaches) > 1 else self


def read_scope(text: str) -> tuple[ScopeKind, str | None]:
    """Read `all`, `own`, `store:S01` or `region:NORTH`; raises ScopeUnreadable."""
    word, colon, code = text.strip().partition(":")
    match word, code.strip():
        case ("all" | "own") as kind, "" if not colon:
            return ScopeKind(kind), None
        case ("store" | "region") as kind, named if named:
            return ScopeKind(kind), named
        case _:
            raise ScopeUnreadable(scope=text)
