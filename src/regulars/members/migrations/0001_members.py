"""Members, their sealed profile and identities, marks, consents, merges, tombstones, policy."""

from django.db import migrations, models

SEQUENCES = """
CREATE SEQUENCE members_member_seq INCREMENT BY 1000;
CREATE SEQUENCE members_identity_seq INCREMENT BY 1000;
CREATE SEQUENCE members_consent_seq INCREMENT BY 1000;
"""
NO_SEQUENCES = """
DROP SEQUENCE members_member_seq;
DROP SEQUENCE members_identity_seq;
DROP SEQUENCE members_consent_seq;
"""
APPEND_ONLY = """
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON members_consent
    FOR EACH ROW EXECUTE FUNCTION regulars_append_only();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON members_consent
    FOR EACH STATEMENT EXECUTE FUNCTION regulars_append_only();
"""
NOT_APPEND_ONLY = """
DROP TRIGGER append_only ON members_consent;
DROP TRIGGER append_only_truncate ON members_consent;
"""
FIRST_POLICY = (
    "INSERT INTO members_policy (id, match_order, caps, enrol_on_first_order) VALUES"
    """ (1, '["unionid", "phone", "openid", "card", "external", "email"]','"""
    """ {"unionid": 1, "phone": 5, "openid": 20, "card": 10, "external": 20, "email": 5}', true)"""
)


