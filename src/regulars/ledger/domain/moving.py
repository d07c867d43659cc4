"""What happens to whole accounts: lots expire, members merge and part again, accounts close.

Money moves by inverse entries only: one transfer for each lot, so that every lot keeps its date
of expiry and remembers in which member's hands it was first (`origin_member_id`).
"""

from datetime import datetime
from itertools import groupby

from regulars.kit.ids import time_ordered_uuid, uuid_from
from regulars.ledger.domain.accounts import (
    CLOSE,
    EXPIRE,
    MERGE,
    WITHOUT_LOTS,
    AccountKind,
    Currency,
    HoldState,
)
from regulars.ledger.domain.books import NEVER, Account, Books, HeldLots, Lot
from regulars.ledger.domain.holding import release_expired, void_all
from regulars.ledger.domain.postings import Posting, request_hash
from regulars.ledger.domain.refusals import MergeRefused


def plan_expiry(books: Books, account: Account) -> int:
    """Expire every lot that is over, but for what a live hold pins; answers how many points."""
    release_expired(books, account)
    due = [lot for lot in account.list_lots() if lot.is_over(books.at) and lot.free > 0]
    due.sort(key=_expiry)
    total = 0
    for expires_at, together in groupby(due, key=_expiry):
        posting = _cause(books, account, occurred_at=expires_at)
        lots = list(together)
        amount = sum(lot.free for lot in lots)
        for lot in lots:
            books.use(posting.id, lot, lot.free)
        books.enter(
            posting,
            transfer_id=posting.id,
            kind=EXPIRE,
            debit=account.id,
            credit=books.house(account, AccountKind.EXPIRED),
            amount=amount,
            member_id=account.member_id,
            digest=request_hash(posting),
        )
        books.credit(account, -amount)
        total += amount
    return total


def check_merge(winner: Account, loser: Account) -> None:
    """Refuse to join what is closed, frozen, or has gone elsewhere."""
    if winner.is_closed or loser.is_closed:
        raise MergeRefused(why="closed")
    if winner.is_frozen or loser.is_frozen:
        raise MergeRefused(why="frozen")
    if loser.merged_into is not None or winner.merged_into is not None:
        raise MergeRefused(why="merged")
    if winner is loser:
        raise MergeRefused(why="same")


def check_unmerge(winner: Account, loser: Account) -> None:
    """Refuse to part what was not joined."""
    if loser.merged_into != winner.id:
        raise MergeRefused(why="not_merged")
    if winner.is_closed or loser.is_closed:
        raise MergeRefused(why="closed")


def plan_merge(books: Books, posting: Posting, *, winner: Account, loser: Account) -> None:
    """Move everything of one account to another: lots, open holds, and what is owed."""
    check_merge(winner, loser)
    release_expired(books, loser)
    moved: dict[int, Lot] = {}
    if winner.currency in WITHOUT_LOTS:
        _move(books, posting, loser, winner, loser.posted, "balance")
    else:
        for lot in list(loser.list_lots()):
            if lot.remaining:
                origin = lot.origin_member_id or loser.member_id
                moved[lot.id] = _move_lot(books, posting, loser, winner, lot, lot.remaining, origin)
    for hold in loser.holds.values():
        _move_hold(books, hold, winner, moved)
    winner.held += loser.held
    loser.held = 0
    loser.merged_into = winner.id
    books.credit(loser, 0)
    books.credit(winner, 0)
    move_debt(books, posting, giver=loser, taker=winner, amount=books.debt_of(loser))


def plan_unmerge(
    books: Books,
    posting: Posting,
    *,
    winner: Account,
    loser: Account,
    origins: frozenset[int],
    balance: int,
    debt: int,
) -> int:
    """Give back what is left of the loser's lots, of its plain balance, and of its debt.

    `winner` is the account that holds the points now. What was spent stays spent, what a hold
    pins stays pinned. Answers how much went back.
    """
    release_expired(books, winner)
    before = loser.posted
    if winner.currency in WITHOUT_LOTS:
        _move(books, posting, winner, loser, min(balance, winner.posted), "balance")
    else:
        for lot in list(winner.list_lots()):
            if lot.origin_member_id in origins and lot.free > 0:
                here = lot.origin_member_id
                origin = None if here == loser.member_id else here
                _move_lot(books, posting, winner, loser, lot, lot.free, origin)
    loser.merged_into = None
    books.credit(loser, 0)
    move_debt(books, posting, giver=winner, taker=loser, amount=min(debt, books.debt_of(winner)))
    return loser.posted - before


