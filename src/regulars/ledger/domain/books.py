"""The working copy of some locked accounts, and the list of what is to be written.

A batch is planned against `Books`: postings are taken one after another, each sees what the ones
before it did, and nothing here reads a clock or a table. Ids and time are given. What is to be
written stands in `Writes` as rows; the service carries it out in a handful of statements.

A lot is named by the sequence number of the transfer that granted it: every granting transfer
grants exactly one lot.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from msgspec import Struct

from regulars.ledger.domain.accounts import (
    AMOUNT_MAX,
    BALANCE_MAX,
    AccountKind,
    HoldState,
    house_account,
)
from regulars.ledger.domain.postings import Posting
from regulars.ledger.domain.refusals import (
    AccountClosed,
    AccountFrozen,
    AmountOutOfRange,
    BalanceTooLarge,
)

NEVER: Final = datetime.max.replace(tzinfo=UTC)

TransferRow = tuple[
    UUID, int, UUID, int, int, int, int, int, int | None, UUID | None, UUID | None, int | None,
    int | None, int | None, int | None, int, bytes, datetime, datetime,
]  # fmt: skip
Key = tuple[int, int]  # currency, member id


class Lot(Struct, eq=False, gc=False):
    """Points granted together, when they may be used, and the moment after which they are gone."""

    id: int
    account_id: int
    member_id: int
    transfer_id: UUID
    granted: int
    remaining: int
    usable_from: datetime | None
    expires_at: datetime | None
    origin_member_id: int | None = None
    restored_from: int | None = None
    root_id: int | None = None
    pinned: int = 0
    is_new: bool = False

    @property
    def root(self) -> int:
        """Name the first lot these points were granted in."""
        return self.id if self.root_id is None else self.root_id

    @property
    def free(self) -> int:
        """Count what no live hold pins."""
        return self.remaining - self.pinned

    def is_over(self, at: datetime) -> bool:
        return self.expires_at is not None and self.expires_at <= at

    def is_usable(self, at: datetime) -> bool:
        return (
            self.remaining > 0
            and self.usable_from is not None
            and self.usable_from <= at
            and (self.expires_at is None or at < self.expires_at)
        )


@dataclass(slots=True, eq=False)
class HeldLots:
    """A hold with the lots it pins, in the order in which they will pay."""

    id: UUID
    account_id: int
    member_id: int
    amount: int
    expires_at: datetime
    request_hash: bytes
    state: HoldState = HoldState.OPEN
    committed_amount: int = 0
    pins: list[tuple[Lot, int]] = field(default_factory=list)
    is_new: bool = False


class Account(Struct, eq=False, gc=False):
    """One member's account in one currency; `lots` is None where nobody needs to read them."""

    id: int
    currency: int
    member_id: int
    kind: int = int(AccountKind.MEMBER)
    posted: int = 0
    held: int = 0
    programme_id: int = 1
    is_frozen: bool = False
    is_closed: bool = False
    merged_into: int | None = None
    place: str = ""  # where its row lies while it is locked
    lots: list[Lot] | None = None
    holds: dict[UUID, HeldLots] = {}  # the struct makes a new one each time
    is_sorted: bool = True
    is_new: bool = False  # not opened yet

    def add_lot(self, lot: Lot) -> None:
        if self.lots is not None:
            self.lots.append(lot)
            self.is_sorted = False

    def list_lots(self) -> list[Lot]:
        """List the open lots, soonest to expire first; ids break ties, so a plan never wavers."""
        lots = self.lots
        assert lots is not None, "the lots of this account were not read"
        if not self.is_sorted:
            lots.sort(key=lambda lot: (lot.expires_at or NEVER, lot.id))
            self.is_sorted = True
        return lots


@dataclass(slots=True)
class UsedLot:
    """How much of a lot paid for a spend, and how much of that came back already."""

    lot: Lot
    amount: int
    restored: int = 0


@dataclass(slots=True)
class Original:
    """A transfer that is to be reversed, with what was reversed of it before.

    `lapsed` is what expired of a grant and was not yet counted against it.
    """

    id: UUID
    seq: int
    kind: int
    debit_id: int
    credit_id: int
    amount: int
    holder_id: int
    reversed: int = 0
    lapsed: int = 0
    uses: list[UsedLot] = field(default_factory=list)


