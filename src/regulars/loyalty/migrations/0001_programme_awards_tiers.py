"""The programme, its published versions, awards, growth entries, openings and tiers."""

import django.db.models.deletion
from django.db import migrations, models

SEQUENCE = "CREATE SEQUENCE loyalty_growthentry_id_seq INCREMENT BY 1000"
APPEND_ONLY = """
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON {table}
    FOR EACH ROW EXECUTE FUNCTION regulars_append_only();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION regulars_append_only();
"""
PROGRAMME = """
INSERT INTO loyalty_programme (id, pending_days, expiry_years_ahead, refund_policy)
VALUES (1, 7, 1, 'owe')
"""
RULE = """
INSERT INTO loyalty_ruleversion (programme_id, rule_id, key, version, from_at, published_at,
    rate_bp, growth_bp, multipliers_bp, conditions, name_en, name_zh)
VALUES (1, 1, 'purchase', 1, '1970-01-01T00:00:00Z', clock_timestamp(), '{"*": 10000}',
    '{"*": 10000}', '[10000, 11000, 12000, 13000, 15000]', '[]', 'Points for purchases', '消费积分')
"""
LADDER = """
INSERT INTO loyalty_ladderversion (programme_id, version, from_at, published_at, window_months,
    review_day, review_hour, tiers)
VALUES (1, 1, '1970-01-01T00:00:00Z', clock_timestamp(), 12, 1, 3, '[
    {"level": 0, "code": "base", "growth_min": 0, "name_en": "Basic", "name_zh": "普通"},
    {"level": 1, "code": "silver", "growth_min": 500, "name_en": "Silver", "name_zh": "银卡"},
    {"level": 2, "code": "gold", "growth_min": 2000, "name_en": "Gold", "name_zh": "金卡"},
    {"level": 3, "code": "platinum", "growth_min": 5000, "name_en": "Platinum", "name_zh": "铂金"},
    {"level": 4, "code": "diamond", "growth_min": 10000, "name_en": "Diamond", "name_zh": "钻石"}]')
"""
TUNING = """
ALTER TABLE loyalty_tierstatus SET (fillfactor = 80);
ALTER TABLE loyalty_award SET (autovacuum_vacuum_scale_factor = 0.02);
"""


