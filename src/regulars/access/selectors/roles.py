"""Read the roles there are: the ready-made ones, and those the house made for itself."""

from collections.abc import Iterable, Mapping

from regulars.access.domain import ROLES, Role, ScopeKind
from regulars.web import sql


def list_custom_roles() -> list[Role]:
    """List the roles the house made and did not retire, in the order they were made."""
    found = sql.rows(
        "SELECT name, permissions, scopes FROM access_role WHERE retired_at IS NULL ORDER BY id"
    )
    return [_role(*row) for row in found]


def all_roles() -> dict[str, Role]:
    """Answer every role that can be given, by name, the ready-made ones first."""
    return {**ROLES, **{role.name: role for role in list_custom_roles()}}


def roles_for(names: Iterable[str]) -> Mapping[str, Role]:
    """Answer roles that include these names; asks nothing where all are ready-made."""
    return ROLES if all(name in ROLES for name in names) else all_roles()


def _role(name: str, given: list[str], scopes: list[str]) -> Role:
    widths = tuple(ScopeKind(each) for each in scopes)
    return Role(name, name, frozenset(given), widths, is_custom=True)
