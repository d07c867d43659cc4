"""Rows that came before their parent."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models


class Parked(models.Model):
    """A row whose order is not here yet, sealed; a dead letter if it has not come in 7 days."""

    source_id = models.BigIntegerField()
    kind = models.TextField()
    parent = models.TextField()
    row_hash = models.BinaryField()
    body = models.BinaryField()
    award = models.BooleanField()
    batch_id = models.BigIntegerField(null=True)
    member_id = models.BigIntegerField(null=True)
    # Blind indexes of the people the row names: an erasure finds those unknown at the time.
    names = ArrayField(models.BinaryField(), default=list)
    parked_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["source_id", "parent", "row_hash"], name="parked_row_unique"
            ),
            models.CheckConstraint(
                condition=models.Q(kind__in=["orders", "refunds"]), name="parked_kind_known"
            ),
        ]
        indexes = [
            models.Index(fields=["expires_at"], name="parked_by_expiry"),
            models.Index(fields=["member_id"], name="parked_by_member"),
            GinIndex(fields=["names"], name="parked_by_name"),
        ]
