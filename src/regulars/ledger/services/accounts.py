"""What is done to whole accounts: expire, merge, unmerge, close, freeze, release."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from regulars.events import services as events
from regulars.events.domain import Fact
from regulars.kit.ids import uuid_from
from regulars.ledger.domain import (
    CURRENCIES,
    Account,
    AccountKind,
    Books,
    Currency,
    Posting,
    check_unmerge,
    plan_close,
    plan_expiry,
    plan_merge,
    plan_unmerge,
)
from regulars.ledger.selectors import locks
from regulars.ledger.services.books import (
    FIRST_PROGRAMME,
    lock_keys,
    numbers_from,
    read_accounts,
)
from regulars.ledger.services.posting import retried
from regulars.ledger.services.writing import write
from regulars.web import clock, sql

SWEEP_LOTS_MAX: Final = 500

_MERGED_INTO: Final = (
    "UPDATE ledger_account AS a SET merged_into = x.target"
    " FROM unnest(%s::bigint[], %s::bigint[]) AS x (id, target) WHERE a.id = x.id"
)
_PARTED: Final = "UPDATE ledger_account SET merged_into = NULL WHERE id = ANY(%s::bigint[])"
_ORIGINS: Final = """
WITH RECURSIVE came (id, member_id) AS (
    SELECT id, member_id FROM ledger_account WHERE id = %s::bigint
    UNION
    SELECT a.id, a.member_id FROM ledger_account AS a JOIN came ON a.merged_into = came.id
)
SELECT member_id FROM came
"""
_MOVED_BALANCE: Final = """
SELECT COALESCE(sum(m.amount), 0)::bigint - COALESCE((
    SELECT sum(r.amount) FROM ledger_transfer AS o
    JOIN ledger_transfer AS r ON r.reverses = o.id AND r.debit_id = ANY(%s::bigint[])
    WHERE o.credit_id = %s::bigint AND o.credit_id > 0 AND r.seq > min(m.seq)
), 0)::bigint
FROM ledger_transfer AS m
WHERE m.debit_id = %s::bigint AND m.debit_id > 0 AND m.business_id = %s::uuid
"""
_MOVED_DEBT: Final = """
SELECT COALESCE(sum(amount), 0)::bigint FROM ledger_transfer
WHERE credit_id = %s::bigint AND credit_id > 0 AND business_id = %s::uuid
"""


def expire_points(*, at: datetime, limit: int = SWEEP_LOTS_MAX) -> int:
    """Expire lots that are over, of accounts nobody else is working on; answers how many points.

    One transaction over at most `limit` lots; call it until it answers 0. Cannot race a spend:
    both hold the account, and both read the time once they do.
    """

    def attempt() -> int:
        accounts = locks.lock_free_accounts(locks.list_due_accounts(at=at, limit=limit))
        return _sweep(accounts, clock.after_locks(at)) if accounts else 0

    return retried(attempt)


def merge_members(*, winner_id: int, loser_id: int, merge_id: int, at: datetime) -> int:
    """Move everything of one member to another: lots with their dates, holds, debts, growth.

    Afterwards the loser's accounts stand for the winner's for ever. Answers how many points
    moved. Raises MergeRefused where one is frozen, closed, or merged elsewhere.
    """

    def attempt() -> int:
        return sum(
            _merge(programme_id, winner_id, loser_id, merge_id, at)
            for programme_id in _programmes(winner_id, loser_id)
        )

    return retried(attempt)


def unmerge_members(*, winner_id: int, loser_id: int, merge_id: int, at: datetime) -> int:
    """Give the loser back what is left of its own; answers how many points went back."""

    def attempt() -> int:
        return sum(
            _unmerge(programme_id, winner_id, loser_id, merge_id, at)
            for programme_id in _programmes(winner_id, loser_id)
        )

    return retried(attempt)


def close_members(*, member_ids: Collection[int], at: datetime, event_id: int | None = None) -> int:
    """Close all accounts of erased members by explicit entries; answers how many points ended."""

    def attempt() -> int:
        return sum(
            _close(programme_id, member_ids, at, event_id)
            for programme_id in _programmes(*member_ids)
        )

    return retried(attempt)


def freeze_members(*, member_ids: Collection[int], at: datetime) -> None:
    """Keep the members' points where they are: nothing spent, held, given or merged."""
    _mark_frozen(member_ids, at)


