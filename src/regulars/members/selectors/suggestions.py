"""Read merge suggestions as a queue: within a scope, with how alike the two records are."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from regulars.access.domain import Scope
from regulars.members.domain import MemberRow, survivor_profile
from regulars.members.domain.likeness import Likeness, Suggested, likeness
from regulars.members.selectors import people
from regulars.web import seeking, sql
from regulars.web.seeking import Counted, Seek

_COLUMNS = "s.id, a.id, b.id, s.reason, s.suggested_at, s.wait_until"
_TABLE = (
    "members_mergesuggestion s"
    " JOIN members_member la ON la.id = s.low_id JOIN members_member a ON a.id = la.survivor_id"
    " JOIN members_member lb ON lb.id = s.high_id JOIN members_member b ON b.id = lb.survivor_id"
)


def list_queue(
    *,
    scope: Scope,
    at: datetime,
    reason: str = "",
    waiting: bool = False,
    cursor: str | None = None,
    limit: int | None = None,
) -> tuple[list[Suggested], str | None]:
    """Answer a page of open suggestions, newest first; raises CursorMalformed.

    Both members lie within the scope. `waiting` asks for those put off; else they are left out.
    """
    found = seeking.page(
        _seek(scope, at=at, reason=reason, waiting=waiting), cursor=cursor, limit=limit
    )
    return [Suggested(*row) for row in found.rows], found.next_cursor


def count_queue(*, scope: Scope, at: datetime, reason: str = "", waiting: bool = False) -> Counted:
    """Count the open suggestions within the scope."""
    return seeking.count(_seek(scope, at=at, reason=reason, waiting=waiting))


def suggestions_by_id(*, suggestion_ids: Sequence[int], scope: Scope) -> list[Suggested]:
    """Answer those of these suggestions that are open and within the scope."""
    within, params = _within(scope)
    found = sql.rows(
        f"SELECT {_COLUMNS} FROM {_TABLE} WHERE s.state = 'open' AND s.id = ANY(%s::bigint[])"
        f" AND {within} ORDER BY s.id",
        [list(suggestion_ids), *params],
    )
    return [Suggested(*row) for row in found]


def cards_of(*, member_ids: Iterable[int]) -> dict[int, MemberRow]:
    """Answer these members as lines of a list, masked."""
    found = sql.rows(
        f"SELECT {people.COLUMNS} FROM members_member m WHERE m.id = ANY(%s::bigint[])",
        [sorted(set(member_ids))],
    )
    return {row.id: row for row in people.rows_of([people.member_of(row) for row in found])}


def likenesses(*, suggestions: Sequence[Suggested]) -> dict[int, Likeness]:
    """Answer how alike the two records of each suggestion are; no value leaves this function."""
    ids = sorted({each for one in suggestions for each in (one.member_id, one.other_id)})
    groups = people.aliases_of(member_ids=ids)
    owners = {alias: owner for owner, group in groups.items() for alias in group}
    said: dict[int, list[Any]] = {member_id: [] for member_id in ids}
    for value in people.profile_values(member_ids=list(owners)):
        said[owners[value.member_id]].append(value)
    profiles = {
        member_id: {
            field: value.value
            for field, value in survivor_profile(values, member_id=member_id).items()
        }
        for member_id, values in said.items()
    }
    return {
        one.id: likeness(one.reason, profiles[one.member_id], profiles[one.other_id])
        for one in suggestions
    }


def _seek(scope: Scope, *, at: datetime, reason: str, waiting: bool) -> Seek:
    put_off = "s.wait_until > %s::timestamptz"
    among: list[tuple[str, list[Any]]] = [
        _within(scope),
        (put_off if waiting else f"({put_off}) IS NOT TRUE", [at]),
    ]
    if reason:
        among.append(("s.reason = %s::text", [reason]))
    return Seek(
        columns=_COLUMNS,
        table=_TABLE,
        keys=(("s.suggested_at", "timestamptz"), ("s.id", "bigint")),
        along=(("s.state = 'open'", []),),
        among=tuple(among),
    )


def _within(scope: Scope) -> tuple[str, list[Any]]:
    low, low_params = scope.condition("a.home_store_id", "a.associate_id")
    high, high_params = scope.condition("b.home_store_id", "b.associate_id")
    return f"a.id <> b.id AND {low} AND {high}", [*low_params, *high_params]
