"""Rows held for update: the accounts of a batch, always locked in the order of their ids.

Lots, holds and originals are read in statements of their own after the lock: under READ
COMMITTED only a later statement sees what the transaction waited for.
"""

from collections.abc import Collection, Iterable
from datetime import datetime
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

from regulars.ledger.domain import (
    Account,
    Books,
    HeldLots,
    HoldState,
    Lot,
    Original,
    TransferKind,
    UsedLot,
)
from regulars.web import sql

# In the order of the fields of Account.
_ACCOUNT = (
    "id, currency, member_id, kind, posted, held, programme_id, frozen_at IS NOT NULL,"
    " closed_at IS NOT NULL, merged_into, ctid AS place"
)
# The numbers of transfers are taken when every lock is held, or statements would come out of order:
# the count has seen the last account before the sequence is asked.
_LOCK: Final = f"""
WITH held AS MATERIALIZED (
    SELECT {_ACCOUNT} FROM ledger_account WHERE member_id = ANY(%s::bigint[])
    AND programme_id = %s::int AND currency = ANY(%s::smallint[]) ORDER BY id FOR NO KEY UPDATE
), block AS MATERIALIZED (
    SELECT nextval('ledger_transfer_seq') AS first FROM (SELECT count(*) FROM held) AS all_held
)
SELECT block.first, held.* FROM held, block
"""
_LOCK_FREE: Final = (
    f"SELECT {_ACCOUNT} FROM ledger_account WHERE id = ANY(%s::bigint[])"
    " ORDER BY id FOR NO KEY UPDATE SKIP LOCKED"
)
_SEEN: Final = "SELECT id, request_hash, member_id, amount FROM {} WHERE id = ANY(%s::uuid[])"
# Moments come as text: a batch reads the same few dates of expiry hundreds of times, and parsing
# each text once costs a tenth of what the driver's loader does.
_LOT = (
    "id, account_id, member_id, remaining, usable_from::text, expires_at::text,"
    " origin_member_id, restored_from, root_id"
)
_LOTS: Final = (
    "SELECT l.* FROM unnest(%s::bigint[]) AS a (id) CROSS JOIN LATERAL"
    f" (SELECT {_LOT} FROM ledger_lot AS o WHERE o.account_id = a.id AND o.is_open"
    " ORDER BY o.expires_at, o.id LIMIT %s::bigint) AS l"
)
_OPEN_HOLDS: Final = (
    "SELECT h.id, h.account_id, h.member_id, h.amount, h.expires_at, h.request_hash, h.state,"
    " h.committed_amount, p.lot_id, p.amount FROM ledger_hold AS h"
    " JOIN ledger_hold_lot AS p ON p.hold_id = h.id"
    " WHERE h.account_id = ANY(%s::bigint[]) AND h.state = 0"
)
_RESOLVED_HOLDS: Final = """
WITH RECURSIVE held (id, place) AS (
    SELECT id, account_id FROM ledger_hold WHERE id = ANY(%s::uuid[]) AND state <> 0
    UNION
    SELECT h.id, a.merged_into FROM held AS h JOIN ledger_account AS a ON a.id = h.place
    WHERE a.merged_into IS NOT NULL
)
SELECT h.id, p.place, h.member_id, h.amount, h.expires_at, h.request_hash, h.state,
    h.committed_amount
FROM held AS p JOIN ledger_account AS a ON a.id = p.place AND a.merged_into IS NULL
JOIN ledger_hold AS h ON h.id = p.id
"""
_HOLDERS: Final = """
WITH RECURSIVE held (id, place) AS (
    SELECT t.id, CASE WHEN t.credit_id > 0 THEN t.credit_id ELSE t.debit_id END
    FROM ledger_transfer AS t WHERE t.id = ANY(%s::uuid[])
    UNION
    SELECT h.id, a.merged_into FROM held AS h JOIN ledger_account AS a ON a.id = h.place
    WHERE a.merged_into IS NOT NULL
)
SELECT h.id, h.place FROM held AS h JOIN ledger_account AS a ON a.id = h.place
WHERE a.merged_into IS NULL
"""
_ORIGINALS: Final = """
SELECT t.id, t.seq, t.kind, t.debit_id, t.credit_id, t.amount,
    COALESCE((SELECT sum(r.amount) FROM ledger_transfer AS r WHERE r.reverses = t.id), 0)::bigint,
    CASE WHEN t.credit_id > 0 THEN
        COALESCE((SELECT sum(u.amount) FROM ledger_lot AS l
            JOIN ledger_lot_use AS u ON u.lot_id = l.id
            JOIN ledger_transfer AS x ON x.id = u.transfer_id AND x.kind = 3
            WHERE l.id = t.seq OR l.root_id = t.seq), 0)
        - COALESCE((SELECT sum(r.amount) FROM ledger_transfer AS r
            JOIN ledger_account AS a ON a.id = r.debit_id AND a.kind = 4
            WHERE r.reverses = t.id), 0)
    ELSE 0 END::bigint
FROM ledger_transfer AS t WHERE t.id = ANY(%s::uuid[])
"""
_USES: Final = f"""
SELECT u.transfer_id, u.amount,
    COALESCE((SELECT sum(g.amount) FROM ledger_transfer AS r
        JOIN ledger_lot_use AS g ON g.transfer_id = r.id AND g.lot_id = u.lot_id
        WHERE r.reverses = u.transfer_id AND r.kind = 5), 0)::bigint
    + COALESCE((SELECT sum(n.granted) FROM ledger_transfer AS r
        JOIN ledger_lot AS n ON n.id = r.seq AND n.restored_from = u.lot_id
        WHERE r.reverses = u.transfer_id AND r.kind = 5), 0)::bigint,
    {", ".join(f"l.{name.strip()}" for name in _LOT.split(","))}
FROM ledger_lot_use AS u JOIN ledger_lot AS l ON l.id = u.lot_id
WHERE u.transfer_id = ANY(%s::uuid[])
"""  # fmt: skip
_NO_ID: Final = UUID(int=0)
_RESTORABLE: Final = {TransferKind.SPEND, TransferKind.COMMIT, TransferKind.ADJUST}


