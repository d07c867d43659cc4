"""Make and change staff accounts, and give and take roles."""

from datetime import datetime
from uuid import UUID

from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import CommonPasswordValidator
from django.core.exceptions import ValidationError
from django.db import transaction

from regulars.access import domain
from regulars.access.domain import Actor, Scope, ScopeKind, Staff
from regulars.access.selectors import staff as selectors
from regulars.access.selectors import stores
from regulars.access.services.audit import audit
from regulars.kit.contacts import normalise_email
from regulars.kit.ids import time_ordered_uuid
from regulars.web import sql
from regulars.web.permissions import PERMISSIONS

_COMMON = CommonPasswordValidator()


@transaction.atomic
def create_staff(
    *,
    email: str,
    role: str,
    at: datetime,
    actor: Actor,
    scope: str = "all",
    password: str | None = None,
    name: str | None = None,
    code: str | None = None,
) -> Staff:
    """Make an account with one role in one scope (all, own, store:CODE, region:CODE).

    Without a password the account can only be entered by a one-time link. Raises EmailTaken,
    PasswordWeak, UnknownRole, ScopeNotForRole, GrantAboveOwn, StoreNotFound, RegionNotFound.
    """
    address = normalise_email(email)
    kind, scope_id = _place(role, scope)
    _check_gift(actor, role, kind, scope_id)
    if password is not None:
        check_password(password, email=address)
    shown, public_id = name or address.partition("@")[0], time_ordered_uuid(at)
    found = sql.row(
        "INSERT INTO access_staff (public_id, code, email_sealed, email_index, name_sealed,"
        " password, language, is_active, session_epoch, created_at)"
        " VALUES (%s::uuid, %s::text, %s::bytea, %s::bytea, %s::bytea, %s::text, 'zh-hans',"
        " TRUE, 1, %s::timestamptz) ON CONFLICT (email_index) DO NOTHING RETURNING id",
        [
            public_id,
            code,
            selectors.sealed(address, column="email", public_id=public_id),
            selectors.email_index(address),
            selectors.sealed(shown, column="name", public_id=public_id),
            make_password(password),
            at,
        ],
    )
    if found is None:
        raise domain.EmailTaken
    staff_id: int = found[0]
    _give(staff_id, role, kind, scope_id, actor=actor, at=at)
    _note(actor, "staff.created", public_id, at, role=role, scope=scope)
    return selectors.get_staff(staff_id=staff_id)


@transaction.atomic
def grant_role(*, staff_id: int, role: str, scope: str, actor: Actor, at: datetime) -> Staff:
    """Give an account one more role; its open sessions end. Said twice, it is given once."""
    kind, scope_id = _place(role, scope)
    _check_gift(actor, role, kind, scope_id)
    public_id = _lock(staff_id)
    _give(staff_id, role, kind, scope_id, actor=actor, at=at)
    end_sessions(staff_id=staff_id)
    _note(actor, "role.granted", public_id, at, role=role, scope=scope)
    return selectors.get_staff(staff_id=staff_id)


@transaction.atomic
def revoke_role(*, staff_id: int, role: str, scope: str, actor: Actor, at: datetime) -> Staff:
    """Take a role from an account; its open sessions end. Raises LastOwner."""
    kind, scope_id = _place(role, scope)
    _check_gift(actor, role, kind, scope_id)
    public_id = _lock(staff_id)
    if role == "owner" and not selectors.has_owner(besides=staff_id):
        raise domain.LastOwner
    sql.run(
        "DELETE FROM access_grant WHERE staff_id = %s::bigint AND role = %s::text"
        " AND scope_kind = %s::text AND scope_id IS NOT DISTINCT FROM %s::bigint",
        [staff_id, role, kind.value, scope_id],
    )
    end_sessions(staff_id=staff_id)
    _note(actor, "role.revoked", public_id, at, role=role, scope=scope)
    return selectors.get_staff(staff_id=staff_id)


