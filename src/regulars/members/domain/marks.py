"""Marks on a member: tags, groups, and the ledger of consents."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from regulars.kit.errors import Kind, Refusal
from regulars.kit.messages import message

TAG_LENGTH_MAX = 64
_CODE = re.compile(r"[a-z0-9][a-z0-9_.:-]{0,63}")
_TEXT_HASH = re.compile(r"[0-9a-f]{16,64}")


class TagInvalid(Refusal):
    """A tag is a short printable word."""

    kind = Kind.INVALID
    reason = message("A tag has 1 to 64 printable characters.")


class ConsentInvalid(Refusal):
    """A consent names a purpose and the version of the policy that was shown."""

    kind = Kind.INVALID
    reason = message("A consent needs a purpose and a policy version of plain characters.")


class TagSource(StrEnum):
    """Who set the tag."""

    MANUAL = "manual"
    RULE = "rule"
    MODEL = "model"
    IMPORT = "import"


class GroupKind(StrEnum):
    """Which sort of group a member is in; a member is in one tier and one plan at a time."""

    SEGMENT = "segment"
    TIER = "tier"
    PLAN = "plan"

    @property
    def is_exclusive(self) -> bool:
        """Tell whether entering one group of this kind leaves the others."""
        return self is not GroupKind.SEGMENT


@dataclass(frozen=True, slots=True)
class Tag:
    """A word on a member, who set it, and until when it holds."""

    tag: str
    source: TagSource
    tagged_at: datetime
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class GroupRow:
    """A member is in a group from `since` until `until` (None: still)."""

    member_id: int
    kind: GroupKind
    group: str
    since: datetime
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Consent:
    """What a member agreed to or withdrew, under which text, where and when."""

    purpose: str
    policy_version: str
    granted: bool
    at: datetime
    channel: str = ""
    text_hash: str = ""


@dataclass(frozen=True, slots=True)
class ConsentProof:
    """A consent as it was recorded: for whom, from which source, when we heard of it."""

    consent: Consent
    member_id: int
    source_id: int | None
    recorded_at: datetime
    id: int = 0


@dataclass(frozen=True, slots=True)
class ConsentState:
    """The latest word of a member on one purpose and channel."""

    purpose: str
    channel: str
    granted: bool
    policy_version: str
    at: datetime


def clean_tag(text: str) -> str:
    """Bring a tag to its stored form. Raises TagInvalid."""
    tag = unicodedata.normalize("NFKC", text).strip()
    if not 0 < len(tag) <= TAG_LENGTH_MAX or not tag.isprintable():
        raise TagInvalid
    return tag


def check_consent(consent: Consent) -> Consent:
    """Refuse a consent that could not prove anything. Raises ConsentInvalid."""
    parts = [consent.purpose, consent.policy_version]
    if consent.channel:
        parts.append(consent.channel)
    if not all(_CODE.fullmatch(part.lower()) for part in parts):
        raise ConsentInvalid
    if consent.text_hash and not _TEXT_HASH.fullmatch(consent.text_hash):
        raise ConsentInvalid
    return consent


def consent_states(consents: Iterable[tuple[int, Consent]]) -> tuple[ConsentState, ...]:
    """Reduce a history to the latest word per purpose and channel.

    Equal moments are decided by the order of recording; a withdrawal is as good as a grant.
    """
    latest: dict[tuple[str, str], tuple[datetime, int, Consent]] = {}
    for order, consent in consents:
        key = (consent.purpose, consent.channel)
        said = (consent.at, order, consent)
        if key not in latest or said[:2] > latest[key][:2]:
            latest[key] = said
    return tuple(
        ConsentState(c.purpose, c.channel, c.granted, c.policy_version, c.at)
        for _, (_, _, c) in sorted(latest.items())
    )
