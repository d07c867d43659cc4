"""Read sessions: the one a request came by with its account, and the open ones of an account."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson

from regulars.access.domain import Granted, Policy, ScopeKind
from regulars.access.domain.sessions import (
    Session,
    SessionNotFound,
)
from regulars.access.selectors.policies import HOLDING, policy, policy_of
from regulars.access.selectors.staff import opened
from regulars.web import sql

_SESSION = "s.id, s.public_id, s.staff_id, s.device, s.network, s.how, s.started_at, s.seen_at"
_OPEN = (
    "s.ended_at IS NULL AND s.epoch = a.session_epoch AND a.is_active"
    " AND s.seen_at > %s::timestamptz AND s.started_at > %s::timestamptz"
)
# An account with the roles it was given and, of a region, the stores in it.
_ACCOUNT = """
a.id, a.public_id, a.name_sealed, (SELECT jsonb_agg(jsonb_build_array(g.role, g.scope_kind,
    g.scope_id, g.expires_at, ARRAY(SELECT s.id FROM access_store s
        WHERE g.scope_kind = 'region' AND s.region_id = g.scope_id ORDER BY s.id)) ORDER BY g.id)
    FROM access_grant g WHERE g.staff_id = a.id)::text
"""
# What every request asks first, in one question: session, account, grants, the policy that holds.
_RUNNING = f"""
SELECT s.id, s.staff_id, s.started_at, s.seen_at, s.proved_at, s.viewing_id, s.viewing_until,
    a.is_active AND s.epoch = a.session_epoch, p.version, p.settings::text, {_ACCOUNT}
FROM access_session s JOIN access_staff a ON a.id = s.staff_id
LEFT JOIN LATERAL ({HOLDING}) p ON TRUE
WHERE s.id = %s::bigint AND s.ended_at IS NULL
"""


@dataclass(frozen=True, slots=True)
class Account:
    """Who somebody is and which roles they were given; `inside` lists the stores of regions."""

    id: int
    name: str
    grants: tuple[Granted, ...]
    inside: Mapping[int, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Running:
    """What a request needs to know of its session; no account where it may not go on with it."""

    rules: Policy
    account: Account | None
    id: int
    staff_id: int
    started_at: datetime
    seen_at: datetime
    proved_at: datetime | None
    viewing_id: int | None
    viewing_until: datetime | None


def find_running(*, session_id: int, at: datetime) -> Running | None:
    """Find a session that nobody has ended, with its account and the policy, or None."""
    found = sql.row(_RUNNING, [at, session_id])
    if found is None:
        return None
    is_welcome, rules = found[7], policy_of(found[8:10])
    account = _account(found[10:]) if is_welcome else None
    return Running(rules, account, *found[:7])


def find_accounts(*, staff_ids: Iterable[int]) -> list[Account]:
    """Find those of these accounts that are switched on, with the roles they were given."""
    found = sql.rows(
        f"SELECT {_ACCOUNT} FROM access_staff a WHERE a.id = ANY(%s::bigint[]) AND a.is_active",
        [sorted(set(staff_ids))],
    )
    return [_account(row) for row in found]


def list_sessions(*, staff_id: int, at: datetime, limit: int = 100) -> list[Session]:
    """List the open sessions of an account, the one used last first."""
    found = sql.rows(
        f"SELECT {_SESSION} FROM access_session s JOIN access_staff a ON a.id = s.staff_id"
        f" WHERE s.staff_id = %s::bigint AND {_OPEN} ORDER BY s.seen_at DESC, s.id DESC"
        " LIMIT %s::int",
        [staff_id, *_open_since(at), limit],
    )
    return [_session(row) for row in found]


def count_sessions(*, staff_id: int, at: datetime) -> int:
    """Count the open sessions of an account."""
    found = sql.row(
        "SELECT count(*) FROM access_session s JOIN access_staff a ON a.id = s.staff_id"
        f" WHERE s.staff_id = %s::bigint AND {_OPEN}",
        [staff_id, *_open_since(at)],
    )
    return int(found[0]) if found else 0


def get_session(*, public_id: UUID) -> Session:
    """Find a session that nobody has ended; raises SessionNotFound."""
    found = sql.row(
        f"SELECT {_SESSION} FROM access_session s"
        " WHERE s.public_id = %s::uuid AND s.ended_at IS NULL",
        [public_id],
    )
    if found is None:
        raise SessionNotFound
    return _session(found)


def _open_since(at: datetime) -> tuple[datetime, datetime]:
    """Answer since when an open session was used, and since when it began."""
    rules = policy(at)
    return at - timedelta(minutes=rules.idle_minutes), at - timedelta(hours=rules.absolute_hours)


def _account(row: tuple[Any, ...]) -> Account:
    staff_id, public_id, name, said = row
    given = orjson.loads(said or b"[]")
    return Account(
        id=staff_id,
        name=opened(name, column="name", public_id=public_id),
        grants=tuple(
            Granted(
                role,
                ScopeKind(kind),
                place,
                expires_at=datetime.fromisoformat(until) if until else None,
            )
            for role, kind, place, until, _ in given
        ),
        inside={place: tuple(inside) for _, kind, place, _, inside in given if kind == "region"},
    )


def _session(row: tuple[Any, ...]) -> Session:
    return Session(
        id=row[0],
        public_id=row[1],
        staff_id=row[2],
        device=row[3],
        network=row[4],
        how=row[5],
        started_at=row[6],
        seen_at=row[7],
    )
