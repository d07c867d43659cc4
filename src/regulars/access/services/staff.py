"""Make and change staff accounts; their roles are given in `roles`."""

from datetime import datetime

from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import CommonPasswordValidator
from django.core.exceptions import ValidationError
from django.db import transaction

from regulars.access import domain
from regulars.access.domain import Actor, Approval, Staff
from regulars.access.selectors import staff as selectors
from regulars.access.selectors.sessions import count_sessions
from regulars.access.services import roles
from regulars.access.services.accounts import end_sessions
from regulars.access.services.factors import check_may_care_for
from regulars.kit.contacts import normalise_email
from regulars.kit.ids import time_ordered_uuid
from regulars.web import sql

_COMMON = CommonPasswordValidator()


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
    PasswordWeak, UnknownRole, ScopeNotForRole, GrantAboveOwn, StoreNotFound, RegionNotFound,
    RoleAsleep; ApprovalNeeded for a strong role that a second person is to look at: then make the
    account with `open_account` and propose the role.
    """
    with roles.audited(actor, "staff.created", "new", at), transaction.atomic():
        wanted = roles.read_grant(role, scope)
        roles.check_gift(actor, wanted, held=(), at=at)
        roles.demand_alone(actor, wanted, at=at)
        made = open_account(
            email=email, password=password, name=name, code=code, actor=actor, at=at
        )
        roles.write_grant(made.id, wanted, actor=actor, at=at)
        return selectors.get_staff(staff_id=made.id)


def invite_staff(
    *,
    email: str,
    name: str,
    role: str,
    scope: str,
    actor: Actor,
    at: datetime,
    code: str | None = None,
    language: str = "zh-hans",
    expires_at: datetime | None = None,
    note: str | None = None,
) -> tuple[Staff, Approval | None]:
    """Make an account with its first role, or with a proposal of it where two people look.

    Raises as `create_staff` does, but for ApprovalNeeded.
    """
    with roles.audited(actor, "staff.created", "new", at), transaction.atomic():
        wanted = roles.read_grant(role, scope, expires_at)
        roles.check_gift(actor, wanted, held=(), at=at)
        made = open_account(
            email=email, name=name, code=code, language=language, actor=actor, at=at
        )
        given = {"staff_id": made.id, "role": role, "scope": scope, "expires_at": expires_at}
        if roles.needs_two(actor, wanted, at=at):
            return made, roles.propose_role(**given, actor=actor, at=at, note=note)  # type: ignore[arg-type]
        return roles.grant_role(**given, actor=actor, at=at), None  # type: ignore[arg-type]


@transaction.atomic
def open_account(
    *,
    email: str,
    at: datetime,
    actor: Actor,
    password: str | None = None,
    name: str | None = None,
    code: str | None = None,
    language: str = "zh-hans",
) -> Staff:
    """Make an account that may do nothing yet. Raises EmailTaken, CodeTaken, PasswordWeak."""
    address = normalise_email(email)
    if password is not None:
        check_password(password, email=address)
    shown, public_id = name or address.partition("@")[0], time_ordered_uuid(at)
    found = sql.row(
        "INSERT INTO access_staff (public_id, code, email_sealed, email_index, name_sealed,"
        " password, language, is_active, session_epoch, created_at)"
        " VALUES (%s::uuid, %s::text, %s::bytea, %s::bytea, %s::bytea, %s::text, %s::text,"
        " TRUE, 1, %s::timestamptz) ON CONFLICT DO NOTHING RETURNING id",
        [
            public_id,
            code,
            selectors.sealed(address, column="email", public_id=public_id),
            selectors.email_index(address),
            selectors.sealed(shown, column="name", public_id=public_id),
            make_password(password),
            language,
            at,
        ],
    )
    if found is None:
        is_code = selectors.find_staff(email=address) is None
        raise domain.CodeTaken if is_code else domain.EmailTaken
    roles.note(actor, "staff.created", public_id, at)
    return selectors.get_staff(staff_id=found[0])


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
    roles.note(actor, "staff.password_changed", staff.public_id, at)


def deactivate_staff(*, staff_id: int, actor: Actor, at: datetime) -> None:
    """Switch an account off; its sessions end at once.

    Raises LastOwner, OwnAccess, AccountAboveOwn, AuditorProtected.
    """
    held = selectors.get_staff(staff_id=staff_id)
    with roles.audited(actor, "staff.deactivated", held.public_id, at), transaction.atomic():
        roles.lock(staff_id)
        roles.check_may_touch(actor, staff_id=staff_id, at=at)
        is_owner = any(grant.role == "owner" for grant in held.grants)
        if is_owner and not selectors.has_owner(besides=staff_id):
            raise domain.LastOwner
        sql.run("UPDATE access_staff SET is_active = FALSE WHERE id = %s::bigint", [staff_id])
        end_sessions(staff_id=staff_id)
        roles.note(actor, "staff.deactivated", held.public_id, at)


def activate_staff(*, staff_id: int, actor: Actor, at: datetime) -> None:
    """Switch an account on again, with the roles it held. Raises as `deactivate_staff` does."""
    held = selectors.get_staff(staff_id=staff_id)
    with roles.audited(actor, "staff.activated", held.public_id, at), transaction.atomic():
        roles.lock(staff_id)
        roles.check_may_touch(actor, staff_id=staff_id, at=at)
        sql.run("UPDATE access_staff SET is_active = TRUE WHERE id = %s::bigint", [staff_id])
        roles.note(actor, "staff.activated", held.public_id, at)


def reset_sessions(*, staff_id: int, actor: Actor, at: datetime) -> int:
    """End every session of another's account; answers how many were open.

    Raises OwnAccount, AccountAboveOwn, AuditorProtected.
    """
    held = selectors.get_staff(staff_id=staff_id)
    with roles.audited(actor, "staff.sessions_reset", held.public_id, at), transaction.atomic():
        roles.lock(staff_id)
        check_may_care_for(staff_id=staff_id, actor=actor, at=at)
        ended = count_sessions(staff_id=staff_id, at=at)
        end_sessions(staff_id=staff_id)
        roles.note(actor, "staff.sessions_reset", held.public_id, at, sessions=ended)
    return ended


def check_password(password: str, *, email: str) -> None:
    """Refuse a password that is too short, too common, or the e-mail address."""
    domain.check_password_text(password, email=email)
    try:
        _COMMON.validate(password)
    except ValidationError as error:
        raise domain.weak_password() from error
