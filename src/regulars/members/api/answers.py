"""What is answered about members: masked unless revealed, ids as they leave the house."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from ninja import Schema

from regulars.access.domain import Approval

ID = "0193a1b2-7c00-7000-8000-0000000000aa"
OTHER_ID = "0193a1b2-7c00-7000-8000-0000000000bb"
KindWord = Literal["phone", "email", "unionid", "openid", "card", "external"]


def example(value: Any, status: int = 200) -> dict[str, Any]:
    """Write the worked example of an operation's answer."""
    return {"responses": {status: {"content": {"application/json": {"example": value}}}}}


class IdentityOut(Schema):
    """An identity, masked."""

    kind: KindWord
    issuer: str
    value: str
    linked_at: datetime


class TagOut(Schema):
    """A tag on a member."""

    tag: str
    source: str
    tagged_at: datetime
    expires_at: datetime | None


class ConsentOut(Schema):
    """The word that stands on one purpose and channel."""

    purpose: str
    channel: str
    granted: bool
    policy_version: str
    at: datetime


class MemberOut(Schema):
    """A member; personal values are masked unless revealed."""

    id: UUID
    number: str
    status: str
    joined_at: datetime
    home_store: str | None
    associate: str | None
    profile: dict[str, str]
    identities: list[IdentityOut]
    tags: list[TagOut]
    consents: list[ConsentOut]
    groups: dict[str, list[str]]
    revealed: bool


class MemberRowOut(Schema):
    """One line of a list of members, masked."""

    id: UUID
    number: str
    status: str
    joined_at: datetime
    home_store: str | None
    name: str
    phone: str
    tier: str


class MemberPageOut(Schema):
    """A page of members, newest first."""

    items: list[MemberRowOut]
    next_cursor: str | None


class EnrolledOut(Schema):
    """The member the identities belong to, and whether it is new."""

    id: UUID
    number: str
    outcome: Literal["created", "linked", "found", "conflict"]
    ignored: list[str]


class LinkedOut(Schema):
    """What came of linking an identity."""

    outcome: Literal["linked", "exists", "suggested"]


class ChangedOut(Schema):
    """How many marks changed."""

    changed: int


class MergedOut(Schema):
    """Who stands for whom now."""

    winner: UUID
    loser: UUID


class EventOut(Schema):
    """Something that happened with a member."""

    type: str
    title: str
    occurred_at: datetime
    recorded_at: datetime
    facts: dict[str, Any]


class TimelineOut(Schema):
    """A page of a timeline, newest first."""

    items: list[EventOut]
    next_cursor: str | None


class SuggestionOut(Schema):
    """Two members that may be one person."""

    member: UUID
    other: UUID
    reason: str
    suggested_at: datetime


class SuggestionsOut(Schema):
    """Open suggestions, oldest first."""

    items: list[SuggestionOut]


class ExportOut(Schema):
    """Everything personal we hold about a member."""

    id: UUID
    member_number: str
    exported_at: datetime
    data: dict[str, Any]


class ErasedOut(Schema):
    """The record that stays, naming nobody."""

    id: UUID
    status: Literal["erased"]


class ErasureProposedOut(Schema):
    """An erasure that a second person decides; nobody is erased yet."""

    approval_id: UUID
    state: str
    expires_at: datetime


def erasure_proposed(approval: Approval) -> dict[str, str]:
    """Write down what waits for a second person, as it is kept for a retry."""
    return {
        "approval_id": str(approval.public_id),
        "state": approval.state.value,
        "expires_at": approval.expires_at.isoformat(),
    }


MEMBER_EXAMPLE = {
    "id": ID,
    "number": "0000000018",
    "status": "active",
    "joined_at": "2026-03-01T04:00:00Z",
    "home_store": "S01",
    "associate": None,
    "profile": {"name": "林**", "birthday": "****-05-01"},
    "identities": [
        {
            "kind": "phone",
            "issuer": "",
            "value": "138****8000",
            "linked_at": "2026-03-01T04:00:00Z",
        }
    ],
    "tags": [],
    "consents": [],
    "groups": {"tier": ["silver"]},
    "revealed": False,
}
ROW_EXAMPLE = {
    "id": ID,
    "number": "0000000018",
    "status": "active",
    "joined_at": "2026-03-01T04:00:00Z",
    "home_store": "S01",
    "name": "林**",
    "phone": "138****8000",
    "tier": "silver",
}
EVENT_EXAMPLE = {
    "type": "member.enrolled",
    "title": "Joined",
    "occurred_at": "2026-03-01T04:00:00Z",
    "recorded_at": "2026-03-01T04:00:01Z",
    "facts": {"kinds": ["phone"]},
}
