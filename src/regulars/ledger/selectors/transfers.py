"""Single transfers and holds, by their ids."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from regulars.ledger.domain import (
    Currency,
    HeldPoints,
    HoldMissing,
    HoldState,
    Transfer,
    TransferKind,
    TransferMissing,
)
from regulars.web import sql

_TRANSFER: Final = (
    "SELECT t.id, t.seq, t.kind, t.currency, t.member_id, t.debit_id, t.credit_id, t.amount,"
    " COALESCE((SELECT sum(r.amount) FROM ledger_transfer AS r WHERE r.reverses = t.id), 0)::bigint"
    " FROM ledger_transfer AS t WHERE t.id = %s::uuid"
)


def get_transfer(*, transfer_id: UUID) -> Transfer:
    """Answer one transfer with how much of it was reversed; raises TransferMissing."""
    found = sql.row(_TRANSFER, [transfer_id])
    if found is None:
        raise TransferMissing
    return Transfer(found[0], found[1], TransferKind(found[2]), Currency(found[3]), *found[4:9])


def get_hold(*, hold_id: UUID, at: datetime) -> HeldPoints:
    """Answer one hold; an open one that has run out shows as expired. Raises HoldMissing."""
    found = sql.row(
        "SELECT h.id, h.member_id, a.currency, h.amount, h.committed_amount, h.state, h.expires_at"
        " FROM ledger_hold AS h JOIN ledger_account AS a ON a.id = h.account_id"
        " WHERE h.id = %s::uuid",
        [hold_id],
    )
    if found is None:
        raise HoldMissing
    return _held(found, at)


def list_holds(*, member_id: int, at: datetime, limit: int = 50) -> list[HeldPoints]:
    """List the live holds of a member, the first to run out first."""
    found = sql.rows(
        "SELECT h.id, h.member_id, a.currency, h.amount, h.committed_amount, h.state, h.expires_at"
        " FROM ledger_account AS a JOIN ledger_hold AS h ON h.account_id = a.id AND h.state = 0"
        " WHERE a.member_id = %s::bigint AND h.expires_at > %s::timestamptz"
        " ORDER BY h.expires_at, h.id LIMIT %s::bigint",
        [member_id, at, limit],
    )
    return [_held(row, at) for row in found]


def _held(row: tuple[Any, ...], at: datetime) -> HeldPoints:
    hold = HeldPoints(
        row[0],
        row[1],
        Currency(row[2]),
        row[3],
        row[4],
        HoldState(row[5]),
        row[6],
    )
    return hold.seen_at(at)


def get_zone_name() -> str:
    """Answer the zone in which the shop counts its days."""
    found = sql.row("SELECT zone FROM web_installation WHERE id = 1")
    assert found is not None
    return str(found[0])
