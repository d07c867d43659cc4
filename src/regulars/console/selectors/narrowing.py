"""Narrow the member list by what other apps know, a part of the list at a time.

A page looks through so many members and no more, so it is quick however rare the match is; it
says how many it looked through and goes on where it stopped.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from regulars.access.domain import Scope
from regulars.commerce.selectors import figures as purchases
from regulars.console.domain.member_list import Criteria, Narrowing
from regulars.console.domain.members import MemberRow
from regulars.console.selectors.lists import rows_of
from regulars.console.selectors.tiers import Rung
from regulars.ledger import selectors as ledger
from regulars.ledger.domain import Balance
from regulars.ledger.selectors import figures as points
from regulars.members import selectors as members

CANDIDATES = 1_000
EXPIRING_WITHIN = timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A page of the list; `looked` is how many members were looked through, 0 for all."""

    rows: tuple[MemberRow, ...]
    next_cursor: str | None
    looked: int = 0


def list_part(
    *,
    scope: Scope,
    criteria: Criteria,
    cursor: str | None,
    size: int,
    at: datetime,
    rungs: list[Rung],
) -> Part:
    """Answer a page of the member list; raises CursorMalformed."""
    if criteria.narrowing.is_on:
        return _narrowed(scope, criteria, cursor, size, at=at, rungs=rungs)
    page = members.list_members(scope=scope, query=criteria.query, cursor=cursor, limit=size)
    rows = rows_of(page.items, at=at, rungs=rungs)
    return Part(rows=rows, next_cursor=page.next_cursor)


def keep_ids(narrowing: Narrowing, *, member_ids: Sequence[int], at: datetime) -> set[int]:
    """Answer which of these members the narrowing keeps: at most four queries."""
    ids = list(member_ids)
    last: dict[int, datetime] = {}
    held: dict[int, Balance] = {}
    expiring: dict[int, int] = {}
    if narrowing.asks_orders:
        aliases = members.aliases_of(member_ids=ids)
        owners = {alias: owner for owner, group in aliases.items() for alias in group}
        last = purchases.last_orders_of(owners=owners)
    if narrowing.asks_points:
        held = ledger.balances(member_ids=ids, at=at)
    if narrowing.has_expiring:
        expiring = points.expiring_of(member_ids=ids, at=at, until=at + EXPIRING_WITHIN)
    return {
        one
        for one in ids
        if narrowing.keeps(
            last_at=last.get(one),
            points=held[one].available if one in held else 0,
            expiring=expiring.get(one, 0),
        )
    }


def _narrowed(
    scope: Scope,
    criteria: Criteria,
    cursor: str | None,
    size: int,
    *,
    at: datetime,
    rungs: list[Rung],
) -> Part:
    found = members.list_candidates(
        scope=scope, query=criteria.query, cursor=cursor, limit=CANDIDATES + 1
    )
    looked = found[:CANDIDATES]
    kept = keep_ids(criteria.narrowing, member_ids=[one.id for one in looked], at=at)
    chosen = [one for one in looked if one.id in kept]
    shown = chosen[:size]
    if len(chosen) > size:
        after: str | None = shown[-1].cursor
    else:
        after = looked[-1].cursor if len(found) > CANDIDATES else None
    query = replace(criteria.query, ids=tuple(one.id for one in shown))
    page = members.list_members(scope=scope, query=query, limit=size)
    rows = rows_of(page.items, at=at, rungs=rungs)
    return Part(rows=rows, next_cursor=after, looked=len(looked) if after else 0)
