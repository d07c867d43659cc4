"""Notices: a line told to one reader, kept until it is seen, and for a while after.

A notice is a sentence of ours with its facts, put into words in the reader's language; neither
the facts nor the address hold anything personal.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson

from regulars.kit.ids import time_ordered_uuids
from regulars.kit.messages import message
from regulars.web import paging, sql
from regulars.web.retention import Sweep

NOTICES = Sweep(
    name="notices",
    title=message("Notices to staff"),
    purpose=message("To tell colleagues what happened while they were away."),
    since=message("the notice"),
    table="web_notice",
    key="public_id",
    aged_by="told_at",
    limit=timedelta(days=90),
)


@dataclass(frozen=True, slots=True)
class Notice:
    """A sentence (a message of ours), its facts, where it leads, when it was told and seen."""

    id: UUID
    words: str
    facts: dict[str, Any]
    href: str
    told_at: datetime
    seen_at: datetime | None


@dataclass(frozen=True, slots=True)
class Line:
    """What is to be told: to whom (`staff:3`), with which facts, leading where."""

    owner: str
    facts: Mapping[str, Any]
    href: str


def tell(
    *,
    owners: Sequence[str],
    words: str,
    at: datetime,
    facts: Mapping[str, Any] = {},
    href: str = "",
) -> None:
    """Tell every owner (`staff:3`) the same line."""
    tell_each([Line(owner, facts, href) for owner in owners], words=words, at=at)


def tell_each(lines: Sequence[Line], *, words: str, at: datetime) -> None:
    """Tell each owner a line of their own, all in the same words."""
    if not lines:
        return
    sql.run(
        "INSERT INTO web_notice (public_id, owner, words, facts, href, told_at)"
        " SELECT id, owner, %s::text, facts, href, %s::timestamptz"
        " FROM unnest(%s::uuid[], %s::text[], %s::jsonb[], %s::text[])"
        " AS n(id, owner, facts, href)",
        [
            words,
            at,
            time_ordered_uuids(at, len(lines)),
            [each.owner for each in lines],
            [orjson.dumps(dict(each.facts)).decode() for each in lines],
            [each.href for each in lines],
        ],
    )


def count_unseen(owner: str, *, at_most: int = 100) -> int:
    """Count what the reader has not seen, up to a number that still says something."""
    found = sql.row(
        "SELECT count(*) FROM (SELECT 1 FROM web_notice WHERE owner = %s::text"
        " AND seen_at IS NULL LIMIT %s::int) AS unseen",
        [owner, at_most],
    )
    return int(found[0]) if found else 0


def list_notices(
    *, owner: str, cursor: str | None = None, limit: int | None = None
) -> tuple[list[Notice], str | None]:
    """Answer a page of notices, newest first, and the cursor of the next."""
    size = paging.clamp(limit)
    before = paging.decode_id(cursor) if cursor else None
    found = sql.rows(
        "SELECT public_id, words, facts, href, told_at, seen_at FROM web_notice"
        " WHERE owner = %s::text AND (%s::text IS NULL OR public_id::text < %s::text)"
        " ORDER BY public_id DESC LIMIT %s::int",
        [owner, before, before, size + 1],
    )
    page = [Notice(row[0], row[1], _facts(row[2]), *row[3:]) for row in found[:size]]
    return page, paging.encode(page[-1].id) if len(found) > size else None


def mark_seen(*, owner: str, at: datetime) -> int:
    """Note that the reader has seen everything told so far; answers how many were new."""
    return sql.run(
        "UPDATE web_notice SET seen_at = %s::timestamptz WHERE owner = %s::text"
        " AND seen_at IS NULL",
        [at, owner],
    )


def _facts(text: str) -> dict[str, Any]:
    found = orjson.loads(text)
    assert isinstance(found, dict)
    return found
