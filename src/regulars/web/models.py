"""What the plumbing must remember: the installation, replies already given, rates of calling."""

from django.db import models

from regulars.kit.progress import ProgressState


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


class Progress(models.Model):
    """A long piece of work that somebody asked for: how far it is, and how it ended."""

    public_id = models.UUIDField(primary_key=True)
    kind = models.TextField()
    owner = models.TextField()
    state = models.TextField(choices=[(state.value, state.value) for state in ProgressState])
    done = models.BigIntegerField(default=0)
    total = models.BigIntegerField(null=True)
    facts = models.JSONField(default=dict)
    result = models.JSONField(default=dict)
    asked_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    cancel_asked_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["owner", "-asked_at"], name="progress_by_owner"),
            models.Index(fields=["-asked_at"], name="progress_by_time"),
        ]


class Notice(models.Model):
    """A line told to one reader: a sentence with its facts, and where it leads."""

    public_id = models.UUIDField(primary_key=True)
    owner = models.TextField()
    words = models.TextField()
    facts = models.JSONField(default=dict)
    href = models.TextField(default="")
    told_at = models.DateTimeField()
    seen_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["owner", "-public_id"], name="notice_by_owner"),
            models.Index(
                fields=["owner"], name="notice_unseen", condition=models.Q(seen_at__isnull=True)
            ),
        ]
