"""Read orders and products over HTTP. They are written through `ingest`."""

from datetime import datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router, Schema

from regulars.access import selectors as access
from regulars.access.domain import Scope
from regulars.commerce import selectors
from regulars.commerce.domain import OrderView, ProductView, State
from regulars.kit.amounts import plain_amount
from regulars.members import selectors as members
from regulars.web.permissions import requires

router = Router(tags=["commerce"])

StateWord = Literal["created", "paid", "completed", "closed", "refunded", "partially_refunded"]


class LineOut(Schema):
    """One line of an order."""

    sku: str
    name: str
    quantity: Decimal
    amount: str
    kind: str


class PaymentOut(Schema):
    """One tender of an order."""

    method: str
    amount: str
    paid_at: datetime | None


class RefundOut(Schema):
    """Money given back; `so_far` says that the amount is all refunded until then."""

    id: UUID
    external_id: str | None
    amount: str
    refunded_at: datetime
    undated: bool
    so_far: bool


class OrderOut(Schema):
    """An order; amounts are decimal text in major units of its currency."""

    id: UUID
    external_id: str
    state: StateWord
    member: UUID | None
    store: str | None
    channel: str
    currency: str
    goods: str
    shipping: str
    discount: str
    points_tender: str
    goods_paid: str
    refunded: str
    net: str
    created_at: datetime | None
    paid_at: datetime | None
    completed_at: datetime | None
    closed_at: datetime | None
    recorded_at: datetime


class OrderDetailOut(OrderOut):
    """An order with its lines, payments and refunds."""

    lines: list[LineOut]
    payments: list[PaymentOut]
    refunds: list[RefundOut]


class OrderPageOut(Schema):
    """A page of orders, newest recorded first."""

    items: list[OrderOut]
    next_cursor: str | None


class ProductOut(Schema):
    """A product of the catalogue."""

    id: UUID
    sku: str
    name: str
    category: str
    brand: str
    currency: str
    price: str | None
    cost: str | None


class ProductPageOut(Schema):
    """A page of products by SKU."""

    items: list[ProductOut]
    next_cursor: str | None


class OrderFilter(Schema):
    """What a list of orders is narrowed by."""

    member: UUID | None = None
    store: str | None = None
    state: StateWord | None = None
    paid_since: datetime | None = None
    cursor: str | None = None
    limit: int | None = None

    model_config = {"extra": "forbid"}


class ProductFilter(Schema):
    """What a list of products is narrowed by."""

    category: str | None = None
    brand: str | None = None
    cursor: str | None = None
    limit: int | None = None

    model_config = {"extra": "forbid"}


_ORDER_EXAMPLE = {
    "id": "0193a1b2-7c00-7000-8000-000000000001",
    "external_id": "T-1001",
    "state": "completed",
    "member": "0193a1b2-7c00-7000-8000-0000000000aa",
    "store": "S01",
    "channel": "pos",
    "currency": "CNY",
    "goods": "57.00",
    "shipping": "0.00",
    "discount": "0.00",
    "points_tender": "0.00",
    "goods_paid": "57.00",
    "refunded": "0.00",
    "net": "57.00",
    "created_at": "2026-11-01T02:00:00Z",
    "paid_at": "2026-11-01T02:00:30Z",
    "completed_at": "2026-11-01T02:05:00Z",
    "closed_at": None,
    "recorded_at": "2026-11-01T02:05:01Z",
}
_PRODUCT_EXAMPLE = {
    "id": "0193a1b2-7c00-7000-8000-000000000002",
    "sku": "TEA-01",
    "name": "Jasmine tea",
    "category": "Drinks/Tea",
    "brand": "Regulars",
    "currency": "CNY",
    "price": "18.00",
    "cost": "4.20",
}


def _example(value: dict[str, Any]) -> dict[str, Any]:
    return {"responses": {200: {"content": {"application/json": {"example": value}}}}}


@router.get(
    "/orders",
    response=OrderPageOut,
    summary="List orders",
    openapi_extra=_example({"items": [_ORDER_EXAMPLE], "next_cursor": None}),
)
@requires("orders.read")
def list_orders(request: HttpRequest, query: Query[OrderFilter]) -> Any:
    """List orders within the caller's scope, newest recorded first; of one member if named."""
    scope = scope_of(request)
    member_id = None
    if query.member is not None:
        member_id = members.get_by_public(public_id=query.member, scope=scope).id
    store_id = None
    if query.store is not None:
        store_id = access.get_store(code=query.store, scope=scope).id
    page = selectors.list_orders(
        scope=scope,
        member_id=member_id,
        store_id=store_id,
        state=None if query.state is None else State[query.state.upper()],
        since=query.paid_since,
        cursor=query.cursor,
        limit=query.limit,
    )
    return {"items": _orders_out(page.items), "next_cursor": page.next_cursor}


