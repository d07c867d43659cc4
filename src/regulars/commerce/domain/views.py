"""What commerce hands to readers: orders and products as frozen values."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID


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
