"""A dead letter is found by the people it names, also by those who were unknown at the time."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("events", "0002_log_by_time")]

    operations = [
        migrations.AddField(
            "deadletter",
            "names",
            ArrayField(base_field=models.BinaryField(), default=list, size=None),
        ),
        migrations.AddIndex("deadletter", GinIndex(fields=["names"], name="dead_letter_by_name")),
    ]
