"""Read sessions: the one a request came by, and the open ones of an account."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from regulars.access.domain.sessions import (
    Session,
    SessionNotFound,
)
from regulars.access.selectors.policies import policy
from regulars.web import sql

_SESSION = "s.id, s.public_id, s.staff_id, s.device, s.network, s.how, s.started_at, s.seen_at"
_OPEN = (
    "s.ended_at IS NULL AND s.epoch = a.session_epoch AND a.is_active"
    " AND s.seen_at > %s::timestamptz AND s.started_at > %s::timestamptz"
)


@dataclass(frozen=True, slots=True)
class Running:
    """What a request needs to know of its session."""

    id: int
    staff_id: int
    epoch: int
    started_at: datetime
    seen_at: datetime
    proved_at: datetime | None
    viewing_id: int | None
    viewing_until: datetime | None


def find_running(*, session_id: int) -> Running | None:
    """Find a session that nobody has ended, or None."""
    found = sql.row(
        "SELECT id, staff_id, epoch, started_at, seen_at, proved_at, viewing_id, viewing_until"
        " FROM access_session WHERE id = %s::bigint AND ended_at IS NULL",
        [session_id],
    )
    return Running(*found) if found else None


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
