"""Read privacy requests: a page of the desk, one with its steps, those whose time runs out."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from regulars.access import selectors as access
from regulars.access.domain import Scope
from regulars.members.domain.requests import (
    WARN_AT,
    PrivacyRequest,
    RequestKind,
    RequestNotFound,
    RequestState,
    RequestStep,
    Step,
)
from regulars.web import crypto, paging, sql

_COLUMNS = (
    "r.id, r.public_id, r.member_id, r.kind, r.channel, r.state, r.opened_at, r.due_at,"
    " r.assigned_to, r.checked_how, r.refused_because, r.closed_at, r.packaged_at,"
    " r.package_until, r.reminded"
)
_JOINED = (
    "members_privacyrequest r JOIN members_member a ON a.id = r.member_id"
    " JOIN members_member m ON m.id = a.survivor_id"
)


def note_context(public_id: UUID) -> str:
    """Name where a sealed note belongs; it opens nowhere else."""
    return f"members_privacyrequest|note|{public_id}"


def get_request(*, public_id: UUID, scope: Scope) -> PrivacyRequest:
    """Answer one request; raises RequestNotFound, also out of scope."""
    within, params = scope.condition("m.home_store_id", "m.associate_id")
    found = sql.row(
        f"SELECT {_COLUMNS} FROM {_JOINED} WHERE r.public_id = %s::uuid AND {within}",
        [public_id, *params],
    )
    if found is None:
        raise RequestNotFound
    return _request(found)


def list_requests(
    *,
    scope: Scope,
    kind: str = "",
    state: str = "",
    member_ids: tuple[int, ...] = (),
    only_open: bool = False,
    cursor: str | None = None,
    limit: int | None = None,
) -> tuple[list[PrivacyRequest], str | None]:
    """Answer a page of requests, those due first; raises CursorMalformed."""
    size = paging.clamp(limit)
    within, params = scope.condition("m.home_store_id", "m.associate_id")
    after = _after(cursor) if cursor else (None, None)
    found = sql.rows(
        f"SELECT {_COLUMNS} FROM {_JOINED} WHERE {within}"
        " AND (%s::text = '' OR r.kind = %s::text) AND (%s::text = '' OR r.state = %s::text)"
        " AND (cardinality(%s::bigint[]) = 0 OR r.member_id = ANY(%s::bigint[]))"
        " AND (NOT %s::boolean OR r.closed_at IS NULL)"
        " AND (%s::timestamptz IS NULL OR (r.due_at, r.id) < (%s::timestamptz, %s::bigint))"
        " ORDER BY r.due_at DESC, r.id DESC LIMIT %s::int",
        [
            *params, kind, kind, state, state, list(member_ids), list(member_ids), only_open,
            after[0], after[0], after[1], size + 1,
        ],
    )  # fmt: skip
    page = [_request(row) for row in found[:size]]
    more = len(found) > size
    return page, paging.encode(page[-1].due_at, page[-1].id) if more else None


def list_unwarned(*, at: datetime, limit: int = 5_000) -> list[PrivacyRequest]:
    """Answer open requests that a warning may still be due about, the most urgent first."""
    found = sql.rows(
        f"SELECT {_COLUMNS} FROM members_privacyrequest r WHERE r.closed_at IS NULL"
        " AND r.reminded < %s::smallint"
        " AND r.opened_at + (r.due_at - r.opened_at) * %s::float8 / 100 <= %s::timestamptz"
        " ORDER BY r.due_at, r.id LIMIT %s::int",
        [WARN_AT[-1], WARN_AT[0], at, limit],
    )
    return [_request(row) for row in found]


def count_open(*, scope: Scope, at: datetime) -> tuple[int, int]:
    """Count open requests within the scope, and how many of them are late."""
    within, params = scope.condition("m.home_store_id", "m.associate_id")
    found = sql.row(
        f"SELECT count(*), count(*) FILTER (WHERE r.due_at < %s::timestamptz) FROM {_JOINED}"
        f" WHERE {within} AND r.closed_at IS NULL",
        [at, *params],
    )
    assert found is not None
    return int(found[0]), int(found[1])


def list_held(*, at: datetime) -> list[int]:
    """Answer every record of the people nothing may be taken from just now.

    They have asked for one of their rights and were not answered yet, or a second person has still
    to decide about them.
    """
    found = sql.rows(
        "SELECT m.id FROM members_member m WHERE m.survivor_id IN (SELECT a.survivor_id"
        " FROM members_member a JOIN members_privacyrequest r ON r.member_id = a.id"
        " WHERE r.closed_at IS NULL UNION SELECT b.survivor_id FROM members_member b"
        " WHERE b.public_id = ANY(%s::uuid[])) ORDER BY m.id",
        [access.list_awaited(object_kind="member", at=at)],
    )
    return [member_id for (member_id,) in found]


def requests_of(*, member_ids: Sequence[int]) -> list[UUID]:
    """Answer every request of these very members."""
    found = sql.rows(
        "SELECT public_id FROM members_privacyrequest WHERE member_id = ANY(%s::bigint[])",
        [list(member_ids)],
    )
    return [public_id for (public_id,) in found]


def list_steps(*, request_id: int) -> list[Step]:
    """Answer what was done about a request, oldest first."""
    found = sql.rows(
        "SELECT at, actor_kind, actor_id, step, word FROM members_privacystep"
        " WHERE request_id = %s::bigint ORDER BY id",
        [request_id],
    )
    return [
        Step(at=row[0], actor_kind=row[1], actor_id=row[2], step=RequestStep(row[3]), word=row[4])
        for row in found
    ]


def has_note(*, request: PrivacyRequest) -> bool:
    """Tell whether a note was written when the request was taken, and is still there."""
    found = sql.row(
        "SELECT note IS NOT NULL FROM members_privacyrequest WHERE id = %s::bigint", [request.id]
    )
    return bool(found and found[0])


def read_note(*, request: PrivacyRequest) -> str:
    """Answer the note written when the request was taken; empty once the person is erased."""
    found = sql.row("SELECT note FROM members_privacyrequest WHERE id = %s::bigint", [request.id])
    if found is None or found[0] is None:
        return ""
    context = note_context(request.public_id)
    return crypto.unseal_house(bytes(found[0]), context=context).decode()


def _after(cursor: str) -> tuple[datetime, int]:
    due_at, last = paging.decode(cursor, parts=2)
    try:
        return datetime.fromisoformat(str(due_at)), int(last)
    except ValueError as error:
        raise paging.CursorMalformed from error


def _request(row: tuple[Any, ...]) -> PrivacyRequest:
    return PrivacyRequest(
        id=row[0],
        public_id=row[1],
        member_id=row[2],
        kind=RequestKind(row[3]),
        channel=row[4],
        state=RequestState(row[5]),
        opened_at=row[6],
        due_at=row[7],
        assigned_to=row[8],
        checked_how=row[9],
        refused_because=row[10],
        closed_at=row[11],
        packaged_at=row[12],
        package_until=row[13],
        reminded=row[14],
    )
