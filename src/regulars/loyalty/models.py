"""The tables of loyalty: programme, versions of rules and ladders, awards, growth, tiers.

Ids of members, orders, events and transfers are plain numbers: no foreign key leaves the app, and
none stands on the path of a purchase.
"""

from django.db import models
from django.db.models import F, Q


class Programme(models.Model):
    """A programme's settings, and how far its clock-driven work has come."""

    id = models.IntegerField(primary_key=True)
    zone = models.TextField(null=True)  # noqa: DJ001 NULL: as the installation
    currency = models.TextField(null=True)  # noqa: DJ001 NULL: as the installation
    pending_days = models.SmallIntegerField()
    expiry_years_ahead = models.SmallIntegerField()
    refund_policy = models.TextField(
        choices=[("owe", "owe"), ("forgive", "forgive"), ("block", "block")]
    )
    settled_until = models.DateTimeField(null=True)
    reviewed_until = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(refund_policy__in=["owe", "forgive", "block"]),
                name="programme_refund_policy_known",
            ),
            models.CheckConstraint(
                condition=Q(pending_days__gte=0, expiry_years_ahead__gte=0),
                name="programme_times_not_negative",
            ),
        ]


class RuleVersion(models.Model):
    """One published version of an earning rule; append-only."""

    id = models.BigAutoField(primary_key=True)
    programme = models.ForeignKey(Programme, on_delete=models.PROTECT)
    rule_id = models.IntegerField()
    key = models.TextField()
    version = models.IntegerField()
    from_at = models.DateTimeField()
    published_at = models.DateTimeField()
    rate_bp = models.JSONField()
    growth_bp = models.JSONField()
    multipliers_bp = models.JSONField()
    conditions = models.JSONField()
    name_en = models.TextField()
    name_zh = models.TextField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["programme", "rule_id", "version"], name="rule_version_unique"
            ),
            models.UniqueConstraint(
                fields=["programme", "rule_id", "from_at"], name="rule_one_version_from_a_date"
            ),
        ]


class LadderVersion(models.Model):
    """One published version of a ladder of tiers; append-only."""

    id = models.BigAutoField(primary_key=True)
    programme = models.ForeignKey(Programme, on_delete=models.PROTECT)
    version = models.IntegerField()
    from_at = models.DateTimeField()
    published_at = models.DateTimeField()
    window_months = models.SmallIntegerField()
    review_day = models.SmallIntegerField()
    review_hour = models.SmallIntegerField()
    tiers = models.JSONField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["programme", "version"], name="ladder_version_unique"),
            models.UniqueConstraint(
                fields=["programme", "from_at"], name="ladder_one_version_from_a_date"
            ),
            models.CheckConstraint(
                condition=Q(review_day__range=(1, 28), review_hour__range=(0, 23)),
                name="ladder_review_every_month",
            ),
        ]


class Award(models.Model):
    """What one step of one order gave or took back; only owner and waiting date ever change."""

    pk = models.CompositePrimaryKey("order_id", "step")
    order_id = models.BigIntegerField()
    step = models.SmallIntegerField()
    kind = models.SmallIntegerField()
    reason = models.TextField()
    member_id = models.BigIntegerField()
    origin_member_id = models.BigIntegerField()
    event_id = models.BigIntegerField()
    rule_version_id = models.BigIntegerField()
    multiplier_bp = models.IntegerField()
    net_minor = models.BigIntegerField()
    points = models.BigIntegerField()
    points_transfer_id = models.UUIDField(null=True)
    growth = models.BigIntegerField()
    growth_transfer_id = models.UUIDField(null=True)
    reverses_step = models.SmallIntegerField(null=True)
    occurred_at = models.DateTimeField()
    usable_from = models.DateTimeField(null=True)
    explanation = models.JSONField()
    recorded_at = models.DateTimeField()
    growth_counts = models.BooleanField(default=True, db_default=True)  # until its member is erased

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(kind=0, points=0, growth=0)
                | Q(kind__in=[1, 2], points__gte=0, growth__gte=0)
                | Q(kind=3, points__lte=0, growth__lte=0, reverses_step__isnull=False),
                name="award_sign_follows_kind",
            ),
            models.CheckConstraint(
                condition=(Q(points=0) | Q(points_transfer_id__isnull=False))
                & (Q(growth=0) | Q(growth_transfer_id__isnull=False)),
                name="award_has_its_transfers",
            ),
        ]
        indexes = [
            models.Index(fields=["member_id", "occurred_at"], name="award_by_member"),
            models.Index(
                fields=["usable_from"],
                name="award_by_settling",
                condition=~Q(growth=0) & Q(usable_from__isnull=False),
            ),
        ]


