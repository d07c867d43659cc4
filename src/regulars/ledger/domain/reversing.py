"""How movements are undone: always by an inverse entry bound to the original, never beyond it.

Taking back a grant empties its own lots first, then counts what of it had expired, then takes
from the member's other lots; what is not there is owed, forgiven, or refuses the whole. Undoing
a spend gives back to the very lots that paid, the last to be taken first.
"""

from datetime import timedelta
from uuid import UUID

from regulars.kit.ids import uuid_from
from regulars.ledger.domain.accounts import (
    ADJUST,
    COMMIT,
    EARN,
    FORGIVE,
    OPEN,
    OWE,
    RESTORE,
    REVERSE,
    SPEND,
    WITHOUT_LOTS,
    AccountKind,
    OwedPolicy,
)
from regulars.ledger.domain.books import (
    NEVER,
    Account,
    Books,
    Lot,
    Original,
    UsedLot,
    check_amount,
    check_room,
)
from regulars.ledger.domain.granting import repay
from regulars.ledger.domain.postings import Clawback, Posted, PostedAs, Restore, request_hash
from regulars.ledger.domain.refusals import (
    ClawbackBlocked,
    ReversalTooLarge,
    TransferMissing,
    TransferNotReversible,
)

Parts = list[tuple[Lot, int]]


def plan_clawback(books: Books, posting: Clawback) -> Posted:
    """Take a grant back, in whole or in part; see the module for the order."""
    account = books.account_of(posting)
    original = _original(books, posting, account)
    if original.kind not in {EARN, OPEN, ADJUST} or original.debit_id > 0:
        raise TransferNotReversible
    amount = _share(original, posting.amount)
    parts, lapsed, short = _gather(books, account, original, amount)
    if short and posting.policy is OwedPolicy.BLOCK:
        raise ClawbackBlocked(short=short)

    taken = sum(part for _, part in parts) if parts else amount - lapsed - short
    legs = _Legs(books, posting, original, account)
    if taken:
        leg = legs.enter(REVERSE, debit=account.id, credit=original.debit_id, amount=taken)
        for lot, part in parts:
            books.use(leg, lot, part)
        books.credit(account, -taken)
    if lapsed:
        expired = books.house(account, AccountKind.EXPIRED)
        legs.enter(REVERSE, debit=expired, credit=original.debit_id, amount=lapsed)
        original.lapsed -= lapsed
    owed = forgiven = 0
    if short and posting.policy is OwedPolicy.OWE:
        owed = short
        debt = books.owed[account.currency, account.member_id]
        legs.enter(OWE, debit=debt.id, credit=original.debit_id, amount=owed)
        books.credit(debt, -owed)
    elif short:
        forgiven = short
        sink = books.house(account, AccountKind.FORGIVEN)
        legs.enter(FORGIVE, debit=sink, credit=original.debit_id, amount=forgiven)
    original.reversed += amount
    return Posted(posting.id, PostedAs.POSTED, None, taken, 0, owed, forgiven, lapsed)


def plan_restore(books: Books, posting: Restore) -> Posted:
    """Give a spend back to its own lots; an expired one continues in a new lot with grace."""
    account = books.account_of(posting)
    original = _original(books, posting, account)
    if original.kind not in {SPEND, COMMIT, ADJUST} or original.credit_id > 0:
        raise TransferNotReversible
    amount = _share(original, posting.amount)
    check_room(account, amount)

    legs = _Legs(books, posting, original, account)
    in_place, renewed = _split(books, account, original, amount, posting.grace_days)
    arrived: Parts = []
    home = sum(part for _, part in in_place)
    home = amount if account.currency in WITHOUT_LOTS else home
    if home:
        leg = legs.enter(RESTORE, debit=original.credit_id, credit=account.id, amount=home)
        arrived.extend(_return(books, account, leg, in_place))
    for used, part in renewed:
        leg = legs.enter(RESTORE, debit=original.credit_id, credit=account.id, amount=part)
        arrived.append((_renew(books, posting, account, leg, legs.seq, used.lot, part), part))
    books.credit(account, amount)
    original.reversed += amount
    repaid = repay(books, posting, account, arrived, legs.digest)
    return Posted(posting.id, PostedAs.POSTED, None, amount, repaid)


