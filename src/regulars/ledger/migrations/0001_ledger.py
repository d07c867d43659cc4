"""The ledger: accounts, transfers, lots, uses, holds; guards, sequences, the house's accounts."""

import django.contrib.postgres.indexes
import django.db.models.deletion
from django.db import migrations, models

SEQUENCES = """
CREATE SEQUENCE ledger_account_id_seq INCREMENT BY 1000;
CREATE SEQUENCE ledger_transfer_seq INCREMENT BY 1000;
"""
SHAPE = """
ALTER TABLE ledger_account SET (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02);
ALTER TABLE ledger_lot SET (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02);
"""
GUARDS = """
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON ledger_transfer
    FOR EACH ROW EXECUTE FUNCTION regulars_append_only();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON ledger_transfer
    FOR EACH STATEMENT EXECUTE FUNCTION regulars_append_only();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON ledger_lot_use
    FOR EACH ROW EXECUTE FUNCTION regulars_append_only();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON ledger_lot_use
    FOR EACH STATEMENT EXECUTE FUNCTION regulars_append_only();
"""
# The ids follow from programme, currency and kind, so that nobody has to look them up.
HOUSE = """
INSERT INTO ledger_account (id, programme_id, currency, member_id, kind, posted, held, version)
SELECT -((1 * 100 + c) * 100 + k), 1, c, NULL, k, 0, 0, 0
FROM generate_series(1, 4) AS c, generate_series(2, 9) AS k
"""


