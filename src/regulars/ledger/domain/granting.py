"""How points arrive: earned, opened from an earlier system, adjusted upwards.

A grant makes one transfer and one lot. A debt is repaid from the new lot at once. A grant whose
date of expiry has already passed (history being imported) expires in the same breath.
"""

from uuid import UUID

from regulars.kit.ids import uuid_from
from regulars.ledger.domain.accounts import (
    ADJUST,
    EARN,
    EXPIRE,
    OPEN,
    REPAY,
    WITHOUT_LOTS,
    AccountKind,
    house_account,
)
from regulars.ledger.domain.books import (
    Account,
    Books,
    Lot,
    Original,
    check_amount,
    check_room,
)
from regulars.ledger.domain.postings import (
    Adjust,
    Earn,
    Open,
    Posted,
    PostedAs,
    Posting,
    grant_hash,
    request_hash,
)


def plan_earn(books: Books, posting: Earn) -> Posted:
    """Grant points that the house issues."""
    account = books.account_of(posting)
    amount = check_amount(posting.amount)
    check_room(account, amount)
    digest = grant_hash(posting, posting.member_id)
    return _grant(books, posting, account, kind=EARN, source=AccountKind.ISSUED, digest=digest)


def plan_open(books: Books, posting: Open) -> Posted:
    """Bring a lot in from an earlier system."""
    account = books.account_of(posting)
    check_room(account, check_amount(posting.amount))
    digest = grant_hash(posting, posting.member_id)
    return _grant(books, posting, account, kind=OPEN, source=AccountKind.MIGRATED, digest=digest)


def plan_adjust_up(books: Books, posting: Adjust) -> Posted:
    """Grant points by hand; they are usable at once."""
    account = books.account_of(posting)
    check_room(account, check_amount(posting.amount))
    grant = Earn(
        id=posting.id,
        member_id=posting.member_id,
        occurred_at=posting.occurred_at,
        currency=posting.currency,
        event_id=posting.event_id,
        store_id=posting.store_id,
        actor_id=posting.actor_id,
        reason_code=posting.reason_code,
        business_id=posting.business_id,
        amount=posting.amount,
        usable_from=books.at,
        expires_at=posting.expires_at,
    )
    digest = request_hash(posting)
    return _grant(books, grant, account, kind=ADJUST, source=AccountKind.ADJUSTED, digest=digest)


def repay(
    books: Books, posting: Posting, account: Account, lots: list[tuple[Lot, int]], digest: bytes
) -> int:
    """Pay a debt from what has just arrived; answers how much it took.

    `lots` says how much of each lot has just arrived, so that nothing older is touched.
    """
    owed = books.owed.get((account.currency, account.member_id))
    if owed is None or owed.posted >= 0:
        return 0
    arrived = sum(amount for _, amount in lots)
    paid = min(-owed.posted, arrived)
    if paid == 0:
        return 0
    leg = uuid_from(posting.id, "repay")
    left = paid
    for lot, amount in lots:
        taken = min(left, amount)
        if taken:
            books.use(leg, lot, taken)
            left -= taken
    books.enter(
        posting,
        transfer_id=leg,
        kind=REPAY,
        debit=account.id,
        credit=owed.id,
        amount=paid,
        member_id=account.member_id,
        digest=digest,
    )
    books.credit(account, -paid)
    books.credit(owed, paid)
    return paid


def _grant(
    books: Books,
    posting: Earn | Open,
    account: Account,
    *,
    kind: int,
    source: AccountKind,
    digest: bytes,
) -> Posted:
    amount = posting.amount
    currency = posting.currency
    house = house_account(account.programme_id, currency, source)
    seq = books.enter(
        posting,
        transfer_id=posting.id,
        kind=kind,
        debit=house,
        credit=account.id,
        amount=amount,
        member_id=account.member_id,
        digest=digest,
    )
    account.posted += amount
    books.writes.accounts[account.id] = account
    repaid = lapsed = 0
    if currency not in WITHOUT_LOTS:
        lot = Lot(
            seq, account.id, account.member_id, posting.id, amount, amount,
            posting.usable_from, posting.expires_at,
        )  # fmt: skip
        books.add_lot(lot, account)
        if lot.expires_at is not None and lot.expires_at <= books.at:
            lapsed = _lapse(books, posting, account, lot, digest)
        elif books.owed:
            repaid = repay(books, posting, account, [(lot, amount)], digest)
    if books.watched and posting.id in books.watched:
        books.originals[posting.id] = Original(
            posting.id, seq, kind, house, account.id, amount, account.id, lapsed=lapsed
        )
    return Posted(posting.id, PostedAs.POSTED, None, amount, repaid, 0, 0, lapsed)


def _lapse(books: Books, posting: Posting, account: Account, lot: Lot, digest: bytes) -> int:
    """Expire a lot that was over before it was written down."""
    leg: UUID = uuid_from(posting.id, "expire")
    amount = lot.remaining
    books.use(leg, lot, amount)
    books.enter(
        posting,
        transfer_id=leg,
        kind=EXPIRE,
        debit=account.id,
        credit=books.house(account, AccountKind.EXPIRED),
        amount=amount,
        member_id=account.member_id,
        digest=digest,
        occurred_at=lot.expires_at,
    )
    books.credit(account, -amount)
    return amount
