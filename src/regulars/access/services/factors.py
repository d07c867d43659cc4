"""Set up, rename and remove second factors, and make recovery codes."""

import secrets
from datetime import datetime
from uuid import UUID

from django.db import transaction

from regulars.access import domain
from regulars.access.domain import (
    Actor,
)
from regulars.access.domain.factors import (
    RECOVERY_CODES,
    TOTP_SECRET_BYTES,
    ChallengePurpose,
    FactorKind,
    FactorNeeded,
    FactorNotFound,
    FactorRefused,
    FactorTaken,
    OwnAccount,
    check_factor_name,
    matching_step,
    read_code,
    recovery_code,
    spaced,
)
from regulars.access.selectors import factors as selectors
from regulars.access.selectors import staff as accounts
from regulars.access.services import challenges, roles
from regulars.access.services.accounts import end_sessions
from regulars.access.services.audit import audit
from regulars.access.services.proving import recovery_hash
from regulars.kit.ids import time_ordered_uuid
from regulars.web import sql


def begin_totp(*, staff_id: int, at: datetime) -> tuple[int, bytes]:
    """Make a secret for one-time codes; it counts once a code of it is shown.

    Answers the question's id and the secret. Raises FactorTaken where there is one.
    """
    if selectors.get_factors(staff_id=staff_id).totp is not None:
        raise FactorTaken
    secret = secrets.token_bytes(TOTP_SECRET_BYTES)
    question = challenges.begin_challenge(
        purpose=ChallengePurpose.ENROL,
        staff_id=staff_id,
        at=at,
        state={"secret": secret.hex()},
    )
    return question, secret


def pending_totp(*, staff_id: int, challenge_id: int, at: datetime) -> bytes:
    """Answer the secret that waits for its first code; raises ChallengeOver."""
    state = challenges.peek(challenge_id, staff_id=staff_id, at=at)
    return bytes.fromhex(state["secret"])


def confirm_totp(
    *, staff_id: int, challenge_id: int, code: str, name: str, actor: Actor, at: datetime
) -> list[str]:
    """Take the new secret into use with its first code; answers recovery codes if it is the first.

    Raises FactorRefused, ChallengeOver, FactorTaken.
    """
    state = challenges.take_try(
        challenge_id, purpose=ChallengePurpose.ENROL, staff_id=staff_id, at=at
    )
    secret = bytes.fromhex(state["secret"])
    step = matching_step(secret, read_code(code), at=at, used=None)
    if step is None:
        raise FactorRefused
    with transaction.atomic():
        challenges.close_challenge(challenge_id, at=at)
        return add_factor(
            staff_id=staff_id,
            kind=FactorKind.TOTP,
            name=name,
            secret=secret,
            actor=actor,
            at=at,
            last_step=step,
        )


@transaction.atomic
def add_factor(
    *,
    staff_id: int,
    kind: FactorKind,
    name: str,
    secret: bytes,
    actor: Actor,
    at: datetime,
    last_step: int | None = None,
    credential_id: bytes | None = None,
    counter: int = 0,
) -> list[str]:
    """Keep a factor that was just shown to work; with the first come recovery codes.

    Raises FactorTaken, FactorNameWrong.
    """
    staff_public_id = _lock(staff_id)
    is_first = not selectors.get_factors(staff_id=staff_id).held
    public_id = time_ordered_uuid(at)
    label = check_factor_name(name).encode()
    added = sql.run(
        "INSERT INTO access_factor (public_id, staff_id, kind, name_sealed, secret_sealed,"
        " credential_id, last_step, counter, created_at, used_at) VALUES (%s::uuid, %s::bigint,"
        " %s::text, %s::bytea, %s::bytea, %s::bytea, %s::bigint, %s::bigint, %s::timestamptz,"
        " %s::timestamptz) ON CONFLICT DO NOTHING",
        [
            public_id,
            staff_id,
            kind.value,
            selectors.sealed(label, column="name", public_id=public_id),
            selectors.sealed(secret, column="secret", public_id=public_id),
            credential_id,
            last_step,
            counter,
            at,
            at,
        ],
    )
    if not added:
        raise FactorTaken
    _note(actor, "staff.factor_added", staff_public_id, at, kind=kind.value)
    return make_recovery_codes(staff_id=staff_id, actor=actor, at=at) if is_first else []


