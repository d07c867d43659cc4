"""Imports of files: what was read, what waits to be applied, what could not be taken."""

from django.db import models
from django.db.models import Q

UPLOAD_STATES = ["mapping", "rehearsing", "rehearsed", "importing", "imported", "dropped"]
BATCH_STATES = ["reading", "applying", "finished", "rehearsed", "reverting", "reverted"]


class Batch(models.Model):
    """One file, once: how it was read, how far it is, what came of its rows.

    `wrapped_key` seals the staged rows and the rows in error; it is destroyed with the last of
    them. `error_file` is a path below VAR, gone after its date or when a person in it is erased.
    """

    public_id = models.UUIDField()
    kind = models.TextField()
    source_id = models.BigIntegerField()
    file_name = models.TextField()
    content_hash = models.BinaryField()
    options_hash = models.BinaryField()
    options = models.JSONField()
    headers = models.JSONField()
    mapping = models.JSONField()
    layout = models.TextField()
    state = models.TextField()
    rows_total = models.IntegerField()
    things_total = models.IntegerField()
    things_done = models.IntegerField()
    rows_new = models.IntegerField()
    rows_updated = models.IntegerField()
    rows_skipped = models.IntegerField()
    rows_parked = models.IntegerField()
    rows_error = models.IntegerField()
    wrapped_key = models.BinaryField(null=True)
    error_file = models.TextField()
    error_file_until = models.DateTimeField(null=True)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    reverted_at = models.DateTimeField(null=True)
    started_by = models.TextField(db_default="")
    progress_id = models.UUIDField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["public_id"], name="batch_public_id_unique"),
            models.UniqueConstraint(
                fields=["content_hash", "options_hash"],
                condition=Q(state__in=["reading", "applying"]),
                name="batch_one_run_of_a_file",
            ),
            models.CheckConstraint(
                condition=Q(state__in=BATCH_STATES),
                name="batch_state_known",
            ),
        ]
        indexes = [
            models.Index(fields=["content_hash"], name="batch_by_content"),
            models.Index(
                fields=["error_file_until"],
                condition=Q(error_file_until__isnull=False),
                name="batch_by_error_file_age",
            ),
        ]


class StagedChunk(models.Model):
    """Some 200 things read from a file; deleted by the very write that applies them."""

    batch_id = models.BigIntegerField()
    number = models.IntegerField()
    things = models.IntegerField()
    body = models.BinaryField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["batch_id", "number"], name="staged_chunk_unique")
        ]


class BatchError(models.Model):
    """One row of a file that was not taken: where, why, and, sealed, what stood there."""

    batch_id = models.BigIntegerField()
    row = models.IntegerField()
    column = models.TextField(db_column="column_name")
    code = models.TextField()
    facts = models.JSONField()
    body = models.BinaryField()

    class Meta:
        indexes = [models.Index(fields=["batch_id", "row"], name="batch_error_by_row")]


class BatchErrorName(models.Model):
    """A person in a row in error, by blind index: erasing the person finds the file."""

    pk = models.CompositePrimaryKey("batch_id", "lookup")
    batch_id = models.BigIntegerField()
    lookup = models.BinaryField()


class HeaderMapping(models.Model):
    """How somebody mapped a sheet; the next one with the same headers is read alike."""

    kind = models.TextField()
    signature = models.BinaryField()
    said = models.JSONField()
    used_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "signature"], name="header_mapping_signature_unique"
            )
        ]


class Upload(models.Model):
    """A file handed over in the console, sealed on disk under a key of its own; a day at most.

    `sample` are its first rows, sealed like the file. Key, sample and file go with the state
    that needs them no more.
    """

    public_id = models.UUIDField()
    owner = models.TextField()
    kind = models.TextField()
    file_name = models.TextField()
    size_bytes = models.BigIntegerField()
    options = models.JSONField()
    headers = models.JSONField()
    signature = models.BinaryField()
    sample = models.BinaryField(null=True)
    wrapped_key = models.BinaryField(null=True)
    state = models.TextField()
    rehearsal_id = models.UUIDField(null=True)
    batch_id = models.UUIDField(null=True)
    progress_id = models.UUIDField(null=True)
    uploaded_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["public_id"], name="upload_public_id_unique"),
            models.CheckConstraint(condition=Q(state__in=UPLOAD_STATES), name="upload_state_known"),
        ]
        indexes = [
            models.Index(
                fields=["expires_at"],
                condition=Q(wrapped_key__isnull=False),
                name="upload_kept_by_age",
            ),
            models.Index(fields=["batch_id"], name="upload_by_batch"),
        ]
