"""A balance that a correction took back is found again when the correction is undone."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("loyalty", "0001_programme_awards_tiers")]

    operations = [
        migrations.AddField("opening", "ended_event_id", models.BigIntegerField(null=True)),
        migrations.AddField("opening", "ended_batch_id", models.BigIntegerField(null=True)),
        migrations.AddIndex(
            "opening",
            models.Index(
                condition=models.Q(("ended_batch_id__isnull", False)),
                fields=["ended_batch_id"],
                name="opening_by_end",
            ),
        ),
    ]
