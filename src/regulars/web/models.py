"""What the plumbing must remember: the installation, replies already given, rates of calling."""

from django.db import models


class Installation(models.Model):
    """The one row about this installation; its offset moves the clock of a sandbox."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    name = models.TextField(default="Regulars")
    zone = models.TextField(default="Asia/Shanghai")
    currency = models.TextField(default="CNY")
    language = models.TextField(default="zh-hans")
    clock_offset_seconds = models.BigIntegerField(default=0)
    settings = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(id=1), name="installation_is_one"),
        ]


class Idempotency(models.Model):
    """A reply that was given, kept with the effect it reports: status and ids, no content."""

    pk = models.CompositePrimaryKey("caller", "route", "key")
    caller = models.TextField()
    route = models.TextField()
    key = models.TextField()
    request_hash = models.BinaryField()
    status = models.SmallIntegerField()
    result = models.JSONField()
    recorded_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["recorded_at"], name="idempotency_by_age")]


class RateWindow(models.Model):
    """How often a caller called within the running window; unlogged, loss costs nothing."""

    pk = models.CompositePrimaryKey("bucket", "window")
    bucket = models.TextField()
    window = models.BigIntegerField()
    calls = models.IntegerField()
