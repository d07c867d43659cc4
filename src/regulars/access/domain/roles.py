"""The ready-made roles: each a set of permissions, and the widths it may be given in.

A role says *what*; the scope it is granted in says *where*. Nobody hands out more than they
hold themselves, but for those whose work it is (`roles.assign`), and they never to themselves.
Where administrators are separated, the three of them replace owner and administrator.
"""

from collections.abc import Iterable, Mapping
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


class OwnAccess(Refusal):
    """Someone changes what they may do themselves."""

    kind = Kind.DENIED
    reason = message("Nobody changes their own roles, or switches their own account off.")


class AccountAboveOwn(Refusal):
    """Someone changes an account that may do more than they could give."""

    kind = Kind.DENIED
    reason = message("This account may do more than you could give. Somebody above changes it.")


class AdministratorAlone(Refusal):
    """One of the three administrators would hold another role, too."""

    kind = Kind.CONFLICT
    reason = message(
        "A system, security or audit administrator holds that role alone. Use another account."
    )


class RoleAsleep(Refusal):
    """The role is not given while administrators are separated."""

    kind = Kind.DENIED
    reason = message("The role {role} is not given while administrators are separated.")


class RoleNameUnfit(Refusal):
    """A role of one's own needs a name that no other role has."""

    kind = Kind.INVALID
    reason = message("Name the role with 2 to 40 letters that no other role has.")


class RoleAdministers(Refusal):
    """What administers the house is in the ready-made roles only."""

    kind = Kind.DENIED
    reason = message("“{permission}” is given by ready-made roles only.")


class RoleEmpty(Refusal):
    """A role says something, and is given somewhere."""

    kind = Kind.INVALID
    reason = message("Choose at least one permission and one scope.")


class AuditorProtected(Refusal):
    """Those whom an auditor audits do not change the auditor's account."""

    kind = Kind.DENIED
    reason = message(
        "Audit administrators are changed only from the command line while administrators are "
        "separated."
    )


@dataclass(frozen=True, slots=True)
class Role:
    """A named set of permissions; `everything` means all there are, now and later."""

    name: str
    title: str
    permissions: frozenset[str]
    scopes: tuple[ScopeKind, ...]
    everything: bool = False
    is_custom: bool = False

    def permissions_in(self, catalogue: frozenset[str]) -> frozenset[str]:
        """Answer the permissions this role gives, of those that exist."""
        return catalogue if self.everything else self.permissions & catalogue


_LOOK = ("console.use", "stores.read")
_COUNTER = ("members.lookup", "members.write", "consents.write", "points.read", "tiers.read")
_READING = ("members.read", "orders.read", "points.read", "tiers.read", "timeline.read")
_EVERYWHERE = (ScopeKind.ALL,)
_DECIDING = ("approvals.read", "approvals.decide")

SEPARATED = ("system_administrator", "security_administrator", "audit_administrator")
ASLEEP = frozenset({"owner", "administrator"})  # while administrators are separated
AUDITOR = "audit_administrator"


def _role(name: str, title: str, scopes: tuple[ScopeKind, ...], *permissions: str) -> Role:
    return Role(name, title, frozenset((*_LOOK, *permissions)), scopes)


_ALL_ROLES = (
    _role(
        "clerk",
        message("Clerk"),
        (ScopeKind.STORE, ScopeKind.OWN),
        *_COUNTER,
        "points.spend",
        "approvals.read",
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
        "approvals.read",
    ),
    _role(
        "regional_manager",
        message("Regional manager"),
        (ScopeKind.REGION, ScopeKind.STORE),
        *_READING,
        "members.lookup",
        "tags.write",
        "points.adjust",
        *_DECIDING,
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
        "verify.run",
        "exports.make",
        "jobs.read",
        *_DECIDING,
    ),
    _role(
        "analyst",
        message("Analyst"),
        (ScopeKind.ALL, ScopeKind.REGION, ScopeKind.STORE),
        *_READING,
        "exports.make",
        "approvals.read",
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
        "verify.run",
        "exports.make",
        *_DECIDING,
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
        "fields.read",
        "retention.run",
        "audit.read",
        "exports.make",
        *_DECIDING,
    ),
    _role(
        "administrator",
        message("Administrator"),
        _EVERYWHERE,
        "staff.manage",
        "roles.assign",
        "keys.manage",
        "stores.write",
        "sources.manage",
        "dead_letters.read",
        "operations.read",
        "audit.read",
        "jobs.read",
        "fields.read",
        "settings.manage",
        *_DECIDING,
    ),
    _role(
        "system_administrator",
        message("System administrator"),
        _EVERYWHERE,
        "settings.manage",
        "stores.write",
        "sources.manage",
        "dead_letters.read",
        "operations.read",
        *_DECIDING,
    ),
    _role(
        "security_administrator",
        message("Security administrator"),
        _EVERYWHERE,
        "staff.manage",
        "roles.assign",
        "keys.manage",
        *_DECIDING,
    ),
    _role(
        "audit_administrator",
        message("Audit administrator"),
        _EVERYWHERE,
        "audit.read",
        "exports.make",
        "approvals.read",
    ),
    Role("owner", message("Owner"), frozenset(), _EVERYWHERE, everything=True),
)

