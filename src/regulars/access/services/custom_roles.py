"""Make roles of one's own, within what one holds, and retire them."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from regulars.access import domain
from regulars.access.domain import Actor, Role, Scope
from regulars.access.selectors import roles as selectors
from regulars.access.services.audit import audit, refusals_audited
from regulars.web import sql
from regulars.web.permissions import PERMISSIONS, PermissionMissing

MANAGE = "staff.manage"


def make_role(
    *, name: str, permissions: Sequence[str], scopes: Sequence[str], actor: Actor, at: datetime
) -> Role:
    """Make a role out of permissions the maker holds everywhere. It is never edited.

    Raises PermissionMissing, UnknownPermission, RoleNameUnfit, RoleAdministers, RoleEmpty,
    GrantAboveOwn.
    """
    with (
        refusals_audited(
            actor=actor, action="role.made", object_kind="role", object_id=name[:40], at=at
        ),
        transaction.atomic(),
    ):
        wanted = check_role(name=name, permissions=permissions, scopes=scopes, actor=actor)
        made = sql.run(
            "INSERT INTO access_role (name, permissions, scopes, made_at, made_by)"
            " VALUES (%s::text, %s::text[], %s::text[], %s::timestamptz, %s::bigint)"
            " ON CONFLICT DO NOTHING",
            [
                wanted.name,
                sorted(wanted.permissions),
                [width.value for width in wanted.scopes],
                at,
                actor.person_id,
            ],
        )
        if not made:
            raise domain.RoleNameUnfit
        _note(actor, "role.made", wanted, at)
        return wanted


def check_role(
    *, name: str, permissions: Sequence[str], scopes: Sequence[str], actor: Actor
) -> Role:
    """Refuse what `make_role` would refuse; answers the role as it would be."""
    if not actor.may(MANAGE):
        raise PermissionMissing(permission=MANAGE)
    for permission in permissions:
        if permission not in PERMISSIONS:
            raise domain.UnknownPermission(permission=permission)
    wanted = domain.custom_role(name, permissions, scopes)
    domain.check_may_give(actor, permissions=wanted.permissions, scope=Scope.all())
    return wanted


@transaction.atomic
def retire_role(*, name: str, actor: Actor, at: datetime) -> int:
    """Take a role of the house's own out of use, and from everybody; answers from how many.

    Open sessions of those who held it end. Raises PermissionMissing, UnknownRole, GrantAboveOwn.
    """
    if not actor.may(MANAGE):
        raise PermissionMissing(permission=MANAGE)
    role = selectors.all_roles().get(name)
    if role is None or not role.is_custom:
        raise domain.UnknownRole(role=name, roles=", ".join(domain.ROLES))
    domain.check_may_give_role(
        actor, role, permissions=role.permissions & frozenset(PERMISSIONS), scope=Scope.all()
    )
    sql.run("UPDATE access_role SET retired_at = %s::timestamptz WHERE name = %s::text", [at, name])
    sql.run(
        "UPDATE access_staff SET session_epoch = session_epoch + 1 WHERE id IN"
        " (SELECT staff_id FROM access_grant WHERE role = %s::text)",
        [name],
    )
    held = sql.run("DELETE FROM access_grant WHERE role = %s::text", [name])
    _note(actor, "role.retired", role, at)
    return held


def _note(actor: Actor, action: str, role: Role, at: datetime) -> None:
    audit(
        actor=actor,
        action=action,
        object_kind="role",
        object_id=role.name,
        at=at,
        details={
            "permissions": sorted(role.permissions),
            "scopes": [width.value for width in role.scopes],
        },
    )
