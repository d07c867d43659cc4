"""Read API keys: everything about them but the secret, which nobody has."""

from datetime import datetime
from typing import Any

from regulars.access.domain import ApiKey, KeyNotFound
from regulars.web import sql

_KEY = (
    "id, name, title, permissions, store_id, networks, created_at, expires_at, revoked_at,"
    " last_used_at, created_by, collected_at"
)


def list_keys(*, after: int = 0, limit: int = 200) -> list[ApiKey]:
    """List keys in the order they were made, revoked and expired ones too."""
    found = sql.rows(
        f"SELECT {_KEY} FROM access_apikey WHERE id > %s::bigint ORDER BY id LIMIT %s::int",
        [after, limit],
    )
    return [_key(row) for row in found]


_STATES = {
    "": "TRUE OR %s::timestamptz IS NULL",
    "live": "revoked_at IS NULL AND expires_at > %s::timestamptz AND collected_at IS NOT NULL",
    "waiting": "revoked_at IS NULL AND expires_at > %s::timestamptz AND collected_at IS NULL",
    "over": "revoked_at IS NULL AND expires_at <= %s::timestamptz",
    "revoked": "revoked_at IS NOT NULL AND revoked_at <= %s::timestamptz",
}


def list_keys_newest(
    *, at: datetime, state: str = "", before: int | None = None, limit: int = 50
) -> list[ApiKey]:
    """List keys, newest first: all, or those live, waiting to be collected, over or revoked."""
    found = sql.rows(
        f"SELECT {_KEY} FROM access_apikey WHERE ({_STATES[state]})"
        " AND (%s::bigint IS NULL OR id < %s::bigint) ORDER BY id DESC LIMIT %s::int",
        [at, before, before, limit],
    )
    return [_key(row) for row in found]


def get_key(*, name: str) -> ApiKey:
    """Find a key by the eight characters that name it; raises KeyNotFound."""
    found = sql.row(f"SELECT {_KEY} FROM access_apikey WHERE name = %s::text", [name])
    if found is None:
        raise KeyNotFound(name=name)
    return _key(found)


def lock_key(*, name: str) -> ApiKey:
    """Hold a key until the transaction ends; raises KeyNotFound."""
    found = sql.row(f"SELECT {_KEY} FROM access_apikey WHERE name = %s::text FOR UPDATE", [name])
    if found is None:
        raise KeyNotFound(name=name)
    return _key(found)


def find_key(*, key_id: int) -> ApiKey | None:
    """Find a key by its id, or None."""
    found = sql.row(f"SELECT {_KEY} FROM access_apikey WHERE id = %s::bigint", [key_id])
    return _key(found) if found else None


def find_key_with_hash(*, name: str) -> tuple[ApiKey, bytes] | None:
    """Find a key and the hash its secret must have, or None."""
    found = sql.row(f"SELECT {_KEY}, secret_hash FROM access_apikey WHERE name = %s::text", [name])
    return (_key(found[:-1]), bytes(found[-1])) if found else None


def _key(row: tuple[Any, ...]) -> ApiKey:
    return ApiKey(
        id=row[0],
        name=row[1],
        title=row[2],
        permissions=frozenset(row[3]),
        store_id=row[4],
        networks=tuple(row[5]),
        created_at=row[6],
        expires_at=row[7],
        revoked_at=row[8],
        last_used_at=row[9],
        created_by=row[10],
        collected_at=row[11],
    )