def plan_close(books: Books, posting: Posting, account: Account) -> int:
    """Close an account for ever: holds go, the balance leaves by an entry, a debt is dropped."""
    void_all(books, account)
    amount = account.posted
    if amount:
        leg = uuid_from(posting.id, account.id, "close")
        _enter(books, posting, leg_of=(account, "close"), kind=CLOSE, debit=account.id,
               credit=books.house(account, AccountKind.CLOSED), amount=amount)  # fmt: skip
        for lot in account.list_lots() if account.currency not in WITHOUT_LOTS else []:
            if lot.remaining:
                books.use(leg, lot, lot.remaining)
        books.credit(account, -amount)
    owed = books.owed.get((account.currency, account.member_id))
    if owed is not None and owed.posted < 0:
        _enter(books, posting, leg_of=(owed, "close"), kind=CLOSE,
               debit=books.house(account, AccountKind.FORGIVEN), credit=owed.id,
               amount=-owed.posted)  # fmt: skip
        books.credit(owed, -owed.posted)
    account.is_closed = True
    books.credit(account, 0)
    return amount


def move_debt(
    books: Books, posting: Posting, *, giver: Account, taker: Account, amount: int
) -> None:
    """Let one member's debt become another's."""
    if amount == 0:
        return
    source = books.owed[giver.currency, giver.member_id]
    target = books.owed[taker.currency, taker.member_id]
    _enter(books, posting, leg_of=(giver, "debt"), kind=MERGE, debit=target.id,
           credit=source.id, amount=amount)  # fmt: skip
    books.credit(source, amount)
    books.credit(target, -amount)


def _move(
    books: Books, posting: Posting, source: Account, target: Account, amount: int, what: str
) -> None:
    if amount == 0:
        return
    _enter(books, posting, leg_of=(source, what), kind=MERGE, debit=source.id,
           credit=target.id, amount=amount)  # fmt: skip
    books.credit(source, -amount)
    books.credit(target, amount)


def _move_lot(
    books: Books,
    posting: Posting,
    source: Account,
    target: Account,
    lot: Lot,
    amount: int,
    origin: int | None,
) -> Lot:
    leg = uuid_from(posting.id, source.id, lot.id)
    seq = _enter(books, posting, leg_of=(source, lot.id), kind=MERGE, debit=source.id,
                 credit=target.id, amount=amount)  # fmt: skip
    books.use(leg, lot, amount)
    moved = Lot(
        seq, target.id, target.member_id, leg, amount, amount, lot.usable_from, lot.expires_at,
        origin_member_id=origin, restored_from=lot.id, root_id=lot.root,
    )  # fmt: skip
    books.add_lot(moved, target)
    books.credit(source, -amount)
    books.credit(target, amount)
    return moved


def _move_hold(books: Books, hold: HeldLots, winner: Account, moved: dict[int, Lot]) -> None:
    if hold.state is not HoldState.OPEN:
        return
    pins = []
    for lot, part in hold.pins:
        lot.pinned -= part
        moved[lot.id].pinned += part
        pins.append((moved[lot.id], part))
    hold.pins = pins
    hold.account_id, hold.member_id = winner.id, winner.member_id
    winner.holds[hold.id] = hold
    books.writes.holds[hold.id] = hold
    books.writes.moved_holds.append(hold)


def _enter(
    books: Books,
    posting: Posting,
    *,
    leg_of: tuple[Account, object],
    kind: int,
    debit: int,
    credit: int,
    amount: int,
) -> int:
    account, what = leg_of
    return books.enter(
        posting,
        transfer_id=uuid_from(posting.id, account.id, what),
        kind=kind,
        debit=debit,
        credit=credit,
        amount=amount,
        member_id=account.member_id,
        digest=request_hash(posting),
    )


def _cause(books: Books, account: Account, *, occurred_at: datetime) -> Posting:
    return Posting(
        id=time_ordered_uuid(books.at),
        member_id=account.member_id,
        currency=Currency(account.currency),
        occurred_at=occurred_at,
    )


def _expiry(lot: Lot) -> datetime:
    return lot.expires_at or NEVER
