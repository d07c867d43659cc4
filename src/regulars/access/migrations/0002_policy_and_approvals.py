"""The policy in versions, approvals that are decided once, keys that wait for their maker."""

from django.db import migrations, models

APPEND_ONLY = """
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON access_policy_version
    FOR EACH ROW EXECUTE FUNCTION regulars_append_only();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON access_policy_version
    FOR EACH STATEMENT EXECUTE FUNCTION regulars_append_only();
"""
FREE_AGAIN = """
DROP TRIGGER append_only ON access_policy_version;
DROP TRIGGER append_only_truncate ON access_policy_version;
"""
SETTLED_ONCE = """
CREATE FUNCTION access_approval_settled_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.state <> 'waiting'
        OR (OLD.public_id, OLD.kind, OLD.payload, OLD.payload_hash, OLD.object_kind,
            OLD.object_id, OLD.size, OLD.maker_kind, OLD.maker_id, OLD.maker_person_id,
            OLD.proposed_at, OLD.expires_at)
        IS DISTINCT FROM
           (NEW.public_id, NEW.kind, NEW.payload, NEW.payload_hash, NEW.object_kind,
            NEW.object_id, NEW.size, NEW.maker_kind, NEW.maker_id, NEW.maker_person_id,
            NEW.proposed_at, NEW.expires_at)
    THEN
        RAISE EXCEPTION 'an approval is settled once, and its payload never changes';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER settled_once BEFORE UPDATE OR DELETE ON access_approval
    FOR EACH ROW EXECUTE FUNCTION access_approval_settled_once();
"""
SETTLED_FREELY = """
DROP TRIGGER settled_once ON access_approval;
DROP FUNCTION access_approval_settled_once();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0001_stores_staff_keys_audit"),
    ]

    operations = [
        migrations.CreateModel(
            name="Approval",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("public_id", models.UUIDField()),
                ("kind", models.TextField()),
                ("payload", models.JSONField()),
                ("payload_hash", models.BinaryField()),
                ("object_kind", models.TextField()),
                ("object_id", models.TextField()),
                ("size", models.BigIntegerField()),
                ("reason_code", models.TextField(null=True)),
                ("maker_kind", models.TextField()),
                ("maker_id", models.BigIntegerField()),
                ("maker_person_id", models.BigIntegerField(null=True)),
                ("proposed_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                (
                    "state",
                    models.TextField(
                        choices=[
                            ("waiting", "waiting"),
                            ("executed", "executed"),
                            ("failed", "failed"),
                            ("rejected", "rejected"),
                            ("withdrawn", "withdrawn"),
                            ("expired", "expired"),
                        ]
                    ),
                ),
                ("decided_by", models.BigIntegerField(null=True)),
                ("decided_at", models.DateTimeField(null=True)),
                ("outcome", models.JSONField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="PolicyVersion",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("version", models.IntegerField()),
                ("settings", models.JSONField()),
                ("changed_at", models.DateTimeField()),
                ("changed_by_kind", models.TextField()),
                ("changed_by_id", models.BigIntegerField()),
            ],
            options={
                "db_table": "access_policy_version",
            },
        ),
        migrations.AddField(
            model_name="apikey",
            name="collected_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddConstraint(
            model_name="grant",
            constraint=models.UniqueConstraint(
                condition=models.Q(
                    (
                        "role__in",
                        ["system_administrator", "security_administrator", "audit_administrator"],
                    )
                ),
                fields=("staff",),
                name="grant_one_administrator_each",
            ),
        ),
        migrations.AddIndex(
            model_name="approval",
            index=models.Index(fields=["state", "-proposed_at", "-id"], name="approval_by_state"),
        ),
        migrations.AddIndex(
            model_name="approval",
            index=models.Index(
                fields=["maker_person_id", "-proposed_at"], name="approval_by_maker"
            ),
        ),
        migrations.AddConstraint(
            model_name="approval",
            constraint=models.UniqueConstraint(
                fields=("public_id",), name="approval_public_id_unique"
            ),
        ),
        migrations.AddConstraint(
            model_name="approval",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "state__in",
                        ["waiting", "executed", "failed", "rejected", "withdrawn", "expired"],
                    )
                ),
                name="approval_state_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="approval",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("decided_at__isnull", True), ("state", "waiting")),
                    models.Q(
                        models.Q(("state", "waiting"), _negated=True), ("decided_at__isnull", False)
                    ),
                    _connector="OR",
                ),
                name="approval_settled_has_its_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="approval",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("decided_by", models.F("maker_person_id")),
                    ("state__in", ["executed", "failed", "rejected"]),
                    _negated=True,
                ),
                name="approval_decided_by_another",
            ),
        ),
        migrations.AddConstraint(
            model_name="policyversion",
            constraint=models.UniqueConstraint(fields=("version",), name="policy_version_unique"),
        ),
        migrations.RunSQL(
            "UPDATE access_apikey SET collected_at = created_at", migrations.RunSQL.noop
        ),
        migrations.RunSQL(APPEND_ONLY, FREE_AGAIN),
        migrations.RunSQL(SETTLED_ONCE, SETTLED_FREELY),
    ]
