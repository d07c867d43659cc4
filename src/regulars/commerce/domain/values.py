"""The values of commerce: what is said of an order, and what is known of it.

Amounts are integer minor units of the order's currency. `OrderInput` is one message, in any
arrival order; `Order` is what all messages so far add up to.
"""

from datetime import datetime
from decimal import Decimal
from enum import IntEnum, IntFlag
from uuid import UUID

import msgspec


class State(IntEnum):
    """What an order is, derived from its timestamps and refunds; stored as a number."""

    CREATED = 0
    PAID = 1
    COMPLETED = 2
    CLOSED = 3
    REFUNDED = 4
    PARTIALLY_REFUNDED = 5

    @property
    def word(self) -> str:
        """Answer the word used outside: `partially_refunded`."""
        return _WORDS[self]


_WORDS = {state: state.name.lower() for state in State}


class Estimated(IntFlag):
    """Which timestamps were derived because the source did not say them."""

    NONE = 0
    CREATED = 1
    PAID = 2
    COMPLETED = 4
    CLOSED = 8


class Value(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Base of the values here: immutable and slotted."""


class Amounts(Value, frozen=True, kw_only=True):
    """The sums a source gives; `paid` is None where it does not say."""

    currency: str
    goods_minor: int
    shipping_minor: int = 0
    discount_minor: int = 0
    points_tender_minor: int = 0
    paid_minor: int | None = None


class Line(Value, frozen=True, kw_only=True):
    """One line: a negative quantity is a return on the same slip."""

    sku: str
    amount_minor: int
    quantity: Decimal = Decimal(1)
    name: str = ""
    kind: str = "goods"


class Payment(Value, frozen=True, kw_only=True):
    """One tender of an order."""

    method: str
    amount_minor: int
    paid_at: datetime | None = None


class OrderInput(Value, frozen=True, kw_only=True):
    """What one message says of an order; None means "not said".

    `version_at` orders messages about content: the sender's `updated_at`, else the latest moment
    it names. `member_id` is the member under whom the buyer's identity came (an order keeps it
    through merges), `survivor_id` the one who stands for that member now. `buyers` are blind
    indexes of identities nobody is known by yet.
    """

    source_id: int
    external_id: str
    version_at: datetime
    state: State | None = None
    created_at: datetime | None = None
    paid_at: datetime | None = None
    completed_at: datetime | None = None
    closed_at: datetime | None = None
    estimated: int = 0
    amounts: Amounts | None = None
    lines: tuple[Line, ...] | None = None
    payments: tuple[Payment, ...] | None = None
    store_id: int | None = None
    store_code: str | None = None
    channel: str | None = None
    member_id: int | None = None
    survivor_id: int | None = None
    buyers: tuple[bytes, ...] = ()
    reports_completion: bool = True


class Reckoning(Value, frozen=True):
    """What follows from an order: its state and its sums, all for goods."""

    state: State
    goods_minor: int
    refunded_minor: int
    net_minor: int


class Order(Value, frozen=True):
    """An order as all its messages so far add up to, in the order of the table's columns."""

    source_id: int
    external_id: str
    created_at: datetime | None = None
    paid_at: datetime | None = None
    completed_at: datetime | None = None
    closed_at: datetime | None = None
    estimated: int = 0
    currency: str = "CNY"
    goods_minor: int = 0
    shipping_minor: int = 0
    discount_minor: int = 0
    points_tender_minor: int = 0
    paid_minor: int | None = None
    excluded_minor: int = 0
    lines_count: int = 0
    refunds_minor: int = 0
    refunded_so_far_minor: int = 0
    store_id: int | None = None
    store_code: str = ""
    channel: str = ""
    member_id: int | None = None
    amounts_version: bytes = b""
    lines_version: bytes = b""
    payments_version: bytes = b""
    store_version: bytes = b""
    channel_version: bytes = b""


class RefundInput(Value, frozen=True, kw_only=True):
    """Money given back. With `external_id` the amount is its own; without, all of it so far."""

    source_id: int
    order: str
    amount_minor: int
    currency: str | None = None
    shipping_minor: int = 0
    external_id: str | None = None
    refunded_at: datetime
    undated: bool = False
    lines: tuple[Line, ...] = ()

    @property
    def goods_minor(self) -> int:
        """Answer what was given back for goods: the amount without its postage."""
        return max(self.amount_minor - self.shipping_minor, 0)

    @property
    def key(self) -> str:
        """Name the refund within its order: by its id, or by the sum refunded so far."""
        if self.external_id is not None:
            return f"id:{self.external_id}"
        return f"so_far:{self.goods_minor}"


class OrderRecorded(Value, frozen=True, kw_only=True):
    """What recording one message came to; rows of one order share the order's answer."""

    order_id: int
    public_id: UUID
    change: str  # new | updated | same
    member_id: int | None


class RefundRecorded(Value, frozen=True, kw_only=True):
    """What recording one refund came to; `change` is new, same, or missing (no such order)."""

    change: str
    public_id: UUID | None = None
    order_id: int | None = None
    refusal: str | None = None


class ProductInput(Value, frozen=True, kw_only=True):
    """What a source says of a product; None keeps what is known."""

    sku: str
    name: str
    category: tuple[str, ...] | None = None
    brand: str | None = None
    currency: str | None = None
    price_minor: int | None = None
    cost_minor: int | None = None


class ProductRecorded(Value, frozen=True, kw_only=True):
    """What recording a product came to."""

    product_id: int
    public_id: UUID
    change: str
