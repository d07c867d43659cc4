"""Carry out a plan in a handful of statements: rows by COPY, touched rows by arrays.

COPY is the cheapest way into PostgreSQL there is. Everything runs in the caller's transaction.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from msgspec.structs import astuple

from regulars.ledger.domain import Account, Books, HeldLots, Writes
from regulars.ledger.selectors.locks import bigints, uuids
from regulars.web import sql
from regulars.web.binary import Shape

_TRANSFERS: Final = Shape(
    "ledger_transfer",
    {
        "id": "uuid", "seq": "bigint", "business_id": "uuid", "kind": "smallint",
        "currency": "smallint", "debit_id": "bigint", "credit_id": "bigint", "amount": "bigint",
        "member_id": "bigint", "hold_id": "uuid?", "reverses": "uuid?",
        "rule_version_id": "bigint?", "event_id": "bigint?", "store_id": "bigint?",
        "actor_id": "bigint?", "reason_code": "smallint", "request_hash": "bytea",
        "occurred_at": "timestamptz", "recorded_at": "timestamptz",
    },
)  # fmt: skip
_LOTS: Final = Shape(
    "ledger_lot",
    {
        "id": "bigint", "account_id": "bigint", "member_id": "bigint", "transfer_id": "uuid",
        "granted": "bigint", "remaining": "bigint", "usable_from": "timestamptz?",
        "expires_at": "timestamptz?", "origin_member_id": "bigint?", "restored_from": "bigint?",
        "root_id": "bigint?",
    },
)  # fmt: skip
_LOT_FIELDS: Final = 11  # the others are of the plan, not of the table
_USES: Final = Shape(
    "ledger_lot_use",
    {"transfer_id": "uuid", "lot_id": "bigint", "member_id": "bigint", "amount": "bigint"},
)
_TOUCHED_LOTS: Final = (
    "UPDATE ledger_lot AS l SET remaining = x.remaining"
    " FROM unnest(%s::bigint[], %s::bigint[]) AS x (id, remaining) WHERE l.id = x.id"
)
_NEW_ACCOUNTS: Final = (
    "INSERT INTO ledger_account (id, programme_id, currency, member_id, kind, posted, held,"
    " version) SELECT x.id, %s::int, x.currency, x.member_id, x.kind, x.posted, x.held, 1"
    " FROM unnest(%s::bigint[], %s::smallint[], %s::bigint[], %s::smallint[], %s::bigint[],"
    " %s::bigint[]) AS x (id, currency, member_id, kind, posted, held)"
    " ON CONFLICT DO NOTHING RETURNING id"
)
_EMPTIED: Final = "UPDATE ledger_account SET posted = 0, held = 0 WHERE id = ANY(%s::bigint[])"
# A locked row stays where it is, so nobody has to look for it again.
_TOUCHED_ACCOUNTS: Final = (
    "UPDATE ledger_account AS a SET posted = x.posted, held = x.held, version = a.version + 1"
    " FROM unnest(%s::tid[], %s::bigint[], %s::bigint[], %s::bigint[])"
    " AS x (place, id, posted, held) WHERE a.ctid = x.place AND a.id = x.id"
)
_NEW_HOLDS: Final = (
    "INSERT INTO ledger_hold (id, account_id, member_id, amount, committed_amount, state,"
    " expires_at, request_hash, recorded_at)"
    " SELECT *, %s::timestamptz FROM unnest(%s::uuid[], %s::bigint[], %s::bigint[],"
    " %s::bigint[], %s::bigint[], %s::smallint[], %s::timestamptz[], %s::bytea[])"
)
_TOUCHED_HOLDS: Final = (
    "UPDATE ledger_hold AS h SET state = x.state, committed_amount = x.committed,"
    " account_id = x.account, member_id = x.member,"
    " resolved_at = CASE WHEN x.state = 0 THEN NULL ELSE %s::timestamptz END"
    " FROM unnest(%s::uuid[], %s::smallint[], %s::bigint[], %s::bigint[], %s::bigint[])"
    " AS x (id, state, committed, account, member) WHERE h.id = x.id"
)
_PINS: Final = (
    "INSERT INTO ledger_hold_lot (hold_id, lot_id, member_id, amount)"
    " SELECT * FROM unnest(%s::uuid[], %s::bigint[], %s::bigint[], %s::bigint[])"
)


class AccountsRaced(Exception):  # noqa: N818 a signal to plan again, never seen outside
    """Somebody else opened an account that was planned with as a draft; nothing was written."""


def write(books: Books) -> None:
    """Write everything the plan asked for; raises AccountsRaced before anything is."""
    writes = books.writes
    _write_accounts(books)
    if writes.transfers:
        sql.copy_rows(_TRANSFERS, writes.transfers)
    if writes.new_lots:
        sql.copy_rows(_LOTS, [astuple(lot)[:_LOT_FIELDS] for lot in writes.new_lots])
    if writes.uses:
        sql.copy_rows(_USES, [(*names, *taken) for names, taken in writes.uses.items()])
    if writes.changed_lots:
        lots = writes.changed_lots
        sql.run(_TOUCHED_LOTS, [bigints(lots), bigints([lot.remaining for lot in lots.values()])])
    if writes.holds:
        _write_holds(writes, books.at)


def _write_accounts(books: Books) -> None:
    accounts = books.writes.accounts.values()
    fresh = sorted([account for account in accounts if account.is_new], key=_identity)
    if fresh:
        _open_accounts(books, fresh)
    touched = [account for account in accounts if not account.is_new]
    if touched:
        found = sql.run(
            _TOUCHED_ACCOUNTS,
            [
                '{"' + '","'.join([account.place for account in touched]) + '"}',
                [account.id for account in touched],
                [account.posted for account in touched],
                [account.held for account in touched],
            ],
        )
        assert found == len(touched), "an account moved while it was locked"


def _open_accounts(books: Books, fresh: list[Account]) -> None:
    """Open accounts with what they hold; where another was faster, take ours back to nothing.

    What we have opened others may wait for, while we wait for theirs: a ring that PostgreSQL
    breaks, and whoever posts whole batches begins again.
    """
    made = sql.rows(
        _NEW_ACCOUNTS,
        [
            books.programme_id,
            bigints([account.id for account in fresh]),
            bigints([account.currency for account in fresh]),
            bigints([account.member_id for account in fresh]),
            bigints([account.kind for account in fresh]),
            bigints([account.posted for account in fresh]),
            bigints([account.held for account in fresh]),
        ],
    )
    if len(made) < len(fresh):
        sql.run(_EMPTIED, [bigints([account_id for (account_id,) in made])])
        raise AccountsRaced


def _identity(account: Account) -> tuple[int, int, int]:
    return (account.currency, account.member_id, account.kind)


def _write_holds(writes: Writes, at: datetime) -> None:
    fresh = [hold for hold in writes.holds.values() if hold.is_new]
    if fresh:
        _insert_holds(fresh, at)
    touched = [hold for hold in writes.holds.values() if not hold.is_new]
    if touched:
        sql.run(
            _TOUCHED_HOLDS,
            [
                at,
                uuids([hold.id for hold in touched]),
                bigints([int(hold.state) for hold in touched]),
                bigints([hold.committed_amount for hold in touched]),
                bigints([hold.account_id for hold in touched]),
                bigints([hold.member_id for hold in touched]),
            ],
        )
    moved = writes.moved_holds
    if moved:
        ids = uuids([hold.id for hold in moved])
        sql.run("DELETE FROM ledger_hold_lot WHERE hold_id = ANY(%s::uuid[])", [ids])
        _insert_pins(moved)


def _insert_holds(holds: list[HeldLots], at: datetime) -> None:
    sql.run(
        _NEW_HOLDS,
        [
            at,
            uuids([hold.id for hold in holds]),
            bigints([hold.account_id for hold in holds]),
            bigints([hold.member_id for hold in holds]),
            bigints([hold.amount for hold in holds]),
            bigints([hold.committed_amount for hold in holds]),
            bigints([int(hold.state) for hold in holds]),
            _array(hold.expires_at.isoformat() for hold in holds),
            _array(f'"\\\\x{hold.request_hash.hex()}"' for hold in holds),
        ],
    )
    _insert_pins(holds)


def _insert_pins(holds: list[HeldLots]) -> None:
    pins = [(hold, lot, part) for hold in holds for lot, part in hold.pins]
    sql.run(
        _PINS,
        [
            uuids([hold.id for hold, _, _ in pins]),
            bigints([lot.id for _, lot, _ in pins]),
            bigints([hold.member_id for hold, _, _ in pins]),
            bigints([part for _, _, part in pins]),
        ],
    )


def _array(texts: Iterable[str]) -> str:
    return "{" + ",".join(texts) + "}"
