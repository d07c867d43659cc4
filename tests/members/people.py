"""Builders of sightings: only what the test is about, everything else default."""

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from regulars.members.domain import Consent, Identity, IdentityKind, Sighting

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = NOON + timedelta(days=1)
_rows = count()


def phone(number: int = 0) -> Identity:
    return Identity(IdentityKind.PHONE, f"138{number:08d}")


def email(name: str) -> Identity:
    return Identity(IdentityKind.EMAIL, f"{name}@example.com")


def unionid(name: str) -> Identity:
    return Identity(IdentityKind.UNIONID, f"u-{name}")


def card(number: str) -> Identity:
    return Identity(IdentityKind.CARD, number)


def external(name: str, source: int = 1) -> Identity:
    return Identity(IdentityKind.EXTERNAL, name, str(source))


def a_sighting(*identities: Identity, **more: Any) -> Sighting:
    more.setdefault("occurred_at", NOON)
    return Sighting(row=next(_rows), identities=identities, **more)


def a_member_row(*identities: Identity, **more: Any) -> Sighting:
    return a_sighting(*identities, updates_profile=True, **more)


def a_consent(*, at: datetime = NOON, granted: bool = True, purpose: str = "marketing") -> Consent:
    return Consent(purpose=purpose, policy_version="2026-01", granted=granted, at=at)
