"""A run of the checks may also be asked for in the console."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("ledger", "0005_accounts_are_found_by_member_first")]

    operations = [
        migrations.RemoveConstraint("verifyrun", "verify_run_origin_known"),
        migrations.AddConstraint(
            "verifyrun",
            models.CheckConstraint(
                condition=models.Q(("origin__in", ["clock", "command", "console"])),
                name="verify_run_origin_known",
            ),
        ),
    ]
