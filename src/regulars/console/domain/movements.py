"""What the pages about points, orders and the timeline show: plain values, ready to be drawn."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Link:
    """Where a row leads: the page of its source document."""

    text: str
    order: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """One entry of a timeline."""

    at: datetime
    icon: str
    tone: str
    title: str
    detail: str
    link: Link | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One movement of points: signed amount, balance after, the reason in words, and who did it."""

    seq: int
    at: datetime
    kind: str
    status: str
    amount: int
    balance: int | None
    expires_at: datetime | None
    explanation: str
    operator: str = ""
    link: Link | None = None


@dataclass(frozen=True, slots=True)
class Sum:
    """What the rows of one page of a statement come to; the first and last balance reconcile."""

    opening: int
    gained: int
    lost: int
    closing: int

    @property
    def change(self) -> int:
        """Answer by how much the balance changed."""
        return self.gained + self.lost

    @property
    def is_even(self) -> bool:
        """Tell whether the balance before and the movements make the balance after."""
        return self.opening + self.gained + self.lost == self.closing


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """How the lots come to the balance: what they hold, and what of it is not free now.

    `lapsed` is over and not yet booked as expired; `more` stands in lots that are not listed.
    """

    lots: int
    more: int
    available: int
    pending: int
    held: int
    owed: int
    lapsed: int
    booked: int

    @property
    def kept(self) -> int:
        """Count what is in the lots and kept back for a debt."""
        return self.lots + self.more - self.available - self.pending - self.held

    @property
    def is_even(self) -> bool:
        """Tell whether every point is accounted for."""
        return self.lots + self.more + self.lapsed == self.booked


@dataclass(frozen=True, slots=True, kw_only=True)
class LotLine:
    """Points earned together and what is left of them."""

    seq: int
    earned_at: datetime
    kind: str
    state: str
    tone: str
    original: int
    remaining: int
    pinned: int
    usable_from: datetime | None
    expires_at: datetime | None
    link: Link | None = None


@dataclass(frozen=True, slots=True)
class ExpiryLine:
    """Points that end on the same day."""

    expires_at: datetime | None
    points: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRow:
    """One order in a list."""

    public_id: UUID
    number: str
    at: datetime | None
    state: str
    tone: str
    channel: str
    store: str
    goods_minor: int
    refunded_minor: int
    net_minor: int
    currency: str


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One line of an order."""

    sku: str
    name: str
    quantity: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class AmountLine:
    """One line of a sum."""

    title: str
    minor: int
    is_total: bool = False


@dataclass(frozen=True, slots=True)
class RefundLine:
    """One refund of an order."""

    number: str
    at: datetime | None
    amount_minor: int


@dataclass(frozen=True, slots=True)
class PaymentLine:
    """One tender of an order."""

    method: str
    at: datetime | None
    amount_minor: int


@dataclass(frozen=True, slots=True)
class AwardLine:
    """What an order earned, and why, in words."""

    currency: str
    amount: int
    explanation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderDetail:
    """An order on its own page."""

    row: OrderRow
    source: str
    moments: tuple[tuple[str, datetime], ...]
    lines: tuple[OrderLine, ...]
    amounts: tuple[AmountLine, ...]
    payments: tuple[PaymentLine, ...]
    refunds: tuple[RefundLine, ...]
    awards: tuple[AwardLine, ...]
    member: UUID | None
    member_name: str
    has_member: bool
    source_id: UUID | None
    batch: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TierChange:
    """One change of tier."""

    at: datetime
    before: str
    before_level: int
    after: str
    after_level: int
    reason: str
    growth: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GrowthLine:
    """One movement of growth."""

    seq: int
    at: datetime
    kind: str
    amount: int
    explanation: str
    operator: str = ""
    link: Link | None = None
