"""Read the statement across members: movements in scope, newest first, and their sums."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from regulars.access.domain import Scope
from regulars.ledger.domain import (
    Currency,
    Movement,
    MovementQuery,
    MovementTotal,
    MovementTotals,
    TransferKind,
)
from regulars.web import seeking, sql
from regulars.web.seeking import Condition, Counted, Seek

SUMMED_MAX: Final = 100_000
BOOKED_WITHIN: Final = timedelta(seconds=10)  # of its event: they share a transaction
_COLUMNS: Final = (
    "t.id, t.seq, t.kind, t.currency, t.debit_id, t.credit_id, t.amount, t.member_id, t.store_id,"
    " t.actor_id, t.reason_code, t.event_id, t.reverses, t.occurred_at, t.recorded_at"
)
_TOTALS: Final = """
SELECT kind, count(*) FILTER (WHERE wanted),
    COALESCE(sum(amount) FILTER (WHERE wanted AND credit_id > 0 AND debit_id < 0), 0)::bigint,
    COALESCE(sum(amount) FILTER (WHERE wanted AND debit_id > 0 AND credit_id < 0), 0)::bigint,
    COALESCE(sum(amount) FILTER (WHERE wanted AND debit_id > 0 AND credit_id > 0), 0)::bigint,
    count(*), {booked}
FROM (SELECT t.kind, t.amount, t.credit_id, t.debit_id, ({among}) AS wanted
    FROM ledger_transfer t WHERE {along} LIMIT %s::bigint) AS passed
GROUP BY kind ORDER BY kind
"""
_BOOKED: Final = (
    "(SELECT COALESCE(sum(posted), 0)::bigint FROM ledger_account"
    " WHERE currency = %s::smallint AND id > 0)"
)


@dataclass(frozen=True, slots=True)
class MovementPage:
    """Movements, newest recorded first; `stopped`: more may lie behind a long gap."""

    movements: tuple[Movement, ...]
    next_cursor: str | None
    stopped: bool


def list_movements(
    *, scope: Scope, query: MovementQuery, cursor: str | None = None, limit: int | None = None
) -> MovementPage:
    """List transfers in the stores in scope, newest recorded first. Raises CursorMalformed."""
    found = seeking.page(_seek(query, scope), cursor=cursor, limit=limit)
    return MovementPage(
        tuple(_movement(row) for row in found.rows), found.next_cursor, found.stopped
    )


def count_movements(*, scope: Scope, query: MovementQuery) -> Counted:
    """Count the transfers that match, giving up where too many would have to be passed."""
    return seeking.count(_seek(query, scope))


def sum_movements(*, scope: Scope, query: MovementQuery) -> MovementTotals | None:
    """Sum what matches by kind; None where that is more than may be summed while somebody waits.

    Where nothing is left out, the sums come with what the accounts hold, and must be the same.
    """
    seek = _seek(query, scope)
    found = _sum(seek, booked_of=None)
    if sum(row[5] for row in found) > SUMMED_MAX:
        return None
    is_whole = query.is_whole and scope.everything
    if is_whole:  # few enough: once more together with the accounts, in one moment
        found = _sum(seek, booked_of=query.currency)
    kinds = tuple(MovementTotal(TransferKind(row[0]), *row[1:5]) for row in found if row[1])
    return MovementTotals(kinds, int(found[0][6]) if is_whole and found else None)


def get_movement(*, seq: int, scope: Scope) -> Movement | None:
    """Answer the transfer of this number if its store is in scope, or None."""
    within, values = scope.condition("t.store_id")
    found = sql.row(
        f"SELECT {_COLUMNS} FROM ledger_transfer t WHERE t.seq = %s::bigint AND {within}",
        [seq, *values],
    )
    return None if found is None else _movement(found)


def list_movements_of(
    *, event_id: int, recorded_at: datetime, scope: Scope, limit: int = 100
) -> list[Movement]:
    """List the transfers that an event brought about, by number; they are booked with it."""
    within, values = scope.condition("t.store_id")
    found = sql.rows(
        f"SELECT {_COLUMNS} FROM ledger_transfer t WHERE t.recorded_at >= %s::timestamptz"
        " AND t.recorded_at < %s::timestamptz AND t.event_id = %s::bigint"
        f" AND {within} ORDER BY t.seq LIMIT %s::int",
        [recorded_at, recorded_at + BOOKED_WITHIN, event_id, *values, limit],
    )
    return [_movement(row) for row in found]


def _sum(seek: Seek, *, booked_of: Currency | None) -> list[tuple[Any, ...]]:
    along, among = seeking.joined(seek.along), seeking.joined(seek.among)
    booked = "NULL" if booked_of is None else _BOOKED
    return sql.rows(
        _TOTALS.format(along=along[0], among=among[0], booked=booked),
        [
            *([] if booked_of is None else [int(booked_of)]),
            *(*among[1], *along[1], SUMMED_MAX + 1),
        ],
    )


def _seek(query: MovementQuery, scope: Scope) -> Seek:
    along: list[Condition] = []
    among: list[Condition] = [("t.currency = %s::smallint", [int(query.currency)])]
    # The index by kind leaves out the commonest, which is found soon enough among all.
    if query.kind is TransferKind.EARN:
        among.append((f"t.kind = {TransferKind.EARN:d}", []))
    elif query.kind is not None:
        along.append(
            (f"t.kind = %s::smallint AND t.kind <> {TransferKind.EARN:d}", [int(query.kind)])
        )
    for condition, value, some in (
        ("t.recorded_at >= %s::timestamptz", query.since, along),
        ("t.recorded_at < %s::timestamptz", query.until, along),
        ("t.store_id = %s::bigint", query.store_id, among),
        ("t.reason_code = %s::smallint", query.reason_code, among),
        ("t.actor_id = %s::bigint", query.actor_id, among),
    ):
        if value is not None:
            some.append((condition, [value]))
    if not scope.everything:
        within, values = scope.condition("t.store_id")
        among.append((within, list(values)))
    return Seek(
        columns=_COLUMNS,
        table="ledger_transfer t",
        keys=(("t.recorded_at", "timestamptz"), ("t.seq", "bigint")),
        along=tuple(along),
        among=tuple(among),
    )


def _movement(row: tuple[Any, ...]) -> Movement:
    return Movement(
        id=row[0],
        seq=row[1],
        kind=TransferKind(row[2]),
        currency=Currency(row[3]),
        debit_id=row[4],
        credit_id=row[5],
        moved=row[6],
        member_id=row[7],
        store_id=row[8],
        actor_id=row[9],
        reason_code=row[10],
        event_id=row[11],
        reverses=row[12],
        occurred_at=row[13],
        recorded_at=row[14],
    )


def corrected_since(
    *, member_id: int, operator_id: int, since: datetime, besides: UUID | None = None
) -> int:
    """Sum what one operator corrected for one member since a moment, up and down alike."""
    found = sql.row(
        "SELECT COALESCE(sum(amount), 0)::bigint FROM ledger_transfer WHERE kind = %s::smallint"
        " AND recorded_at >= %s::timestamptz AND member_id = %s::bigint"
        " AND actor_id = %s::bigint AND id IS DISTINCT FROM %s::uuid",
        [int(TransferKind.ADJUST), since, member_id, operator_id, besides],
    )
    return int(found[0]) if found else 0
