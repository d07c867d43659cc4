"""Identities: the names by which a person is recognised, in the one form that compares.

A phone, an e-mail, a WeChat unionid, an openid of one app, a card, an id in an outside system.
A masked value (138****8000) names nobody and is never matched. Which kinds match, in which
order, and how many of a kind one member may hold is a policy, not code.
"""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from regulars.kit import contacts, masking
from regulars.kit.errors import Kind, Refusal
from regulars.kit.messages import message

VALUE_LENGTH_MAX = 128
TAIL_DIGITS = 4
TAIL_BUCKETS = 1024  # ten bits: several endings share a bucket, so the index names nobody


class IdentityMasked(Refusal):
    """Part of the value is hidden; a masked value names nobody."""

    kind = Kind.INVALID
    reason = message("A masked {identity_kind} names nobody and is not used.")


class IdentityInvalid(Refusal):
    """The value cannot be an identity of this kind."""

    kind = Kind.INVALID
    reason = message("This is not a usable {identity_kind}.")


class IdentityTaken(Refusal):
    """The identity belongs to another member; a merge was suggested instead."""

    kind = Kind.CONFLICT
    reason = message("This {identity_kind} belongs to another member. Review the merge suggestion.")


class TooManyIdentities(Refusal):
    """A member holds as many identities of this kind as the policy allows."""

    kind = Kind.CONFLICT
    reason = message("A member may hold {cap} identities of kind {identity_kind}.")


class IdentityErased(Refusal):
    """The identity belonged to an erased member and comes back only with a new consent."""

    kind = Kind.CONFLICT
    reason = message("This {identity_kind} was erased. It comes back only with a new consent.")


class IdentityUnknown(Refusal):
    """The member holds no such identity."""

    kind = Kind.NOT_FOUND
    reason = message("The member has no such identity.")


class IdentityKind(StrEnum):
    """What sort of name this is."""

    PHONE = "phone"
    EMAIL = "email"
    UNIONID = "unionid"
    OPENID = "openid"
    CARD = "card"
    EXTERNAL = "external"


class Identity(Struct, frozen=True, gc=False):
    """One name of a person; `issuer` is the app of an openid, the source of an outside id."""

    kind: IdentityKind
    value: str
    issuer: str = ""


@dataclass(frozen=True, slots=True)
class HeldIdentity:
    """An identity as a reader may see it: masked unless revealed; `id` names it where it is."""

    kind: IdentityKind
    issuer: str
    value: str
    linked_at: datetime
    id: int = 0


_P, _E, _U, _O, _C, _X = (
    IdentityKind.PHONE,
    IdentityKind.EMAIL,
    IdentityKind.UNIONID,
    IdentityKind.OPENID,
    IdentityKind.CARD,
    IdentityKind.EXTERNAL,
)
DEFAULT_MATCH_ORDER = (_U, _P, _O, _C, _X, _E)
DEFAULT_CAPS: dict[IdentityKind, int] = {_U: 1, _P: 5, _O: 20, _C: 10, _X: 20, _E: 5}


class PolicyInvalid(Refusal):
    """The matching policy contradicts itself."""

    kind = Kind.INVALID
    reason = message("A match order names each kind once, and a cap is at least 1.")


@dataclass(frozen=True, slots=True)
class MatchPolicy:
    """Which kinds match, strongest first; how many of each a member may hold; who is enrolled."""

    match_order: tuple[IdentityKind, ...] = DEFAULT_MATCH_ORDER
    caps: Mapping[IdentityKind, int] = field(default_factory=lambda: dict(DEFAULT_CAPS))
    enrol_on_first_order: bool = True

    def __post_init__(self) -> None:
        if len(set(self.match_order)) != len(self.match_order) or not self.match_order:
            raise PolicyInvalid
        if any(cap < 1 for cap in self.caps.values()):
            raise PolicyInvalid

    def cap(self, kind: IdentityKind) -> int:
        """Answer how many identities of the kind one member may hold."""
        return self.caps.get(kind, DEFAULT_CAPS[kind])

    def ranks(self) -> dict[IdentityKind, int]:
        """Give each matching kind its rank, the strongest first; other kinds are absent."""
        return {kind: rank for rank, kind in enumerate(self.match_order)}


def normalise(kind: IdentityKind, value: str) -> str:
    """Bring a value to the form in which it is compared.

    Phones become E.164, e-mails lower case; cards and outside ids keep their case. Raises
    IdentityMasked or IdentityInvalid, never repeating the value.
    """
    if contacts.is_masked(value):
        raise IdentityMasked(identity_kind=kind.value)
    try:
        if kind is _P:
            return contacts.normalise_phone(value)
        if kind is _E:
            return contacts.normalise_email(value)
    except (contacts.InvalidPhone, contacts.InvalidEmail) as error:
        raise IdentityInvalid(identity_kind=kind.value) from error
    cleaned = unicodedata.normalize("NFKC", value).strip()
    if not 0 < len(cleaned) <= VALUE_LENGTH_MAX or not cleaned.isprintable():
        raise IdentityInvalid(identity_kind=kind.value)
    return cleaned


def index_column(kind: IdentityKind, issuer: str) -> str:
    """Name the blind-index domain of a kind and issuer: equal values of two kinds differ."""
    return f"identity.{kind}.{issuer}" if issuer else f"identity.{kind}"


def tail_of(kind: IdentityKind, value: str) -> str | None:
    """Answer the last four characters by which phones and cards may be searched."""
    if kind in {_P, _C} and len(value) >= TAIL_DIGITS:
        return value[-TAIL_DIGITS:].upper()
    return None


def mask_identity(kind: IdentityKind, value: str) -> str:
    """Show as much of an identity as any reader of members may see."""
    if kind is _P:
        return masking.mask_phone(value)
    if kind is _E:
        return masking.mask_email(value)
    return masking.mask_tail(value)