class _Legs:
    """The transfers of one reversal: the first bears its id, the others derive theirs."""

    def __init__(
        self, books: Books, posting: Clawback | Restore, original: Original, account: Account
    ) -> None:
        self.books = books
        self.posting = posting
        self.original = original
        self.account = account
        self.digest = request_hash(posting)
        self.count = 0
        self.seq = 0

    def enter(self, kind: int, *, debit: int, credit: int, amount: int) -> UUID:
        leg = self.posting.id
        if self.count:
            leg = uuid_from(self.posting.id, "reversal", self.count)
        self.count += 1
        self.seq = self.books.enter(
            self.posting,
            transfer_id=leg,
            kind=kind,
            debit=debit,
            credit=credit,
            amount=amount,
            member_id=self.account.member_id,
            digest=self.digest,
            reverses=self.original.id,
        )
        return leg


def _original(books: Books, posting: Clawback | Restore, account: Account) -> Original:
    original = books.originals.get(posting.reverses)
    if original is None or original.holder_id != account.id:
        raise TransferMissing
    return original


def _share(original: Original, amount: int | None) -> int:
    left = original.amount - original.reversed
    asked = left if amount is None else check_amount(amount)
    if asked > left or left == 0:
        raise ReversalTooLarge(asked=asked, left=left)
    return asked


def _gather(
    books: Books, account: Account, original: Original, amount: int
) -> tuple[Parts, int, int]:
    """Answer which lots pay for a clawback, what had lapsed, and what is short."""
    if account.currency in WITHOUT_LOTS:
        return [], 0, amount - min(amount, account.posted)
    lots = account.list_lots()
    own = [lot for lot in lots if lot.root == original.seq]
    parts: Parts = []
    left = _take(parts, own, amount)
    lapsed = min(left, original.lapsed)
    left -= lapsed
    others = [lot for lot in lots if lot.root != original.seq and not lot.is_over(books.at)]
    left = _take(parts, [lot for lot in others if lot.is_usable(books.at)], left)
    left = _take(parts, [lot for lot in others if not lot.is_usable(books.at)], left)
    return parts, lapsed, left


def _take(parts: Parts, lots: list[Lot], amount: int) -> int:
    for lot in lots:
        if amount == 0:
            break
        taken = min(amount, lot.free)
        if taken > 0:
            parts.append((lot, taken))
            amount -= taken
    return amount


def _split(
    books: Books, account: Account, original: Original, amount: int, grace_days: int
) -> tuple[list[tuple[UsedLot, int]], list[tuple[UsedLot, int]]]:
    """Part the lots that paid into those that take their points back and those renewed."""
    in_place: list[tuple[UsedLot, int]] = []
    renewed: list[tuple[UsedLot, int]] = []
    for used in sorted(original.uses, key=_last_taken, reverse=True):
        part = min(amount, used.amount - used.restored)
        if part == 0:
            continue
        amount -= part
        used.restored += part
        lives = grace_days == 0 or not used.lot.is_over(books.at)
        stays = used.lot.account_id == account.id
        (in_place if lives and stays else renewed).append((used, part))
    return in_place, renewed


def _last_taken(used: UsedLot) -> tuple[float, int]:
    return (used.lot.expires_at or NEVER).timestamp(), used.lot.id


def _return(
    books: Books, account: Account, leg: UUID, in_place: list[tuple[UsedLot, int]]
) -> Parts:
    for used, part in in_place:
        lot = used.lot
        if account.lots is not None and lot not in account.lots:
            account.add_lot(lot)
        books.give_back(leg, lot, part)
    return [(used.lot, part) for used, part in in_place]


def _renew(
    books: Books, posting: Restore, account: Account, leg: UUID, seq: int, lot: Lot, amount: int
) -> Lot:
    expires_at = lot.expires_at
    if lot.is_over(books.at) and posting.grace_days:
        expires_at = books.at + timedelta(days=posting.grace_days)
    fresh = Lot(
        seq, account.id, account.member_id, leg, amount, amount,
        lot.usable_from or books.at, expires_at,
        origin_member_id=lot.origin_member_id or _foreign(lot, account),
        restored_from=lot.id,
        root_id=lot.root,
    )  # fmt: skip
    books.add_lot(fresh, account)
    return fresh


def _foreign(lot: Lot, account: Account) -> int | None:
    return None if lot.member_id == account.member_id else lot.member_id
