"""What the console must remember: files it handed out, views of staff, retention runs."""

from django.contrib.postgres.fields import ArrayField
from django.db import models


class Export(models.Model):
    """A file somebody asked for; its id is the id of the work that writes it.

    `filters` is the address of the list it unrolls, without anything personal. `gone_because` says
    why the file is no longer there.
    """

    public_id = models.UUIDField(primary_key=True)
    what = models.TextField()
    filters = models.JSONField(default=dict)
    columns = ArrayField(models.TextField())
    form = models.TextField(choices=[("csv", "csv"), ("xlsx", "xlsx")])
    is_masked = models.BooleanField(default=True)
    reason_code = models.TextField()
    language = models.TextField()
    staff_id = models.BigIntegerField()
    approval = models.UUIDField(null=True)
    asked_at = models.DateTimeField()
    made_at = models.DateTimeField(null=True)
    rows = models.BigIntegerField(null=True)
    size_bytes = models.BigIntegerField(null=True)
    expires_at = models.DateTimeField(null=True)
    gone_at = models.DateTimeField(null=True)
    gone_because = models.TextField(default="")
    opened = models.IntegerField(default=0)

    class Meta:
        db_table = "console_export"
        indexes = [
            models.Index(fields=["staff_id", "-public_id"], name="export_by_staff"),
            models.Index(
                fields=["expires_at"],
                name="export_alive",
                condition=models.Q(made_at__isnull=False, gone_at__isnull=True),
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(form__in=["csv", "xlsx"]), name="export_form_known"
            ),
        ]


class SavedView(models.Model):
    """An address of a list that a staff member keeps under a name, without anything personal."""

    public_id = models.UUIDField(primary_key=True)
    staff_id = models.BigIntegerField()
    list = models.TextField()
    name = models.TextField()
    query = models.TextField()
    is_shared = models.BooleanField(default=False)
    saved_at = models.DateTimeField()

    class Meta:
        db_table = "console_saved_view"
        constraints = [
            models.UniqueConstraint(
                fields=["staff_id", "list", "name"], name="saved_view_named_once"
            ),
        ]
        indexes = [
            models.Index(
                fields=["list"], name="saved_view_shared", condition=models.Q(is_shared=True)
            ),
        ]


class Preference(models.Model):
    """How a staff member likes the console: the columns of a list, the view it opens with."""

    id = models.BigAutoField(primary_key=True)
    staff_id = models.BigIntegerField()
    name = models.TextField()
    value = models.JSONField()

    class Meta:
        db_table = "console_preference"
        constraints = [
            models.UniqueConstraint(fields=["staff_id", "name"], name="preference_kept_once"),
        ]


class Figures(models.Model):
    """Figures of the home page as they were counted: which part, for whose reach, which period."""

    id = models.BigAutoField(primary_key=True)
    part = models.TextField()
    reach = models.TextField()
    period = models.TextField()
    counted_at = models.DateTimeField()
    took_ms = models.IntegerField()
    figures = models.JSONField()

    class Meta:
        db_table = "console_figures"
        constraints = [
            models.UniqueConstraint(
                fields=["part", "reach", "period"], name="figures_counted_once"
            ),
        ]


class RetentionRun(models.Model):
    """One run that ended what was over its limit at `started_at`: who asked, what came of it.

    `counts` are rows, oldest moment and rows held back, by class; they grow with every batch in the
    same commit, so that a run whose worker died is taken up and ends with the truth.
    """

    id = models.BigAutoField(primary_key=True)
    origin = models.TextField()
    actor_kind = models.TextField()
    actor_id = models.BigIntegerField()
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    rows = models.BigIntegerField(default=0)
    counts = models.JSONField(default=dict)

    class Meta:
        db_table = "console_retention_run"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(origin__in=["clock", "command", "console"]),
                name="retention_run_origin_known",
            ),
            models.UniqueConstraint(
                models.ExpressionWrapper(
                    models.Q(finished_at__isnull=True), output_field=models.BooleanField()
                ),
                condition=models.Q(finished_at__isnull=True),
                name="retention_run_one_at_a_time",
            ),
        ]
