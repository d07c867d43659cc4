"""Sources with secrets and health, webhook deliveries, parked rows."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="SourceHealth",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "source_id",
                        "shard",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("source_id", models.BigIntegerField()),
                ("shard", models.SmallIntegerField()),
                ("seen_at", models.DateTimeField(null=True)),
                ("failed_at", models.DateTimeField(null=True)),
                ("error_code", models.TextField()),
                ("applied", models.BigIntegerField()),
                ("existing", models.BigIntegerField()),
                ("parked", models.BigIntegerField()),
                ("refused", models.BigIntegerField()),
                ("dead_letters", models.BigIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name="Delivery",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("source_id", models.BigIntegerField()),
                ("message_id", models.TextField()),
                ("body_hash", models.BinaryField()),
                ("body", models.BinaryField(null=True)),
                ("state", models.TextField()),
                ("rows_done", models.IntegerField()),
                ("counts", models.JSONField()),
                ("error_code", models.TextField()),
                ("received_at", models.DateTimeField()),
                ("applied_at", models.DateTimeField(null=True)),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("body__isnull", False)),
                        fields=["received_at"],
                        name="delivery_kept_by_age",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("source_id", "message_id"), name="delivery_message_unique"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("state__in", ["received", "applied", "failed", "dropped"])
                        ),
                        name="delivery_state_known",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="DeliveryMember",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "member_id",
                        "delivery_id",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("member_id", models.BigIntegerField()),
                ("delivery_id", models.BigIntegerField()),
            ],
            options={
                "indexes": [
                    models.Index(fields=["delivery_id"], name="delivery_member_by_delivery")
                ],
            },
        ),
        migrations.CreateModel(
            name="Parked",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("source_id", models.BigIntegerField()),
                ("kind", models.TextField()),
                ("parent", models.TextField()),
                ("row_hash", models.BinaryField()),
                ("body", models.BinaryField()),
                ("award", models.BooleanField()),
                ("batch_id", models.BigIntegerField(null=True)),
                ("member_id", models.BigIntegerField(null=True)),
                ("parked_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
            ],
            options={
                "indexes": [
                    models.Index(fields=["expires_at"], name="parked_by_expiry"),
                    models.Index(fields=["member_id"], name="parked_by_member"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("source_id", "parent", "row_hash"), name="parked_row_unique"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["orders", "refunds"])),
                        name="parked_kind_known",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Source",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("public_id", models.UUIDField()),
                ("name", models.TextField()),
                ("kind", models.TextField()),
                ("zone", models.TextField()),
                ("currency", models.TextField()),
                ("reports_completion", models.BooleanField()),
                ("age_days_max", models.IntegerField(null=True)),
                ("created_at", models.DateTimeField()),
                ("archived_at", models.DateTimeField(null=True)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("name",), name="source_name_unique"),
                    models.UniqueConstraint(fields=("public_id",), name="source_public_id_unique"),
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["file", "webhook", "api"])),
                        name="source_kind_known",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="SourceSecret",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("sealed", models.BinaryField()),
                ("tail", models.TextField()),
                ("created_at", models.DateTimeField()),
                ("retires_at", models.DateTimeField(null=True)),
                (
                    "source",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="secrets",
                        to="ingest.source",
                    ),
                ),
            ],
        ),
    ]
