"""Transfers are read across members: by time, and by kind and time."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("ledger", "0002_openings_know_what_ended_them")]

    operations = [
        migrations.AddIndex(
            "transfer",
            models.Index(fields=["recorded_at", "seq"], name="ledger_transfer_by_time"),
        ),
        migrations.AddIndex(
            "transfer",
            models.Index(fields=["kind", "recorded_at", "seq"], name="ledger_transfer_by_kind"),
        ),
    ]
