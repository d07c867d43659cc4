"""Privacy requests and the steps taken on each."""

from django.db import migrations, models

GUARD = """
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON members_privacystep
    FOR EACH ROW EXECUTE FUNCTION regulars_append_only();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON members_privacystep
    FOR EACH STATEMENT EXECUTE FUNCTION regulars_append_only();
"""
UNGUARD = """
DROP TRIGGER append_only ON members_privacystep;
DROP TRIGGER append_only_truncate ON members_privacystep;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("members", "0001_members"),
    ]

    operations = [
        migrations.CreateModel(
            name="PrivacyRequest",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("public_id", models.UUIDField()),
                ("member_id", models.BigIntegerField()),
                (
                    "kind",
                    models.TextField(
                        choices=[
                            ("access", "access"),
                            ("copy", "copy"),
                            ("correct", "correct"),
                            ("delete", "delete"),
                            ("port", "port"),
                            ("withdraw", "withdraw"),
                        ]
                    ),
                ),
                ("channel", models.TextField()),
                (
                    "state",
                    models.TextField(
                        choices=[
                            ("open", "open"),
                            ("verified", "verified"),
                            ("done", "done"),
                            ("refused", "refused"),
                            ("cancelled", "cancelled"),
                        ]
                    ),
                ),
                ("opened_at", models.DateTimeField()),
                ("due_at", models.DateTimeField()),
                ("assigned_to", models.BigIntegerField(null=True)),
                ("checked_how", models.TextField(default="")),
                ("refused_because", models.TextField(default="")),
                ("closed_at", models.DateTimeField(null=True)),
                ("packaged_at", models.DateTimeField(null=True)),
                ("package_until", models.DateTimeField(null=True)),
                ("reminded", models.SmallIntegerField(default=0)),
                ("note", models.BinaryField(null=True)),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("closed_at__isnull", True)),
                        fields=["due_at", "id"],
                        name="request_open",
                    ),
                    models.Index(fields=["member_id"], name="request_by_member"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("public_id",), name="request_public_id_unique"),
                    models.UniqueConstraint(
                        condition=models.Q(("closed_at__isnull", True)),
                        fields=("member_id", "kind"),
                        name="request_open_once",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="PrivacyStep",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("request_id", models.BigIntegerField()),
                ("at", models.DateTimeField()),
                ("actor_kind", models.TextField()),
                ("actor_id", models.BigIntegerField()),
                (
                    "step",
                    models.TextField(
                        choices=[
                            ("opened", "opened"),
                            ("assigned", "assigned"),
                            ("verified", "verified"),
                            ("packaged", "packaged"),
                            ("fetched", "fetched"),
                            ("answered", "answered"),
                            ("refused", "refused"),
                            ("cancelled", "cancelled"),
                            ("reminded", "reminded"),
                        ]
                    ),
                ),
                ("word", models.TextField(default="")),
            ],
            options={
                "indexes": [models.Index(fields=["request_id", "id"], name="request_steps")],
            },
        ),
        migrations.RunSQL(GUARD, UNGUARD),
    ]
