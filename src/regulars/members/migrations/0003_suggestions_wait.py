"""A merge suggestion may wait: it was put off until a moment."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("members", "0002_privacy_requests"),
    ]

    operations = [
        migrations.AddField(
            model_name="mergesuggestion",
            name="wait_until",
            field=models.DateTimeField(null=True),
        ),
    ]
