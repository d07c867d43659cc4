"""Tables of access: places, people who work here, keys, one-time links, tries, the audit log."""

from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.postgres.fields import ArrayField
from django.db import models

from regulars.access.domain import (
    SEPARATED,
    ApprovalState,
    AuditResult,
    LinkPurpose,
    ScopeKind,
    StoreKind,
)
from regulars.access.domain.factors import (
    ChallengePurpose,
    FactorKind,
)


class Brand(models.Model):
    """A brand, with the zone its new stores keep time in."""

    public_id = models.UUIDField()
    code = models.TextField()
    name = models.TextField()
    zone = models.TextField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["public_id"], name="brand_public_id_unique"),
            models.UniqueConstraint(fields=["code"], name="brand_code_unique"),
        ]


class Region(models.Model):
    """A group of stores of one brand."""

    public_id = models.UUIDField()
    brand = models.ForeignKey(Brand, on_delete=models.PROTECT)
    code = models.TextField()
    name = models.TextField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["public_id"], name="region_public_id_unique"),
            models.UniqueConstraint(fields=["brand", "code"], name="region_code_unique"),
        ]


class Store(models.Model):
    """A place that sells, named by its code."""

    public_id = models.UUIDField()
    brand = models.ForeignKey(Brand, on_delete=models.PROTECT)
    region = models.ForeignKey(Region, on_delete=models.PROTECT)
    code = models.TextField()
    name = models.TextField()
    kind = models.TextField(choices=[(kind.value, kind.value) for kind in StoreKind])
    zone = models.TextField()
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["public_id"], name="store_public_id_unique"),
            models.UniqueConstraint(fields=["code"], name="store_code_unique"),
            models.CheckConstraint(
                condition=models.Q(kind__in=[kind.value for kind in StoreKind]),
                name="store_kind_known",
            ),
        ]


class Staff(AbstractBaseUser):
    """A person who works here. E-mail and name are sealed; the index finds the e-mail.

    `session_epoch` stands in every session; raising it ends them all.
    """

    public_id = models.UUIDField(unique=True)
    code = models.TextField(null=True)  # noqa: DJ001 NULL repeats, an empty text would not
    email_sealed = models.BinaryField()
    email_index = models.BinaryField()
    name_sealed = models.BinaryField()
    language = models.TextField(default="zh-hans")
    is_active = models.BooleanField(default=True)
    session_epoch = models.IntegerField(default=1)
    created_at = models.DateTimeField()

    USERNAME_FIELD = "public_id"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["email_index"], name="staff_email_unique"),
            models.UniqueConstraint(fields=["code"], name="staff_code_unique"),
        ]


class CustomRole(models.Model):
    """A role the house made for itself. It is never edited, only retired."""

    name = models.TextField()
    permissions = ArrayField(models.TextField())
    scopes = ArrayField(models.TextField())
    made_at = models.DateTimeField()
    made_by = models.BigIntegerField(null=True)
    retired_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "access_role"
        constraints = [
            models.UniqueConstraint(fields=["name"], name="role_name_unique"),
        ]


class Grant(models.Model):
    """A role someone holds, and the scope they hold it in."""

    staff = models.ForeignKey(Staff, on_delete=models.CASCADE, related_name="grants")
    role = models.TextField()
    scope_kind = models.TextField(choices=[(kind.value, kind.value) for kind in ScopeKind])
    scope_id = models.BigIntegerField(null=True)
    granted_at = models.DateTimeField()
    granted_by = models.BigIntegerField(null=True)
    expires_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["staff", "role", "scope_kind", "scope_id"],
                name="grant_given_once",
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                condition=models.Q(scope_kind__in=["own", "all"], scope_id__isnull=True)
                | models.Q(scope_kind__in=["store", "region"], scope_id__isnull=False),
                name="grant_scope_names_its_place",
            ),
            models.UniqueConstraint(
                fields=["staff"],
                condition=models.Q(role__in=list(SEPARATED)),
                name="grant_one_administrator_each",
            ),
        ]


