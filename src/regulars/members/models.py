"""The tables of people.

Personal values are sealed under the member's own key; what must be found is found by blind
index. Ids of other apps are plain numbers.
"""

from django.db import models
from django.db.models import Q

from regulars.members.domain import GroupKind, IdentityKind, Status, SuggestionState, TagSource
from regulars.members.domain.requests import RequestKind, RequestState, RequestStep


def _choices(kinds: type) -> list[tuple[str, str]]:
    return [(str(kind), str(kind)) for kind in kinds]  # type: ignore[attr-defined]


class Member(models.Model):
    """A member: ids, standing, whose customer; nothing personal. Rows are never deleted."""

    id = models.BigIntegerField(primary_key=True)
    public_id = models.UUIDField(unique=True)
    number = models.TextField(unique=True)
    status = models.TextField(choices=_choices(Status))
    joined_at = models.DateTimeField()
    home_store_id = models.BigIntegerField(null=True)
    associate_id = models.BigIntegerField(null=True)
    source_id = models.BigIntegerField(null=True)
    batch_id = models.BigIntegerField(null=True)
    merged_into_id = models.BigIntegerField(null=True)
    survivor_id = models.BigIntegerField()
    reason_code = models.TextField(default="")
    recorded_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=[str(status) for status in Status]),
                name="member_status_known",
            ),
            models.CheckConstraint(
                condition=Q(status="merged", merged_into_id__isnull=False)
                | (~Q(status="merged") & Q(merged_into_id__isnull=True))
                | Q(status="erased"),
                name="member_merged_has_winner",
            ),
            models.CheckConstraint(
                condition=~Q(status="active") | Q(survivor_id=models.F("id")),
                name="member_active_survives_itself",
            ),
        ]
        indexes = [
            models.Index(fields=["home_store_id", "id"], name="member_by_store"),
            models.Index(
                fields=["associate_id", "id"],
                name="member_by_associate",
                condition=Q(associate_id__isnull=False),
            ),
            models.Index(
                fields=["survivor_id"],
                name="member_alias_by_survivor",
                condition=~Q(survivor_id=models.F("id")),
            ),
            models.Index(
                fields=["batch_id"], name="member_by_batch", condition=Q(batch_id__isnull=False)
            ),
            models.Index(fields=["joined_at", "id"], name="member_by_joining"),
            models.Index(
                fields=["status", "id"], name="member_not_active", condition=~Q(status="active")
            ),
        ]


class SubjectKey(models.Model):
    """The wrapped data key of a member; without the row nothing sealed under it opens again."""

    member_id = models.BigIntegerField(primary_key=True)
    wrapped = models.BinaryField()
    made_at = models.DateTimeField()


class Identity(models.Model):
    """A name by which a member is recognised.

    `lookup` is the blind index over kind, issuer and value, so unique means unique per kind and
    issuer. `subject_id` is whose key sealed it: it stays when a merge moves `member_id`.
    """

    id = models.BigIntegerField(primary_key=True)
    member_id = models.BigIntegerField()
    subject_id = models.BigIntegerField()
    kind = models.TextField(choices=_choices(IdentityKind))
    issuer = models.TextField(default="")
    lookup = models.BinaryField()
    sealed = models.BinaryField()
    tail = models.SmallIntegerField(null=True)
    source_id = models.BigIntegerField(null=True)
    linked_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["lookup"], name="identity_unique")]
        indexes = [
            models.Index(fields=["member_id"], name="identity_by_member"),
            models.Index(fields=["tail"], name="identity_by_tail", condition=Q(tail__isnull=False)),
        ]


class ProfileValue(models.Model):
    """One declared field of a member: plain where normal, sealed where personal."""

    pk = models.CompositePrimaryKey("member_id", "field")
    member_id = models.BigIntegerField()
    field = models.TextField()
    plain = models.TextField(null=True)  # noqa: DJ001 empty and absent differ: one of two is set
    sealed = models.BinaryField(null=True)
    exact_lookup = models.BinaryField(null=True)
    part_lookup = models.BinaryField(null=True)
    source_id = models.BigIntegerField(null=True)
    set_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(plain__isnull=True, sealed__isnull=False)
                | Q(plain__isnull=False, sealed__isnull=True),
                name="profile_value_plain_or_sealed",
            )
        ]
        indexes = [
            models.Index(
                fields=["exact_lookup"],
                name="profile_value_by_exact",
                condition=Q(exact_lookup__isnull=False),
            ),
            models.Index(
                fields=["part_lookup"],
                name="profile_value_by_part",
                condition=Q(part_lookup__isnull=False),
            ),
        ]


class Tag(models.Model):
    """A word on a member; `origin_id` is who wore it first, so an unmerge can give it back."""

    pk = models.CompositePrimaryKey("member_id", "origin_id", "tag")
    member_id = models.BigIntegerField()
    origin_id = models.BigIntegerField()
    tag = models.TextField()
    source = models.TextField(choices=_choices(TagSource))
    tagged_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(source__in=[str(source) for source in TagSource]),
                name="tag_source_known",
            )
        ]
        indexes = [
            models.Index(fields=["tag", "member_id"], name="tag_by_word"),
            models.Index(
                fields=["expires_at"], name="tag_by_expiry", condition=Q(expires_at__isnull=False)
            ),
        ]


