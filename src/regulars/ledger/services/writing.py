"""Carry out a plan in a handful of statements: rows by COPY, touched rows by arrays.

COPY is the cheapest way into PostgreSQL there is, and text lines are the cheapest way to make
rows in Python; both were measured. Everything runs inside the caller's transaction.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from regulars.kit.instants import text_of
from regulars.ledger.domain import Account, Books, HeldLots, Lot, Writes
from regulars.ledger.domain.books import TransferRow
from regulars.ledger.selectors.locks import bigints, uuids
from regulars.web import sql

_TRANSFERS: Final = (
    "COPY ledger_transfer (id, seq, business_id, kind, currency, debit_id, credit_id, amount,"
    " member_id, hold_id, reverses, rule_version_id, event_id, store_id, actor_id, reason_code,"
    " request_hash, occurred_at, recorded_at) FROM STDIN"
)
_LOTS: Final = (
    "COPY ledger_lot (id, account_id, member_id, origin_member_id, transfer_id, granted,"
    " remaining, usable_from, expires_at, restored_from, root_id) FROM STDIN"
)
_USES: Final = "COPY ledger_lot_use (transfer_id, lot_id, member_id, amount) FROM STDIN"
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
_TOUCHED_ACCOUNTS: Final = (
    "UPDATE ledger_account AS a SET posted = x.posted, held = x.held, version = a.version + 1"
    " FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[]) AS x (id, posted, held)"
    " WHERE a.id = x.id"
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
_NULL: Final = "\\N"


class AccountsRaced(Exception):  # noqa: N818 a signal to plan again, never seen outside
    """Somebody else opened an account that was planned with as a draft; nothing was written."""


def write(books: Books) -> None:
    """Write everything the plan asked for; raises AccountsRaced before anything is."""
    writes = books.writes
    _write_accounts(books)
    if writes.transfers:
        sql.copy(_TRANSFERS, "".join(_transfer_lines(writes.transfers, books.at)))
    if writes.new_lots:
        sql.copy(_LOTS, "".join(_lot_lines(writes.new_lots)))
    if writes.uses:
        sql.copy(_USES, "".join(_use_lines(writes)))
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
        sql.run(
            _TOUCHED_ACCOUNTS,
            [
                bigints([account.id for account in touched]),
                bigints([account.posted for account in touched]),
                bigints([account.held for account in touched]),
            ],
        )


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


def _transfer_lines(transfers: Iterable[TransferRow], at: datetime) -> list[str]:
    recorded = at.isoformat()
    return [
        f"{(name := i.hex)}\t{seq}\t{name if business is i else business.hex}\t{kind}\t"
        f"{int(currency)}\t{debit}\t{credit}\t{amount}\t{_NULL if member is None else member}\t"
        f"{_NULL if hold is None else hold.hex}\t{_NULL if reverses is None else reverses.hex}\t"
        f"{_NULL if rule is None else rule}\t{_NULL if event is None else event}\t"
        f"{_NULL if store is None else store}\t{_NULL if actor is None else actor}\t{reason}\t"
        f"\\\\x{digest.hex()}\t{text_of(occurred)}\t{recorded}\n"
        for (
            i, seq, business, kind, currency, debit, credit, amount, member, hold, reverses, rule,
            event, store, actor, reason, digest, occurred,
        ) in transfers
    ]  # fmt: skip


def _lot_lines(lots: Iterable[Lot]) -> list[str]:
    return [
        f"{lot.id}\t{lot.account_id}\t{lot.member_id}\t"
        f"{_NULL if lot.origin_member_id is None else lot.origin_member_id}\t"
        f"{lot.transfer_id.hex}\t{lot.granted}\t{lot.remaining}\t"
        f"{_NULL if lot.usable_from is None else text_of(lot.usable_from)}\t"
        f"{_NULL if lot.expires_at is None else text_of(lot.expires_at)}\t"
        f"{_NULL if lot.restored_from is None else lot.restored_from}\t"
        f"{_NULL if lot.root_id is None else lot.root_id}\n"
        for lot in lots
    ]


def _use_lines(writes: Writes) -> list[str]:
    return [
        f"{transfer_id.hex}\t{lot_id}\t{member_id}\t{amount}\n"
        for (transfer_id, lot_id), (member_id, amount) in writes.uses.items()
    ]


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
