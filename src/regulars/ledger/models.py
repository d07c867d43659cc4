"""The tables of the ledger, after the shape of double entry: transfers between accounts, lots.

`ledger_transfer` and `ledger_lot_use` are append-only by trigger and by grant. Nothing here has
a foreign key on the hot path but `lot_use -> lot`: one function writes, and `verify` proves.
"""

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import ExpressionWrapper, F, Q


class Account(models.Model):
    """Somebody's account in one currency. House accounts have negative ids and keep no balance."""

    id = models.BigIntegerField(primary_key=True)
    programme_id = models.IntegerField()
    currency = models.SmallIntegerField()
    member_id = models.BigIntegerField(null=True)
    kind = models.SmallIntegerField()
    posted = models.BigIntegerField(default=0)
    held = models.BigIntegerField(default=0)
    version = models.BigIntegerField(default=0)
    frozen_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    merged_into = models.BigIntegerField(null=True)

    class Meta:
        db_table = "ledger_account"
        constraints = [
            models.UniqueConstraint(
                fields=["member_id", "programme_id", "currency", "kind"],
                name="ledger_account_unique",
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                condition=Q(member_id=None)
                | Q(kind=1, posted__lte=0)
                | (~Q(kind=1) & Q(posted__gte=0)),
                name="ledger_account_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(held__gte=0) & (Q(held=0) | Q(held__lte=F("posted"))),
                name="ledger_account_held_within_posted",
            ),
            models.CheckConstraint(
                condition=~Q(member_id=None) | Q(posted=0, held=0),
                name="ledger_account_house_keeps_no_balance",
            ),
        ]
        indexes = [
            models.Index(
                fields=["merged_into"], condition=~Q(merged_into=None), name="ledger_account_merged"
            ),
        ]


class Transfer(models.Model):
    """An amount moved from one account to another. Append-only; the id counts for ever."""

    id = models.UUIDField(primary_key=True)
    seq = models.BigIntegerField()
    business_id = models.UUIDField()
    kind = models.SmallIntegerField()
    currency = models.SmallIntegerField()
    debit_id = models.BigIntegerField()
    credit_id = models.BigIntegerField()
    amount = models.BigIntegerField()
    member_id = models.BigIntegerField(null=True)
    hold_id = models.UUIDField(null=True)
    reverses = models.UUIDField(null=True)
    rule_version_id = models.BigIntegerField(null=True)
    event_id = models.BigIntegerField(null=True)
    store_id = models.BigIntegerField(null=True)
    actor_id = models.BigIntegerField(null=True)
    reason_code = models.SmallIntegerField()
    request_hash = models.BinaryField()
    occurred_at = models.DateTimeField()
    recorded_at = models.DateTimeField()

    class Meta:
        db_table = "ledger_transfer"
        constraints = [
            models.CheckConstraint(
                condition=Q(amount__gt=0), name="ledger_transfer_amount_positive"
            ),
            models.CheckConstraint(
                condition=~Q(debit_id=F("credit_id")), name="ledger_transfer_two_accounts"
            ),
        ]
        indexes = [
            models.Index(
                fields=["credit_id", "seq"],
                condition=Q(credit_id__gt=0),
                name="ledger_transfer_credit",
            ),
            models.Index(
                fields=["debit_id", "seq"],
                condition=Q(debit_id__gt=0),
                name="ledger_transfer_debit",
            ),
            models.Index(
                fields=["reverses"], condition=~Q(reverses=None), name="ledger_transfer_reverses"
            ),
            models.Index(fields=["recorded_at", "seq"], name="ledger_transfer_by_time"),
            # Most transfers earn: those are found by time alone, and cost no entry here.
            models.Index(
                fields=["kind", "recorded_at", "seq"],
                condition=~Q(kind=1),
                name="ledger_transfer_by_rare_kind",
            ),
            BrinIndex(
                fields=["seq"],
                pages_per_range=32,
                autosummarize=True,
                name="ledger_transfer_by_seq",
            ),
        ]


