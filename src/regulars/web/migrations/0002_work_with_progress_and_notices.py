"""Long work with its progress, and notices."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("web", "0001_installation"),
    ]

    operations = [
        migrations.CreateModel(
            name="Notice",
            fields=[
                ("public_id", models.UUIDField(primary_key=True, serialize=False)),
                ("owner", models.TextField()),
                ("words", models.TextField()),
                ("facts", models.JSONField(default=dict)),
                ("href", models.TextField(default="")),
                ("told_at", models.DateTimeField()),
                ("seen_at", models.DateTimeField(null=True)),
            ],
            options={
                "indexes": [
                    models.Index(fields=["owner", "-public_id"], name="notice_by_owner"),
                    models.Index(
                        condition=models.Q(("seen_at__isnull", True)),
                        fields=["owner"],
                        name="notice_unseen",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Progress",
            fields=[
                ("public_id", models.UUIDField(primary_key=True, serialize=False)),
                ("kind", models.TextField()),
                ("owner", models.TextField()),
                (
                    "state",
                    models.TextField(
                        choices=[
                            ("waiting", "waiting"),
                            ("running", "running"),
                            ("done", "done"),
                            ("failed", "failed"),
                            ("cancelled", "cancelled"),
                        ]
                    ),
                ),
                ("done", models.BigIntegerField(default=0)),
                ("total", models.BigIntegerField(null=True)),
                ("facts", models.JSONField(default=dict)),
                ("result", models.JSONField(default=dict)),
                ("asked_at", models.DateTimeField()),
                ("started_at", models.DateTimeField(null=True)),
                ("ended_at", models.DateTimeField(null=True)),
                ("cancel_asked_at", models.DateTimeField(null=True)),
            ],
            options={
                "indexes": [
                    models.Index(fields=["owner", "-asked_at"], name="progress_by_owner"),
                    models.Index(fields=["-asked_at"], name="progress_by_time"),
                ],
            },
        ),
    ]
