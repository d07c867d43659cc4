"""Runs of the checks are kept, so that a page can tell when the books were last proved."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("ledger", "0003_transfers_by_time")]

    operations = [
        migrations.CreateModel(
            name="VerifyRun",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("kind", models.TextField()),
                ("origin", models.TextField()),
                ("started_at", models.DateTimeField()),
                ("finished_at", models.DateTimeField()),
                ("since", models.BigIntegerField(null=True)),
                ("watermark", models.BigIntegerField()),
                ("transfers", models.BigIntegerField()),
                ("accounts", models.BigIntegerField()),
                ("checks", models.IntegerField()),
                ("bad", models.BigIntegerField()),
                ("milliseconds", models.IntegerField()),
                ("findings", models.JSONField()),
            ],
            options={
                "db_table": "ledger_verify_run",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["full", "recent"])),
                        name="verify_run_kind_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("origin__in", ["clock", "command"])),
                        name="verify_run_origin_known",
                    ),
                ],
            },
        ),
    ]