class Migration(migrations.Migration):
    initial = True

    dependencies = [("web", "0001_installation")]

    operations = [
        migrations.CreateModel(
            name="Account",
            fields=[
                ("id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("programme_id", models.IntegerField()),
                ("currency", models.SmallIntegerField()),
                ("member_id", models.BigIntegerField(null=True)),
                ("kind", models.SmallIntegerField()),
                ("posted", models.BigIntegerField(default=0)),
                ("held", models.BigIntegerField(default=0)),
                ("version", models.BigIntegerField(default=0)),
                ("frozen_at", models.DateTimeField(null=True)),
                ("closed_at", models.DateTimeField(null=True)),
                ("merged_into", models.BigIntegerField(null=True)),
            ],
            options={
                "db_table": "ledger_account",
                "indexes": [
                    models.Index(
                        condition=models.Q(("merged_into", None), _negated=True),
                        fields=["merged_into"],
                        name="ledger_account_merged",
                    ),
                    models.Index(fields=["member_id"], name="ledger_account_member"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("programme_id", "currency", "member_id", "kind"),
                        name="ledger_account_unique",
                        nulls_distinct=False,
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("member_id", None),
                            models.Q(("kind", 1), ("posted__lte", 0)),
                            models.Q(models.Q(("kind", 1), _negated=True), ("posted__gte", 0)),
                            _connector="OR",
                        ),
                        name="ledger_account_not_negative",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("held__gte", 0),
                            models.Q(
                                ("held", 0), ("held__lte", models.F("posted")), _connector="OR"
                            ),
                        ),
                        name="ledger_account_held_within_posted",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("member_id", None), _negated=True),
                            models.Q(("held", 0), ("posted", 0)),
                            _connector="OR",
                        ),
                        name="ledger_account_house_keeps_no_balance",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Hold",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("account_id", models.BigIntegerField()),
                ("member_id", models.BigIntegerField()),
                ("amount", models.BigIntegerField()),
                ("committed_amount", models.BigIntegerField(default=0)),
                ("state", models.SmallIntegerField(default=0)),
                ("expires_at", models.DateTimeField()),
                ("request_hash", models.BinaryField()),
                ("recorded_at", models.DateTimeField()),
                ("resolved_at", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "ledger_hold",
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", 0)),
                        fields=["account_id"],
                        name="ledger_hold_open",
                    ),
                    models.Index(
                        condition=models.Q(("state", 0)),
                        fields=["expires_at"],
                        name="ledger_hold_expiring",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("amount__gt", 0)), name="ledger_hold_amount_positive"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("committed_amount__gte", 0),
                            ("committed_amount__lte", models.F("amount")),
                        ),
                        name="ledger_hold_committed_within_amount",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="HoldLot",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "hold_id",
                        "lot_id",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("hold_id", models.UUIDField()),
                ("lot_id", models.BigIntegerField()),
                ("member_id", models.BigIntegerField()),
                ("amount", models.BigIntegerField()),
            ],
            options={
                "db_table": "ledger_hold_lot",
                "indexes": [models.Index(fields=["lot_id"], name="ledger_hold_lot_lot")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("amount__gt", 0)),
                        name="ledger_hold_lot_amount_positive",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Lot",
            fields=[
                ("id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("account_id", models.BigIntegerField()),
                ("member_id", models.BigIntegerField()),
                ("origin_member_id", models.BigIntegerField(null=True)),
                ("transfer_id", models.UUIDField()),
                ("granted", models.BigIntegerField()),
                ("remaining", models.BigIntegerField()),
                (
                    "is_open",
                    models.GeneratedField(
                        db_persist=True,
                        expression=models.ExpressionWrapper(
                            models.Q(("remaining__gt", 0)), output_field=models.BooleanField()
                        ),
                        output_field=models.BooleanField(),
                    ),
                ),
                ("usable_from", models.DateTimeField(null=True)),
                ("expires_at", models.DateTimeField(null=True)),
                ("restored_from", models.BigIntegerField(null=True)),
                ("root_id", models.BigIntegerField(null=True)),
            ],
            options={
                "db_table": "ledger_lot",
                "indexes": [
                    models.Index(
                        condition=models.Q(("is_open", True)),
                        fields=["account_id", "expires_at", "id"],
                        name="ledger_lot_open",
                    ),
                    models.Index(
                        condition=models.Q(("is_open", True)),
                        fields=["expires_at"],
                        name="ledger_lot_expiring",
                    ),
                    models.Index(
                        condition=models.Q(("root_id", None), _negated=True),
                        fields=["root_id"],
                        name="ledger_lot_root",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("granted__gt", 0)), name="ledger_lot_granted_positive"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("remaining__gte", 0), ("remaining__lte", models.F("granted"))
                        ),
                        name="ledger_lot_remaining_within_granted",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Opening",
            fields=[
                ("transfer_id", models.UUIDField(primary_key=True, serialize=False)),
                ("member_id", models.BigIntegerField()),
                ("currency", models.SmallIntegerField()),
                ("batch_id", models.BigIntegerField(null=True)),
                ("event_id", models.BigIntegerField()),
                ("as_of", models.DateTimeField()),
            ],
            options={
                "db_table": "ledger_opening",
                "indexes": [
                    models.Index(fields=["member_id", "currency"], name="ledger_opening_member"),
                    models.Index(fields=["batch_id"], name="ledger_opening_batch"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Transfer",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("seq", models.BigIntegerField()),
                ("business_id", models.UUIDField()),
                ("kind", models.SmallIntegerField()),
                ("currency", models.SmallIntegerField()),
                ("debit_id", models.BigIntegerField()),
                ("credit_id", models.BigIntegerField()),
                ("amount", models.BigIntegerField()),
                ("member_id", models.BigIntegerField(null=True)),
                ("hold_id", models.UUIDField(null=True)),
                ("reverses", models.UUIDField(null=True)),
                ("rule_version_id", models.BigIntegerField(null=True)),
                ("event_id", models.BigIntegerField(null=True)),
                ("store_id", models.BigIntegerField(null=True)),
                ("actor_id", models.BigIntegerField(null=True)),
                ("reason_code", models.SmallIntegerField()),
                ("request_hash", models.BinaryField()),
                ("occurred_at", models.DateTimeField()),
                ("recorded_at", models.DateTimeField()),
            ],
            options={
                "db_table": "ledger_transfer",
                "indexes": [
                    models.Index(
                        condition=models.Q(("credit_id__gt", 0)),
                        fields=["credit_id", "seq"],
                        name="ledger_transfer_credit",
                    ),
                    models.Index(
                        condition=models.Q(("debit_id__gt", 0)),
                        fields=["debit_id", "seq"],
                        name="ledger_transfer_debit",
                    ),
                    models.Index(
                        condition=models.Q(("reverses", None), _negated=True),
                        fields=["reverses"],
                        name="ledger_transfer_reverses",
                    ),
                    django.contrib.postgres.indexes.BrinIndex(
                        autosummarize=True,
                        fields=["seq"],
                        name="ledger_transfer_by_seq",
                        pages_per_range=32,
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("amount__gt", 0)),
                        name="ledger_transfer_amount_positive",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("debit_id", models.F("credit_id")), _negated=True),
                        name="ledger_transfer_two_accounts",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="LotUse",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "transfer_id",
                        "lot_id",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("transfer_id", models.UUIDField()),
                ("member_id", models.BigIntegerField()),
                ("amount", models.BigIntegerField()),
                (
                    "lot",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.DO_NOTHING, to="ledger.lot"
                    ),
                ),
            ],
            options={
                "db_table": "ledger_lot_use",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("amount__gt", 0)), name="ledger_lot_use_amount_positive"
                    )
                ],
            },
        ),
        migrations.RunSQL(SEQUENCES, migrations.RunSQL.noop),
        migrations.RunSQL(SHAPE, migrations.RunSQL.noop),
        migrations.RunSQL(GUARDS, migrations.RunSQL.noop),
        migrations.RunSQL(HOUSE, migrations.RunSQL.noop),
    ]