@transaction.atomic
def change_password(*, staff_id: int, password: str, actor: Actor, at: datetime) -> None:
    """Set a new password; every open session of the account ends. Raises PasswordWeak."""
    staff = selectors.get_staff(staff_id=staff_id)
    check_password(password, email=staff.email)
    sql.run(
        "UPDATE access_staff SET password = %s::text WHERE id = %s::bigint",
        [make_password(password), staff_id],
    )
    end_sessions(staff_id=staff_id)
    _note(actor, "staff.password_changed", staff.public_id, at)


@transaction.atomic
def deactivate_staff(*, staff_id: int, actor: Actor, at: datetime) -> None:
    """Switch an account off; its sessions end at once. Raises LastOwner."""
    public_id = _lock(staff_id)
    held = selectors.get_staff(staff_id=staff_id)
    is_owner = any(grant.role == "owner" for grant in held.grants)
    if is_owner and not selectors.has_owner(besides=staff_id):
        raise domain.LastOwner
    sql.run("UPDATE access_staff SET is_active = FALSE WHERE id = %s::bigint", [staff_id])
    end_sessions(staff_id=staff_id)
    _note(actor, "staff.deactivated", public_id, at)


def end_sessions(*, staff_id: int) -> None:
    """End every open session of an account, wherever it is."""
    sql.run(
        "UPDATE access_staff SET session_epoch = session_epoch + 1 WHERE id = %s::bigint",
        [staff_id],
    )


def check_password(password: str, *, email: str) -> None:
    """Refuse a password that is too short, too common, or the e-mail address."""
    domain.check_password_text(password, email=email)
    try:
        _COMMON.validate(password)
    except ValidationError as error:
        raise domain.weak_password() from error


def _place(role: str, scope: str) -> tuple[ScopeKind, int | None]:
    kind, code = domain.read_scope(scope)
    domain.check_width(domain.role_named(role), kind)
    if code is None:
        return kind, None
    if kind is ScopeKind.STORE:
        return kind, stores.get_store(code=code, scope=Scope.all()).id
    return kind, stores.get_region(code=code).id


def _check_gift(actor: Actor, role: str, kind: ScopeKind, scope_id: int | None) -> None:
    """Refuse to give a role above one's own; what is `own` to another is inside everything."""
    match kind:
        case ScopeKind.STORE:
            scope = Scope(store_ids=(scope_id or 0,))
        case ScopeKind.REGION:
            region_id = scope_id or 0
            inside = stores.store_ids_of_regions([region_id]).get(region_id, ())
            scope = Scope(store_ids=inside)
        case ScopeKind.ALL | ScopeKind.OWN:
            scope = Scope.all()
    permissions = domain.role_named(role).permissions_in(frozenset(PERMISSIONS))
    domain.check_may_give(actor, permissions=permissions, scope=scope)


def _lock(staff_id: int) -> UUID:
    """Hold the account, and the question who is owner, until the transaction ends."""
    sql.row("SELECT pg_advisory_xact_lock(hashtext('access.owners'))")
    found = sql.row(
        "SELECT public_id FROM access_staff WHERE id = %s::bigint FOR UPDATE", [staff_id]
    )
    if found is None:
        raise domain.StaffNotFound
    public_id: UUID = found[0]
    return public_id


def _give(
    staff_id: int, role: str, kind: ScopeKind, scope_id: int | None, *, actor: Actor, at: datetime
) -> None:
    sql.run(
        "INSERT INTO access_grant (staff_id, role, scope_kind, scope_id, granted_at, granted_by)"
        " VALUES (%s::bigint, %s::text, %s::text, %s::bigint, %s::timestamptz, %s::bigint)"
        " ON CONFLICT DO NOTHING",
        [staff_id, role, kind.value, scope_id, at, actor.id if actor.kind == "staff" else None],
    )


def _note(actor: Actor, action: str, public_id: UUID, at: datetime, **details: str) -> None:
    audit(
        actor=actor,
        action=action,
        object_kind="staff",
        object_id=str(public_id),
        at=at,
        details=dict(details),
    )
