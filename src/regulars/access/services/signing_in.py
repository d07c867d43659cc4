"""Let staff in and out: passwords, tries, sessions.

A try is written down before the password is looked at, so that a thousand tries at once count
as a thousand. Known, unknown, locked and switched-off accounts cost the same one hash and get
the same answer.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.db import transaction

from regulars.access import domain
from regulars.access.domain import (
    Actor,
    RefusedBecause,
)
from regulars.access.domain.factors import (
    NextStep,
)
from regulars.access.selectors import factors
from regulars.access.selectors import staff as selectors
from regulars.access.services import tries
from regulars.access.services.audit import audit
from regulars.access.services.passwords import matches_password
from regulars.kit.contacts import InvalidEmail, normalise_email
from regulars.web import crypto, sql

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Account:
    """What a try needs to know of the account it names."""

    id: int
    public_id: str
    password: str
    is_active: bool


def sign_in(*, email: str, password: str, address: str, at: datetime) -> int:
    """Check e-mail and password; answers the account's id, with the sign-in audited.

    Raises SignInRefused, alike for every reason, or SignInBusy.
    """
    named, network = _named(email), domain.network_of(address)
    keys = tries.keys_of(named, network)
    is_open = tries.count_try(keys, at=at)
    account = _find_account(named)

    may = is_open and account is not None and account.is_active
    held = account.password if may and account else UNUSABLE_PASSWORD_PREFIX
    matches = matches_password(password, held)

    if not (may and matches and account):
        _note_refusal(named, account, network, is_open=is_open, at=at)
        raise domain.SignInRefused
    _note_success(keys, account, network, at=at)
    return account.id


def _named(email: str) -> str:
    """Answer the address in one form; what is no address still names something to count."""
    try:
        return normalise_email(email)
    except InvalidEmail:
        return email.strip().lower()[:254]


def _find_account(email: str) -> _Account | None:
    found = sql.row(
        "SELECT id, public_id::text, password, is_active FROM access_staff"
        " WHERE email_index = %s::bytea",
        [selectors.email_index(email)],
    )
    return _Account(*found) if found else None


def _as_actor(kind: str, actor_id: int) -> Actor:
    return Actor(kind, actor_id, "", frozenset(), domain.Scope())


def _note_refusal(
    email: str, account: _Account | None, network: str, *, is_open: bool, at: datetime
) -> None:
    """Audit a try that was counted; one that came too soon only goes to the log of the machine."""
    if not is_open:
        log.info("sign_in_too_soon", network=network)
        return
    if account is None:
        reason = RefusedBecause.UNKNOWN_ACCOUNT
    elif not account.is_active:
        reason = RefusedBecause.ACCOUNT_INACTIVE
    else:
        reason = RefusedBecause.WRONG_PASSWORD
    pseudonym = crypto.blind_index("access_audit.account", email)[:8].hex()
    audit(
        actor=_as_actor("nobody", 0),
        action="staff.sign_in",
        object_kind="staff",
        object_id=account.public_id if account else pseudonym,
        at=at,
        result=domain.AuditResult.REFUSED,
        reason_code=reason.value,
        network=network,
    )


@transaction.atomic
def _note_success(keys: tries.Keys, account: _Account, network: str, *, at: datetime) -> None:
    tries.count_success(keys, at=at)
    note_first_step(staff_id=account.id, how="password", network=network, at=at)


@transaction.atomic
def note_first_step(*, staff_id: int, how: str, network: str | None, at: datetime) -> None:
    """Write down that the first step was taken; without a second one, that is the sign-in."""
    if factors.get_factors(staff_id=staff_id).next_step(at) is NextStep.NOTHING:
        note_sign_in(staff_id=staff_id, how=how, network=network, at=at)
        return
    staff = selectors.get_staff(staff_id=staff_id)
    audit(
        actor=_as_actor("staff", staff_id),
        action="staff.first_step",
        object_kind="staff",
        object_id=str(staff.public_id),
        at=at,
        details={"how": how},
        network=network,
    )


@transaction.atomic
def note_sign_in(*, staff_id: int, how: str, network: str | None, at: datetime) -> None:
    """Write down that someone is in: on the account, and in the audit log."""
    found = sql.row(
        "UPDATE access_staff SET last_login = %s::timestamptz WHERE id = %s::bigint"
        " RETURNING public_id::text",
        [at, staff_id],
    )
    if found is None:
        raise domain.StaffNotFound
    details: dict[str, Any] = {"how": how}
    audit(
        actor=_as_actor("staff", staff_id),
        action="staff.sign_in",
        object_kind="staff",
        object_id=found[0],
        at=at,
        details=details,
        network=network,
    )
