"""The statement across members: which movements, and what they add up to."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from regulars.ledger.domain.accounts import AccountKind, Currency, TransferKind, house_kind


@dataclass(frozen=True, slots=True, kw_only=True)
class MovementQuery:
    """Which movements to list; `since` is inclusive, `until` exclusive, both by recording."""

    currency: Currency = Currency.POINTS
    kind: TransferKind | None = None
    store_id: int | None = None
    reason_code: int | None = None
    actor_id: int | None = None
    since: datetime | None = None
    until: datetime | None = None

    @property
    def is_whole(self) -> bool:
        """Tell whether the query leaves out no movement of its currency."""
        return self == MovementQuery(currency=self.currency)


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """One transfer as a line of the statement: what members got is positive.

    Between two members (a gift, a merge) `amount` is 0 net and `moved` is what passed.
    """

    id: UUID
    seq: int
    kind: TransferKind
    currency: Currency
    debit_id: int
    credit_id: int
    moved: int
    member_id: int | None
    store_id: int | None
    actor_id: int | None
    reason_code: int
    event_id: int | None
    reverses: UUID | None
    occurred_at: datetime
    recorded_at: datetime

    @property
    def amount(self) -> int:
        """Answer what members as a whole got by it."""
        got = self.moved if self.credit_id > 0 else 0
        return got - (self.moved if self.debit_id > 0 else 0)

    @property
    def counterpart(self) -> AccountKind | None:
        """Answer the house's account on the other side; None between two members."""
        return house_kind(self.debit_id) or house_kind(self.credit_id)


@dataclass(frozen=True, slots=True)
class MovementTotal:
    """What the movements of one kind add up to: what came in, what went out, what passed over."""

    kind: TransferKind
    transfers: int
    received: int
    given: int
    passed: int

    @property
    def net(self) -> int:
        """Answer by how much members hold more."""
        return self.received - self.given


@dataclass(frozen=True, slots=True)
class MovementTotals:
    """The sums of a statement by kind; `booked` is what the accounts hold, where all is summed."""

    kinds: tuple[MovementTotal, ...]
    booked: int | None = None

    @property
    def transfers(self) -> int:
        return sum(each.transfers for each in self.kinds)

    @property
    def received(self) -> int:
        return sum(each.received for each in self.kinds)

    @property
    def given(self) -> int:
        return sum(each.given for each in self.kinds)

    @property
    def net(self) -> int:
        return self.received - self.given

    @property
    def reconciles(self) -> bool | None:
        """Tell whether the sums are what the accounts hold; None where that is not asked."""
        return None if self.booked is None else self.booked == self.net
