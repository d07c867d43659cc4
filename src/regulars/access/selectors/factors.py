"""Read second factors: which an account holds, and what is needed to check a proof."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from regulars.access.domain.factors import (
    FACTOR_PERMISSIONS,
    Factor,
    FactorKind,
    Factors,
)
from regulars.access.selectors.policies import newest_policy
from regulars.access.selectors.roles import roles_for
from regulars.web import crypto, sql
from regulars.web.permissions import PERMISSIONS


@dataclass(frozen=True, slots=True)
class Secret:
    """A factor with what proves it, opened for a check."""

    id: int
    staff_id: int
    public_id: UUID
    secret: bytes
    last_step: int | None
    counter: int


def sealed(value: bytes, *, column: str, public_id: UUID) -> bytes:
    """Seal one column of one factor."""
    return crypto.seal_house(value, context=f"access_factor|{column}|{public_id}")


def opened(blob: bytes, *, column: str, public_id: UUID) -> bytes:
    """Open one column of one factor."""
    return crypto.unseal_house(blob, context=f"access_factor|{column}|{public_id}")


def get_factors(*, staff_id: int) -> Factors:
    """Answer the second factors of an account, and since when its roles ask for one."""
    found = sql.rows(
        "SELECT public_id, kind, name_sealed, created_at, used_at FROM access_factor"
        " WHERE staff_id = %s::bigint ORDER BY id",
        [staff_id],
    )
    left = sql.row(
        "SELECT count(*) FROM access_recoverycode WHERE staff_id = %s::bigint AND used_at IS NULL",
        [staff_id],
    )
    assert left is not None
    asked_since = _asked_since(staff_id)
    grace = timedelta(days=newest_policy().factor_grace_days)
    return Factors(
        held=tuple(
            Factor(
                public_id=public_id,
                kind=FactorKind(kind),
                name=opened(name, column="name", public_id=public_id).decode(),
                created_at=created_at,
                used_at=used_at,
            )
            for public_id, kind, name, created_at, used_at in found
        ),
        recovery_codes_left=left[0],
        due_at=asked_since + grace if asked_since is not None else None,
    )


def _asked_since(staff_id: int) -> datetime | None:
    """Answer since when the account holds a role that asks for a second factor."""
    grants = sql.rows(
        "SELECT role, granted_at FROM access_grant WHERE staff_id = %s::bigint", [staff_id]
    )
    roles = roles_for({role for role, _ in grants})
    catalogue = frozenset(PERMISSIONS)
    asking = [
        granted_at
        for role, granted_at in grants
        if role in roles and roles[role].permissions_in(catalogue) & FACTOR_PERMISSIONS
    ]
    return min(asking, default=None)


def list_secrets(*, staff_id: int, kind: FactorKind) -> list[Secret]:
    """Open the secrets of an account's factors of one kind."""
    found = sql.rows(
        "SELECT id, staff_id, public_id, secret_sealed, last_step, counter FROM access_factor"
        " WHERE staff_id = %s::bigint AND kind = %s::text ORDER BY id",
        [staff_id, kind.value],
    )
    return [_secret(row) for row in found]


def find_passkey(*, credential_id: bytes) -> Secret | None:
    """Find a passkey of an active account by the id it tells, or None."""
    found = sql.row(
        "SELECT f.id, f.staff_id, f.public_id, f.secret_sealed, f.last_step, f.counter"
        " FROM access_factor f JOIN access_staff s ON s.id = f.staff_id"
        " WHERE f.credential_id = %s::bytea AND f.kind = 'passkey' AND s.is_active",
        [credential_id],
    )
    return _secret(found) if found else None


def _secret(row: tuple[int, int, UUID, bytes, int | None, int]) -> Secret:
    factor_id, staff_id, public_id, blob, last_step, counter = row
    secret = opened(blob, column="secret", public_id=public_id)
    return Secret(factor_id, staff_id, public_id, secret, last_step, counter)
