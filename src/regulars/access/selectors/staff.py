"""Read staff accounts; sealed e-mails and names are opened for those who manage them."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from regulars.access.domain import Granted, ScopeKind, Staff, StaffNotFound
from regulars.access.selectors.roles import all_roles
from regulars.kit.contacts import normalise_email
from regulars.web import crypto, sql

_STAFF = (
    "id, public_id, email_sealed, name_sealed, code, is_active, language, created_at, last_login"
)


def email_index(email: str) -> bytes:
    """Answer the blind index of an e-mail address that has been normalised."""
    return crypto.blind_index("access_staff.email", email)


def sealed(value: str, *, column: str, public_id: UUID) -> bytes:
    """Seal one personal column of one account."""
    return crypto.seal_house(value.encode(), context=f"access_staff|{column}|{public_id}")


def opened(blob: bytes, *, column: str, public_id: UUID) -> str:
    """Open one personal column of one account."""
    return crypto.unseal_house(blob, context=f"access_staff|{column}|{public_id}").decode()


def list_staff(*, after: int = 0, limit: int = 200) -> list[Staff]:
    """List accounts in the order they were made, with the roles they hold."""
    found = sql.rows(
        f"SELECT {_STAFF} FROM access_staff WHERE id > %s::bigint ORDER BY id LIMIT %s::int",
        [after, limit],
    )
    return _with_grants(found)


def list_staff_newest(
    *,
    at: datetime,
    role: str = "",
    is_active: bool | None = None,
    before: int | None = None,
    limit: int = 50,
) -> list[Staff]:
    """List accounts, newest first: of a role they hold now, switched on or off."""
    found = sql.rows(
        f"SELECT {_STAFF} FROM access_staff s WHERE (%s::bigint IS NULL OR id < %s::bigint)"
        " AND (%s::boolean IS NULL OR is_active = %s::boolean)"
        " AND (%s::text = '' OR EXISTS (SELECT 1 FROM access_grant g WHERE g.staff_id = s.id"
        " AND g.role = %s::text AND (g.expires_at IS NULL OR g.expires_at > %s::timestamptz)))"
        " ORDER BY id DESC LIMIT %s::int",
        [before, before, is_active, is_active, role, role, at, limit],
    )
    return _with_grants(found)


def count_holders(at: datetime) -> dict[str, int]:
    """Count the active accounts that hold each role now."""
    found = sql.rows(
        "SELECT g.role, count(DISTINCT g.staff_id) FROM access_grant g"
        " JOIN access_staff s ON s.id = g.staff_id WHERE s.is_active"
        " AND (g.expires_at IS NULL OR g.expires_at > %s::timestamptz) GROUP BY g.role",
        [at],
    )
    return dict(found)


def get_staff_by_public(*, public_id: UUID) -> Staff:
    """Find one account by its public id; raises StaffNotFound."""
    found = sql.rows(f"SELECT {_STAFF} FROM access_staff WHERE public_id = %s::uuid", [public_id])
    if not found:
        raise StaffNotFound
    return _with_grants(found)[0]


def get_staff(*, staff_id: int) -> Staff:
    """Find one account; raises StaffNotFound."""
    found = sql.rows(f"SELECT {_STAFF} FROM access_staff WHERE id = %s::bigint", [staff_id])
    if not found:
        raise StaffNotFound
    return _with_grants(found)[0]


def find_staff(*, email: str) -> Staff | None:
    """Find the account of an e-mail address, or None."""
    found = sql.rows(
        f"SELECT {_STAFF} FROM access_staff WHERE email_index = %s::bytea",
        [email_index(normalise_email(email))],
    )
    return _with_grants(found)[0] if found else None


def staff_ids_by_code(codes: Iterable[str]) -> dict[str, int]:
    """Find the ids of associates by their code; codes that are nobody's are left out."""
    found = sql.rows(
        "SELECT code, id FROM access_staff WHERE code = ANY(%s::text[])", [list(codes)]
    )
    return dict(found)


def names_of(staff_ids: Iterable[int]) -> dict[int, str]:
    """Answer the names of accounts by id."""
    found = sql.rows(
        "SELECT id, public_id, name_sealed FROM access_staff WHERE id = ANY(%s::bigint[])",
        [list(staff_ids)],
    )
    return {
        staff_id: opened(blob, column="name", public_id=public_id)
        for staff_id, public_id, blob in found
    }


def staff_with(*, permission: str, at: datetime) -> list[int]:
    """List the active accounts whose roles carry a permission, in whatever scope."""
    carrying = [
        role.name
        for role in all_roles().values()
        if role.everything or permission in role.permissions
    ]
    found = sql.rows(
        "SELECT DISTINCT g.staff_id FROM access_grant g JOIN access_staff s ON s.id = g.staff_id"
        " WHERE s.is_active AND g.role = ANY(%s::text[])"
        " AND (g.expires_at IS NULL OR g.expires_at > %s::timestamptz) ORDER BY g.staff_id",
        [carrying, at],
    )
    return [staff_id for (staff_id,) in found]


def has_owner(*, besides: int = 0) -> bool:
    """Tell whether some active account holds the role of owner, leaving one account out."""
    found = sql.row(
        "SELECT EXISTS (SELECT 1 FROM access_grant g JOIN access_staff s ON s.id = g.staff_id"
        " WHERE g.role = 'owner' AND s.is_active AND s.id <> %s::bigint)",
        [besides],
    )
    return bool(found and found[0])


def grants_of(staff_ids: Sequence[int]) -> dict[int, tuple[Granted, ...]]:
    """List the roles each account was given, with the codes of their places."""
    found = sql.rows(
        "SELECT g.staff_id, g.role, g.scope_kind, g.scope_id, COALESCE(s.code, r.code),"
        " g.expires_at"
        " FROM access_grant g"
        " LEFT JOIN access_store s ON g.scope_kind = 'store' AND s.id = g.scope_id"
        " LEFT JOIN access_region r ON g.scope_kind = 'region' AND r.id = g.scope_id"
        " WHERE g.staff_id = ANY(%s::bigint[]) ORDER BY g.id",
        [list(staff_ids)],
    )
    grants: dict[int, list[Granted]] = defaultdict(list)
    for staff_id, role, kind, scope_id, code, expires_at in found:
        grants[staff_id].append(Granted(role, ScopeKind(kind), scope_id, code, expires_at))
    return {staff_id: tuple(held) for staff_id, held in grants.items()}


def _with_grants(found: Sequence[tuple[Any, ...]]) -> list[Staff]:
    grants = grants_of([row[0] for row in found])
    return [
        Staff(
            id=row[0],
            public_id=row[1],
            email=opened(row[2], column="email", public_id=row[1]),
            name=opened(row[3], column="name", public_id=row[1]),
            code=row[4],
            is_active=row[5],
            language=row[6],
            created_at=row[7],
            signed_in_at=row[8],
            grants=grants.get(row[0], ()),
        )
        for row in found
    ]
