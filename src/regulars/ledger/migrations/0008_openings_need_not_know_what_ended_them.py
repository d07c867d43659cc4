"""What stands declared follows from the log; nobody needs to remember what ended an opening."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("ledger", "0007_only_rare_kinds_are_indexed")]

    operations = [
        migrations.RemoveIndex("opening", "ledger_opening_ended"),
        migrations.RemoveField("opening", "ended_event_id"),
        migrations.RemoveField("opening", "ended_batch_id"),
    ]
