"""Read approvals: one, those that wait, those somebody made, those settled."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from regulars.access.domain import (
    APPROVAL_KINDS,
    DECIDE,
    Approval,
    ApprovalNotFound,
    ApprovalState,
    Policy,
    Role,
    is_asleep,
    reaches_size,
)
from regulars.access.selectors.roles import roles_for
from regulars.web import sql
from regulars.web.permissions import PERMISSIONS

_APPROVAL = (
    "id, public_id, kind, payload::text, payload_hash, object_kind, object_id, size, reason_code,"
    " maker_kind, maker_id, maker_person_id, proposed_at, expires_at, state, decided_by,"
    " decided_at, outcome::text"
)


def get_approval(*, public_id: UUID) -> Approval:
    """Find an approval, whoever made it; raises ApprovalNotFound."""
    found = sql.row(
        f"SELECT {_APPROVAL} FROM access_approval WHERE public_id = %s::uuid", [public_id]
    )
    if found is None:
        raise ApprovalNotFound
    return _approval(found)


def lock_approval(*, public_id: UUID) -> Approval:
    """Hold an approval until the transaction ends; raises ApprovalNotFound."""
    found = sql.row(
        f"SELECT {_APPROVAL} FROM access_approval WHERE public_id = %s::uuid FOR UPDATE",
        [public_id],
    )
    if found is None:
        raise ApprovalNotFound
    return _approval(found)


def list_awaited(*, object_kind: str, at: datetime) -> list[str]:
    """Answer the ids of the things of a kind about which a second person has yet to decide."""
    found = sql.rows(
        "SELECT DISTINCT object_id FROM access_approval WHERE state = 'waiting'"
        " AND expires_at > %s::timestamptz AND object_kind = %s::text",
        [at, object_kind],
    )
    return [object_id for (object_id,) in found]


def list_approvals(
    *,
    at: datetime,
    waiting: bool | None = None,
    kinds: Iterable[str] | None = None,
    maker_person_id: int | None = None,
    but_maker: int | None = None,
    object_: tuple[str, str] | None = None,
    before: tuple[datetime, int] | None = None,
    limit: int = 50,
) -> list[Approval]:
    """List approvals, newest first: waiting or settled, of kinds, by a maker or all but one."""
    conditions, values = ["TRUE"], list[object]()
    if waiting is not None:
        live = "(state = 'waiting' AND expires_at > %s::timestamptz)"
        conditions.append(live if waiting else f"NOT {live}")
        values.append(at)
    if kinds is not None:
        conditions.append("kind = ANY(%s::text[])")
        values.append(list(kinds))
    if maker_person_id is not None:
        conditions.append("maker_person_id = %s::bigint")
        values.append(maker_person_id)
    if but_maker is not None:
        conditions.append("maker_person_id IS DISTINCT FROM %s::bigint")
        values.append(but_maker)
    if object_ is not None:
        conditions.append("object_kind = %s::text AND object_id = %s::text")
        values += object_
    if before is not None:
        conditions.append("(proposed_at, id) < (%s::timestamptz, %s::bigint)")
        values += before
    found = sql.rows(
        f"SELECT {_APPROVAL} FROM access_approval WHERE {' AND '.join(conditions)}"
        " ORDER BY proposed_at DESC, id DESC LIMIT %s::int",
        [*values, limit],
    )
    return [_approval(row) for row in found]


def list_overdue(*, at: datetime, limit: int = 1000) -> list[Approval]:
    """List approvals that waited too long and stand as waiting still, locked."""
    found = sql.rows(
        f"SELECT {_APPROVAL} FROM access_approval WHERE state = 'waiting'"
        " AND expires_at <= %s::timestamptz ORDER BY id LIMIT %s::int FOR UPDATE SKIP LOCKED",
        [at, limit],
    )
    return [_approval(row) for row in found]


def list_deciders(*, kind: str, size: int, policy: Policy, at: datetime) -> list[int]:
    """List the active accounts that may decide about an act of this kind and size.

    Where they reach is not asked here: it is, when they decide.
    """
    wanted = {DECIDE, APPROVAL_KINDS[kind].permission}
    found = sql.rows(
        "SELECT g.staff_id, array_agg(DISTINCT g.role) FROM access_grant g"
        " JOIN access_staff s ON s.id = g.staff_id"
        " WHERE s.is_active AND (g.expires_at IS NULL OR g.expires_at > %s::timestamptz)"
        " GROUP BY g.staff_id ORDER BY g.staff_id",
        [at],
    )
    known = roles_for(name for _, names in found for name in names)
    return [
        staff_id
        for staff_id, names in found
        if _may_decide(names, known, kind=kind, wanted=wanted, size=size, policy=policy)
    ]


def _may_decide(
    names: Iterable[str],
    known: Mapping[str, Role],
    *,
    kind: str,
    wanted: set[str],
    size: int,
    policy: Policy,
) -> bool:
    separated = policy.separated_administrators
    awake = [name for name in names if not is_asleep(name, separated=separated)]
    roles = [known[name] for name in awake if name in known]
    everything = frozenset(PERMISSIONS) | wanted
    held = frozenset[str]().union(*(role.permissions_in(everything) for role in roles))
    if not wanted <= held:
        return False
    acting = [
        role.name
        for role in roles
        if APPROVAL_KINDS[kind].permission in role.permissions_in(everything)
    ]
    return reaches_size(policy, kind, limit=policy.limit_of(kind, acting), size=size)


def _approval(row: tuple[Any, ...]) -> Approval:
    return Approval(
        id=row[0],
        public_id=row[1],
        kind=row[2],
        payload=orjson.loads(row[3]),
        payload_hash=bytes(row[4]),
        object_kind=row[5],
        object_id=row[6],
        size=row[7],
        reason_code=row[8],
        maker_kind=row[9],
        maker_id=row[10],
        maker_person_id=row[11],
        proposed_at=row[12],
        expires_at=row[13],
        state=ApprovalState(row[14]),
        decided_by=row[15],
        decided_at=row[16],
        outcome=None if row[17] is None else orjson.loads(row[17]),
    )
