"""How points leave by the member's will: spent, given away, adjusted downwards.

Points live in lots, because points expire. Spending empties the lot that would expire soonest.
What a live hold pins is out of reach, and so is as much as the member owes.
"""

from datetime import datetime

from regulars.kit.ids import uuid_from
from regulars.ledger.domain.accounts import ADJUST, GIFT, SPEND, WITHOUT_LOTS, AccountKind
from regulars.ledger.domain.books import (
    Account,
    Books,
    Lot,
    Original,
    UsedLot,
    check_amount,
    check_room,
)
from regulars.ledger.domain.granting import plan_adjust_up, repay
from regulars.ledger.domain.postings import (
    Adjust,
    Gift,
    Posted,
    PostedAs,
    Spend,
    request_hash,
)
from regulars.ledger.domain.refusals import AccountClosed, GiftToSelf, InsufficientPoints

Parts = list[tuple[Lot, int]]


def plan_lots(account: Account, *, amount: int, debt: int, at: datetime) -> Parts:
    """Choose which lots pay, soonest to expire first.

    The parts always sum to `amount`. Lots that never expire are used last. Raises
    InsufficientPoints when the usable lots, less the debt, fall short.
    """
    parts: Parts = []
    owing = amount
    spare = -debt
    for lot in account.list_lots():
        free = lot.remaining - lot.pinned
        if free <= 0 or not lot.is_usable(at):
            continue
        if owing:
            taken = min(owing, free)
            parts.append((lot, taken))
            owing -= taken
            free -= taken
        spare += free
        if owing == 0 and spare >= 0:
            return parts
    available = max(0, amount - owing + spare)
    raise InsufficientPoints(asked=amount, available=available)


def plan_spend(books: Books, posting: Spend) -> Posted:
    """Take points that the member redeems."""
    return _spend(books, posting, kind=SPEND, sink=AccountKind.REDEEMED)


def plan_adjust(books: Books, posting: Adjust) -> Posted:
    """Correct a balance by hand: up into a new lot, down like a spend."""
    if type(posting.amount) is int and posting.amount < 0:
        return _spend(books, posting, kind=ADJUST, sink=AccountKind.ADJUSTED)
    return plan_adjust_up(books, posting)


def plan_gift(books: Books, posting: Gift) -> Posted:
    """Hand points to another member: one transfer for each lot, so that each keeps its expiry."""
    account = books.spending_account_of(posting)
    amount = check_amount(posting.amount)
    recipient = books.accounts[posting.currency, posting.recipient_id]
    if recipient is account:
        raise GiftToSelf
    check_recipient(recipient, amount)
    parts = _choose(books, account, amount)
    digest = request_hash(posting)
    arrived: Parts = []
    for index, (lot, taken) in enumerate(parts):
        leg = posting.id if index == 0 else uuid_from(posting.id, "gift", index)
        seq = books.enter(
            posting,
            transfer_id=leg,
            kind=GIFT,
            debit=account.id,
            credit=recipient.id,
            amount=taken,
            member_id=account.member_id,
            digest=digest,
        )
        books.use(leg, lot, taken)
        given = Lot(
            seq, recipient.id, recipient.member_id, leg, taken, taken,
            lot.usable_from, lot.expires_at,
        )  # fmt: skip
        books.add_lot(given, recipient)
        arrived.append((given, taken))
    books.credit(account, -amount)
    books.credit(recipient, amount)
    repaid = repay(books, posting, recipient, arrived, digest)
    return Posted(posting.id, PostedAs.POSTED, None, amount, repaid)


def check_recipient(recipient: Account, amount: int) -> None:
    """Refuse to give to an account that takes nothing, or has no room."""
    if recipient.is_closed:
        raise AccountClosed
    check_room(recipient, amount)


def _spend(books: Books, posting: Spend | Adjust, *, kind: int, sink: AccountKind) -> Posted:
    account = books.spending_account_of(posting)
    amount = check_amount(abs(posting.amount) if kind == ADJUST else posting.amount)
    parts = _choose(books, account, amount)
    house = books.house(account, sink)
    seq = books.enter(
        posting,
        transfer_id=posting.id,
        kind=kind,
        debit=account.id,
        credit=house,
        amount=amount,
        member_id=account.member_id,
        digest=request_hash(posting),
    )
    for lot, taken in parts:
        books.use(posting.id, lot, taken)
    books.credit(account, -amount)
    if books.watched and posting.id in books.watched:
        books.originals[posting.id] = Original(
            posting.id, seq, kind, account.id, house, amount, account.id,
            uses=[UsedLot(lot, taken) for lot, taken in parts],
        )  # fmt: skip
    return Posted(posting.id, PostedAs.POSTED, None, amount)


def _choose(books: Books, account: Account, amount: int) -> Parts:
    debt = books.debt_of(account)
    if account.currency not in WITHOUT_LOTS:
        return plan_lots(account, amount=amount, debt=debt, at=books.at)
    if account.posted - debt < amount:
        raise InsufficientPoints(asked=amount, available=max(0, account.posted - debt))
    return []
