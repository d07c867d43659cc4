"""The ready-made roles: each a set of permissions, and the widths it may be given in.

A role says *what*; the scope it is granted in says *where*. Nobody hands out more than they
hold themselves.
"""

from dataclasses import dataclass
from types import MappingProxyType

from regulars.access.domain.scopes import Actor, Scope, ScopeKind
from regulars.kit.errors import Kind, Refusal
from regulars.kit.messages import message


class UnknownRole(Refusal):
    """The role is not in the list of roles."""

    kind = Kind.INVALID
    reason = message("There is no role “{role}”. Choose one of: {roles}.")


class ScopeNotForRole(Refusal):
    """A role is given in a width that makes no sense for it."""

    kind = Kind.INVALID
    reason = message("The role {role} is not given in the scope {scope}. Choose one of: {scopes}.")


class GrantAboveOwn(Refusal):
    """Someone tries to give more than they hold."""

    kind = Kind.DENIED
    reason = message("You can only give permissions and scopes that you hold yourself.")


@dataclass(frozen=True, slots=True)
class Role:
    """A named set of permissions; `everything` means all there are, now and later."""

    name: str
    title: str
    permissions: frozenset[str]
    scopes: tuple[ScopeKind, ...]
    everything: bool = False

    def permissions_in(self, catalogue: frozenset[str]) -> frozenset[str]:
        """Answer the permissions this role gives, of those that exist."""
        return catalogue if self.everything else self.permissions & catalogue


_LOOK = ("console.use", "stores.read")
_COUNTER = ("members.lookup", "members.write", "consents.write", "points.read", "tiers.read")
_READING = ("members.read", "orders.read", "points.read", "tiers.read", "timeline.read")
_EVERYWHERE = (ScopeKind.ALL,)


def _role(name: str, title: str, scopes: tuple[ScopeKind, ...], *permissions: str) -> Role:
    return Role(name, title, frozenset((*_LOOK, *permissions)), scopes)


_ALL_ROLES = (
    _role(
        "clerk",
        message("Clerk"),
        (ScopeKind.STORE, ScopeKind.OWN),
        *_COUNTER,
        "points.spend",
    ),
    _role(
        "store_manager",
        message("Store manager"),
        (ScopeKind.STORE, ScopeKind.OWN),
        *_COUNTER,
        *_READING,
        "tags.write",
        "points.spend",
        "points.adjust",
        "points.reverse",
    ),
    _role(
        "regional_manager",
        message("Regional manager"),
        (ScopeKind.REGION, ScopeKind.STORE),
        *_READING,
        "members.lookup",
        "tags.write",
    ),
    _role(
        "operations",
        message("Operations"),
        (ScopeKind.ALL, ScopeKind.REGION),
        *_COUNTER,
        *_READING,
        "members.merge",
        "tags.write",
        "orders.write",
        "catalogue.write",
        "stores.write",
        "events.write",
        "imports.run",
        "points.earn",
        "points.spend",
        "points.adjust",
        "points.reverse",
        "sources.manage",
        "dead_letters.read",
        "dead_letters.replay",
        "operations.read",
        "exports.make",
        "jobs.read",
    ),
    _role(
        "analyst",
        message("Analyst"),
        (ScopeKind.ALL, ScopeKind.REGION, ScopeKind.STORE),
        *_READING,
        "exports.make",
    ),
    _role(
        "finance",
        message("Finance"),
        (ScopeKind.ALL, ScopeKind.REGION),
        "members.lookup",
        "orders.read",
        "points.read",
        "points.adjust",
        "points.reverse",
        "tiers.read",
        "exports.make",
    ),
    _role(
        "privacy_officer",
        message("Privacy officer"),
        _EVERYWHERE,
        *_READING,
        "members.lookup",
        "members.reveal",
        "members.export",
        "members.erase",
        "consents.write",
        "privacy.manage",
        "audit.read",
        "exports.make",
    ),
    _role(
        "administrator",
        message("Administrator"),
        _EVERYWHERE,
        "staff.manage",
        "keys.manage",
        "stores.write",
        "sources.manage",
        "dead_letters.read",
        "operations.read",
        "audit.read",
        "jobs.read",
    ),
    Role("owner", message("Owner"), frozenset(), _EVERYWHERE, everything=True),
)

ROLES = MappingProxyType({role.name: role for role in _ALL_ROLES})


def role_named(name: str) -> Role:
    """Find a role by its name; raises UnknownRole with the names there are."""
    role = ROLES.get(name)
    if role is None:
        raise UnknownRole(role=name, roles=", ".join(ROLES))
    return role


def check_width(role: Role, kind: ScopeKind) -> None:
    """Refuse a width that the role is not given in."""
    if kind not in role.scopes:
        scopes = ", ".join(role.scopes)
        raise ScopeNotForRole(role=role.name, scope=kind.value, scopes=scopes)


def check_may_give(actor: Actor, *, permissions: frozenset[str], scope: Scope) -> None:
    """Refuse to give a permission that the actor lacks, or further than the actor reaches."""
    if actor.kind == "system":
        return
    for permission in permissions:
        if not actor.may(permission) or not actor.scope_for(permission).contains(scope):
            raise GrantAboveOwn