ROLES = MappingProxyType({role.name: role for role in _ALL_ROLES})


# What administers the house stays in the ready-made roles, which separation knows.
ADMINISTERING = frozenset(
    {"audit.read", "keys.manage", "roles.assign", "settings.manage", "staff.manage"}
)
ROLE_NAME_LENGTH = range(2, 41)


def custom_role(name: str, permissions: Iterable[str], scopes: Iterable[str]) -> Role:
    """Make a role of one's own; raises RoleNameUnfit, RoleAdministers, RoleEmpty.

    Its name is what people read. Signing in and seeing stores come with it.
    """
    title, wanted = name.strip(), frozenset(permissions)
    readable = title.isprintable() and not set(title) & set(":;<>&\"'")
    if len(title) not in ROLE_NAME_LENGTH or not readable or title.casefold() in ROLES:
        raise RoleNameUnfit
    for permission in sorted(wanted & ADMINISTERING):
        raise RoleAdministers(permission=permission)
    widths = tuple(width for width in ScopeKind if width.value in set(scopes))
    if not wanted or not widths:
        raise RoleEmpty
    return Role(title, title, wanted | frozenset(_LOOK), widths, is_custom=True)


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


def check_may_give_role(
    actor: Actor, role: Role, *, permissions: frozenset[str], scope: Scope
) -> None:
    """Refuse a role above one's own, except to those whose work it is to give roles.

    Even they never give a role that holds everything, and give no further than they reach.
    """
    assigns = actor.scope_for("roles.assign").contains(scope)
    if not (assigns and not role.everything):
        check_may_give(actor, permissions=permissions, scope=scope)


def check_exclusive(held: Iterable[str], wanted: str) -> None:
    """Refuse a role that would stand beside that of one of the three administrators."""
    others = {role for role in held if role != wanted}
    if others and (wanted in SEPARATED or others & set(SEPARATED)):
        raise AdministratorAlone


def is_asleep(role: str, *, separated: bool) -> bool:
    """Tell whether a role gives nothing now, because administrators are separated."""
    return separated and role in ASLEEP


def check_separation(
    actor: Actor, *, wanted: str | None, held: Iterable[str], separated: bool
) -> None:
    """Refuse what separated administrators rule out: sleeping roles, and changes to auditors."""
    if not separated or actor.kind == "system":
        return
    if wanted is not None and wanted in ASLEEP:
        raise RoleAsleep(role=wanted)
    if wanted == AUDITOR or AUDITOR in set(held):
        raise AuditorProtected


@dataclass(frozen=True, slots=True)
class HeldAccess:
    """A permission somebody holds: by which roles, in which scopes as they are written."""

    permission: str
    sources: tuple[tuple[str, str], ...]


def effective_access(
    grants: Iterable[tuple[str, str]],
    *,
    catalogue: Iterable[str],
    separated: bool,
    roles: Mapping[str, Role] = ROLES,
) -> list[HeldAccess]:
    """Explain what grants (role, scope) add up to, in the order of the catalogue.

    Roles that sleep give nothing.
    """
    known = tuple(catalogue)
    live = [
        (roles[role], scope)
        for role, scope in grants
        if role in roles and not is_asleep(role, separated=separated)
    ]
    held = [
        HeldAccess(
            permission,
            tuple(
                (role.name, scope)
                for role, scope in live
                if permission in role.permissions_in(frozenset(known))
            ),
        )
        for permission in known
    ]
    return [each for each in held if each.sources]
