"""One-time links: the first owner's set-up, and a way in without a password.

A link holds 256 random bits; only their hash is kept. It works once, and not for ever.
"""

import hashlib
import secrets
from datetime import datetime

from django.db import transaction
from django.urls import reverse

from regulars.access import domain
from regulars.access.domain import DEFAULT_CODE, Actor, LinkPurpose, Staff
from regulars.access.selectors import staff as selectors
from regulars.access.selectors import stores
from regulars.access.services import roles
from regulars.access.services.signing_in import note_first_step
from regulars.access.services.staff import create_staff
from regulars.access.services.stores import rename_brand
from regulars.web import sql


@transaction.atomic
def issue_set_up_link(*, at: datetime) -> str:
    """Make the link that lets the first owner make their account; answers its path.

    Links made before stop working. Raises AlreadySetUp once there is an owner.
    """
    if selectors.has_owner():
        raise domain.AlreadySetUp
    sql.run(
        "UPDATE access_onetimelink SET used_at = %s::timestamptz"
        " WHERE purpose = 'set_up' AND used_at IS NULL",
        [at],
    )
    token = _issue(LinkPurpose.SET_UP, None, at=at)
    return reverse("access-set-up", args=[token])


def issue_sign_in_link(*, staff_id: int, at: datetime, actor: Actor | None = None) -> str:
    """Make a link that signs one account in, once; answers its path.

    Colleagues make it for accounts that were never used, or that hold nothing strong: otherwise
    whoever makes links could be two people at once. Raises StaffNotFound, LinkForbidden,
    OwnAccess, AccountAboveOwn, AuditorProtected.
    """
    maker = actor or Actor.system()
    staff = selectors.get_staff(staff_id=staff_id)
    action = "staff.sign_in_link_issued"
    with roles.audited(maker, action, staff.public_id, at), transaction.atomic():
        if maker.kind != "system":
            roles.check_may_touch(maker, staff_id=staff_id, at=at)
            domain.check_may_link(staff, roles.permissions_of(staff, at=at))
        token = _issue(LinkPurpose.SIGN_IN, staff_id, at=at)
        roles.note(maker, action, staff.public_id, at)
    return reverse("access-sign-in-link", args=[token])


def check_set_up_link(*, token: str, at: datetime) -> None:
    """Refuse a set-up link that does not work; looking does not use it up."""
    found = sql.row(
        "SELECT 1 FROM access_onetimelink WHERE token_hash = %s::bytea AND purpose = 'set_up'"
        " AND used_at IS NULL AND expires_at > %s::timestamptz",
        [_hash(token), at],
    )
    if found is None or selectors.has_owner():
        raise domain.LinkSpent


@transaction.atomic
def set_up(*, token: str, email: str, password: str, name: str, brand: str, at: datetime) -> Staff:
    """Make the first owner with the set-up link, and give the brand its name.

    Raises LinkSpent, AlreadySetUp, PasswordWeak; whatever is refused leaves the link as it was.
    """
    sql.row("SELECT pg_advisory_xact_lock(hashtext('access.owners'))")
    _use(LinkPurpose.SET_UP, token, at=at)
    if selectors.has_owner():
        raise domain.AlreadySetUp
    staff = create_staff(
        email=email, role="owner", password=password, name=name, actor=Actor.system(), at=at
    )
    if brand:
        first = next(each for each in stores.list_brands() if each.code == DEFAULT_CODE)
        rename_brand(brand_id=first.id, name=brand)
    return staff


@transaction.atomic
def use_sign_in_link(*, token: str, network: str | None, at: datetime) -> int:
    """Use a sign-in link up; answers the account's id. Raises LinkSpent."""
    staff_id = _use(LinkPurpose.SIGN_IN, token, at=at)
    if staff_id is None:
        raise domain.LinkSpent
    note_first_step(staff_id=staff_id, how="link", network=network, at=at)
    return staff_id


def _issue(purpose: LinkPurpose, staff_id: int | None, *, at: datetime) -> str:
    token = secrets.token_urlsafe(32)
    sql.run(
        "INSERT INTO access_onetimelink (purpose, token_hash, staff_id, created_at, expires_at)"
        " VALUES (%s::text, %s::bytea, %s::bigint, %s::timestamptz, %s::timestamptz)",
        [purpose.value, _hash(token), staff_id, at, at + domain.LINK_LIFE],
    )
    return token


def _use(purpose: LinkPurpose, token: str, *, at: datetime) -> int | None:
    found = sql.row(
        "UPDATE access_onetimelink l SET used_at = %s::timestamptz WHERE token_hash = %s::bytea"
        " AND purpose = %s::text AND used_at IS NULL AND expires_at > %s::timestamptz"
        " AND (staff_id IS NULL OR EXISTS"
        " (SELECT 1 FROM access_staff s WHERE s.id = l.staff_id AND s.is_active))"
        " RETURNING staff_id",
        [at, _hash(token), purpose.value, at],
    )
    if found is None:
        raise domain.LinkSpent
    staff_id: int | None = found[0]
    return staff_id


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
