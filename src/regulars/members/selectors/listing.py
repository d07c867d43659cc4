"""Read lists of members: a page in an order, everybody in batches, ids to be narrowed further.

A list is ordered by joining or by record; a name cannot be ordered by, for names are encrypted.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from regulars.access.domain import Scope
from regulars.members.domain import (
    Candidate,
    MemberPage,
    MemberQuery,
    MemberRow,
    Status,
    clean_tag,
    name_key,
)
from regulars.members.selectors.people import COLUMNS, member_of, rows_of, tail_bucket
from regulars.web import crypto, paging, sql


def list_members(
    *, scope: Scope, query: MemberQuery, cursor: str | None = None, limit: int | None = None
) -> MemberPage:
    """Answer a page of members within the scope, newest first, masked.

    Names match exactly (full name or surname), the last four of a phone or card too; members
    merged into others are not listed. Raises CursorMalformed.
    """
    size = paging.clamp(limit)
    wanted = size + 1 if not query.tail else size * 4 + 1
    found = _page(COLUMNS, scope=scope, query=query, cursor=cursor, limit=wanted)
    members = [member_of(row) for row in found]
    shown = rows_of(members, tail=query.tail)
    more = len(members) == wanted or len(shown) > size
    page = shown[:size]
    ended = {each.id: each.joined_at for each in members}
    last = page[-1].id if len(shown) > size else (members[-1].id if members else None)
    if not more or last is None:
        return MemberPage(tuple(page), None)
    return MemberPage(tuple(page), _place(query, last, ended[last]))


def list_candidates(
    *, scope: Scope, query: MemberQuery, cursor: str | None, limit: int
) -> list[Candidate]:
    """Answer the ids of a list in its order, many at once, for narrowing by what others know."""
    found = _page("m.id, m.joined_at", scope=scope, query=query, cursor=cursor, limit=limit)
    return [Candidate(row[0], _place(query, row[0], row[1])) for row in found]


def _page(
    columns: str, *, scope: Scope, query: MemberQuery, cursor: str | None, limit: int
) -> list[tuple[Any, ...]]:
    """Read members in the order asked for, after the place a cursor names."""
    within, params = scope.condition("m.home_store_id", "m.associate_id")
    conditions, values = _conditions(query)
    if query.order == "-id":
        order, place = "m.id DESC", "m.id < %s::bigint"
        after: list[Any] = [_before(cursor)] if cursor else []
    else:
        down = query.order == "-joined"
        order = "m.joined_at DESC, m.id DESC" if down else "m.joined_at, m.id"
        sign = "<" if down else ">"
        place = f"(m.joined_at, m.id) {sign} (%s::timestamptz, %s::bigint)"
        after = _joined_before(cursor) if cursor else []
    if not after:
        place = "TRUE"
    return sql.rows(
        f"SELECT {columns} FROM members_member m WHERE {within} AND {' AND '.join(conditions)}"
        f" AND {place} ORDER BY {order} LIMIT %s::int",
        [*params, *values, *after, limit],
    )


def _place(query: MemberQuery, member_id: int, joined_at: datetime) -> str:
    if query.order == "-id":
        return paging.encode(member_id)
    return paging.encode(joined_at.isoformat(), member_id)


def _joined_before(cursor: str) -> list[Any]:
    joined, member_id = paging.decode(cursor, parts=2)
    try:
        moment = datetime.fromisoformat(joined)
    except (TypeError, ValueError) as error:
        raise paging.CursorMalformed from error
    if not isinstance(member_id, int) or not 0 < member_id < 2**63 or moment.tzinfo is None:
        raise paging.CursorMalformed
    return [moment, member_id]


def iter_members(
    *, scope: Scope, query: MemberQuery, size: int = 2_000, reveal: bool = False
) -> Iterator[list[MemberRow]]:
    """Read everyone in a list in batches, newest first; `reveal` is for those who logged why."""
    within, params = scope.condition("m.home_store_id", "m.associate_id")
    conditions, values = _conditions(query)
    before = 2**63 - 1
    while True:
        found = sql.rows(
            f"SELECT {COLUMNS} FROM members_member m WHERE {within} AND {' AND '.join(conditions)}"
            " AND m.id < %s::bigint ORDER BY m.id DESC LIMIT %s::int",
            [*params, *values, before, size],
        )
        if found:
            yield rows_of([member_of(row) for row in found], tail=query.tail, reveal=reveal)
        if len(found) < size:
            return
        before = found[-1][0]


def count_matching(*, scope: Scope, query: MemberQuery, at_most: int) -> int:
    """Count everyone in a list, up to a number."""
    within, params = scope.condition("m.home_store_id", "m.associate_id")
    conditions, values = _conditions(query)
    found = sql.row(
        f"SELECT count(*) FROM (SELECT 1 FROM members_member m WHERE {within}"
        f" AND {' AND '.join(conditions)} LIMIT %s::bigint) AS matching",
        [*params, *values, at_most],
    )
    assert found is not None
    return int(found[0])


def _before(cursor: str) -> int:
    (last,) = paging.decode(cursor, parts=1)
    if not isinstance(last, int) or not 0 < last < 2**63:
        raise paging.CursorMalformed
    return last


_IN_GROUP = (
    "EXISTS (SELECT 1 FROM members_group g WHERE g.member_id = m.id AND g.kind = '{kind}'"
    " AND g.code = %s::text AND g.until IS NULL)"
)
_BY_VALUE = (
    "m.id IN (SELECT a.survivor_id FROM members_profilevalue v JOIN members_member a"
    " ON a.id = v.member_id WHERE v.{column} = %s::bytea)"
)


def _conditions(query: MemberQuery) -> tuple[list[str], list[Any]]:
    asked: list[tuple[str, Any]] = [_by_status(query)]
    if query.ids is not None:
        asked.append(("m.id = ANY(%s::bigint[])", list(query.ids)))
    if query.joined_since is not None:
        asked.append(("m.joined_at >= %s::timestamptz", query.joined_since))
    if query.joined_until is not None:
        asked.append(("m.joined_at < %s::timestamptz", query.joined_until))
    if query.store_ids:
        asked.append(("m.home_store_id = ANY(%s::bigint[])", list(query.store_ids)))
    words = {name: str(getattr(query, name)).strip() for name in _BY_WORD}
    asked += [(_BY_WORD[name][0], _BY_WORD[name][1](word)) for name, word in words.items() if word]
    return [condition for condition, _ in asked], [value for _, value in asked]


def _by_status(query: MemberQuery) -> tuple[str, Any]:
    """Ask for a standing; one that is rare is written so that its own small index serves."""
    if query.status is None:
        return "m.status = ANY(%s::text[])", ["active", "frozen"]
    if query.status is Status.ACTIVE:
        return "m.status = ANY(%s::text[])", [query.status.value]
    return "m.status <> 'active' AND m.status = %s::text", query.status.value


def _name_index(text: str) -> bytes:
    return crypto.blind_index("profile.name", name_key(text))


def _surname_index(text: str) -> bytes:
    return crypto.blind_index("profile.name.surname", name_key(text))


_BY_WORD: dict[str, tuple[str, Callable[[str], Any]]] = {
    "number": ("m.number = %s::text", str),
    "tag": ("m.id IN (SELECT t.member_id FROM members_tag t WHERE t.tag = %s::text)", clean_tag),
    "tier": (_IN_GROUP.format(kind="tier"), str),
    "segment": (_IN_GROUP.format(kind="segment"), str),
    "name": (_BY_VALUE.format(column="exact_lookup"), _name_index),
    "surname": (_BY_VALUE.format(column="part_lookup"), _surname_index),
    "tail": (
        "m.id IN (SELECT i.member_id FROM members_identity i WHERE i.tail = %s::smallint)",
        lambda text: tail_bucket(text.upper()),
    ),
}
