"""Check a proof of who somebody is: a one-time code, a recovery code, or the password.

Every refusal sounds the same outside; the true reason stands in the audit log. Tries are counted
three ways: five to a question, and the growing delay of the three logs by account and network.
"""

from datetime import datetime

from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX, is_password_usable
from django.db import transaction

from regulars.access import domain
from regulars.access.domain import (
    Actor,
    AuditResult,
)
from regulars.access.domain.factors import (
    ChallengePurpose,
    FactorKind,
    FactorRefused,
    Proof,
    is_totp_shaped,
    matching_step,
    read_code,
    read_recovery_code,
)
from regulars.access.selectors import factors as selectors
from regulars.access.selectors import staff as accounts
from regulars.access.services import challenges, tries
from regulars.access.services.audit import audit
from regulars.access.services.passwords import matches_password
from regulars.web import crypto, sql


def prove_by_code(
    *,
    staff_id: int,
    challenge_id: int,
    purpose: ChallengePurpose,
    code: str,
    network: str,
    at: datetime,
) -> Proof:
    """Check a one-time or a recovery code; answers which it was.

    Raises FactorRefused, or ChallengeOver once five tries are used up.
    """
    challenges.take_try(challenge_id, purpose=purpose, staff_id=staff_id, at=at)
    keys = tries.keys_of(str(staff_id), network, of="factor.")
    is_open = tries.count_try(keys, at=at)
    proof = _use_code(staff_id, read_code(code), at=at) if is_open else None
    if proof is None:
        _note_refused(staff_id, "wrong_code" if is_open else "too_many_tries", network, at=at)
        raise FactorRefused
    _accept(challenge_id, keys, at=at)
    if proof is Proof.RECOVERY_CODE:
        _note_recovery_code(staff_id, network, at=at)
    return proof


def prove_by_password(
    *, staff_id: int, challenge_id: int, password: str, network: str, at: datetime
) -> Proof:
    """Check the password of somebody signed in who has no second factor; costs one hash.

    Raises FactorRefused, also where there is a second factor, and ChallengeOver.
    """
    step_up = ChallengePurpose.STEP_UP
    challenges.take_try(challenge_id, purpose=step_up, staff_id=staff_id, at=at)
    keys = tries.keys_of(str(staff_id), network, of="factor.")
    is_open = tries.count_try(keys, at=at)
    may = is_open and not selectors.get_factors(staff_id=staff_id).held
    kept = password_of(staff_id) if may else UNUSABLE_PASSWORD_PREFIX
    if not (matches_password(password, kept) and may):
        _note_refused(staff_id, "wrong_password" if may else "too_many_tries", network, at=at)
        raise FactorRefused
    _accept(challenge_id, keys, at=at)
    return Proof.PASSWORD


def password_of(staff_id: int) -> str:
    """Answer what is kept of an account's password."""
    found = sql.row(
        "SELECT password FROM access_staff WHERE id = %s::bigint AND is_active", [staff_id]
    )
    return str(found[0]) if found else UNUSABLE_PASSWORD_PREFIX


def has_password(*, staff_id: int) -> bool:
    """Tell whether the account can be entered with a password at all."""
    return is_password_usable(password_of(staff_id))


def recovery_hash(staff_id: int, code: str) -> bytes:
    """Hash a recovery code under the index key, which no copy of the database holds."""
    return crypto.blind_index("access_recoverycode.code", f"{staff_id}\x1f{code}")


def _use_code(staff_id: int, code: str, *, at: datetime) -> Proof | None:
    if is_totp_shaped(code):
        return Proof.TOTP if _use_totp(staff_id, code, at=at) else None
    return Proof.RECOVERY_CODE if _use_recovery_code(staff_id, code, at=at) else None


def _use_totp(staff_id: int, code: str, *, at: datetime) -> bool:
    """Use the step of a code up; of two who send the same code at once, one gets in."""
    for held in selectors.list_secrets(staff_id=staff_id, kind=FactorKind.TOTP):
        step = matching_step(held.secret, code, at=at, used=held.last_step)
        if step is None:
            continue
        taken = sql.run(
            "UPDATE access_factor SET last_step = %s::bigint, used_at = %s::timestamptz"
            " WHERE id = %s::bigint AND (last_step IS NULL OR last_step < %s::bigint)",
            [step, at, held.id, step],
        )
        return bool(taken)
    return False


def _use_recovery_code(staff_id: int, code: str, *, at: datetime) -> bool:
    read = read_recovery_code(code)
    return bool(
        sql.run(
            "UPDATE access_recoverycode SET used_at = %s::timestamptz"
            " WHERE staff_id = %s::bigint AND code_hash = %s::bytea AND used_at IS NULL",
            [at, staff_id, recovery_hash(staff_id, read)],
        )
    )


@transaction.atomic
def _accept(challenge_id: int, keys: tries.Keys, *, at: datetime) -> None:
    challenges.close_challenge(challenge_id, at=at)
    tries.count_success(keys, at=at)


def _note_refused(staff_id: int, reason: str, network: str, *, at: datetime) -> None:
    staff = accounts.get_staff(staff_id=staff_id)
    audit(
        actor=Actor("nobody", 0, "", frozenset(), domain.Scope()),
        action="staff.proof",
        object_kind="staff",
        object_id=str(staff.public_id),
        at=at,
        result=AuditResult.REFUSED,
        reason_code=reason,
        network=network,
    )


def _note_recovery_code(staff_id: int, network: str, *, at: datetime) -> None:
    staff = accounts.get_staff(staff_id=staff_id)
    left = selectors.get_factors(staff_id=staff_id).recovery_codes_left
    audit(
        actor=Actor("staff", staff_id, "", frozenset(), domain.Scope()),
        action="staff.recovery_code_used",
        object_kind="staff",
        object_id=str(staff.public_id),
        at=at,
        details={"left": left},
        network=network,
    )
