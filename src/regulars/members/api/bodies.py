"""What may be sent about members: every body refuses fields that are not declared."""

from typing import Annotated, Literal
from uuid import UUID

from ninja import Schema
from pydantic import AfterValidator, AwareDatetime, ConfigDict, Field

from regulars.kit.instants import in_utc
from regulars.members.api.answers import ID, OTHER_ID, KindWord
from regulars.web import paging

REASON = r"^[a-z0-9][a-z0-9_.:-]{0,63}$"
Moment = Annotated[AwareDatetime, AfterValidator(in_utc)]


class Body(Schema):
    """A request body: what is not declared is refused."""

    model_config = ConfigDict(extra="forbid", str_max_length=256)


class OpenidIn(Body):
    """A WeChat openid and the app that gave it."""

    app: str = Field(min_length=1, max_length=64)
    id: str = Field(min_length=1)


class ConsentIn(Body):
    """What a member agreed to or withdrew."""

    model_config = ConfigDict(
        extra="forbid",
        str_max_length=64,
        json_schema_extra={
            "example": {"purpose": "marketing", "policy_version": "2026-01", "granted": True}
        },
    )

    purpose: str = Field(min_length=1)
    policy_version: str = Field(min_length=1)
    granted: bool
    at: Moment | None = None
    channel: str = ""
    text_hash: str = ""


class MemberIn(Body):
    """A new member: at least one identity, and what they told about themselves."""

    model_config = ConfigDict(
        extra="forbid",
        str_max_length=256,
        json_schema_extra={
            "example": {"phone": "13800138000", "name": "林小满", "home_store": "S01"}
        },
    )

    phone: str | None = None
    email: str | None = None
    card: str | None = None
    unionid: str | None = None
    openid: OpenidIn | None = None
    external_id: str | None = None
    name: str | None = None
    nickname: str | None = None
    birthday: str | None = None
    gender: str | None = None
    city: str | None = None
    language: str | None = None
    joined_at: Moment | None = None
    home_store: str | None = None
    associate: str | None = None
    tags: list[str] = Field(default_factory=list, max_length=50)
    consents: list[ConsentIn] = Field(default_factory=list, max_length=50)


class MemberPatch(Body):
    """What to change of a member; null takes a profile value away, absent leaves it."""

    model_config = ConfigDict(
        extra="forbid",
        str_max_length=256,
        json_schema_extra={"example": {"nickname": "小满", "city": None}},
    )

    name: str | None = None
    nickname: str | None = None
    birthday: str | None = None
    gender: str | None = None
    city: str | None = None
    language: str | None = None
    home_store: str | None = None
    associate: str | None = None


class LookupIn(Body):
    """Exactly one thing by which a member is found."""

    model_config = ConfigDict(
        extra="forbid", str_max_length=256, json_schema_extra={"example": {"phone": "13800138000"}}
    )

    phone: str | None = None
    email: str | None = None
    card: str | None = None
    number: str | None = None


class SearchIn(Body):
    """Exact parts of members within your scope; they travel in the body, never in an address."""

    model_config = ConfigDict(
        extra="forbid", str_max_length=256, json_schema_extra={"example": {"surname": "林"}}
    )

    name: str = ""
    surname: str = ""
    tail: str = Field("", max_length=4, description="last four of a phone or card")
    number: str = ""
    cursor: str | None = None
    limit: int = Field(paging.LIMIT_DEFAULT, ge=1, le=paging.LIMIT_MAX)


class MemberFilter(Schema):
    """What a list of members is narrowed by."""

    model_config = ConfigDict(extra="forbid")

    store: str | None = Field(None, max_length=64)
    tag: str = Field("", max_length=64)
    tier: str = Field("", max_length=64)
    segment: str = Field("", max_length=64)
    status: Literal["active", "frozen"] | None = None
    cursor: str | None = None
    limit: int = Field(paging.LIMIT_DEFAULT, ge=1, le=paging.LIMIT_MAX)


class TimelineFilter(Schema):
    """Which part of a timeline is asked for."""

    model_config = ConfigDict(extra="forbid")

    type: str | None = Field(None, max_length=64)
    cursor: str | None = None
    limit: int = Field(paging.LIMIT_DEFAULT, ge=1, le=paging.LIMIT_MAX)


class IdentityIn(Body):
    """One identity; `issuer` is the app of an openid or the source of an outside id."""

    model_config = ConfigDict(
        extra="forbid",
        str_max_length=256,
        json_schema_extra={"example": {"kind": "card", "value": "VIP-0042"}},
    )

    kind: KindWord
    value: str = Field(min_length=1)
    issuer: str = Field("", max_length=64)


class NewIdentityIn(IdentityIn):
    """An identity to be linked; `new_consent` lets an erased one come back."""

    new_consent: bool = False


class TagIn(Body):
    """A tag and until when it holds."""

    tag: str = Field(min_length=1, max_length=64)
    expires_at: Moment | None = None


class TagsIn(Body):
    """Tags to put on and to take off."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"add": [{"tag": "tea lover"}]}}
    )

    add: list[TagIn] = Field(default_factory=list, max_length=50)
    remove: list[str] = Field(default_factory=list, max_length=50)


class ConsentsIn(Body):
    """Consents given and withdrawn."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "consents": [
                    {"purpose": "marketing_sms", "policy_version": "2026-01", "granted": True}
                ]
            }
        },
    )

    consents: list[ConsentIn] = Field(min_length=1, max_length=50)


class MergeIn(Body):
    """Whom the member shall stand for."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {"loser": OTHER_ID, "reason_code": "same_person"}},
    )

    loser: UUID
    reason_code: str = Field("", pattern=r"^([a-z0-9][a-z0-9_.:-]{0,63})?$")


class ReasonIn(Body):
    """Why; a code, which is logged."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"reason_code": "member_request"}}
    )

    reason_code: str = Field(pattern=REASON)


class ExportIn(ReasonIn):
    """Why, and in which form."""

    format: Literal["json", "csv"] = "json"


class PairIn(Body):
    """Two members that are two people."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"member": ID, "other": OTHER_ID}}
    )

    member: UUID
    other: UUID
