"""Most transfers earn; the index by kind leaves them out, and their writing costs less."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("ledger", "0006_runs_asked_for_in_the_console")]

    operations = [
        migrations.RemoveIndex("transfer", "ledger_transfer_by_kind"),
        migrations.AddIndex(
            "transfer",
            models.Index(
                condition=models.Q(("kind", 1), _negated=True),
                fields=["kind", "recorded_at", "seq"],
                name="ledger_transfer_by_rare_kind",
            ),
        ),
    ]
