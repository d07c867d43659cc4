"""The rows that outside systems send: one shape for the batch API, webhooks and files.

Every field is as the sender says it: money as decimal text in major units ("57.00"), instants
with their offset or, without one, in the zone of the source. An absent field means "not said",
which never overwrites what is known. Unknown fields are refused.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

import msgspec

Text = Annotated[str, msgspec.Meta(max_length=200)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
ExternalId = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
Money = Annotated[str, msgspec.Meta(min_length=1, max_length=32)]
OrderState = Literal["created", "paid", "completed", "closed"]
LineKind = Literal["goods", "top_up", "gift_card", "fee"]

LINES_MAX = 2_000  # a wholesale slip of a real shop has more than a thousand
TAGS_MAX = 100
CONSENTS_MAX = 50


class Row(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    gc=False,
    omit_defaults=True,
):
    """Base of every row: immutable, slotted, closed to unknown fields."""


class OpenidRow(Row, frozen=True, kw_only=True):
    """A WeChat openid, which means nothing without the app it belongs to."""

    app: Name
    id: ExternalId


class MemberRef(Row, frozen=True, kw_only=True):
    """Whom a row is about; any number of names for the same person, or the public member id."""

    phone: Text | None = None
    email: Text | None = None
    card: Text | None = None
    unionid: Text | None = None
    openid: OpenidRow | None = None
    external_id: ExternalId | None = None
    member_id: Text | None = None


class AmountsRow(Row, frozen=True, kw_only=True):
    """The sums of an order, as decimal text in major units.

    `goods` is the price of the goods; `discount` and `points_tender` are what came off it and
    are not yet in it; `paid` is everything paid by money or stored value, shipping included.
    """

    goods: Money
    shipping: Money | None = None
    discount: Money | None = None
    points_tender: Money | None = None
    paid: Money | None = None


class LineRow(Row, frozen=True, kw_only=True):
    """One line of an order; a negative quantity is a return on the same slip."""

    sku: ExternalId
    amount: Money
    quantity: Decimal = Decimal(1)
    name: Text | None = None
    kind: LineKind = "goods"


class PaymentRow(Row, frozen=True, kw_only=True):
    """One tender of an order."""

    method: Name
    amount: Money
    paid_at: datetime | None = None


class OrderRow(Row, frozen=True, kw_only=True):
    """What a source says of an order, at any moment of the order's life, in any arrival order.

    `state`, `amounts`, `lines`, `store` and `member` that are absent keep what is known. A row
    with neither state nor amounts (a line file) needs an order that is here, else it is parked.
    """

    external_id: ExternalId
    currency: Annotated[str, msgspec.Meta(min_length=3, max_length=3)] | None = None
    store: ExternalId | None = None
    channel: Annotated[str, msgspec.Meta(min_length=1, max_length=40)] | None = None
    state: OrderState | None = None
    created_at: datetime | None = None
    paid_at: datetime | None = None
    completed_at: datetime | None = None
    closed_at: datetime | None = None
    updated_at: datetime | None = None
    amounts: AmountsRow | None = None
    lines: Annotated[tuple[LineRow, ...], msgspec.Meta(max_length=LINES_MAX)] | None = None
    payments: Annotated[tuple[PaymentRow, ...], msgspec.Meta(max_length=50)] | None = None
    member: MemberRef | None = None
    associate: Text | None = None


class RefundRow(Row, frozen=True, kw_only=True):
    """Money given back on an order.

    With `external_id` the amount is this refund's own. Without it, or with `cumulative`, the
    amount is everything refunded on the order so far, and only the increase counts. `shipping`
    is the part of the amount that is postage. `undated` flags a date that was assumed.
    """

    order: ExternalId
    amount: Money
    external_id: ExternalId | None = None
    cumulative: bool = False
    refunded_at: datetime | None = None
    undated: bool = False
    shipping: Money | None = None
    currency: Annotated[str, msgspec.Meta(min_length=3, max_length=3)] | None = None
    store: ExternalId | None = None
    lines: Annotated[tuple[LineRow, ...], msgspec.Meta(max_length=LINES_MAX)] | None = None
    member: MemberRef | None = None


class ConsentRow(Row, frozen=True, kw_only=True):
    """A consent given or withdrawn elsewhere, with the policy version it was given to."""

    purpose: Name
    policy_version: Name
    granted: bool
    at: datetime | None = None


class MemberRow(Row, frozen=True, kw_only=True):
    """A person as a source knows them: names, identities, profile, tags and consents."""

    external_id: ExternalId | None = None
    phone: Text | None = None
    email: Text | None = None
    card: Text | None = None
    unionid: Text | None = None
    openid: OpenidRow | None = None
    name: Text | None = None
    nickname: Text | None = None
    birthday: Annotated[str, msgspec.Meta(max_length=40)] | None = None
    gender: Annotated[str, msgspec.Meta(max_length=20)] | None = None
    joined_at: datetime | None = None
    updated_at: datetime | None = None
    home_store: ExternalId | None = None
    associate: Text | None = None
    tags: Annotated[tuple[Name, ...], msgspec.Meta(max_length=TAGS_MAX)] = ()
    consents: Annotated[tuple[ConsentRow, ...], msgspec.Meta(max_length=CONSENTS_MAX)] = ()
    profile: dict[Name, Text] = {}


class StoreRow(Row, frozen=True, kw_only=True):
    """A shop, web shop or mini program."""

    code: ExternalId
    name: Name
    region: Text | None = None
    brand: Text | None = None
    kind: Annotated[str, msgspec.Meta(max_length=40)] | None = None
    zone: Annotated[str, msgspec.Meta(max_length=64)] | None = None


class ProductRow(Row, frozen=True, kw_only=True):
    """A product; `category` is a path from the root, parts separated by a slash."""

    sku: ExternalId
    name: Name
    category: Text | None = None
    brand: Text | None = None
    price: Money | None = None
    cost: Money | None = None
    currency: Annotated[str, msgspec.Meta(min_length=3, max_length=3)] | None = None


class EventRow(Row, frozen=True, kw_only=True):
    """Something a member did, said once: the same message id is never counted twice."""

    type: Annotated[str, msgspec.Meta(min_length=3, max_length=80)]
    message_id: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    occurred_at: datetime | None = None
    store: ExternalId | None = None
    member: MemberRef | None = None
    facts: dict[str, Any] = {}


class BalanceLotRow(Row, frozen=True, kw_only=True):
    """A part of an opening balance with its own dates."""

    amount: Annotated[int, msgspec.Meta(ge=1, le=10**13)]
    earned_on: date | None = None
    expires_on: date | None = None


class BalanceRow(Row, frozen=True, kw_only=True):
    """An opening balance taken over from another system (files only).

    `amount` is whole points or growth, or minor units of stored value. Lots may cover a part;
    what they leave is a lot without dates. `replaces` turns a second declaration of the same
    member and currency into a correction of the first.
    """

    member: MemberRef
    currency: Literal["points", "growth", "stored_value"]
    amount: Annotated[int, msgspec.Meta(ge=0, le=10**13)]
    as_of: datetime
    lots: tuple[BalanceLotRow, ...] = ()
    replaces: bool = True


RowKind = Literal["stores", "products", "members", "orders", "refunds", "events", "balances"]

ROW_TYPES: dict[str, type[Row]] = {
    "stores": StoreRow,
    "products": ProductRow,
    "members": MemberRow,
    "orders": OrderRow,
    "refunds": RefundRow,
    "events": EventRow,
    "balances": BalanceRow,
}