def release_members(*, member_ids: Collection[int]) -> None:
    """Let frozen members dispose of their points again."""
    _mark_frozen(member_ids, None)


def release_lots(releases: Sequence[tuple[UUID, datetime]], *, at: datetime) -> int:
    """Set from when the lots of these grants may be used, where they may not be used yet.

    Reaches the lots wherever merges have carried them. Answers how many lots changed.
    """
    if not releases:
        return 0

    def attempt() -> int:
        ids, moments = zip(*releases, strict=True)
        found = sql.rows(
            "SELECT g.seq, x.usable_from, l.account_id FROM unnest(%s::uuid[], %s::timestamptz[])"
            " AS x (id, usable_from) JOIN ledger_transfer AS g ON g.id = x.id"
            " JOIN ledger_lot AS l ON l.id = g.seq OR l.root_id = g.seq WHERE l.is_open",
            [locks.uuids(ids), "{" + ",".join(m.isoformat() for m in moments) + "}"],
        )
        if not found:
            return 0
        sql.rows(
            "SELECT id FROM ledger_account WHERE id = ANY(%s::bigint[])"
            " ORDER BY id FOR NO KEY UPDATE",
            [locks.bigints({row[2] for row in found})],
        )
        chosen = {row[0]: row[1] for row in found}
        return sql.run(
            "UPDATE ledger_lot AS l SET usable_from = x.usable_from FROM ("
            "SELECT r.seq AS id, r.usable_from FROM unnest(%s::bigint[], %s::timestamptz[])"
            " AS r (seq, usable_from) UNION ALL"
            " SELECT m.id, r.usable_from FROM unnest(%s::bigint[], %s::timestamptz[])"
            " AS r (seq, usable_from) JOIN ledger_lot AS m ON m.root_id = r.seq) AS x"
            " WHERE l.id = x.id AND (l.usable_from IS NULL OR l.usable_from > %s::timestamptz)",
            [*(_columns(chosen) * 2), at],
        )

    return retried(attempt)


def _columns(chosen: dict[int, datetime]) -> list[str]:
    moments = "{" + ",".join(moment.isoformat() for moment in chosen.values()) + "}"
    return [locks.bigints(chosen), moments]


def _sweep(accounts: Sequence[Account], at: datetime) -> int:
    books = Books(at=at, numbers=numbers_from(None))
    read_accounts(books, accounts)
    expired: list[Fact] = []
    total = 0
    for account in accounts:
        points = plan_expiry(books, account)
        if points:
            total += points
            facts = {"amount": points, "currency": Currency(account.currency).name.lower()}
            expired.append(
                Fact(
                    type="points.expired", occurred_at=at, member_id=account.member_id, facts=facts
                )
            )
    write(books)
    if expired:
        events.append(expired, at=at)
    return total


def _close(
    programme_id: int, member_ids: Collection[int], at: datetime, event_id: int | None
) -> int:
    keys = {(int(c), m) for c in CURRENCIES for m in member_ids}
    books = Books(programme_id=programme_id, at=at, numbers=numbers_from(None))
    lock_keys(books, keys=keys, debts=set(), follow=False)
    open_ = [a for a in books.accounts.values() if not a.is_closed and a.merged_into is None]
    read_accounts(books, open_)
    total = 0
    for account in open_:
        cause = Posting(
            id=uuid_from("close", account.member_id),
            member_id=account.member_id,
            currency=Currency(account.currency),
            occurred_at=at,
            event_id=event_id,
        )
        ended = plan_close(books, cause, account)
        total += ended if account.currency == Currency.POINTS else 0
    write(books)
    sql.run(
        "UPDATE ledger_account SET closed_at = %s::timestamptz WHERE id = ANY(%s::bigint[])",
        [at, locks.bigints(account.id for account in open_)],
    )
    return total


