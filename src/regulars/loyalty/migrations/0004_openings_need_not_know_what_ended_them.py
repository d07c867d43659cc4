"""What stands declared follows from the log; nobody needs to remember what ended an opening."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("loyalty", "0003_awards_are_the_growth")]

    operations = [
        migrations.RemoveIndex("opening", "opening_by_end"),
        migrations.RemoveField("opening", "ended_event_id"),
        migrations.RemoveField("opening", "ended_batch_id"),
    ]
