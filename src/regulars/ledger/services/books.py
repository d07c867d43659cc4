"""Open the books for a batch: lock its accounts in order, then read what the plan will need."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from regulars.ledger.domain import (
    CURRENCIES,
    HOUSE_KINDS,
    WITHOUT_LOTS,
    Account,
    AccountKind,
    Books,
    Clawback,
    Commit,
    Currency,
    Earn,
    Gift,
    Hold,
    Open,
    Posting,
    Restore,
    Void,
    house_account,
    release_expired,
)
from regulars.ledger.domain.books import Key
from regulars.ledger.selectors import locks
from regulars.web import clock, sql

LOTS_FIRST: Final = 8  # enough for nearly every spend; the rest is read where it is not
FIRST_PROGRAMME: Final = 1
_BLOCK: Final = sql.BLOCK
_MERGES_MAX: Final = 32

_OWN: Final = int(AccountKind.MEMBER)
_OWED: Final = int(AccountKind.OWED)
_OPEN_ACCOUNTS: Final = (
    "INSERT INTO ledger_account (id, programme_id, currency, member_id, kind, posted, held,"
    " version) SELECT x.id, %s::int, x.currency, x.member_id, x.kind, 0, 0, 0"
    " FROM unnest(%s::bigint[], %s::smallint[], %s::bigint[], %s::smallint[])"
    " AS x (id, currency, member_id, kind) ON CONFLICT DO NOTHING"
)


Absent = tuple[int, int, int]  # currency, member id, kind


class AccountsMissing(Exception):  # noqa: N818 a signal to begin again, never seen outside
    """Some accounts are not there yet: open them before anything is locked, then begin again.

    Whoever opens an account that another is opening waits for the other's commit, and had better
    hold no locks meanwhile.
    """

    def __init__(self, programme_id: int, keys: list[Absent]) -> None:
        self.programme_id = programme_id
        self.keys = keys
        super().__init__()


@dataclass(slots=True)
class Wanted:
    """What a batch of postings needs to have locked and read."""

    keys: set[Key] = field(default_factory=set)
    readers: dict[Key, int] = field(default_factory=dict)
    whole: set[Key] = field(default_factory=set)
    debts: set[Key] = field(default_factory=set)
    reversals: set[UUID] = field(default_factory=set)
    holds: set[UUID] = field(default_factory=set)
    new_holds: set[UUID] = field(default_factory=set)


def open_books(
    postings: Sequence[Posting], *, at: datetime, programme_id: int, alone: bool, are_new: bool
) -> Books:
    """Lock and read everything that the plan of these postings may touch.

    `alone` says that the transaction is ours: then missing accounts raise AccountsMissing. Else
    they are drafted, and `write` opens them with what they hold. Ids that `are_new` need no
    look-up.
    """
    wanted = _want(postings)
    books = Books(programme_id=programme_id, at=at, numbers=numbers_from(None))
    lock_keys(books, keys=wanted.keys, debts=wanted.debts, absent=_refuse if alone else _draft)
    if wanted.readers:
        books.at = clock.after_locks(at)
    if not are_new:
        books.known = locks.find_seen([posting.id for posting in postings])
    if wanted.new_holds:
        books.known |= locks.find_seen_holds(wanted.new_holds)
    _read(books, wanted)
    return books


def _open(books: Books, absent: list[Absent]) -> None:
    """Open the accounts that are not there, and lock them."""
    open_accounts(books.programme_id, absent)
    _take_in(books, {(currency, member) for currency, member, _ in absent})


def _refuse(books: Books, absent: list[Absent]) -> None:
    raise AccountsMissing(books.programme_id, absent)


def _draft(books: Books, absent: list[Absent]) -> None:
    """Plan with accounts that are yet to be opened: one row is written where two would be."""
    if books.programme_id != FIRST_PROGRAMME:
        open_programme(programme_id=books.programme_id)
    ids = sql.take_ids("ledger_account_id_seq", len(absent))
    for account_id, (currency, member_id, kind) in zip(ids, absent, strict=True):
        account = Account(account_id, currency, member_id, kind, programme_id=books.programme_id)
        account.is_new = True
        shelf = books.accounts if kind == _OWN else books.owed
        shelf[currency, member_id] = account


def lock_keys(
    books: Books,
    *,
    keys: set[Key],
    debts: set[Key],
    follow: bool = True,
    absent: Callable[[Books, list[Absent]], None] = _open,
) -> None:
    """Lock the accounts of these (currency, member) pairs; `absent` says what of the missing.

    With `follow`, a merged account stands for the one it was merged into.
    """
    _lock_once(books, keys, debts, absent)
    if not follow:
        return
    for _ in range(_MERGES_MAX):
        stale = {k: a.merged_into for k, a in books.accounts.items() if a.merged_into is not None}
        if not stale:
            return
        homes = _homes(set(stale.values()))
        targets = {(key[0], homes[into]) for key, into in stale.items()}
        moved_debts = {(key[0], homes[into]) for key, into in stale.items() if key in debts}
        targets -= books.accounts.keys()
        _lock_once(books, targets, moved_debts - books.owed.keys(), absent)
        for key, into in stale.items():
            books.accounts[key] = books.accounts[key[0], homes[into]]
        debts = debts | moved_debts
    raise AssertionError("accounts are merged in a circle")


def lock_accounts(*, keys: Collection[tuple[Currency, int]], at: datetime) -> None:
    """Hold the accounts of these (currency, member) pairs until the transaction ends."""
    wanted = {(int(currency), member_id) for currency, member_id in keys}
    lock_keys(Books(at=at, numbers=iter(())), keys=wanted, debts=set())


def numbers_from(block: int | None) -> Iterator[int]:
    """Count on from a block of sequence numbers; fetch another while the locks are held."""
    if block is not None:
        yield from range(block, block + _BLOCK)
    while True:
        found = sql.row("SELECT nextval('ledger_transfer_seq')")
        assert found is not None
        yield from range(found[0], found[0] + _BLOCK)


def read_accounts(books: Books, accounts: Sequence[Account]) -> None:
    """Read all lots and holds of locked accounts, and let go the holds that have run out."""
    with_lots = {a.id: a for a in accounts if a.currency not in WITHOUT_LOTS}
    if with_lots:
        locks.read_lots(with_lots, each=None)
    held = {a.id: a for a in accounts if a.held > 0}
    if held:
        locks.read_holds(held, ())
        for account in held.values():
            release_expired(books, account)


def open_programme(*, programme_id: int) -> None:
    """Open the house's accounts of a programme; said twice, it changes nothing."""
    slots = [
        (house_account(programme_id, c, k), int(c), int(k)) for c in CURRENCIES for k in HOUSE_KINDS
    ]
    sql.run(
        "INSERT INTO ledger_account (id, programme_id, currency, member_id, kind, posted, held,"
        " version) SELECT x.id, %s::int, x.currency, NULL, x.kind, 0, 0, 0"
        " FROM unnest(%s::bigint[], %s::smallint[], %s::smallint[]) AS x (id, currency, kind)"
        " ON CONFLICT DO NOTHING",
        [programme_id, *(locks.bigints(column) for column in zip(*slots, strict=True))],
    )


