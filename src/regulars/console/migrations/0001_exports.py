"""Files that were taken out."""

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Export",
            fields=[
                ("public_id", models.UUIDField(primary_key=True, serialize=False)),
                ("what", models.TextField()),
                ("filters", models.JSONField(default=dict)),
                (
                    "columns",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.TextField(), size=None
                    ),
                ),
                ("form", models.TextField(choices=[("csv", "csv"), ("xlsx", "xlsx")])),
                ("is_masked", models.BooleanField(default=True)),
                ("reason_code", models.TextField()),
                ("language", models.TextField()),
                ("staff_id", models.BigIntegerField()),
                ("approval", models.UUIDField(null=True)),
                ("asked_at", models.DateTimeField()),
                ("made_at", models.DateTimeField(null=True)),
                ("rows", models.BigIntegerField(null=True)),
                ("size_bytes", models.BigIntegerField(null=True)),
                ("expires_at", models.DateTimeField(null=True)),
                ("gone_at", models.DateTimeField(null=True)),
                ("gone_because", models.TextField(default="")),
                ("opened", models.IntegerField(default=0)),
            ],
            options={
                "db_table": "console_export",
                "indexes": [
                    models.Index(fields=["staff_id", "-public_id"], name="export_by_staff"),
                    models.Index(
                        condition=models.Q(("gone_at__isnull", True), ("made_at__isnull", False)),
                        fields=["expires_at"],
                        name="export_alive",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("form__in", ["csv", "xlsx"])), name="export_form_known"
                    )
                ],
            },
        ),
    ]
