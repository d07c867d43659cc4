"""A parked row is found by the people it names, also by those who were unknown at the time."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("ingest", "0003_uploads_and_deliveries")]

    operations = [
        migrations.AddField(
            "parked", "names", ArrayField(base_field=models.BinaryField(), default=list, size=None)
        ),
        migrations.AddIndex("parked", GinIndex(fields=["names"], name="parked_by_name")),
    ]