@dataclass(slots=True)
class Writes:
    """Everything a plan asks to be written, as rows and touched working copies."""

    transfers: list[TransferRow] = field(default_factory=list)
    new_lots: list[Lot] = field(default_factory=list)
    changed_lots: dict[int, Lot] = field(default_factory=dict)
    uses: dict[tuple[UUID, int], tuple[int, int]] = field(default_factory=dict)
    accounts: dict[int, Account] = field(default_factory=dict)
    holds: dict[UUID, HeldLots] = field(default_factory=dict)
    moved_holds: list[HeldLots] = field(default_factory=list)


@dataclass(slots=True)
class Books:
    """The locked accounts of a batch, and what becomes of them."""

    at: datetime
    numbers: Iterator[int]
    programme_id: int = 1
    accounts: dict[Key, Account] = field(default_factory=dict)
    owed: dict[Key, Account] = field(default_factory=dict)
    known: dict[UUID, tuple[bytes, int | None, int]] = field(default_factory=dict)
    originals: dict[UUID, Original] = field(default_factory=dict)
    watched: frozenset[UUID] = frozenset()
    writes: Writes = field(default_factory=Writes)

    def account_of(self, posting: Posting) -> Account:
        """Answer the account a posting is about; raises AccountClosed."""
        account = self.accounts[posting.currency, posting.member_id]
        if account.is_closed:
            raise AccountClosed
        return account

    def spending_account_of(self, posting: Posting) -> Account:
        """Answer the account, of which the member may dispose; raises AccountFrozen."""
        account = self.account_of(posting)
        if account.is_frozen:
            raise AccountFrozen
        return account

    def debt_of(self, account: Account) -> int:
        """Count what the member owes in this currency, as a positive number."""
        owed = self.owed.get((account.currency, account.member_id))
        return 0 if owed is None else -owed.posted

    def house(self, account: Account, kind: AccountKind) -> int:
        return house_account(account.programme_id, account.currency, kind)

    def credit(self, account: Account, amount: int) -> None:
        account.posted += amount
        self.writes.accounts[account.id] = account

    def use(self, transfer_id: UUID, lot: Lot, amount: int) -> None:
        """Take an amount from a lot under a transfer."""
        lot.remaining -= amount
        self._note_use(transfer_id, lot, amount)

    def give_back(self, transfer_id: UUID, lot: Lot, amount: int) -> None:
        """Return an amount to a lot under a transfer that restores."""
        lot.remaining += amount
        self._note_use(transfer_id, lot, amount)

    def _note_use(self, transfer_id: UUID, lot: Lot, amount: int) -> None:
        self.writes.uses[transfer_id, lot.id] = (lot.member_id, amount)
        if not lot.is_new:
            self.writes.changed_lots[lot.id] = lot

    def add_lot(self, lot: Lot, account: Account) -> None:
        """Open a new lot on an account."""
        lot.is_new = True
        self.writes.new_lots.append(lot)
        account.add_lot(lot)

    def enter(
        self,
        posting: Posting,
        *,
        transfer_id: UUID,
        kind: int,
        debit: int,
        credit: int,
        amount: int,
        member_id: int,
        digest: bytes,
        reverses: UUID | None = None,
        hold_id: UUID | None = None,
        occurred_at: datetime | None = None,
    ) -> int:
        """Write one balanced transfer down; answers its sequence number."""
        seq = next(self.numbers)
        self.writes.transfers.append(
            (
                transfer_id,
                seq,
                posting.business_id or posting.id,
                kind,
                posting.currency,
                debit,
                credit,
                amount,
                member_id,
                hold_id,
                reverses,
                posting.rule_version_id,
                posting.event_id,
                posting.store_id,
                posting.actor_id,
                posting.reason_code,
                digest,
                occurred_at or posting.occurred_at,
                self.at,
            )
        )
        return seq


def check_amount(amount: object) -> int:
    """Answer the amount if it is a whole number in range; raises AmountOutOfRange."""
    if type(amount) is not int or not 0 < amount <= AMOUNT_MAX:
        raise AmountOutOfRange(amount_max=AMOUNT_MAX)
    return amount


def check_room(account: Account, amount: int) -> None:
    """Refuse a credit that would leave the countable range."""
    if account.posted + amount > BALANCE_MAX:
        raise BalanceTooLarge
