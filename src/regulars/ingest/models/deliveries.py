"""Webhook bodies as they came, and whom they were about."""

from django.db import models


class Delivery(models.Model):
    """One signed body, kept before anything is made of it; its id is never accepted twice.

    The sealed body goes when retention ends or when a member it names is erased; the row stays,
    so that a replay of the same message finds it for ever.
    """

    source_id = models.BigIntegerField()
    message_id = models.TextField()
    body_hash = models.BinaryField()
    body = models.BinaryField(null=True)
    state = models.TextField()
    rows_done = models.IntegerField()
    counts = models.JSONField()
    error_code = models.TextField()
    received_at = models.DateTimeField()
    applied_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["source_id", "message_id"], name="delivery_message_unique"
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=["received", "applied", "failed", "dropped"]),
                name="delivery_state_known",
            ),
        ]
        indexes = [
            models.Index(fields=["source_id", "id"], name="delivery_by_source"),
            models.Index(
                fields=["source_id", "received_at"],
                condition=models.Q(state="received"),
                name="delivery_unfinished",
            ),
            models.Index(
                fields=["received_at"],
                condition=models.Q(body__isnull=False),
                name="delivery_kept_by_age",
            ),
        ]


class DeliveryMember(models.Model):
    """A member a kept body was about, so that erasing the member erases the body."""

    pk = models.CompositePrimaryKey("member_id", "delivery_id")
    member_id = models.BigIntegerField()
    delivery_id = models.BigIntegerField()

    class Meta:
        indexes = [models.Index(fields=["delivery_id"], name="delivery_member_by_delivery")]
