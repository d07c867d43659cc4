"""What commerce hands to readers: orders and products as frozen values."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from regulars.commerce.domain.values import State


@dataclass(frozen=True, slots=True)
class LineView:
    """One line of an order, with the product's own name where it is in the catalogue."""

    sku: str
    name: str
    quantity: Decimal
    amount_minor: int
    kind: str


@dataclass(frozen=True, slots=True)
class PaymentView:
    """One tender of an order."""

    method: str
    amount_minor: int
    paid_at: datetime | None


@dataclass(frozen=True, slots=True)
class RefundView:
    """Money given back; `so_far` tells that the amount is a running sum of the order."""

    public_id: UUID
    external_id: str | None
    amount_minor: int
    refunded_at: datetime
    undated: bool
    so_far: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderView:
    """An order as staff and callers see it; lines, payments and refunds only when asked for."""

    id: int
    public_id: UUID
    source_id: int
    number: str
    member_id: int | None
    store_id: int | None
    store_code: str
    channel: str
    currency: str
    state: str
    created_at: datetime | None
    paid_at: datetime | None
    completed_at: datetime | None
    closed_at: datetime | None
    goods_minor: int
    shipping_minor: int
    discount_minor: int
    points_tender_minor: int
    goods_paid_minor: int
    refunded_minor: int
    net_minor: int
    lines_count: int
    recorded_at: datetime
    batch_id: int | None = None
    lines: tuple[LineView, ...] = ()
    payments: tuple[PaymentView, ...] = ()
    refunds: tuple[RefundView, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductView:
    """A product of the catalogue; `category` is the path from the root."""

    id: int
    public_id: UUID
    sku: str
    name: str
    category: tuple[str, ...]
    brand: str
    currency: str
    price_minor: int | None
    cost_minor: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderQuery:
    """What a list of orders asks for: `paid_until` is exclusive; `by_payment` sorts by payment.

    By payment, orders that are not paid are left out: they have no place in the order.
    """

    state: State | None = None
    channel: str = ""
    store_id: int | None = None
    paid_since: datetime | None = None
    paid_until: datetime | None = None
    has_member: bool | None = None
    by_payment: bool = False
    descending: bool = True


@dataclass(frozen=True, slots=True)
class CategoryView:
    """A node of the product tree, and how many products hang in it and below."""

    path: tuple[str, ...]
    products: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductQuery:
    """What a list of products asks for; a category includes what is below it."""

    category: tuple[str, ...] = ()
    brand: str = ""
    without_cost: bool = False
