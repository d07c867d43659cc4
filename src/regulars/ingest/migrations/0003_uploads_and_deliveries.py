"""Files handed over in the console; who began an import; deliveries read by source."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("ingest", "0002_file_imports"),
    ]

    operations = [
        migrations.CreateModel(
            name="Upload",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("public_id", models.UUIDField()),
                ("owner", models.TextField()),
                ("kind", models.TextField()),
                ("file_name", models.TextField()),
                ("size_bytes", models.BigIntegerField()),
                ("options", models.JSONField()),
                ("headers", models.JSONField()),
                ("signature", models.BinaryField()),
                ("sample", models.BinaryField(null=True)),
                ("wrapped_key", models.BinaryField(null=True)),
                ("state", models.TextField()),
                ("rehearsal_id", models.UUIDField(null=True)),
                ("batch_id", models.UUIDField(null=True)),
                ("progress_id", models.UUIDField(null=True)),
                ("uploaded_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
            ],
        ),
        migrations.AddField(
            model_name="batch",
            name="progress_id",
            field=models.UUIDField(null=True),
        ),
        migrations.AddField(
            model_name="batch",
            name="started_by",
            field=models.TextField(db_default=""),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(fields=["source_id", "id"], name="delivery_by_source"),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(
                condition=models.Q(("state", "received")),
                fields=["source_id", "received_at"],
                name="delivery_unfinished",
            ),
        ),
        migrations.AddIndex(
            model_name="upload",
            index=models.Index(
                condition=models.Q(("wrapped_key__isnull", False)),
                fields=["expires_at"],
                name="upload_kept_by_age",
            ),
        ),
        migrations.AddIndex(
            model_name="upload",
            index=models.Index(fields=["batch_id"], name="upload_by_batch"),
        ),
        migrations.AddConstraint(
            model_name="upload",
            constraint=models.UniqueConstraint(
                fields=("public_id",), name="upload_public_id_unique"
            ),
        ),
        migrations.AddConstraint(
            model_name="upload",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "state__in",
                        ["mapping", "rehearsing", "rehearsed", "importing", "imported", "dropped"],
                    )
                ),
                name="upload_state_known",
            ),
        ),
    ]