class GrowthEntry(models.Model):
    """Growth that was brought over. What orders gave stands in the awards.

    The view `loyalty_growth` joins both: the tier is judged on it alone.
    """

    pk = models.CompositePrimaryKey("member_id", "id")
    member_id = models.BigIntegerField()
    id = models.BigIntegerField()
    origin_member_id = models.BigIntegerField()
    transfer_id = models.UUIDField(null=True)
    opening_id = models.BigIntegerField(null=True)
    amount = models.BigIntegerField()
    occurred_at = models.DateTimeField()
    settles_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(amount=0), name="growth_entry_says_something"),
        ]
        indexes = [
            models.Index(
                fields=["settles_at"],
                name="growth_entry_by_settling",
                condition=Q(settles_at__isnull=False),
            )
        ]


class Opening(models.Model):
    """Up to when a balance was brought over for a member: orders until then award nothing."""

    id = models.BigAutoField(primary_key=True)
    member_id = models.BigIntegerField()
    origin_member_id = models.BigIntegerField()
    currency = models.SmallIntegerField()
    amount = models.BigIntegerField()
    as_of = models.DateTimeField()
    shape = models.TextField()  # amount and lots in one word, to know the same balance again
    event_id = models.BigIntegerField()
    batch_id = models.BigIntegerField(null=True)
    recorded_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)  # replaced by a later declaration, or undone

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["event_id"], name="opening_declared_once"),
        ]
        indexes = [
            models.Index(
                fields=["member_id"], name="opening_by_member", condition=Q(ended_at__isnull=True)
            ),
            models.Index(
                fields=["batch_id"], name="opening_by_batch", condition=Q(batch_id__isnull=False)
            ),
        ]


class TierStatus(models.Model):
    """The tier a member was last judged to hold; the lowest tier needs no row."""

    pk = models.CompositePrimaryKey("member_id", "programme_id")
    member_id = models.BigIntegerField()
    programme_id = models.IntegerField()
    level = models.SmallIntegerField()
    since = models.DateTimeField(null=True)
    growth = models.BigIntegerField()
    ladder_id = models.BigIntegerField()
    judged_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(level__gte=0), name="tier_status_level_not_negative")
        ]
        indexes = [
            models.Index(
                fields=["level", "member_id"], name="tier_status_above", condition=Q(level__gt=0)
            )
        ]


class TierChange(models.Model):
    """One step of a member's path, as the whole history known today tells it."""

    id = models.BigAutoField(primary_key=True)
    member_id = models.BigIntegerField()
    programme_id = models.IntegerField()
    changed_at = models.DateTimeField()
    from_level = models.SmallIntegerField()
    to_level = models.SmallIntegerField()
    growth = models.BigIntegerField()
    cause = models.TextField(choices=[("growth", "growth"), ("review", "review")])
    ladder_id = models.BigIntegerField()
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(from_level=F("to_level")), name="tier_change_moves"
            ),
            models.CheckConstraint(
                condition=Q(cause__in=["growth", "review"]), name="tier_change_cause_known"
            ),
        ]
        indexes = [models.Index(fields=["member_id", "changed_at"], name="tier_change_by_member")]