class ApiKey(models.Model):
    """An API key: its name and the hash of its secret, never the secret."""

    name = models.TextField()
    secret_hash = models.BinaryField()
    title = models.TextField()
    permissions = ArrayField(models.TextField())
    store = models.ForeignKey(Store, on_delete=models.PROTECT, null=True)
    networks = ArrayField(models.TextField())
    created_at = models.DateTimeField()
    created_by = models.BigIntegerField(null=True)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)
    collected_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["name"], name="apikey_name_unique"),
            models.CheckConstraint(
                condition=models.Q(expires_at__gt=models.F("created_at")),
                name="apikey_ends_after_it_begins",
            ),
        ]


class OneTimeLink(models.Model):
    """A link that works once: only the hash of its token is kept."""

    purpose = models.TextField(choices=[(kind.value, kind.value) for kind in LinkPurpose])
    token_hash = models.BinaryField()
    staff = models.ForeignKey(Staff, on_delete=models.CASCADE, null=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["token_hash"], name="link_token_unique"),
        ]


class Session(models.Model):
    """A session of the console: where it was begun, when it was used, how it ended.

    `proved_at` is when its owner last showed a second factor, or the password where there is none.
    """

    public_id = models.UUIDField(unique=True)
    staff = models.ForeignKey(Staff, on_delete=models.CASCADE)
    epoch = models.IntegerField()
    how = models.TextField()
    device = models.TextField()
    network = models.TextField()
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    proved_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    viewing_id = models.BigIntegerField(null=True)
    viewing_until = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["staff", "ended_at"], name="session_by_staff")]


class Factor(models.Model):
    """A second factor: the sealed secret of one-time codes, or a passkey's public key."""

    public_id = models.UUIDField(unique=True)
    staff = models.ForeignKey(Staff, on_delete=models.CASCADE)
    kind = models.TextField(choices=[(kind.value, kind.value) for kind in FactorKind])
    name_sealed = models.BinaryField()
    secret_sealed = models.BinaryField()
    credential_id = models.BinaryField(null=True)
    last_step = models.BigIntegerField(null=True)
    counter = models.BigIntegerField(default=0)
    created_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["staff"], condition=models.Q(kind="totp"), name="factor_one_totp_each"
            ),
            models.UniqueConstraint(fields=["credential_id"], name="factor_credential_unique"),
            models.CheckConstraint(
                condition=models.Q(kind="totp", credential_id__isnull=True)
                | models.Q(kind="passkey", credential_id__isnull=False),
                name="factor_passkey_names_its_credential",
            ),
        ]


class RecoveryCode(models.Model):
    """A way in when the factors are lost; only a keyed hash is kept, and it works once."""

    staff = models.ForeignKey(Staff, on_delete=models.CASCADE)
    code_hash = models.BinaryField()
    made_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["code_hash"], name="recovery_code_unique"),
        ]


class Challenge(models.Model):
    """A question put to somebody, answered at most once, with a few tries and not for long."""

    staff = models.ForeignKey(Staff, on_delete=models.CASCADE, null=True)
    purpose = models.TextField(choices=[(kind.value, kind.value) for kind in ChallengePurpose])
    state_sealed = models.BinaryField(null=True)
    tries = models.IntegerField(default=0)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)


class TryLog(models.Model):
    """Recent tries to sign in under one key: an HMAC of account, network, or both."""

    key = models.BinaryField(primary_key=True)
    times = ArrayField(models.DateTimeField())
    succeeded_at = models.DateTimeField(null=True)
    changed_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["changed_at"], name="trylog_by_age")]


