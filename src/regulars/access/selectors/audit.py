"""Read the audit log: pages of it for people, the whole chain for a check."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import orjson

from regulars.access.domain import (
    GENESIS,
    AuditResult,
    ChainEnd,
    EntryNotFound,
    KeptEntry,
    Link,
)
from regulars.web import sql

CHUNK = 5_000

_ENTRY = (
    "e.id, e.at, e.actor_kind, e.actor_id, e.on_behalf_id, e.action, e.object_kind, e.object_id,"
    " e.result, e.reason_code, e.details::text, e.network, e.note"
)


def list_audit(
    *,
    before: tuple[datetime, int] | None = None,
    limit: int = 50,
    action: str | None = None,
    actor: tuple[str, int] | None = None,
    about: tuple[str, str] | None = None,
    result: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> list[KeptEntry]:
    """List entries, newest first: those before a place, of an action, an actor, an object."""
    within, values = _conditions(action, actor, about, result, since, until)
    if before is not None:
        within += " AND (e.at, e.id) < (%s::timestamptz, %s::bigint)"
        values += before
    found = sql.rows(
        f"SELECT {_ENTRY} FROM access_audit_entry e WHERE {within}"
        " ORDER BY e.at DESC, e.id DESC LIMIT %s::int",
        [*values, limit],
    )
    return [_entry(row) for row in found]


def count_audit(
    *,
    at_most: int,
    action: str | None = None,
    actor: tuple[str, int] | None = None,
    result: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> int:
    """Count entries, up to a number that still says something."""
    within, values = _conditions(action, actor, None, result, since, until)
    found = sql.row(
        f"SELECT count(*) FROM (SELECT 1 FROM access_audit_entry e WHERE {within}"
        " LIMIT %s::int) AS counted",
        [*values, at_most],
    )
    return int(found[0]) if found else 0


def list_actions() -> list[str]:
    """List every action the log knows, by walking its index from one to the next."""
    found = sql.rows(
        "WITH RECURSIVE walk AS ((SELECT action FROM access_audit_entry ORDER BY action LIMIT 1)"
        " UNION ALL SELECT (SELECT e.action FROM access_audit_entry e WHERE e.action > walk.action"
        " ORDER BY e.action LIMIT 1) FROM walk WHERE walk.action IS NOT NULL)"
        " SELECT action FROM walk WHERE action IS NOT NULL"
    )
    return [action for (action,) in found]


def get_entry(*, entry_id: int) -> tuple[KeptEntry, int | None]:
    """Find one entry and its place in the chain, None while it has none; raises EntryNotFound."""
    if entry_id >= 2**63:
        raise EntryNotFound
    found = sql.row(
        f"SELECT s.seq, {_ENTRY} FROM access_audit_entry e"
        " LEFT JOIN access_audit_seal s ON s.entry_id = e.id WHERE e.id = %s::bigint",
        [entry_id],
    )
    if found is None:
        raise EntryNotFound
    return _entry(tuple(found[1:])), found[0]


def list_audit_about(
    *,
    object_kind: str,
    object_ids: Sequence[str],
    before: tuple[datetime, int] | None = None,
    limit: int = 50,
) -> list[KeptEntry]:
    """List what was done to any of these objects, newest first; `before` is a place."""
    found = sql.rows(
        f"SELECT {_ENTRY} FROM access_audit_entry e WHERE e.object_kind = %s::text"
        " AND e.object_id = ANY(%s::text[]) AND (%s::timestamptz IS NULL"
        " OR (e.at, e.id) < (%s::timestamptz, %s::bigint))"
        " ORDER BY e.at DESC, e.id DESC LIMIT %s::int",
        [
            object_kind,
            list(object_ids),
            before[0] if before else None,
            *(before or (None, None)),
            limit,
        ],
    )
    return [_entry(row) for row in found]


def list_waiting(*, until: datetime, limit: int) -> list[KeptEntry]:
    """List entries the chain has yet to take up, oldest first; the caller holds the lock."""
    found = sql.rows(
        f"SELECT {_ENTRY} FROM access_audit_waiting w"
        " JOIN access_audit_entry e ON e.id = w.entry_id WHERE w.at <= %s::timestamptz"
        " ORDER BY w.entry_id LIMIT %s::int",
        [until, limit],
    )
    return [_entry(row) for row in found]


def chain_end() -> ChainEnd:
    """Answer where the chain ends now."""
    found = sql.row("SELECT seq, hash FROM access_audit_seal ORDER BY seq DESC LIMIT 1")
    return ChainEnd(seq=found[0], hash=bytes(found[1])) if found else ChainEnd(0, GENESIS)


def iter_links() -> Iterator[Link]:
    """Stream the chain from its start, each seal with its entry, or None where that is gone."""
    last = 0
    while True:
        found = sql.rows(
            f"SELECT s.seq, s.hash, {_ENTRY} FROM access_audit_seal s"
            " LEFT JOIN access_audit_entry e ON e.id = s.entry_id"
            " WHERE s.seq > %s::bigint ORDER BY s.seq LIMIT %s::int",
            [last, CHUNK],
        )
        for seq, hash_, *entry in found:
            yield Link(seq, bytes(hash_), _entry(tuple(entry)) if entry[0] is not None else None)
        if len(found) < CHUNK:
            return
        last = found[-1][0]


def count_entries() -> tuple[int, int]:
    """Count all entries, and those that no seal stands for."""
    found = sql.row(
        "SELECT count(*), count(*) FILTER (WHERE s.seq IS NULL) FROM access_audit_entry e"
        " LEFT JOIN access_audit_seal s ON s.entry_id = e.id"
    )
    assert found is not None
    return int(found[0]), int(found[1])


def find_oldest_unsealed() -> datetime | None:
    """Answer the time of the oldest entry that no seal stands for."""
    found = sql.row(
        "SELECT min(e.at) FROM access_audit_entry e WHERE NOT EXISTS"
        " (SELECT 1 FROM access_audit_seal s WHERE s.entry_id = e.id)"
    )
    assert found is not None
    oldest: datetime | None = found[0]
    return oldest


def _conditions(
    action: str | None,
    actor: tuple[str, int] | None,
    about: tuple[str, str] | None,
    result: str | None,
    since: datetime | None,
    until: datetime | None,
) -> tuple[str, list[object]]:
    """Write what is asked for as a condition; the words are ours, the values are bound."""
    asked: list[tuple[str, tuple[object, ...]]] = []
    if action is not None:
        asked.append(("e.action = %s::text", (action,)))
    if actor is not None:
        asked.append(("e.actor_kind = %s::text AND e.actor_id = %s::bigint", actor))
    if about is not None:
        asked.append(("e.object_kind = %s::text AND e.object_id = %s::text", about))
    if result is not None:  # the index of what did not go well knows nothing of the rest
        well = result == AuditResult.OK
        asked.append(
            (
                "e.result = 'ok'" if well else "e.result <> 'ok' AND e.result = %s::text",
                () if well else (result,),
            )
        )
    if since is not None:
        asked.append(("e.at >= %s::timestamptz", (since,)))
    if until is not None:
        asked.append(("e.at < %s::timestamptz", (until,)))
    words = " AND ".join(condition for condition, _ in asked) or "TRUE"
    return words, [value for _, values in asked for value in values]


def _entry(row: tuple[Any, ...]) -> KeptEntry:
    return KeptEntry(
        id=row[0],
        at=row[1],
        actor_kind=row[2],
        actor_id=row[3],
        on_behalf_id=row[4],
        action=row[5],
        object_kind=row[6],
        object_id=row[7],
        result=row[8],
        reason_code=row[9],
        details=orjson.loads(row[10]),
        network=row[11],
        note=None if row[12] is None else bytes(row[12]),
    )
