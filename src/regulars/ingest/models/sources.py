"""Where facts come from: sources, their secrets, and how they have been doing."""

from django.db import models


class Source(models.Model):
    """A system that sends us facts, with the zone and currency it means when it says neither."""

    public_id = models.UUIDField()
    name = models.TextField()
    kind = models.TextField()
    zone = models.TextField()
    currency = models.TextField()
    reports_completion = models.BooleanField()
    age_days_max = models.IntegerField(null=True)
    created_at = models.DateTimeField()
    archived_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["name"], name="source_name_unique"),
            models.UniqueConstraint(fields=["public_id"], name="source_public_id_unique"),
            models.CheckConstraint(
                condition=models.Q(kind__in=["file", "webhook", "api"]), name="source_kind_known"
            ),
        ]


class SourceSecret(models.Model):
    """A signing secret, sealed under the house key; two may live while one replaces the other."""

    source = models.ForeignKey(Source, models.CASCADE, related_name="secrets")
    sealed = models.BinaryField()
    tail = models.TextField()
    created_at = models.DateTimeField()
    retires_at = models.DateTimeField(null=True)


class SourceHealth(models.Model):
    """How a source has been doing; sharded, so that two batches never wait for one counter."""

    pk = models.CompositePrimaryKey("source_id", "shard")
    source_id = models.BigIntegerField()
    shard = models.SmallIntegerField()
    seen_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)
    error_code = models.TextField()
    applied = models.BigIntegerField()
    existing = models.BigIntegerField()
    parked = models.BigIntegerField()
    refused = models.BigIntegerField()
    dead_letters = models.BigIntegerField()
