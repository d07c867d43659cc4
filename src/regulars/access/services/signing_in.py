"""Let staff in and out: passwords, tries, sessions.

A try is written down before the password is looked at, so that a thousand tries at once count
as a thousand. Known, unknown, locked and switched-off accounts cost the same one hash and get
the same answer.
"""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.contrib.auth.hashers import check_password as is_password_of
from django.db import transaction

from regulars.access import domain
from regulars.access.domain import Actor, RefusedBecause, TryLog, TryLogs
from regulars.access.selectors import staff as selectors
from regulars.access.services.audit import audit
from regulars.kit.contacts import InvalidEmail, normalise_email
from regulars.web import crypto, sql

HASHED_AT_ONCE_MAX = 2  # one argon2 hash takes 100 MB
_HASHING_WAIT_SECONDS = 10.0

log = structlog.get_logger(__name__)
_hashing = threading.BoundedSemaphore(HASHED_AT_ONCE_MAX)


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
    keys = _keys(named, network)
    is_open = _count_try(keys, at=at)
    account = _find_account(named)

    may = is_open and account is not None and account.is_active
    held = account.password if may and account else UNUSABLE_PASSWORD_PREFIX
    with _one_of_few():
        matches = is_password_of(password, held)

    if not (may and matches and account):
        _note_refusal(named, account, network, is_open=is_open, at=at)
        raise domain.SignInRefused
    _note_success(keys, account, network, at=at)
    return account.id


@transaction.atomic
def forget_old_tries(at: datetime) -> int:
    """Drop logs of tries that say nothing any more; answers how many."""
    return sql.run(
        "DELETE FROM access_trylog WHERE changed_at < %s::timestamptz", [at - domain.MEMORY_MAX]
    )


def _named(email: str) -> str:
    """Answer the address in one form; what is no address still names something to count."""
    try:
        return normalise_email(email)
    except InvalidEmail:
        return email.strip().lower()[:254]


def _keys(email: str, network: str) -> tuple[bytes, bytes, bytes]:
    return (
        crypto.blind_index("access_trylog.pair", f"{email}\x1f{network}"),
        crypto.blind_index("access_trylog.account", email),
        crypto.blind_index("access_trylog.network", network),
    )


@transaction.atomic
def _count_try(keys: tuple[bytes, bytes, bytes], *, at: datetime) -> bool:
    """Write the try down if one may try now, and tell whether one may.

    A try that came too soon leaves nothing behind, so that nobody can fill the table.
    """
    logs = _lock_logs(keys, at=at)
    if not logs.may_try(at):
        transaction.set_rollback(True)
        return False
    _write_logs(keys, logs.with_try(at), at=at)
    return True


def _lock_logs(keys: Sequence[bytes], *, at: datetime) -> TryLogs:
    sql.run(
        "INSERT INTO access_trylog (key, times, changed_at)"
        " SELECT key, '{}', %s::timestamptz FROM unnest(%s::bytea[]) AS key ORDER BY key"
        " ON CONFLICT DO NOTHING",
        [at, list(keys)],
    )
    found = sql.rows(
        "SELECT key, times, succeeded_at FROM access_trylog WHERE key = ANY(%s::bytea[])"
        " ORDER BY key FOR UPDATE",
        [list(keys)],
    )
    logs = {bytes(row[0]): TryLog(tuple(row[1]), row[2]) for row in found}
    return TryLogs(*(logs[key] for key in keys))


def _write_logs(keys: Sequence[bytes], logs: TryLogs, *, at: datetime) -> None:
    sql.run(
        "UPDATE access_trylog t SET times = ARRAY(SELECT jsonb_array_elements_text(n.times)"
        "::timestamptz), succeeded_at = n.succeeded_at, changed_at = %s::timestamptz"
        " FROM unnest(%s::bytea[], %s::jsonb[], %s::timestamptz[])"
        " AS n(key, times, succeeded_at) WHERE t.key = n.key",
        [
            at,
            list(keys),
            [_as_json(log) for log in (logs.pair, logs.account, logs.network)],
            [log.succeeded_at for log in (logs.pair, logs.account, logs.network)],
        ],
    )


def _as_json(tries: TryLog) -> str:
    return "[" + ",".join(f'"{time.isoformat()}"' for time in tries.times) + "]"


def _find_account(email: str) -> _Account | None:
    found = sql.row(
        "SELECT id, public_id::text, password, is_active FROM access_staff"
        " WHERE email_index = %s::bytea",
        [selectors.email_index(email)],
    )
    return _Account(*found) if found else None


@contextmanager
def _one_of_few() -> Iterator[None]:
    if not _hashing.acquire(timeout=_HASHING_WAIT_SECONDS):
        raise domain.SignInBusy
    try:
        yield
    finally:
        _hashing.release()


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
def _note_success(
    keys: tuple[bytes, bytes, bytes], account: _Account, network: str, *, at: datetime
) -> None:
    _write_logs(keys, _lock_logs(keys, at=at).with_success(at), at=at)
    note_sign_in(staff_id=account.id, how="password", network=network, at=at)


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