class Migration(migrations.Migration):
    initial = True
    dependencies = [("web", "0001_installation")]

    operations = [
        migrations.CreateModel(
            name="SubjectKey",
            fields=[
                ("member_id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("wrapped", models.BinaryField()),
                ("made_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="Tombstone",
            fields=[
                ("digest", models.BinaryField(primary_key=True, serialize=False)),
                (
                    "kind",
                    models.TextField(
                        choices=[
                            ("phone", "phone"),
                            ("email", "email"),
                            ("unionid", "unionid"),
                            ("openid", "openid"),
                            ("card", "card"),
                            ("external", "external"),
                        ]
                    ),
                ),
                ("erased_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="Consent",
            fields=[
                ("id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("member_id", models.BigIntegerField()),
                ("purpose", models.TextField()),
                ("channel", models.TextField(default="")),
                ("policy_version", models.TextField()),
                ("text_hash", models.TextField(default="")),
                ("granted", models.BooleanField()),
                ("at", models.DateTimeField()),
                ("source_id", models.BigIntegerField(null=True)),
                ("recorded_at", models.DateTimeField()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=(
                            "member_id",
                            "purpose",
                            "channel",
                            "at",
                            "granted",
                            "policy_version",
                        ),
                        name="consent_recorded_once",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Group",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("member_id", models.BigIntegerField()),
                (
                    "kind",
                    models.TextField(
                        choices=[("segment", "segment"), ("tier", "tier"), ("plan", "plan")]
                    ),
                ),
                ("group", models.TextField(db_column="code")),
                ("since", models.DateTimeField()),
                ("until", models.DateTimeField(null=True)),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("until__isnull", True)),
                        fields=["kind", "group", "member_id"],
                        name="group_members",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("until__isnull", True)),
                        fields=("member_id", "kind", "group"),
                        name="group_entered_once",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("kind__in", ["tier", "plan"]), ("until__isnull", True)),
                        fields=("member_id", "kind"),
                        name="group_one_tier_one_plan",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["segment", "tier", "plan"])),
                        name="group_kind_known",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Identity",
            fields=[
                ("id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("member_id", models.BigIntegerField()),
                ("subject_id", models.BigIntegerField()),
                (
                    "kind",
                    models.TextField(
                        choices=[
                            ("phone", "phone"),
                            ("email", "email"),
                            ("unionid", "unionid"),
                            ("openid", "openid"),
                            ("card", "card"),
                            ("external", "external"),
                        ]
                    ),
                ),
                ("issuer", models.TextField(default="")),
                ("lookup", models.BinaryField()),
                ("sealed", models.BinaryField()),
                ("tail", models.SmallIntegerField(null=True)),
                ("source_id", models.BigIntegerField(null=True)),
                ("linked_at", models.DateTimeField()),
            ],
            options={
                "indexes": [
                    models.Index(fields=["member_id"], name="identity_by_member"),
                    models.Index(
                        condition=models.Q(("tail__isnull", False)),
                        fields=["tail"],
                        name="identity_by_tail",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("lookup",), name="identity_unique")
                ],
            },
        ),
        migrations.CreateModel(
            name="Member",
            fields=[
                ("id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("public_id", models.UUIDField(unique=True)),
                ("number", models.TextField(unique=True)),
                (
                    "status",
                    models.TextField(
                        choices=[
                            ("active", "active"),
                            ("frozen", "frozen"),
                            ("merged", "merged"),
                            ("erased", "erased"),
                        ]
                    ),
                ),
                ("joined_at", models.DateTimeField()),
                ("home_store_id", models.BigIntegerField(null=True)),
                ("associate_id", models.BigIntegerField(null=True)),
                ("source_id", models.BigIntegerField(null=True)),
                ("batch_id", models.BigIntegerField(null=True)),
                ("merged_into_id", models.BigIntegerField(null=True)),
                ("survivor_id", models.BigIntegerField()),
                ("reason_code", models.TextField(default="")),
                ("recorded_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
            ],
            options={
                "indexes": [
                    models.Index(fields=["home_store_id", "id"], name="member_by_store"),
                    models.Index(
                        condition=models.Q(("associate_id__isnull", False)),
                        fields=["associate_id", "id"],
                        name="member_by_associate",
                    ),
                    models.Index(
                        condition=models.Q(("survivor_id", models.F("id")), _negated=True),
                        fields=["survivor_id"],
                        name="member_alias_by_survivor",
                    ),
                    models.Index(
                        condition=models.Q(("batch_id__isnull", False)),
                        fields=["batch_id"],
                        name="member_by_batch",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("status__in", ["active", "frozen", "merged", "erased"])
                        ),
                        name="member_status_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("merged_into_id__isnull", False), ("status", "merged")),
                            models.Q(
                                models.Q(("status", "merged"), _negated=True),
                                ("merged_into_id__isnull", True),
                            ),
                            ("status", "erased"),
                            _connector="OR",
                        ),
                        name="member_merged_has_winner",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("status", "active"), _negated=True),
                            ("survivor_id", models.F("id")),
                            _connector="OR",
                        ),
                        name="member_active_survives_itself",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Merge",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("winner_id", models.BigIntegerField()),
                ("loser_id", models.BigIntegerField()),
                ("winner_joined_at", models.DateTimeField()),
                ("merged_at", models.DateTimeField()),
                ("undone_at", models.DateTimeField(null=True)),
                ("actor_kind", models.TextField()),
                ("actor_id", models.BigIntegerField()),
                ("reason_code", models.TextField(default="")),
            ],
            options={
                "indexes": [models.Index(fields=["winner_id"], name="merge_by_winner")],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("undone_at__isnull", True)),
                        fields=("loser_id",),
                        name="merge_loses_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("winner_id", models.F("loser_id")), _negated=True),
                        name="merge_of_two",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="MergeSuggestion",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("low_id", models.BigIntegerField()),
                ("high_id", models.BigIntegerField()),
                ("reason", models.TextField()),
                (
                    "state",
                    models.TextField(
                        choices=[("open", "open"), ("merged", "merged"), ("dismissed", "dismissed")]
                    ),
                ),
                ("suggested_at", models.DateTimeField()),
                ("decided_at", models.DateTimeField(null=True)),
            ],
            options={
                "indexes": [
                    models.Index(fields=["high_id"], name="suggestion_by_other"),
                    models.Index(
                        condition=models.Q(("state", "open")),
                        fields=["suggested_at"],
                        name="suggestion_open",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("low_id", "high_id"), name="suggestion_once_a_pair"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("low_id__lt", models.F("high_id"))),
                        name="suggestion_pair_sorted",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Policy",
            fields=[
                ("id", models.SmallIntegerField(default=1, primary_key=True, serialize=False)),
                ("match_order", models.JSONField()),
                ("caps", models.JSONField()),
                ("enrol_on_first_order", models.BooleanField(default=True)),
                ("changed_at", models.DateTimeField(null=True)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("id", 1)), name="policy_is_one")
                ],
            },
        ),
        migrations.CreateModel(
            name="ProfileValue",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "member_id",
                        "field",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("member_id", models.BigIntegerField()),
                ("field", models.TextField()),
                ("plain", models.TextField(null=True)),
                ("sealed", models.BinaryField(null=True)),
                ("exact_lookup", models.BinaryField(null=True)),
                ("part_lookup", models.BinaryField(null=True)),
                ("source_id", models.BigIntegerField(null=True)),
                ("set_at", models.DateTimeField()),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("exact_lookup__isnull", False)),
                        fields=["exact_lookup"],
                        name="profile_value_by_exact",
                    ),
                    models.Index(
                        condition=models.Q(("part_lookup__isnull", False)),
                        fields=["part_lookup"],
                        name="profile_value_by_part",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("plain__isnull", True), ("sealed__isnull", False)),
                            models.Q(("plain__isnull", False), ("sealed__isnull", True)),
                            _connector="OR",
                        ),
                        name="profile_value_plain_or_sealed",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Tag",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "member_id",
                        "origin_id",
                        "tag",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("member_id", models.BigIntegerField()),
                ("origin_id", models.BigIntegerField()),
                ("tag", models.TextField()),
                (
                    "source",
                    models.TextField(
                        choices=[
                            ("manual", "manual"),
                            ("rule", "rule"),
                            ("model", "model"),
                            ("import", "import"),
                        ]
                    ),
                ),
                ("tagged_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField(null=True)),
            ],
            options={
                "indexes": [
                    models.Index(fields=["tag", "member_id"], name="tag_by_word"),
                    models.Index(
                        condition=models.Q(("expires_at__isnull", False)),
                        fields=["expires_at"],
                        name="tag_by_expiry",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("source__in", ["manual", "rule", "model", "import"])),
                        name="tag_source_known",
                    )
                ],
            },
        ),
        migrations.RunSQL(SEQUENCES, NO_SEQUENCES),
        migrations.RunSQL(APPEND_ONLY, NOT_APPEND_ONLY),
        migrations.RunSQL(FIRST_POLICY, migrations.RunSQL.noop),
    ]
