"""The data map: every personal column and profile field, what it is for, and how long it stays.

One map in code drives encryption, masking, export and erasure. A column of this app that is not
named here fails a test, so nobody can add personal data by accident.
"""

from dataclasses import dataclass
from enum import StrEnum

from regulars.kit.messages import message


class FieldClass(StrEnum):
    """How careful one has to be with a value."""

    NORMAL = "normal"
    PERSONAL = "personal"
    SENSITIVE = "sensitive"


class Basis(StrEnum):
    """Why the law lets us hold it (PIPL Art. 13, GDPR Art. 6)."""

    CONTRACT = "contract"
    CONSENT = "consent"
    LEGAL_DUTY = "legal_duty"


class Mask(StrEnum):
    """What a reader without the right to reveal is shown."""

    NONE = "none"
    NAME = "name"
    YEAR = "year"
    HIDDEN = "hidden"


@dataclass(frozen=True, slots=True)
class Field:
    """One declared profile field. `retention_days` counts from the end of membership."""

    name: str
    title: str
    field_class: FieldClass
    purpose: str
    basis: Basis
    retention_days: int
    mask: Mask = Mask.NONE
    indexed: bool = False  # exact look-up by blind index

    @property
    def is_sealed(self) -> bool:
        """Tell whether the value is stored encrypted under the member's key."""
        return self.field_class is not FieldClass.NORMAL


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table: how careful, what for, what erasure does to it."""

    table: str
    name: str
    field_class: FieldClass
    purpose: str
    erased_by: str = "row"  # row: deleted; emptied: the row stays; kept: pseudonymous, stays


_N, _P, _S = FieldClass.NORMAL, FieldClass.PERSONAL, FieldClass.SENSITIVE
_SERVICE = message("To address the member and to keep the membership.")
_OCCASION = message("To congratulate and to give birthday benefits.")
_REGION = message("To show offers of stores nearby.")
_LANGUAGE = message("To write in the member's language.")

PROFILE_FIELDS: tuple[Field, ...] = (
    Field("name", message("Name"), _P, _SERVICE, Basis.CONTRACT, 0, Mask.NAME, indexed=True),
    Field("nickname", message("Nickname"), _P, _SERVICE, Basis.CONTRACT, 0, Mask.NAME),
    Field("gender", message("Gender"), _P, _SERVICE, Basis.CONSENT, 0),
    Field("birthday", message("Birthday"), _P, _OCCASION, Basis.CONSENT, 0, Mask.YEAR),
    Field("city", message("City"), _P, _REGION, Basis.CONSENT, 0),
    Field("language", message("Language"), _N, _LANGUAGE, Basis.CONTRACT, 0),
)
FIELDS: dict[str, Field] = {field.name: field for field in PROFILE_FIELDS}

_RECOGNISE = message("To recognise the member across channels.")
_MARK = message("To describe the member for service and offers.")
_PROOF = message("To prove what the member agreed to.")
_PROFILE = message("To hold the declared profile fields, sealed where they are personal.")
_ANSWER = message("To answer a privacy request.")
_DEFENCE = message("To refuse the return of an erased person without new consent.")

PERSONAL_COLUMNS: tuple[Column, ...] = (
    Column("members_identity", "lookup", _P, _RECOGNISE),
    Column("members_identity", "sealed", _P, _RECOGNISE),
    Column("members_identity", "tail", _P, _RECOGNISE),
    Column("members_profilevalue", "plain", _N, _PROFILE),
    Column("members_profilevalue", "sealed", _P, _PROFILE),
    Column("members_profilevalue", "exact_lookup", _P, _PROFILE),
    Column("members_profilevalue", "part_lookup", _P, _PROFILE),
    Column("members_tag", "tag", _P, _MARK),
    Column("members_group", "code", _P, _MARK),
    Column("members_consent", "granted", _P, _PROOF, "kept"),
    Column("members_consent", "purpose", _P, _PROOF, "kept"),
    Column("members_subjectkey", "wrapped", _S, _RECOGNISE),
    Column("members_tombstone", "digest", _P, _DEFENCE, "kept"),
    Column("members_privacyrequest", "note", _P, _ANSWER, "emptied"),
)

# Columns that describe the record and not the person. Ids, instants and codes only: a test
# refuses text and bytes here unless they are named.
TECHNICAL_TEXT_COLUMNS: frozenset[tuple[str, str]] = frozenset(
    {
        ("members_member", "number"),
        ("members_member", "status"),
        ("members_member", "reason_code"),
        ("members_identity", "kind"),
        ("members_identity", "issuer"),
        ("members_profilevalue", "field"),
        ("members_tag", "source"),
        ("members_group", "kind"),
        ("members_consent", "policy_version"),
        ("members_consent", "text_hash"),
        ("members_consent", "channel"),
        ("members_merge", "reason_code"),
        ("members_merge", "actor_kind"),
        ("members_mergesuggestion", "reason"),
        ("members_mergesuggestion", "state"),
        ("members_tombstone", "kind"),
        ("members_privacyrequest", "kind"),
        ("members_privacyrequest", "channel"),
        ("members_privacyrequest", "state"),
        ("members_privacyrequest", "checked_how"),
        ("members_privacyrequest", "refused_because"),
        ("members_privacystep", "actor_kind"),
        ("members_privacystep", "step"),
        ("members_privacystep", "word"),
    }
)


def identity_context(lookup: bytes, subject_id: int) -> str:
    """Name where a sealed identity belongs; it opens nowhere else."""
    return f"members_identity|sealed:{lookup.hex()}|{subject_id}"


def profile_context(field: str, member_id: int) -> str:
    """Name where a sealed profile value belongs; it opens nowhere else."""
    return f"members_profilevalue|{field}|{member_id}"