def _merge(programme_id: int, winner_id: int, loser_id: int, merge_id: int, at: datetime) -> int:
    books, pairs = _open_pairs(programme_id, winner_id, loser_id, at)
    indebted = {
        (currency, winner_id)
        for (currency, member_id), owed in books.owed.items()
        if member_id == loser_id and owed.posted < 0
    }
    lock_keys(books, keys=set(), debts=indebted, follow=False)
    read_accounts(books, [loser for _, loser in pairs])
    moved = 0
    for winner, loser in pairs:
        before = winner.posted
        plan_merge(books, _merging(merge_id, loser, at), winner=winner, loser=loser)
        moved += winner.posted - before if winner.currency == Currency.POINTS else 0
    write(books)
    sql.run(
        _MERGED_INTO,
        [locks.bigints(loser.id for _, loser in pairs), locks.bigints(w.id for w, _ in pairs)],
    )
    return moved


def _unmerge(programme_id: int, winner_id: int, loser_id: int, merge_id: int, at: datetime) -> int:
    books, pairs = _open_pairs(programme_id, winner_id, loser_id, at)
    for winner, loser in pairs:
        check_unmerge(winner, loser)
    # The winner may have become part of somebody else since: there the points are now.
    lock_keys(books, keys={(int(c), winner_id) for c in CURRENCIES}, debts=set())
    holders = [books.accounts[int(c), winner_id] for c in CURRENCIES]
    read_accounts(books, holders)
    returned = 0
    for winner, (named, loser) in zip(holders, pairs, strict=True):
        merge = _merging(merge_id, loser, at)
        parting = Posting(
            id=uuid_from("unmerge", merge_id, programme_id, loser.currency),
            member_id=loser.member_id,
            currency=Currency(loser.currency),
            occurred_at=at,
        )
        back = plan_unmerge(
            books,
            parting,
            winner=winner,
            loser=loser,
            origins=frozenset(r[0] for r in sql.rows(_ORIGINS, [loser.id])),
            balance=_number(
                _MOVED_BALANCE,
                [locks.bigints({winner.id, named.id}), loser.id, loser.id, merge.id],
            ),
            debt=_moved_debt(books, loser, merge),
        )
        returned += back if loser.currency == Currency.POINTS else 0
    write(books)
    sql.run(_PARTED, [locks.bigints(loser.id for _, loser in pairs)])
    return returned


def _open_pairs(
    programme_id: int, winner_id: int, loser_id: int, at: datetime
) -> tuple[Books, list[tuple[Account, Account]]]:
    books = Books(programme_id=programme_id, at=at, numbers=numbers_from(None))
    keys = {(int(c), m) for c in CURRENCIES for m in (winner_id, loser_id)}
    lock_keys(books, keys=keys, debts=set(), follow=False)
    books.at = clock.after_locks(at)
    shelf = books.accounts
    return books, [(shelf[int(c), winner_id], shelf[int(c), loser_id]) for c in CURRENCIES]


def _merging(merge_id: int, loser: Account, at: datetime) -> Posting:
    return Posting(
        id=uuid_from("merge", merge_id, loser.id),
        member_id=loser.member_id,
        currency=Currency(loser.currency),
        occurred_at=at,
    )


def _moved_debt(books: Books, loser: Account, merge: Posting) -> int:
    owed = books.owed.get((loser.currency, loser.member_id))
    return 0 if owed is None else _number(_MOVED_DEBT, [owed.id, merge.id])


def _programmes(*member_ids: int) -> list[int]:
    found = sql.rows(
        "SELECT DISTINCT programme_id FROM ledger_account WHERE member_id = ANY(%s::bigint[])",
        [locks.bigints(member_ids)],
    )
    return sorted({FIRST_PROGRAMME, *(row[0] for row in found)})


def _mark_frozen(member_ids: Collection[int], at: datetime | None) -> None:
    def attempt() -> None:
        books = Books(programme_id=FIRST_PROGRAMME, at=at or clock.now(), numbers=iter(()))
        keys = {(int(c), m) for c in CURRENCIES for m in member_ids}
        lock_keys(books, keys=keys, debts=set(), follow=False)
        sql.run(
            "UPDATE ledger_account SET frozen_at = %s::timestamptz WHERE kind = %s::smallint"
            " AND member_id = ANY(%s::bigint[])",
            [at, int(AccountKind.MEMBER), locks.bigints(member_ids)],
        )

    retried(attempt)


def _number(statement: str, params: list[object]) -> int:
    found = sql.row(statement, params)
    assert found is not None
    return int(found[0])


__all__ = [
    "close_members", "expire_points", "freeze_members", "merge_members",
    "release_lots", "release_members", "unmerge_members",
]  # fmt: skip