class AuditEntry(models.Model):
    """Something somebody did. Rows are never changed; the note is ciphertext."""

    at = models.DateTimeField()
    actor_kind = models.TextField()
    actor_id = models.BigIntegerField()
    on_behalf_id = models.BigIntegerField(null=True)
    action = models.TextField()
    object_kind = models.TextField()
    object_id = models.TextField()
    result = models.TextField(choices=[(result.value, result.value) for result in AuditResult])
    reason_code = models.TextField(null=True)  # noqa: DJ001 no reason is not an empty reason
    details = models.JSONField()
    network = models.TextField(null=True)  # noqa: DJ001 unknown is not empty
    note = models.BinaryField(null=True)

    class Meta:
        db_table = "access_audit_entry"
        indexes = [
            models.Index(fields=["-at", "-id"], name="audit_by_time"),
            models.Index(fields=["object_kind", "object_id", "id"], name="audit_by_object"),
            models.Index(fields=["actor_kind", "actor_id", "-at", "-id"], name="audit_by_actor"),
            models.Index(fields=["action", "-at", "-id"], name="audit_by_action"),
            models.Index(
                fields=["result", "-at", "-id"],
                condition=~models.Q(result="ok"),
                name="audit_of_refusals",
            ),
        ]


class AuditWaiting(models.Model):
    """An entry that the chain has yet to take up: the sealer's list of work."""

    entry = models.OneToOneField(
        AuditEntry, on_delete=models.CASCADE, primary_key=True, db_constraint=False
    )
    at = models.DateTimeField()

    class Meta:
        db_table = "access_audit_waiting"


class AuditSeal(models.Model):
    """One place of the chain: its number, the entry that stands there, and the hash."""

    seq = models.BigIntegerField(primary_key=True)
    entry_id = models.BigIntegerField()
    hash = models.BinaryField()

    class Meta:
        db_table = "access_audit_seal"
        constraints = [
            models.UniqueConstraint(fields=["entry_id"], name="audit_entry_sealed_once"),
        ]


class PolicyVersion(models.Model):
    """One version of the operating policy, whole. Rows are never changed: the newest holds."""

    version = models.IntegerField()
    settings = models.JSONField()
    changed_at = models.DateTimeField()
    changed_by_kind = models.TextField()
    changed_by_id = models.BigIntegerField()

    class Meta:
        db_table = "access_policy_version"
        constraints = [
            models.UniqueConstraint(fields=["version"], name="policy_version_unique"),
        ]


class Approval(models.Model):
    """Something one person proposed and another decides; the payload never changes."""

    public_id = models.UUIDField()
    kind = models.TextField()
    payload = models.JSONField()
    payload_hash = models.BinaryField()
    object_kind = models.TextField()
    object_id = models.TextField()
    size = models.BigIntegerField()
    reason_code = models.TextField(null=True)  # noqa: DJ001 no reason is not an empty reason
    maker_kind = models.TextField()
    maker_id = models.BigIntegerField()
    maker_person_id = models.BigIntegerField(null=True)
    proposed_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    state = models.TextField(choices=[(state.value, state.value) for state in ApprovalState])
    decided_by = models.BigIntegerField(null=True)
    decided_at = models.DateTimeField(null=True)
    outcome = models.JSONField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["public_id"], name="approval_public_id_unique"),
            models.CheckConstraint(
                condition=models.Q(state__in=[state.value for state in ApprovalState]),
                name="approval_state_known",
            ),
            models.CheckConstraint(
                condition=models.Q(state="waiting", decided_at__isnull=True)
                | (~models.Q(state="waiting") & models.Q(decided_at__isnull=False)),
                name="approval_settled_has_its_time",
            ),
            models.CheckConstraint(
                condition=~models.Q(
                    state__in=["executed", "failed", "rejected"],
                    decided_by=models.F("maker_person_id"),
                ),
                name="approval_decided_by_another",
            ),
        ]
        indexes = [
            models.Index(fields=["state", "-proposed_at", "-id"], name="approval_by_state"),
            models.Index(fields=["maker_person_id", "-proposed_at"], name="approval_by_maker"),
        ]
