"""The tables of the log: events by month of recording, keys for ever, cursors, dead letters."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models


class Event(models.Model):
    """One thing that happened; append-only, partitioned by the month it was recorded in."""

    id = models.BigIntegerField(primary_key=True)
    type = models.TextField()
    version = models.SmallIntegerField()
    member_id = models.BigIntegerField(null=True)
    store_id = models.BigIntegerField(null=True)
    source_id = models.BigIntegerField(null=True)
    batch_id = models.BigIntegerField(null=True)
    cause_id = models.BigIntegerField(null=True)
    occurred_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    epoch = models.IntegerField()
    facts = models.JSONField()

    class Meta:
        managed = True


class EventKey(models.Model):
    """A sender's own name for a message, kept for ever, so that it counts once."""

    pk = models.CompositePrimaryKey("source_id", "message_hash")
    source_id = models.BigIntegerField()
    message_hash = models.BinaryField()
    body_hash = models.BinaryField()
    event_id = models.BigIntegerField()


class LogEpoch(models.Model):
    """Counts restores: transaction ids of an older epoch are all settled."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    epoch = models.IntegerField(default=1)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="log_epoch_is_one")]


class Cursor(models.Model):
    """How far a deferred reaction has read; moves in the transaction of its effect."""

    consumer = models.TextField(primary_key=True)
    epoch = models.IntegerField(default=0)
    xact = models.TextField(default="0")
    event_id = models.BigIntegerField(default=0)
    attempts = models.IntegerField(default=0)
    retry_at = models.DateTimeField(null=True)
    error_code = models.TextField(default="")
    moved_at = models.DateTimeField(null=True)


class DeadLetter(models.Model):
    """Something that could not be applied, kept sealed, visible and replayable."""

    id = models.BigAutoField(primary_key=True)
    kind = models.TextField()
    state = models.TextField(default="open")
    consumer = models.TextField(default="")
    event_id = models.BigIntegerField(null=True)
    source_id = models.BigIntegerField(null=True)
    batch_id = models.BigIntegerField(null=True)
    member_id = models.BigIntegerField(null=True)
    # Blind indexes of the people the body names: an erasure finds those unknown at the time.
    names = ArrayField(models.BinaryField(), default=list)
    body = models.BinaryField(null=True)
    error_code = models.TextField()
    error_facts = models.JSONField(default=dict)
    attempts = models.IntegerField(default=1)
    created_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state__in=["open", "replayed", "dropped"]),
                name="dead_letter_state_known",
            ),
            models.CheckConstraint(
                condition=models.Q(kind__in=["row", "webhook", "event"]),
                name="dead_letter_kind_known",
            ),
        ]
        indexes = [
            models.Index(fields=["state", "id"], name="dead_letter_by_state"),
            models.Index(fields=["member_id"], name="dead_letter_by_member"),
            models.Index(fields=["consumer", "member_id"], name="dead_letter_by_consumer"),
            GinIndex(fields=["names"], name="dead_letter_by_name"),
        ]