def _want(postings: Sequence[Posting]) -> Wanted:
    wanted = Wanted()
    keys = wanted.keys
    for posting in postings:
        key = (posting.currency, posting.member_id)
        keys.add(key)
        kind = type(posting)
        if kind is Earn or kind is Open:
            continue
        amount = getattr(posting, "amount", None)
        asked = abs(amount) if type(amount) is int else 0
        wanted.readers[key] = wanted.readers.get(key, 0) + asked
        _want_more(wanted, posting, key)
    return wanted


def _want_more(wanted: Wanted, posting: Posting, key: Key) -> None:
    match posting:
        case Clawback():
            wanted.debts.add(key)
            wanted.whole.add(key)
            wanted.reversals.add(posting.reverses)
        case Restore():
            wanted.whole.add(key)
            wanted.reversals.add(posting.reverses)
        case Gift():
            wanted.keys.add((posting.currency, posting.recipient_id))
        case Hold():
            wanted.new_holds.add(posting.id)
        case Commit() | Void():
            wanted.whole.add(key)
            wanted.holds.add(posting.hold_id)
        case _:
            pass


def _read(books: Books, wanted: Wanted) -> None:
    some: dict[int, Account] = {}
    whole: dict[int, Account] = {}
    asked: dict[int, int] = {}
    for key, amount in wanted.readers.items():
        account = books.accounts[key]
        if account.currency in WITHOUT_LOTS:
            continue
        shelf = whole if key in wanted.whole or account.held > 0 else some
        shelf[account.id] = account
        asked[account.id] = asked.get(account.id, 0) + amount
    some = {i: account for i, account in some.items() if i not in whole}
    if some:
        locks.read_lots(some, each=LOTS_FIRST)
        short = {i: a for i, a in some.items() if _may_fall_short(books, a, asked[i])}
        if short:
            locks.read_lots(short, each=None)
    if whole:
        locks.read_lots(whole, each=None)
        _read_holds(books, whole, wanted.holds)
    if wanted.reversals:
        books.watched = frozenset(wanted.reversals)
        locks.read_originals(books, wanted.reversals)


