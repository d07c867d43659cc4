"""Places, staff, keys, links, tries, and the audit log that is never changed."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

APPEND_ONLY = """
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON {table}
    FOR EACH ROW EXECUTE FUNCTION regulars_append_only();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION regulars_append_only();
"""
FREE_AGAIN = """
DROP TRIGGER append_only ON {table};
DROP TRIGGER append_only_truncate ON {table};
"""
FIRST_PLACES = """
INSERT INTO access_brand (public_id, code, name, zone)
    SELECT gen_random_uuid(), 'default', name, zone FROM web_installation;
INSERT INTO access_region (public_id, brand_id, code, name)
    SELECT gen_random_uuid(), id, 'default', 'Default' FROM access_brand;
"""


class Migration(migrations.Migration):
    initial = True

    dependencies = [("web", "0001_installation")]

    operations = [
        migrations.CreateModel(
            name="ApiKey",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.TextField()),
                ("secret_hash", models.BinaryField()),
                ("title", models.TextField()),
                (
                    "permissions",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.TextField(), size=None
                    ),
                ),
                (
                    "networks",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.TextField(), size=None
                    ),
                ),
                ("created_at", models.DateTimeField()),
                ("created_by", models.BigIntegerField(null=True)),
                ("expires_at", models.DateTimeField()),
                ("revoked_at", models.DateTimeField(null=True)),
                ("last_used_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="AuditEntry",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("at", models.DateTimeField()),
                ("actor_kind", models.TextField()),
                ("actor_id", models.BigIntegerField()),
                ("on_behalf_id", models.BigIntegerField(null=True)),
                ("action", models.TextField()),
                ("object_kind", models.TextField()),
                ("object_id", models.TextField()),
                (
                    "result",
                    models.TextField(
                        choices=[("ok", "ok"), ("refused", "refused"), ("failed", "failed")]
                    ),
                ),
                ("reason_code", models.TextField(null=True)),
                ("details", models.JSONField()),
                ("network", models.TextField(null=True)),
                ("note", models.BinaryField(null=True)),
            ],
            options={
                "db_table": "access_audit_entry",
            },
        ),
        migrations.CreateModel(
            name="AuditSeal",
            fields=[
                ("seq", models.BigIntegerField(primary_key=True, serialize=False)),
                ("entry_id", models.BigIntegerField()),
                ("hash", models.BinaryField()),
            ],
            options={
                "db_table": "access_audit_seal",
            },
        ),
        migrations.CreateModel(
            name="Brand",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("public_id", models.UUIDField()),
                ("code", models.TextField()),
                ("name", models.TextField()),
                ("zone", models.TextField()),
            ],
        ),
        migrations.CreateModel(
            name="Grant",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("role", models.TextField()),
                (
                    "scope_kind",
                    models.TextField(
                        choices=[
                            ("own", "own"),
                            ("store", "store"),
                            ("region", "region"),
                            ("all", "all"),
                        ]
                    ),
                ),
                ("scope_id", models.BigIntegerField(null=True)),
                ("granted_at", models.DateTimeField()),
                ("granted_by", models.BigIntegerField(null=True)),
                ("expires_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="OneTimeLink",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "purpose",
                    models.TextField(choices=[("set_up", "set_up"), ("sign_in", "sign_in")]),
                ),
                ("token_hash", models.BinaryField()),
                ("created_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                ("used_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="Region",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("public_id", models.UUIDField()),
                ("code", models.TextField()),
                ("name", models.TextField()),
            ],
        ),
        migrations.CreateModel(
            name="Store",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("public_id", models.UUIDField()),
                ("code", models.TextField()),
                ("name", models.TextField()),
                (
                    "kind",
                    models.TextField(
                        choices=[
                            ("shop", "shop"),
                            ("counter", "counter"),
                            ("franchise", "franchise"),
                            ("web", "web"),
                            ("mini_program", "mini_program"),
                            ("warehouse", "warehouse"),
                            ("other", "other"),
                        ]
                    ),
                ),
                ("zone", models.TextField()),
                ("created_at", models.DateTimeField()),
                ("changed_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="TryLog",
            fields=[
                ("key", models.BinaryField(primary_key=True, serialize=False)),
                (
                    "times",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.DateTimeField(), size=None
                    ),
                ),
                ("succeeded_at", models.DateTimeField(null=True)),
                ("changed_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="Staff",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("password", models.CharField(max_length=128, verbose_name="password")),
                (
                    "last_login",
                    models.DateTimeField(blank=True, null=True, verbose_name="last login"),
                ),
                ("public_id", models.UUIDField(unique=True)),
                ("code", models.TextField(null=True)),
                ("email_sealed", models.BinaryField()),
                ("email_index", models.BinaryField()),
                ("name_sealed", models.BinaryField()),
                ("language", models.TextField(default="zh-hans")),
                ("is_active", models.BooleanField(default=True)),
                ("session_epoch", models.IntegerField(default=1)),
                ("created_at", models.DateTimeField()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("email_index",), name="staff_email_unique"),
                    models.UniqueConstraint(fields=("code",), name="staff_code_unique"),
                ],
            },
        ),
        migrations.CreateModel(
            name="AuditWaiting",
            fields=[
                (
                    "entry",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        serialize=False,
                        to="access.auditentry",
                    ),
                ),
                ("at", models.DateTimeField()),
            ],
            options={
                "db_table": "access_audit_waiting",
            },
        ),
        migrations.AddIndex(
            model_name="auditentry",
            index=models.Index(fields=["-at", "-id"], name="audit_by_time"),
        ),
        migrations.AddIndex(
            model_name="auditentry",
            index=models.Index(fields=["object_kind", "object_id", "id"], name="audit_by_object"),
        ),
        migrations.AddIndex(
            model_name="auditentry",
            index=models.Index(fields=["actor_kind", "actor_id", "id"], name="audit_by_actor"),
        ),
        migrations.AddConstraint(
            model_name="auditseal",
            constraint=models.UniqueConstraint(
                fields=("entry_id",), name="audit_entry_sealed_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="brand",
            constraint=models.UniqueConstraint(
                fields=("public_id",), name="brand_public_id_unique"
            ),
        ),
        migrations.AddConstraint(
            model_name="brand",
            constraint=models.UniqueConstraint(fields=("code",), name="brand_code_unique"),
        ),
        migrations.AddField(
            model_name="grant",
            name="staff",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="grants",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="onetimelink",
            name="staff",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.CASCADE, to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="region",
            name="brand",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="access.brand"),
        ),
        migrations.AddField(
            model_name="store",
            name="brand",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="access.brand"),
        ),
        migrations.AddField(
            model_name="store",
            name="region",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, to="access.region"
            ),
        ),
        migrations.AddField(
            model_name="apikey",
            name="store",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, to="access.store"
            ),
        ),
        migrations.AddIndex(
            model_name="trylog",
            index=models.Index(fields=["changed_at"], name="trylog_by_age"),
        ),
        migrations.AddConstraint(
            model_name="grant",
            constraint=models.UniqueConstraint(
                fields=("staff", "role", "scope_kind", "scope_id"),
                name="grant_given_once",
                nulls_distinct=False,
            ),
        ),
        migrations.AddConstraint(
            model_name="grant",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("scope_id__isnull", True), ("scope_kind__in", ["own", "all"])),
                    models.Q(("scope_id__isnull", False), ("scope_kind__in", ["store", "region"])),
                    _connector="OR",
                ),
                name="grant_scope_names_its_place",
            ),
        ),
        migrations.AddConstraint(
            model_name="onetimelink",
            constraint=models.UniqueConstraint(fields=("token_hash",), name="link_token_unique"),
        ),
        migrations.AddConstraint(
            model_name="region",
            constraint=models.UniqueConstraint(
                fields=("public_id",), name="region_public_id_unique"
            ),
        ),
        migrations.AddConstraint(
            model_name="region",
            constraint=models.UniqueConstraint(fields=("brand", "code"), name="region_code_unique"),
        ),
        migrations.AddConstraint(
            model_name="store",
            constraint=models.UniqueConstraint(
                fields=("public_id",), name="store_public_id_unique"
            ),
        ),
        migrations.AddConstraint(
            model_name="store",
            constraint=models.UniqueConstraint(fields=("code",), name="store_code_unique"),
        ),
        migrations.AddConstraint(
            model_name="store",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "kind__in",
                        [
                            "shop",
                            "counter",
                            "franchise",
                            "web",
                            "mini_program",
                            "warehouse",
                            "other",
                        ],
                    )
                ),
                name="store_kind_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="apikey",
            constraint=models.UniqueConstraint(fields=("name",), name="apikey_name_unique"),
        ),
        migrations.AddConstraint(
            model_name="apikey",
            constraint=models.CheckConstraint(
                condition=models.Q(("expires_at__gt", models.F("created_at"))),
                name="apikey_ends_after_it_begins",
            ),
        ),
        migrations.RunSQL(
            APPEND_ONLY.format(table="access_audit_entry"),
            FREE_AGAIN.format(table="access_audit_entry"),
        ),
        migrations.RunSQL(
            APPEND_ONLY.format(table="access_audit_seal"),
            FREE_AGAIN.format(table="access_audit_seal"),
        ),
        migrations.RunSQL(FIRST_PLACES, migrations.RunSQL.noop),
    ]