@transaction.atomic
def rename_passkey(
    *, staff_id: int, public_id: UUID, name: str, actor: Actor, at: datetime
) -> None:
    """Give a passkey another name. Raises FactorNotFound, FactorNameWrong."""
    label = check_factor_name(name).encode()
    staff_public_id = _lock(staff_id)
    renamed = sql.run(
        "UPDATE access_factor SET name_sealed = %s::bytea WHERE public_id = %s::uuid"
        " AND staff_id = %s::bigint AND kind = 'passkey'",
        [selectors.sealed(label, column="name", public_id=public_id), public_id, staff_id],
    )
    if not renamed:
        raise FactorNotFound
    _note(actor, "staff.factor_renamed", staff_public_id, at)


@transaction.atomic
def remove_factor(*, staff_id: int, public_id: UUID, actor: Actor, at: datetime) -> None:
    """Remove one factor; every open session ends, and with the last factor go recovery codes.

    Raises FactorNotFound, and FactorNeeded for the last factor of a role that asks for one.
    """
    staff_public_id = _lock(staff_id)
    factors = selectors.get_factors(staff_id=staff_id)
    gone = next((each for each in factors.held if each.public_id == public_id), None)
    if gone is None:
        raise FactorNotFound
    if len(factors.held) == 1 and factors.due_at is not None and at >= factors.due_at:
        raise FactorNeeded
    sql.run("DELETE FROM access_factor WHERE public_id = %s::uuid", [public_id])
    if len(factors.held) == 1:
        _forget_codes(staff_id)
    end_sessions(staff_id=staff_id)
    _note(actor, "staff.factor_removed", staff_public_id, at, kind=gone.kind.value)


@transaction.atomic
def make_recovery_codes(*, staff_id: int, actor: Actor, at: datetime) -> list[str]:
    """Make ten new recovery codes, shown this once; those made before stop working.

    Raises FactorNotFound where there is no factor they could stand in for.
    """
    staff_public_id = _lock(staff_id)
    if not selectors.get_factors(staff_id=staff_id).held:
        raise FactorNotFound
    codes = [recovery_code(secrets.token_bytes(8)) for _ in range(RECOVERY_CODES)]
    _forget_codes(staff_id)
    sql.run(
        "INSERT INTO access_recoverycode (staff_id, code_hash, made_at)"
        " SELECT %s::bigint, hash, %s::timestamptz FROM unnest(%s::bytea[]) AS hash",
        [staff_id, at, [recovery_hash(staff_id, code) for code in codes]],
    )
    _note(actor, "staff.recovery_codes_made", staff_public_id, at, codes=len(codes))
    return [spaced(code) for code in codes]


def reset_factors(*, staff_id: int, actor: Actor, at: datetime) -> int:
    """Remove all second factors of somebody else who is locked out; their sessions end.

    Answers how many. Raises OwnAccount, AccountAboveOwn, AuditorProtected.
    """
    public_id = accounts.get_staff(staff_id=staff_id).public_id
    with roles.audited(actor, "staff.factors_reset", public_id, at), transaction.atomic():
        _lock(staff_id)
        check_may_care_for(staff_id=staff_id, actor=actor, at=at)
        gone = sql.run("DELETE FROM access_factor WHERE staff_id = %s::bigint", [staff_id])
        _forget_codes(staff_id)
        end_sessions(staff_id=staff_id)
        _note(actor, "staff.factors_reset", public_id, at, factors=gone)
    return gone


def check_may_care_for(*, staff_id: int, actor: Actor, at: datetime) -> None:
    """Refuse to touch one's own account by the way for others, or one above one's own.

    Raises OwnAccount, AccountAboveOwn, AuditorProtected.
    """
    if actor.kind == "staff" and actor.id == staff_id:
        raise OwnAccount
    if actor.kind != "system":
        roles.check_may_touch(actor, staff_id=staff_id, at=at)


def _lock(staff_id: int) -> UUID:
    found = sql.row(
        "SELECT public_id FROM access_staff WHERE id = %s::bigint FOR UPDATE", [staff_id]
    )
    if found is None:
        raise domain.StaffNotFound
    public_id: UUID = found[0]
    return public_id


def _forget_codes(staff_id: int) -> None:
    sql.run("DELETE FROM access_recoverycode WHERE staff_id = %s::bigint", [staff_id])


def _note(actor: Actor, action: str, public_id: UUID, at: datetime, **details: str | int) -> None:
    audit(
        actor=actor,
        action=action,
        object_kind="staff",
        object_id=str(public_id),
        at=at,
        details=dict(details),
    )