class Migration(migrations.Migration):
    initial = True

    dependencies = [("web", "0001_installation")]

    operations = [
        migrations.CreateModel(
            name="Award",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "order_id",
                        "step",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("order_id", models.BigIntegerField()),
                ("step", models.SmallIntegerField()),
                ("kind", models.SmallIntegerField()),
                ("reason", models.TextField()),
                ("member_id", models.BigIntegerField()),
                ("origin_member_id", models.BigIntegerField()),
                ("event_id", models.BigIntegerField()),
                ("rule_version_id", models.BigIntegerField()),
                ("multiplier_bp", models.IntegerField()),
                ("net_minor", models.BigIntegerField()),
                ("points", models.BigIntegerField()),
                ("points_transfer_id", models.UUIDField(null=True)),
                ("growth", models.BigIntegerField()),
                ("growth_transfer_id", models.UUIDField(null=True)),
                ("reverses_step", models.SmallIntegerField(null=True)),
                ("occurred_at", models.DateTimeField()),
                ("usable_from", models.DateTimeField(null=True)),
                ("explanation", models.JSONField()),
                ("recorded_at", models.DateTimeField()),
            ],
            options={
                "indexes": [
                    models.Index(fields=["member_id", "occurred_at"], name="award_by_member")
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("growth", 0), ("kind", 0), ("points", 0)),
                            models.Q(("growth__gte", 0), ("kind__in", [1, 2]), ("points__gte", 0)),
                            models.Q(
                                ("growth__lte", 0),
                                ("kind", 3),
                                ("points__lte", 0),
                                ("reverses_step__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="award_sign_follows_kind",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("points", 0),
                                ("points_transfer_id__isnull", False),
                                _connector="OR",
                            ),
                            models.Q(
                                ("growth", 0),
                                ("growth_transfer_id__isnull", False),
                                _connector="OR",
                            ),
                        ),
                        name="award_has_its_transfers",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="GrowthEntry",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "member_id",
                        "id",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("member_id", models.BigIntegerField()),
                ("id", models.BigIntegerField()),
                ("origin_member_id", models.BigIntegerField()),
                ("transfer_id", models.UUIDField(null=True)),
                ("opening_id", models.BigIntegerField(null=True)),
                ("amount", models.BigIntegerField()),
                ("occurred_at", models.DateTimeField()),
                ("settles_at", models.DateTimeField(null=True)),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("settles_at__isnull", False)),
                        fields=["settles_at"],
                        name="growth_entry_by_settling",
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("amount", 0), _negated=True),
                        name="growth_entry_says_something",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Opening",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("member_id", models.BigIntegerField()),
                ("origin_member_id", models.BigIntegerField()),
                ("currency", models.SmallIntegerField()),
                ("amount", models.BigIntegerField()),
                ("as_of", models.DateTimeField()),
                ("shape", models.TextField()),
                ("event_id", models.BigIntegerField()),
                ("batch_id", models.BigIntegerField(null=True)),
                ("recorded_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("ended_at__isnull", True)),
                        fields=["member_id"],
                        name="opening_by_member",
                    ),
                    models.Index(
                        condition=models.Q(("batch_id__isnull", False)),
                        fields=["batch_id"],
                        name="opening_by_batch",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("event_id",), name="opening_declared_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="Programme",
            fields=[
                ("id", models.IntegerField(primary_key=True, serialize=False)),
                ("zone", models.TextField(null=True)),
                ("currency", models.TextField(null=True)),
                ("pending_days", models.SmallIntegerField()),
                ("expiry_years_ahead", models.SmallIntegerField()),
                (
                    "refund_policy",
                    models.TextField(
                        choices=[("owe", "owe"), ("forgive", "forgive"), ("block", "block")]
                    ),
                ),
                ("settled_until", models.DateTimeField(null=True)),
                ("reviewed_until", models.DateTimeField(null=True)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("refund_policy__in", ["owe", "forgive", "block"])),
                        name="programme_refund_policy_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("expiry_years_ahead__gte", 0), ("pending_days__gte", 0)
                        ),
                        name="programme_times_not_negative",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="TierChange",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("member_id", models.BigIntegerField()),
                ("programme_id", models.IntegerField()),
                ("changed_at", models.DateTimeField()),
                ("from_level", models.SmallIntegerField()),
                ("to_level", models.SmallIntegerField()),
                ("growth", models.BigIntegerField()),
                ("cause", models.TextField(choices=[("growth", "growth"), ("review", "review")])),
                ("ladder_id", models.BigIntegerField()),
                ("recorded_at", models.DateTimeField()),
            ],
            options={
                "indexes": [
                    models.Index(fields=["member_id", "changed_at"], name="tier_change_by_member")
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("from_level", models.F("to_level")), _negated=True),
                        name="tier_change_moves",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("cause__in", ["growth", "review"])),
                        name="tier_change_cause_known",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="TierStatus",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "member_id",
                        "programme_id",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("member_id", models.BigIntegerField()),
                ("programme_id", models.IntegerField()),
                ("level", models.SmallIntegerField()),
                ("since", models.DateTimeField(null=True)),
                ("growth", models.BigIntegerField()),
                ("ladder_id", models.BigIntegerField()),
                ("judged_at", models.DateTimeField()),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("level__gt", 0)),
                        fields=["level", "member_id"],
                        name="tier_status_above",
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("level__gte", 0)), name="tier_status_level_not_negative"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="LadderVersion",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("version", models.IntegerField()),
                ("from_at", models.DateTimeField()),
                ("published_at", models.DateTimeField()),
                ("window_months", models.SmallIntegerField()),
                ("review_day", models.SmallIntegerField()),
                ("review_hour", models.SmallIntegerField()),
                ("tiers", models.JSONField()),
                (
                    "programme",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, to="loyalty.programme"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("programme", "version"), name="ladder_version_unique"
                    ),
                    models.UniqueConstraint(
                        fields=("programme", "from_at"), name="ladder_one_version_from_a_date"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("review_day__range", (1, 28)), ("review_hour__range", (0, 23))
                        ),
                        name="ladder_review_every_month",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="RuleVersion",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("rule_id", models.IntegerField()),
                ("key", models.TextField()),
                ("version", models.IntegerField()),
                ("from_at", models.DateTimeField()),
                ("published_at", models.DateTimeField()),
                ("rate_bp", models.JSONField()),
                ("growth_bp", models.JSONField()),
                ("multipliers_bp", models.JSONField()),
                ("conditions", models.JSONField()),
                ("name_en", models.TextField()),
                ("name_zh", models.TextField()),
                (
                    "programme",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, to="loyalty.programme"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("programme", "rule_id", "version"), name="rule_version_unique"
                    ),
                    models.UniqueConstraint(
                        fields=("programme", "rule_id", "from_at"),
                        name="rule_one_version_from_a_date",
                    ),
                ],
            },
        ),
        migrations.RunSQL(SEQUENCE, "DROP SEQUENCE loyalty_growthentry_id_seq"),
        *(
            migrations.RunSQL(
                APPEND_ONLY.format(table=table),
                f"DROP TRIGGER append_only ON {table};"
                f" DROP TRIGGER append_only_truncate ON {table}",
            )
            for table in ("loyalty_ruleversion", "loyalty_ladderversion")
        ),
        migrations.RunSQL(TUNING, migrations.RunSQL.noop),
        migrations.RunSQL(PROGRAMME, migrations.RunSQL.noop),
        migrations.RunSQL(RULE, migrations.RunSQL.noop),
        migrations.RunSQL(LADDER, migrations.RunSQL.noop),
    ]