@router.get(
    "/orders/{order_id}",
    response=OrderDetailOut,
    summary="Read an order",
    openapi_extra=_example({**_ORDER_EXAMPLE, "lines": [], "payments": [], "refunds": []}),
)
@requires("orders.read")
def get_order(request: HttpRequest, order_id: UUID) -> Any:
    """Read one order with lines, payments and refunds; 404 out of scope."""
    order = selectors.get_order(public_id=order_id, scope=scope_of(request))
    (shown,) = _orders_out([order])
    return shown | _parts_out(order)


@router.get(
    "/products",
    response=ProductPageOut,
    summary="List products",
    openapi_extra=_example({"items": [_PRODUCT_EXAMPLE], "next_cursor": None}),
)
@requires("orders.read")
def list_products(request: HttpRequest, query: Query[ProductFilter]) -> Any:
    """List the catalogue by SKU; a category includes everything below it."""
    del request
    items, cursor = selectors.list_products(
        category=query.category, brand=query.brand, cursor=query.cursor, limit=query.limit
    )
    return {"items": [_product_out(item) for item in items], "next_cursor": cursor}


@router.get(
    "/products/{sku}",
    response=ProductOut,
    summary="Read a product",
    openapi_extra=_example(_PRODUCT_EXAMPLE),
)
@requires("orders.read")
def get_product(request: HttpRequest, sku: str) -> Any:
    """Read one product by its SKU."""
    del request
    return _product_out(selectors.get_product(sku=sku))


def scope_of(request: HttpRequest) -> Scope:
    """Answer how far the caller may see; nobody sees nothing."""
    scope = getattr(getattr(request, "actor", None), "scope", None)
    return scope if isinstance(scope, Scope) else Scope()


def _orders_out(orders: Any) -> list[dict[str, Any]]:
    stores = access.stores_by_id({each.store_id for each in orders if each.store_id is not None})
    owners = sorted({each.member_id for each in orders if each.member_id is not None})
    survivors = members.survivors(member_ids=owners) if owners else {}
    public = members.public_ids(member_ids=set(survivors.values())) if survivors else {}
    return [
        _order_out(
            each,
            store=stores[each.store_id].code
            if each.store_id in stores
            else each.store_code or None,
            member=public.get(survivors.get(each.member_id or 0, 0)),
        )
        for each in orders
    ]


def _order_out(order: OrderView, *, store: str | None, member: UUID | None) -> dict[str, Any]:
    currency = order.currency
    return {
        "id": order.public_id,
        "external_id": order.number,
        "state": order.state,
        "member": member,
        "store": store,
        "channel": order.channel,
        "currency": currency,
        "goods": plain_amount(order.goods_minor, currency),
        "shipping": plain_amount(order.shipping_minor, currency),
        "discount": plain_amount(order.discount_minor, currency),
        "points_tender": plain_amount(order.points_tender_minor, currency),
        "goods_paid": plain_amount(order.goods_paid_minor, currency),
        "refunded": plain_amount(order.refunded_minor, currency),
        "net": plain_amount(order.net_minor, currency),
        "created_at": order.created_at,
        "paid_at": order.paid_at,
        "completed_at": order.completed_at,
        "closed_at": order.closed_at,
        "recorded_at": order.recorded_at,
    }


def _parts_out(order: OrderView) -> dict[str, Any]:
    currency = order.currency
    return {
        "lines": [
            {
                "sku": line.sku,
                "name": line.name,
                "quantity": line.quantity,
                "amount": plain_amount(line.amount_minor, currency),
                "kind": line.kind,
            }
            for line in order.lines
        ],
        "payments": [
            {
                "method": payment.method,
                "amount": plain_amount(payment.amount_minor, currency),
                "paid_at": payment.paid_at,
            }
            for payment in order.payments
        ],
        "refunds": [
            {
                "id": refund.public_id,
                "external_id": refund.external_id,
                "amount": plain_amount(refund.amount_minor, currency),
                "refunded_at": refund.refunded_at,
                "undated": refund.undated,
                "so_far": refund.so_far,
            }
            for refund in order.refunds
        ],
    }


def _product_out(product: ProductView) -> dict[str, Any]:
    def price(minor: int | None) -> str | None:
        return None if minor is None else plain_amount(minor, product.currency)

    return {
        "id": product.public_id,
        "sku": product.sku,
        "name": product.name,
        "category": "/".join(product.category),
        "brand": product.brand,
        "currency": product.currency,
        "price": price(product.price_minor),
        "cost": price(product.cost_minor),
    }