def _read_holds(books: Books, accounts: dict[int, Account], named: set[UUID]) -> None:
    if not named and not any(account.held for account in accounts.values()):
        return
    locks.read_holds(accounts, named)
    for account in accounts.values():
        release_expired(books, account)


def _may_fall_short(books: Books, account: Account, asked: int) -> bool:
    """Tell whether lots beyond the first few could matter to this account."""
    lots = account.lots or ()
    if len(lots) < LOTS_FIRST:
        return False
    usable = sum(lot.remaining for lot in lots if lot.is_usable(books.at))
    return usable < asked + books.debt_of(account)


def _lock_once(
    books: Books,
    keys: set[Key],
    debts: set[Key],
    absent: Callable[[Books, list[Absent]], None],
) -> None:
    if not keys and not debts:
        return
    _take_in(books, keys | debts)
    missing = [(c, m, _OWN) for c, m in keys if (c, m) not in books.accounts]
    missing += [(c, m, _OWED) for c, m in debts if (c, m) not in books.owed]
    if missing:
        absent(books, missing)


def _take_in(books: Books, keys: set[Key]) -> None:
    """Lock the accounts there are, with numbers for transfers taken after the last lock."""
    block, found = locks.lock_accounts(
        programme_id=books.programme_id,
        currencies={currency for currency, _ in keys},
        member_ids={member for _, member in keys},
    )
    if block is not None:
        books.numbers = numbers_from(block)
    for account in found:
        shelf = books.accounts if account.kind == _OWN else books.owed
        shelf.setdefault((account.currency, account.member_id), account)


def open_accounts(programme_id: int, missing: list[Absent]) -> None:
    """Open accounts by (currency, member, kind), in that order: nobody waits in a ring."""
    if programme_id != FIRST_PROGRAMME:
        open_programme(programme_id=programme_id)
    missing = sorted(missing)
    ids = sql.take_ids("ledger_account_id_seq", len(missing))
    columns = zip(*missing, strict=True)
    sql.run(_OPEN_ACCOUNTS, [programme_id, *map(locks.bigints, (ids, *columns))])


def _homes(account_ids: set[int]) -> dict[int, int]:
    found = sql.rows(
        "SELECT id, member_id FROM ledger_account WHERE id = ANY(%s::bigint[])",
        [locks.bigints(account_ids)],
    )
    return dict(found)