class Group(models.Model):
    """The projection everyone reads: which tier, plan, segments a member is in, and was."""

    id = models.BigAutoField(primary_key=True)
    member_id = models.BigIntegerField()
    kind = models.TextField(choices=_choices(GroupKind))
    group = models.TextField(db_column="code")
    since = models.DateTimeField()
    until = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["member_id", "kind", "group"],
                condition=Q(until__isnull=True),
                name="group_entered_once",
            ),
            models.UniqueConstraint(
                fields=["member_id", "kind"],
                condition=Q(until__isnull=True, kind__in=["tier", "plan"]),
                name="group_one_tier_one_plan",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=[str(kind) for kind in GroupKind]), name="group_kind_known"
            ),
        ]
        indexes = [
            models.Index(
                fields=["kind", "group", "member_id"],
                name="group_members",
                condition=Q(until__isnull=True),
            )
        ]


class Consent(models.Model):
    """The consent ledger: append-only, kept as proof, without anything that names a person."""

    id = models.BigIntegerField(primary_key=True)
    member_id = models.BigIntegerField()
    purpose = models.TextField()
    channel = models.TextField(default="")
    policy_version = models.TextField()
    text_hash = models.TextField(default="")
    granted = models.BooleanField()
    at = models.DateTimeField()
    source_id = models.BigIntegerField(null=True)
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["member_id", "purpose", "channel", "at", "granted", "policy_version"],
                name="consent_recorded_once",
            )
        ]


class Merge(models.Model):
    """Two became one: who won, who lost, whether it was undone."""

    id = models.BigAutoField(primary_key=True)
    winner_id = models.BigIntegerField()
    loser_id = models.BigIntegerField()
    winner_joined_at = models.DateTimeField()
    merged_at = models.DateTimeField()
    undone_at = models.DateTimeField(null=True)
    actor_kind = models.TextField()
    actor_id = models.BigIntegerField()
    reason_code = models.TextField(default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["loser_id"], condition=Q(undone_at__isnull=True), name="merge_loses_once"
            ),
            models.CheckConstraint(
                condition=~Q(winner_id=models.F("loser_id")), name="merge_of_two"
            ),
        ]
        indexes = [models.Index(fields=["winner_id"], name="merge_by_winner")]


class MergeSuggestion(models.Model):
    """Two members that may be one person, waiting for a human."""

    id = models.BigAutoField(primary_key=True)
    low_id = models.BigIntegerField()
    high_id = models.BigIntegerField()
    reason = models.TextField()
    state = models.TextField(choices=_choices(SuggestionState))
    suggested_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)
    wait_until = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["low_id", "high_id"], name="suggestion_once_a_pair"),
            models.CheckConstraint(
                condition=Q(low_id__lt=models.F("high_id")), name="suggestion_pair_sorted"
            ),
        ]
        indexes = [
            models.Index(fields=["high_id"], name="suggestion_by_other"),
            models.Index(
                fields=["suggested_at"], name="suggestion_open", condition=Q(state="open")
            ),
        ]


class Tombstone(models.Model):
    """A keyed hash of an identity that was erased; stops re-import without new consent."""

    digest = models.BinaryField(primary_key=True)
    kind = models.TextField(choices=_choices(IdentityKind))
    erased_at = models.DateTimeField()


class Policy(models.Model):
    """The one row that says how members are recognised and who is enrolled."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    match_order = models.JSONField()
    caps = models.JSONField()
    enrol_on_first_order = models.BooleanField(default=True)
    changed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(id=1), name="policy_is_one")]


class PrivacyRequest(models.Model):
    """Somebody asked for one of their rights. Kept as proof; the note goes with the person."""

    id = models.BigAutoField(primary_key=True)
    public_id = models.UUIDField()
    member_id = models.BigIntegerField()
    kind = models.TextField(choices=_choices(RequestKind))
    channel = models.TextField()
    state = models.TextField(choices=_choices(RequestState))
    opened_at = models.DateTimeField()
    due_at = models.DateTimeField()
    assigned_to = models.BigIntegerField(null=True)
    checked_how = models.TextField(default="")
    refused_because = models.TextField(default="")
    closed_at = models.DateTimeField(null=True)
    packaged_at = models.DateTimeField(null=True)
    package_until = models.DateTimeField(null=True)
    reminded = models.SmallIntegerField(default=0)
    note = models.BinaryField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["public_id"], name="request_public_id_unique"),
            models.UniqueConstraint(
                fields=["member_id", "kind"],
                condition=Q(closed_at__isnull=True),
                name="request_open_once",
            ),
        ]
        indexes = [
            models.Index(
                fields=["due_at", "id"], name="request_open", condition=Q(closed_at__isnull=True)
            ),
            models.Index(fields=["member_id"], name="request_by_member"),
        ]


class PrivacyStep(models.Model):
    """One step taken on a request; append-only."""

    id = models.BigAutoField(primary_key=True)
    request_id = models.BigIntegerField()
    at = models.DateTimeField()
    actor_kind = models.TextField()
    actor_id = models.BigIntegerField()
    step = models.TextField(choices=_choices(RequestStep))
    word = models.TextField(default="")

    class Meta:
        indexes = [models.Index(fields=["request_id", "id"], name="request_steps")]
