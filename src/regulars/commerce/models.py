"""The tables of commerce. Nobody's name, phone or address is here; buyers are ids.

Foreign keys are left off the hot path: lines, payments and refunds are only written together
with their order, by the one service that does.
"""

from django.db import models

from regulars.commerce.domain import State


class Category(models.Model):
    """A node of the product tree; `path` is the names from the root, joined by slashes."""

    name = models.TextField()
    path = models.TextField()
    parent = models.ForeignKey("self", models.PROTECT, null=True, related_name="children")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["path"], name="category_path_unique")]


class Product(models.Model):
    """A product by its SKU; amounts are minor units of its currency."""

    public_id = models.UUIDField()
    sku = models.TextField()
    name = models.TextField()
    category = models.ForeignKey(Category, models.PROTECT, null=True, related_name="products")
    brand = models.TextField(default="")
    currency = models.TextField()
    price_minor = models.BigIntegerField(null=True)
    cost_minor = models.BigIntegerField(null=True)
    batch_id = models.BigIntegerField(null=True)
    recorded_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["sku"], name="product_sku_unique"),
            models.UniqueConstraint(fields=["public_id"], name="product_public_id_unique"),
        ]


class Order(models.Model):
    """What all messages about an order add up to; the versions say whose word each part is."""

    id = models.BigIntegerField(primary_key=True)
    public_id = models.UUIDField()
    source_id = models.BigIntegerField()
    external_id = models.TextField()
    member_id = models.BigIntegerField(null=True)
    store_id = models.BigIntegerField(null=True)
    store_code = models.TextField()
    channel = models.TextField()
    currency = models.TextField()
    state = models.SmallIntegerField(choices=[(each.value, each.word) for each in State])
    created_at = models.DateTimeField(null=True)
    paid_at = models.DateTimeField(null=True)
    completed_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    estimated = models.SmallIntegerField()
    goods_minor = models.BigIntegerField()
    shipping_minor = models.BigIntegerField()
    discount_minor = models.BigIntegerField()
    points_tender_minor = models.BigIntegerField()
    paid_minor = models.BigIntegerField(null=True)
    excluded_minor = models.BigIntegerField()
    lines_count = models.IntegerField()
    refunds_minor = models.BigIntegerField()
    refunded_so_far_minor = models.BigIntegerField()
    net_minor = models.BigIntegerField()
    amounts_version = models.BinaryField()
    lines_version = models.BinaryField()
    payments_version = models.BinaryField()
    store_version = models.BinaryField()
    channel_version = models.BinaryField()
    reports_completion = models.BooleanField()
    award = models.BooleanField()
    batch_id = models.BigIntegerField(null=True)
    touched_batch_id = models.BigIntegerField(null=True)
    recorded_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["source_id", "external_id"], name="order_number_unique_per_source"
            ),
            models.UniqueConstraint(fields=["public_id"], name="order_public_id_unique"),
            models.CheckConstraint(
                condition=models.Q(net_minor__gte=0), name="order_net_not_negative"
            ),
        ]
        indexes = [
            models.Index(
                fields=["member_id", "id"],
                condition=models.Q(member_id__isnull=False),
                name="order_by_member",
            ),
            models.Index(
                fields=["store_id", "id"],
                condition=models.Q(store_id__isnull=False),
                name="order_by_store",
            ),
            models.Index(
                fields=["batch_id"],
                condition=models.Q(batch_id__isnull=False),
                name="order_by_batch",
            ),
            models.Index(
                fields=["store_code"],
                condition=models.Q(store_id__isnull=True) & ~models.Q(store_code=""),
                name="order_by_unknown_store",
            ),
            models.Index(
                fields=["paid_at", "id"],
                condition=models.Q(paid_at__isnull=False),
                name="order_by_payment",
            ),
        ]


class Line(models.Model):
    """One line of an order; replaced as a whole when newer lines are told."""

    pk = models.CompositePrimaryKey("order_id", "position")
    order_id = models.BigIntegerField()
    position = models.SmallIntegerField()
    sku = models.TextField()
    name = models.TextField()
    quantity = models.DecimalField(max_digits=14, decimal_places=3)
    amount_minor = models.BigIntegerField()
    kind = models.TextField()


class Payment(models.Model):
    """One tender of an order."""

    pk = models.CompositePrimaryKey("order_id", "position")
    order_id = models.BigIntegerField()
    position = models.SmallIntegerField()
    method = models.TextField()
    amount_minor = models.BigIntegerField()
    paid_at = models.DateTimeField(null=True)


class Refund(models.Model):
    """Money given back; `key` names it within its order. Unlinked returns have no order."""

    id = models.BigIntegerField(primary_key=True)
    public_id = models.UUIDField()
    order_id = models.BigIntegerField(null=True)
    source_id = models.BigIntegerField()
    order_external_id = models.TextField()
    member_id = models.BigIntegerField(null=True)
    key = models.TextField()
    external_id = models.TextField(null=True)  # noqa: DJ001 null is "has no id", not "is empty"
    currency = models.TextField()
    amount_minor = models.BigIntegerField()
    shipping_minor = models.BigIntegerField()
    refunded_at = models.DateTimeField()
    undated = models.BooleanField()
    lines = models.JSONField()
    batch_id = models.BigIntegerField(null=True)
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["source_id", "order_external_id", "key"], name="refund_key_unique"
            ),
            models.UniqueConstraint(fields=["public_id"], name="refund_public_id_unique"),
            models.CheckConstraint(
                condition=models.Q(amount_minor__gte=0), name="refund_amount_not_negative"
            ),
        ]
        indexes = [
            models.Index(fields=["order_id"], name="refund_by_order"),
            models.Index(
                fields=["source_id", "order_external_id"],
                condition=models.Q(order_id__isnull=True),
                name="refund_unlinked",
            ),
            models.Index(
                fields=["batch_id"],
                condition=models.Q(batch_id__isnull=False),
                name="refund_by_batch",
            ),
        ]


class WaitingBuyer(models.Model):
    """A blind index of an identity on an order nobody is known for yet."""

    pk = models.CompositePrimaryKey("identity", "order_id")
    identity = models.BinaryField()
    order_id = models.BigIntegerField()

    class Meta:
        indexes = [models.Index(fields=["order_id"], name="waiting_buyer_by_order")]


class OrderBefore(models.Model):
    """What an order was before an import batch first changed it, so that undo can give it back."""

    pk = models.CompositePrimaryKey("batch_id", "order_id")
    batch_id = models.BigIntegerField()
    order_id = models.BigIntegerField()
    before = models.JSONField()
    lines = models.JSONField()
    payments = models.JSONField()
    recorded_at = models.DateTimeField()
