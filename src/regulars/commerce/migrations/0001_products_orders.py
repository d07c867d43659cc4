"""Products with their tree, orders with lines, payments and refunds."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Line",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "order_id",
                        "position",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("order_id", models.BigIntegerField()),
                ("position", models.SmallIntegerField()),
                ("sku", models.TextField()),
                ("name", models.TextField()),
                ("quantity", models.DecimalField(decimal_places=3, max_digits=14)),
                ("amount_minor", models.BigIntegerField()),
                ("kind", models.TextField()),
            ],
        ),
        migrations.CreateModel(
            name="OrderBefore",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "batch_id",
                        "order_id",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("batch_id", models.BigIntegerField()),
                ("order_id", models.BigIntegerField()),
                ("before", models.JSONField()),
                ("lines", models.JSONField()),
                ("payments", models.JSONField()),
                ("recorded_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="Payment",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "order_id",
                        "position",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("order_id", models.BigIntegerField()),
                ("position", models.SmallIntegerField()),
                ("method", models.TextField()),
                ("amount_minor", models.BigIntegerField()),
                ("paid_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="Category",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.TextField()),
                ("path", models.TextField()),
                (
                    "parent",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="children",
                        to="commerce.category",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Order",
            fields=[
                ("id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("public_id", models.UUIDField()),
                ("source_id", models.BigIntegerField()),
                ("external_id", models.TextField()),
                ("member_id", models.BigIntegerField(null=True)),
                ("store_id", models.BigIntegerField(null=True)),
                ("store_code", models.TextField()),
                ("channel", models.TextField()),
                ("currency", models.TextField()),
                (
                    "state",
                    models.SmallIntegerField(
                        choices=[
                            (0, "created"),
                            (1, "paid"),
                            (2, "completed"),
                            (3, "closed"),
                            (4, "refunded"),
                            (5, "partially_refunded"),
                        ]
                    ),
                ),
                ("created_at", models.DateTimeField(null=True)),
                ("paid_at", models.DateTimeField(null=True)),
                ("completed_at", models.DateTimeField(null=True)),
                ("closed_at", models.DateTimeField(null=True)),
                ("estimated", models.SmallIntegerField()),
                ("goods_minor", models.BigIntegerField()),
                ("shipping_minor", models.BigIntegerField()),
                ("discount_minor", models.BigIntegerField()),
                ("points_tender_minor", models.BigIntegerField()),
                ("paid_minor", models.BigIntegerField(null=True)),
                ("excluded_minor", models.BigIntegerField()),
                ("lines_count", models.IntegerField()),
                ("refunds_minor", models.BigIntegerField()),
                ("refunded_so_far_minor", models.BigIntegerField()),
                ("net_minor", models.BigIntegerField()),
                ("amounts_version", models.BinaryField()),
                ("lines_version", models.BinaryField()),
                ("payments_version", models.BinaryField()),
                ("store_version", models.BinaryField()),
                ("channel_version", models.BinaryField()),
                ("reports_completion", models.BooleanField()),
                ("award", models.BooleanField()),
                ("batch_id", models.BigIntegerField(null=True)),
                ("touched_batch_id", models.BigIntegerField(null=True)),
                ("recorded_at", models.DateTimeField()),
                ("changed_at", models.DateTimeField()),
            ],
            options={
                "indexes": [
                    models.Index(fields=["member_id", "id"], name="order_by_member"),
                    models.Index(fields=["store_id", "id"], name="order_by_store"),
                    models.Index(
                        condition=models.Q(("batch_id__isnull", False)),
                        fields=["batch_id"],
                        name="order_by_batch",
                    ),
                    models.Index(
                        condition=models.Q(
                            ("store_id__isnull", True), models.Q(("store_code", ""), _negated=True)
                        ),
                        fields=["store_code"],
                        name="order_by_unknown_store",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("source_id", "external_id"), name="order_number_unique_per_source"
                    ),
                    models.UniqueConstraint(fields=("public_id",), name="order_public_id_unique"),
                    models.CheckConstraint(
                        condition=models.Q(("net_minor__gte", 0)), name="order_net_not_negative"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Product",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("public_id", models.UUIDField()),
                ("sku", models.TextField()),
                ("name", models.TextField()),
                ("brand", models.TextField(default="")),
                ("currency", models.TextField()),
                ("price_minor", models.BigIntegerField(null=True)),
                ("cost_minor", models.BigIntegerField(null=True)),
                ("batch_id", models.BigIntegerField(null=True)),
                ("recorded_at", models.DateTimeField()),
                ("changed_at", models.DateTimeField()),
                (
                    "category",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="products",
                        to="commerce.category",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Refund",
            fields=[
                ("id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("public_id", models.UUIDField()),
                ("order_id", models.BigIntegerField(null=True)),
                ("source_id", models.BigIntegerField()),
                ("order_external_id", models.TextField()),
                ("member_id", models.BigIntegerField(null=True)),
                ("key", models.TextField()),
                ("external_id", models.TextField(null=True)),
                ("currency", models.TextField()),
                ("amount_minor", models.BigIntegerField()),
                ("shipping_minor", models.BigIntegerField()),
                ("refunded_at", models.DateTimeField()),
                ("undated", models.BooleanField()),
                ("lines", models.JSONField()),
                ("batch_id", models.BigIntegerField(null=True)),
                ("recorded_at", models.DateTimeField()),
            ],
            options={
                "indexes": [
                    models.Index(fields=["order_id"], name="refund_by_order"),
                    models.Index(
                        condition=models.Q(("order_id__isnull", True)),
                        fields=["source_id", "order_external_id"],
                        name="refund_unlinked",
                    ),
                    models.Index(
                        condition=models.Q(("batch_id__isnull", False)),
                        fields=["batch_id"],
                        name="refund_by_batch",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("source_id", "order_external_id", "key"), name="refund_key_unique"
                    ),
                    models.UniqueConstraint(fields=("public_id",), name="refund_public_id_unique"),
                    models.CheckConstraint(
                        condition=models.Q(("amount_minor__gte", 0)),
                        name="refund_amount_not_negative",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="WaitingBuyer",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "identity",
                        "order_id",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("identity", models.BinaryField()),
                ("order_id", models.BigIntegerField()),
            ],
            options={
                "indexes": [models.Index(fields=["order_id"], name="waiting_buyer_by_order")],
            },
        ),
        migrations.AddConstraint(
            model_name="category",
            constraint=models.UniqueConstraint(fields=("path",), name="category_path_unique"),
        ),
        migrations.AddConstraint(
            model_name="product",
            constraint=models.UniqueConstraint(fields=("sku",), name="product_sku_unique"),
        ),
        migrations.AddConstraint(
            model_name="product",
            constraint=models.UniqueConstraint(
                fields=("public_id",), name="product_public_id_unique"
            ),
        ),
        migrations.RunSQL(
            "CREATE SEQUENCE commerce_order_id_seq INCREMENT BY 1000;"
            " CREATE SEQUENCE commerce_refund_id_seq INCREMENT BY 1000;"
            " ALTER TABLE commerce_order SET (fillfactor = 85);",
            "DROP SEQUENCE commerce_order_id_seq; DROP SEQUENCE commerce_refund_id_seq;",
        ),
    ]