class Lot(models.Model):
    """Points granted together; the id is the sequence number of the transfer that granted them."""

    id = models.BigIntegerField(primary_key=True)
    account_id = models.BigIntegerField()
    member_id = models.BigIntegerField()
    origin_member_id = models.BigIntegerField(null=True)
    transfer_id = models.UUIDField()
    granted = models.BigIntegerField()
    remaining = models.BigIntegerField()
    is_open = models.GeneratedField(
        expression=ExpressionWrapper(Q(remaining__gt=0), output_field=models.BooleanField()),
        output_field=models.BooleanField(),
        db_persist=True,
    )
    usable_from = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    restored_from = models.BigIntegerField(null=True)
    root_id = models.BigIntegerField(null=True)

    class Meta:
        db_table = "ledger_lot"
        constraints = [
            models.CheckConstraint(condition=Q(granted__gt=0), name="ledger_lot_granted_positive"),
            models.CheckConstraint(
                condition=Q(remaining__gte=0, remaining__lte=F("granted")),
                name="ledger_lot_remaining_within_granted",
            ),
        ]
        indexes = [
            models.Index(
                fields=["account_id", "expires_at", "id"],
                condition=Q(is_open=True),
                name="ledger_lot_open",
            ),
            models.Index(
                fields=["expires_at"], condition=Q(is_open=True), name="ledger_lot_expiring"
            ),
            models.Index(fields=["root_id"], condition=~Q(root_id=None), name="ledger_lot_root"),
        ]


class LotUse(models.Model):
    """How much of a lot a transfer took; under a transfer of kind restore: gave back."""

    pk = models.CompositePrimaryKey("transfer_id", "lot_id")
    transfer_id = models.UUIDField()
    lot = models.ForeignKey(Lot, on_delete=models.DO_NOTHING)
    member_id = models.BigIntegerField()
    amount = models.BigIntegerField()

    class Meta:
        db_table = "ledger_lot_use"
        constraints = [
            models.CheckConstraint(
                condition=Q(amount__gt=0), name="ledger_lot_use_amount_positive"
            ),
        ]


class Hold(models.Model):
    """Points set aside until they are committed, let go, or run out."""

    id = models.UUIDField(primary_key=True)
    account_id = models.BigIntegerField()
    member_id = models.BigIntegerField()
    amount = models.BigIntegerField()
    committed_amount = models.BigIntegerField(default=0)
    state = models.SmallIntegerField(default=0)
    expires_at = models.DateTimeField()
    request_hash = models.BinaryField()
    recorded_at = models.DateTimeField()
    resolved_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "ledger_hold"
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="ledger_hold_amount_positive"),
            models.CheckConstraint(
                condition=Q(committed_amount__gte=0, committed_amount__lte=F("amount")),
                name="ledger_hold_committed_within_amount",
            ),
        ]
        indexes = [
            models.Index(fields=["account_id"], condition=Q(state=0), name="ledger_hold_open"),
            models.Index(fields=["expires_at"], condition=Q(state=0), name="ledger_hold_expiring"),
        ]


class HoldLot(models.Model):
    """Which lots a hold pins, and how much of each."""

    pk = models.CompositePrimaryKey("hold_id", "lot_id")
    hold_id = models.UUIDField()
    lot_id = models.BigIntegerField()
    member_id = models.BigIntegerField()
    amount = models.BigIntegerField()

    class Meta:
        db_table = "ledger_hold_lot"
        constraints = [
            models.CheckConstraint(
                condition=Q(amount__gt=0), name="ledger_hold_lot_amount_positive"
            ),
        ]
        indexes = [models.Index(fields=["lot_id"], name="ledger_hold_lot_lot")]


class Opening(models.Model):
    """Which transfer brought in which lot of a declared balance, so that it can be taken back."""

    transfer_id = models.UUIDField(primary_key=True)
    member_id = models.BigIntegerField()
    currency = models.SmallIntegerField()
    batch_id = models.BigIntegerField(null=True)
    event_id = models.BigIntegerField()
    as_of = models.DateTimeField()

    class Meta:
        db_table = "ledger_opening"
        indexes = [
            models.Index(fields=["member_id", "currency"], name="ledger_opening_member"),
            models.Index(fields=["batch_id"], name="ledger_opening_batch"),
        ]


class VerifyRun(models.Model):
    """One run of the checks: over how much, and what each check found, as ids that name nobody."""

    kind = models.TextField()
    origin = models.TextField()
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField()
    since = models.BigIntegerField(null=True)
    watermark = models.BigIntegerField()
    transfers = models.BigIntegerField()
    accounts = models.BigIntegerField()
    checks = models.IntegerField()
    bad = models.BigIntegerField()
    milliseconds = models.IntegerField()
    findings = models.JSONField()

    class Meta:
        db_table = "ledger_verify_run"
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=["full", "recent"]), name="verify_run_kind_known"
            ),
            models.CheckConstraint(
                condition=Q(origin__in=["clock", "command", "console"]),
                name="verify_run_origin_known",
            ),
        ]