def bigints(values: Iterable[int]) -> str:
    """Write integers as an array literal: several times cheaper than the driver's own way."""
    return "{" + ",".join(map(str, values)) + "}"


def uuids(values: Iterable[UUID]) -> str:
    """Write UUIDs as an array literal."""
    return "{" + ",".join([value.hex for value in values]) + "}"


def lock_accounts(
    *, programme_id: int, currencies: Collection[int], member_ids: Collection[int]
) -> tuple[int | None, list[Account]]:
    """Lock the members' accounts of these currencies, own and owed, in the order of their ids.

    Answers a block of sequence numbers taken after the last lock, None where nothing was found.
    """
    found = sql.rows(_LOCK, [bigints(member_ids), programme_id, bigints(currencies)])
    return (found[0][0] if found else None), [Account(*row[1:]) for row in found]


def lock_free_accounts(account_ids: Collection[int]) -> list[Account]:
    """Lock those of the accounts that nobody else holds."""
    return [Account(*row) for row in sql.rows(_LOCK_FREE, [bigints(account_ids)])]


def find_seen(ids: Iterable[UUID]) -> dict[UUID, tuple[bytes, int | None, int]]:
    """Answer which ids were used by transfers before, and for what."""
    found = sql.rows(_SEEN.format("ledger_transfer"), [uuids(ids)])
    return {row[0]: (bytes(row[1]), row[2], row[3]) for row in found}


def find_seen_holds(ids: Collection[UUID]) -> dict[UUID, tuple[bytes, int | None, int]]:
    """Answer which ids were used by holds before, and for what."""
    found = sql.rows(_SEEN.format("ledger_hold"), [uuids(ids)])
    return {row[0]: (bytes(row[1]), row[2], row[3]) for row in found}


def read_lots(accounts: dict[int, Account], *, each: int | None) -> None:
    """Read the open lots of locked accounts into them, soonest to expire first."""
    for account in accounts.values():
        account.lots = []
    for row in sql.rows(_LOTS, [bigints(accounts), each]):
        lots = accounts[row[1]].lots
        assert lots is not None
        lots.append(_lot(row))


