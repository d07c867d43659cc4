"""Accounts are found by member first: one index serves what two did, a member's side by side."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("ledger", "0004_runs_of_the_checks")]

    operations = [
        migrations.RemoveConstraint("account", "ledger_account_unique"),
        migrations.AddConstraint(
            "account",
            models.UniqueConstraint(
                fields=("member_id", "programme_id", "currency", "kind"),
                name="ledger_account_unique",
                nulls_distinct=False,
            ),
        ),
        migrations.RemoveIndex("account", "ledger_account_member"),
    ]
