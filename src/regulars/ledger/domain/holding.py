"""Points set aside for a purchase that is under way: held, then committed once, or let go.

A hold pins the lots that would have paid. A lot may outlive its expiry only while it is pinned.
A hold that has run out counts as let go for every reader, also before the sweeper comes by:
whoever opens the books lets such holds go first (`release_expired`), so that what is open here
is alive.
"""

from datetime import timedelta

from regulars.ledger.domain.accounts import COMMIT, AccountKind, HoldState
from regulars.ledger.domain.books import Account, Books, HeldLots, Original, UsedLot, check_amount
from regulars.ledger.domain.postings import (
    HOLD_DAYS_MAX,
    Commit,
    Hold,
    Posted,
    PostedAs,
    Void,
    request_hash,
)
from regulars.ledger.domain.refusals import (
    HoldExpired,
    HoldMissing,
    HoldResolved,
    HoldTooShort,
    HoldTooSmall,
)
from regulars.ledger.domain.spending import plan_lots


def plan_hold(books: Books, posting: Hold) -> Posted:
    """Set points aside, soonest to expire first."""
    account = books.spending_account_of(posting)
    amount = check_amount(posting.amount)
    if not books.at < posting.expires_at <= books.at + timedelta(days=HOLD_DAYS_MAX):
        raise HoldTooShort(days_max=HOLD_DAYS_MAX)
    parts = plan_lots(account, amount=amount, debt=books.debt_of(account), at=books.at)
    hold = HeldLots(
        id=posting.id,
        account_id=account.id,
        member_id=account.member_id,
        amount=amount,
        expires_at=posting.expires_at,
        request_hash=request_hash(posting),
        pins=parts,
        is_new=True,
    )
    for lot, part in parts:
        lot.pinned += part
    account.held += amount
    account.holds[hold.id] = hold
    books.writes.accounts[account.id] = account
    books.writes.holds[hold.id] = hold
    return Posted(posting.id, PostedAs.POSTED, None, amount)


def plan_commit(books: Books, posting: Commit) -> Posted:
    """Spend what was held, or a part of it once. The rest is free again."""
    account = books.spending_account_of(posting)
    hold = _open_hold(account, posting)
    if posting.amount is not None and check_amount(posting.amount) > hold.amount:
        raise HoldTooSmall(asked=posting.amount, held=hold.amount)
    amount = hold.amount if posting.amount is None else posting.amount

    house = books.house(account, AccountKind.REDEEMED)
    seq = books.enter(
        posting,
        transfer_id=posting.id,
        kind=COMMIT,
        debit=account.id,
        credit=house,
        amount=amount,
        member_id=account.member_id,
        digest=request_hash(posting),
        hold_id=hold.id,
    )
    _settle(books, account, hold, HoldState.COMMITTED)
    left = amount
    uses: list[UsedLot] = []
    for lot, part in hold.pins:
        taken = min(left, part)
        if taken:
            books.use(posting.id, lot, taken)
            uses.append(UsedLot(lot, taken))
            left -= taken
    hold.committed_amount = amount
    books.credit(account, -amount)
    if books.watched and posting.id in books.watched:
        books.originals[posting.id] = Original(
            posting.id, seq, COMMIT, account.id, house, amount, account.id, uses=uses
        )
    return Posted(posting.id, PostedAs.POSTED, None, amount)


def plan_void(books: Books, posting: Void) -> Posted:
    """Let go what was held; said again, or after it ran out, it changes nothing."""
    account = books.account_of(posting)
    hold = account.holds.get(posting.hold_id)
    if hold is None:
        raise HoldMissing
    if hold.state is HoldState.COMMITTED:
        raise HoldResolved(state="committed")
    if hold.state is not HoldState.OPEN:
        return Posted(posting.id, PostedAs.EXISTS)
    _settle(books, account, hold, HoldState.VOIDED)
    return Posted(posting.id, PostedAs.POSTED, None, hold.amount)


def release_expired(books: Books, account: Account) -> int:
    """Let go every hold that has run out; answers how many."""
    late = [
        hold
        for hold in account.holds.values()
        if hold.state is HoldState.OPEN and hold.expires_at <= books.at
    ]
    for hold in late:
        _settle(books, account, hold, HoldState.EXPIRED)
    return len(late)


def void_all(books: Books, account: Account) -> None:
    """Let go every open hold: the account is about to close."""
    release_expired(books, account)
    for hold in account.holds.values():
        if hold.state is HoldState.OPEN:
            _settle(books, account, hold, HoldState.VOIDED)


def _open_hold(account: Account, posting: Commit) -> HeldLots:
    hold = account.holds.get(posting.hold_id)
    if hold is None:
        raise HoldMissing
    if hold.state is HoldState.EXPIRED:
        raise HoldExpired(expired_at=hold.expires_at.isoformat())
    if hold.state is not HoldState.OPEN:
        raise HoldResolved(state=hold.state.name.lower())
    return hold


def _settle(books: Books, account: Account, hold: HeldLots, state: HoldState) -> None:
    """Resolve a hold and unpin its lots."""
    hold.state = state
    account.held -= hold.amount
    for lot, part in hold.pins:
        lot.pinned -= part
    books.writes.accounts[account.id] = account
    books.writes.holds[hold.id] = hold