def read_holds(accounts: dict[int, Account], named: Collection[UUID]) -> None:
    """Read open holds of locked accounts, and how the named ones were resolved before."""
    lots = {lot.id: lot for account in accounts.values() for lot in account.lots or ()}
    for row in sql.rows(_OPEN_HOLDS, [bigints(accounts)]):
        hold = _hold(accounts[row[1]], row)
        lot = lots[row[8]]
        lot.pinned += row[9]
        hold.pins.append((lot, row[9]))
    for account in accounts.values():
        order = {lot.id: place for place, lot in enumerate(account.lots or ())}
        for hold in account.holds.values():
            hold.pins.sort(key=lambda pin: order[pin[0].id])
    if named:
        for row in sql.rows(_RESOLVED_HOLDS, [uuids(named)]):
            if row[1] in accounts:
                _hold(accounts[row[1]], row)


def read_originals(books: Books, ids: Collection[UUID]) -> None:
    """Read the transfers that are to be reversed, whose they are now, and what was undone."""
    keys = uuids(ids)
    holders = dict(sql.rows(_HOLDERS, [keys]))
    for row in sql.rows(_ORIGINALS, [keys]):
        books.originals[row[0]] = Original(
            id=row[0],
            seq=row[1],
            kind=row[2],
            debit_id=row[3],
            credit_id=row[4],
            amount=row[5],
            holder_id=holders[row[0]],
            reversed=row[6],
            lapsed=max(0, row[7]),
        )
    spent = [o.id for o in books.originals.values() if o.kind in _RESTORABLE]
    if not spent:
        return
    known = {lot.id: lot for account in books.accounts.values() for lot in account.lots or ()}
    for transfer_id, amount, restored, *lot_row in sql.rows(_USES, [uuids(spent)]):
        lot = known.setdefault(lot_row[0], _lot(tuple(lot_row)))
        books.originals[transfer_id].uses.append(UsedLot(lot, amount, restored))


def list_due_accounts(*, at: datetime, limit: int) -> list[int]:
    """List accounts with lots that are over, the longest overdue first."""
    found = sql.rows(
        "SELECT account_id FROM (SELECT l.account_id FROM ledger_lot AS l"
        " WHERE l.is_open AND l.expires_at <= %s::timestamptz AND l.remaining > COALESCE(("
        "SELECT sum(p.amount) FROM ledger_hold_lot AS p JOIN ledger_hold AS h ON h.id = p.hold_id"
        " AND h.state = 0 AND h.expires_at > %s::timestamptz WHERE p.lot_id = l.id), 0)"
        " ORDER BY l.expires_at LIMIT %s::bigint) AS due GROUP BY account_id",
        [at, at, limit],
    )
    return [row[0] for row in found]


def list_late_holders(*, at: datetime, limit: int, passed: Collection[int] = ()) -> list[int]:
    """List accounts with holds that have run out, but for those that were passed over."""
    found = sql.rows(
        "SELECT account_id FROM (SELECT account_id FROM ledger_hold WHERE state = 0"
        " AND expires_at <= %s::timestamptz AND account_id <> ALL(%s::bigint[])"
        " ORDER BY expires_at LIMIT %s::bigint) AS late GROUP BY account_id",
        [at, bigints(passed), limit],
    )
    return [row[0] for row in found]


def _lot(row: tuple[Any, ...]) -> Lot:
    return Lot(
        row[0], row[1], row[2], _NO_ID, row[3], row[3], _moment(row[4]), _moment(row[5]),
        origin_member_id=row[6], restored_from=row[7], root_id=row[8],
    )  # fmt: skip


@lru_cache(maxsize=8192)
def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _hold(account: Account, row: tuple[Any, ...]) -> HeldLots:
    hold = account.holds.get(row[0])
    if hold is None:
        hold = HeldLots(
            id=row[0],
            account_id=row[1],
            member_id=row[2],
            amount=row[3],
            expires_at=row[4],
            request_hash=bytes(row[5]),
            state=HoldState(row[6]),
            committed_amount=row[7],
        )
        account.holds[hold.id] = hold
    return hold
