"""The installation, the replies given, the rate windows, and the guard of append-only tables."""

import django.db.models
from django.db import migrations, models

GUARD = """
CREATE FUNCTION regulars_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: correct it with a new row', TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END $$
"""
FIRST_ROW = (
    "INSERT INTO web_installation (id, name, zone, currency, language, clock_offset_seconds,"
    " settings) VALUES (1, 'Regulars', 'Asia/Shanghai', 'CNY', 'zh-hans', 0, '{}')"
)


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        migrations.CreateModel(
            name="Installation",
            fields=[
                ("id", models.SmallIntegerField(default=1, primary_key=True, serialize=False)),
                ("name", models.TextField(default="Regulars")),
                ("zone", models.TextField(default="Asia/Shanghai")),
                ("currency", models.TextField(default="CNY")),
                ("language", models.TextField(default="zh-hans")),
                ("clock_offset_seconds", models.BigIntegerField(default=0)),
                ("settings", models.JSONField(default=dict)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("id", 1)), name="installation_is_one"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Idempotency",
            fields=[
                (
                    "pk",
                    django.db.models.CompositePrimaryKey(
                        "caller",
                        "route",
                        "key",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("caller", models.TextField()),
                ("route", models.TextField()),
                ("key", models.TextField()),
                ("request_hash", models.BinaryField()),
                ("status", models.SmallIntegerField()),
                ("result", models.JSONField()),
                ("recorded_at", models.DateTimeField()),
            ],
            options={
                "indexes": [models.Index(fields=["recorded_at"], name="idempotency_by_age")],
            },
        ),
        migrations.CreateModel(
            name="RateWindow",
            fields=[
                (
                    "pk",
                    django.db.models.CompositePrimaryKey(
                        "bucket",
                        "window",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("bucket", models.TextField()),
                ("window", models.BigIntegerField()),
                ("calls", models.IntegerField()),
            ],
        ),
        migrations.RunSQL(
            "ALTER TABLE web_ratewindow SET UNLOGGED", "ALTER TABLE web_ratewindow SET LOGGED"
        ),
        migrations.RunSQL(GUARD, "DROP FUNCTION regulars_append_only()"),
        migrations.RunSQL(FIRST_ROW, migrations.RunSQL.noop),
    ]
