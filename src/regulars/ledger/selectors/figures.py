"""Read figures over the whole ledger, and when the points of a lot were granted."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from regulars.ledger.domain import AccountKind, Currency, TransferKind
from regulars.web import sql


@dataclass(frozen=True, slots=True)
class Outstanding:
    """The points of all members at a moment: usable, waiting, and owed back."""

    available: int
    pending: int
    owed: int


def get_outstanding(*, at: datetime, programme_id: int = 1) -> Outstanding:
    """Sum the points of all members; what expired by then counts no more."""
    lots = sql.row(
        "SELECT coalesce(sum(l.remaining) FILTER (WHERE l.usable_from <= %s::timestamptz), 0),"
        " coalesce(sum(l.remaining) FILTER"
        "   (WHERE l.usable_from IS NULL OR l.usable_from > %s::timestamptz), 0)"
        " FROM ledger_lot l JOIN ledger_account a ON a.id = l.account_id"
        " WHERE l.is_open AND (l.expires_at IS NULL OR l.expires_at > %s::timestamptz)"
        " AND a.programme_id = %s::int AND a.currency = %s::smallint",
        [at, at, at, programme_id, int(Currency.POINTS)],
    )
    debt = sql.row(
        "SELECT coalesce(-sum(posted), 0) FROM ledger_account WHERE programme_id = %s::int"
        " AND currency = %s::smallint AND kind = %s::smallint AND member_id IS NOT NULL",
        [programme_id, int(Currency.POINTS), int(AccountKind.OWED)],
    )
    assert lots is not None
    assert debt is not None
    return Outstanding(available=int(lots[0]), pending=int(lots[1]), owed=int(debt[0]))


def count_expiring(*, at: datetime, until: datetime, programme_id: int = 1) -> int:
    """Sum the points of all members that expire between now and a moment."""
    found = sql.row(
        "SELECT coalesce(sum(l.remaining), 0) FROM ledger_lot l"
        " JOIN ledger_account a ON a.id = l.account_id"
        " WHERE l.is_open AND l.expires_at > %s::timestamptz AND l.expires_at <= %s::timestamptz"
        " AND a.programme_id = %s::int AND a.currency = %s::smallint",
        [at, until, programme_id, int(Currency.POINTS)],
    )
    assert found is not None
    return int(found[0])


def expiring_of(
    *, member_ids: Sequence[int], at: datetime, until: datetime, programme_id: int = 1
) -> dict[int, int]:
    """Answer how many points of each of these expire between now and a moment, if any do."""
    found = sql.rows(
        "SELECT a.member_id, sum(l.remaining) FROM ledger_account a"
        " JOIN ledger_lot l ON l.account_id = a.id AND l.is_open"
        " WHERE a.member_id = ANY(%s::bigint[]) AND a.programme_id = %s::int"
        " AND a.currency = %s::smallint AND l.expires_at > %s::timestamptz"
        " AND l.expires_at <= %s::timestamptz GROUP BY a.member_id",
        [list(member_ids), programme_id, int(Currency.POINTS), at, until],
    )
    return {member_id: int(points) for member_id, points in found}


def grants_of(*, transfer_ids: Sequence[UUID]) -> dict[UUID, tuple[datetime, TransferKind]]:
    """Answer when each of these transfers happened, and what it was for."""
    found = sql.rows(
        "SELECT id, occurred_at, kind FROM ledger_transfer WHERE id = ANY(%s::uuid[])",
        [list(transfer_ids)],
    )
    return {transfer_id: (moment, TransferKind(kind)) for transfer_id, moment, kind in found}
