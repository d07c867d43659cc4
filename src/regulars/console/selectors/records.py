"""Read one member's record: the head with its key figures, identities, profile, marks, consents."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from regulars.access.domain import Names
from regulars.commerce.selectors import figures as purchases
from regulars.console.domain import wording
from regulars.console.domain.members import (
    ConsentLine,
    Flag,
    GroupLine,
    IdentityLine,
    MemberHead,
    MergedLine,
    ProfileLine,
    ProofLine,
    RequestLine,
    TagLine,
    TagMark,
)
from regulars.console.domain.stories import Teller
from regulars.console.selectors import tiers
from regulars.console.selectors.lists import DEFAULT_CURRENCY, YEAR
from regulars.kit.messages import message
from regulars.ledger.domain import Balance, OpenLot
from regulars.loyalty.domain import Programme
from regulars.members.domain import (
    PROFILE_FIELDS,
    ConsentProof,
    GroupRow,
    IdentityKind,
    MergedRecord,
    Profile,
    Status,
)
from regulars.members.domain.requests import KIND_TITLES, PrivacyRequest

EXPIRING_SOON = timedelta(days=90)
OWES = message("Owes points")


def get_head(
    *,
    profile: Profile,
    names: Names,
    balance: Balance,
    lots: Sequence[OpenLot],
    programme: Programme,
    at: datetime,
    teller: Teller,
) -> MemberHead:
    """Answer the head of a member's record, from the profile and what other apps know."""
    member = profile.member
    owners = dict.fromkeys(profile.aliases, member.id)
    bought = purchases.purchases_of(owners=owners, since=at - YEAR).get(member.id)
    recent = bought.orders_since if bought else 0
    spent = bought.net_since_minor if bought else 0
    return MemberHead(
        public_id=member.public_id,
        number=member.number,
        name=profile.profile.get("name", profile.profile.get("nickname", "")),
        phone=_phone(profile),
        is_revealed=profile.revealed,
        status=wording.MEMBER_STATUSES.get(member.status, ""),
        is_frozen=member.status is Status.FROZEN,
        is_living=member.status in {Status.ACTIVE, Status.FROZEN},
        flags=_flags(profile, balance, teller),
        tags=tuple(TagMark(tag.tag, wording.TAG_SOURCES[tag.source]) for tag in profile.tags),
        consents=tuple(list_consents(profile)),
        records=len(profile.aliases),
        home_store=names.store(member.home_store_id),
        associate=names.staff.get(member.associate_id or 0, ""),
        joined_at=member.joined_at,
        tier=tiers.progress_of(programme, member_id=member.id, at=at, language=teller.language),
        orders=bought.orders if bought else 0,
        orders_year=recent,
        spent_year_minor=spent,
        average_minor=spent // recent if recent else None,
        currency=bought.currency if bought else DEFAULT_CURRENCY,
        last_order_at=bought.last_at if bought else None,
        points=balance.available,
        points_pending=balance.pending,
        points_held=balance.held,
        owed=balance.owed,
        points_expiring=_expiring(lots, at=at),
        stored_value_minor=balance.stored_value + balance.stored_gift,
    )


def list_profile(profile: Profile, teller: Teller) -> list[ProfileLine]:
    """List every declared profile field with its class and purpose; what is not said is empty."""
    return [
        ProfileLine(
            code=field.name,
            title=field.title,
            value=_said(field.name, profile.profile.get(field.name, ""), teller),
            data_class=wording.DATA_CLASSES[field.field_class].title,
            tone=wording.DATA_CLASSES[field.field_class].tone,
            purpose=field.purpose,
            said_at=profile.said_at.get(field.name),
        )
        for field in PROFILE_FIELDS
    ]


def list_identities(profile: Profile) -> list[IdentityLine]:
    """List what a member is recognised by, oldest first."""
    return [
        IdentityLine(
            id=held.id,
            kind=wording.IDENTITY_KINDS[held.kind][0],
            icon=wording.IDENTITY_KINDS[held.kind][1],
            value=_national(held.value),
            issuer=held.issuer,
            since=held.linked_at,
        )
        for held in profile.identities
    ]


def list_consents(profile: Profile) -> list[ConsentLine]:
    """List the word that stands for each purpose and channel."""
    return [
        ConsentLine(
            code=state.purpose,
            purpose=wording.word(wording.PURPOSES, state.purpose),
            is_given=state.granted,
            at=state.at,
            policy_version=state.policy_version,
            channel=wording.channel(state.channel),
        )
        for state in profile.consents
    ]


def list_proofs(proofs: Sequence[ConsentProof], *, sources: Mapping[int, str]) -> list[ProofLine]:
    """List every word on consent with what proves it, the last one first."""
    return [
        ProofLine(
            purpose=wording.word(wording.PURPOSES, one.consent.purpose),
            is_given=one.consent.granted,
            at=one.consent.at,
            recorded_at=one.recorded_at,
            policy_version=one.consent.policy_version,
            channel=wording.channel(one.consent.channel),
            source=sources.get(one.source_id or 0, ""),
            text_hash=one.consent.text_hash,
        )
        for one in proofs
    ]


def list_tags(profile: Profile) -> list[TagLine]:
    """List the tags that hold, who set them, since when and until when."""
    return [
        TagLine(tag.tag, wording.TAG_SOURCES[tag.source], tag.tagged_at, tag.expires_at)
        for tag in profile.tags
    ]


def list_requests(asked: Sequence[PrivacyRequest], *, at: datetime) -> list[RequestLine]:
    """List what the person has asked for under the law, the last due first."""
    return [
        RequestLine(
            public_id=one.public_id,
            title=KIND_TITLES[one.kind],
            is_open=one.closed_at is None,
            is_late=one.closed_at is None and one.due_at < at,
            opened_at=one.opened_at,
            due_at=one.due_at,
            closed_at=one.closed_at,
        )
        for one in asked
    ]


def list_groups(stays: Sequence[GroupRow], *, teller: Teller) -> list[GroupLine]:
    """List the tiers, plans and segments a member is in and was in."""
    return [
        GroupLine(
            kind=wording.word(wording.GROUP_KINDS, stay.kind.value),
            name=teller.tiers.get(stay.group, stay.group) if stay.kind == "tier" else stay.group,
            since=stay.since,
            until=stay.until,
        )
        for stay in stays
    ]


def list_merged(
    records: Sequence[MergedRecord], *, survivor_id: int, names: Names
) -> list[MergedLine]:
    """List the records that became part of this one; those merged into it directly can part."""
    return [
        MergedLine(
            merge_id=record.merge_id,
            number=record.number,
            at=record.merged_at,
            by=names.actor(record.actor_kind, record.actor_id),
            reason=wording.word(wording.MERGE_REASONS, record.reason_code),
            can_part=record.winner_id == survivor_id,
        )
        for record in records
    ]


def told_reason(profile: Profile, teller: Teller) -> str:
    """Say why a member is frozen or gone."""
    return teller.word(wording.STATUS_REASONS, profile.reason_code) if profile.reason_code else ""


def _flags(profile: Profile, balance: Balance, teller: Teller) -> tuple[Flag, ...]:
    flags = []
    if profile.member.status is Status.FROZEN:
        frozen = wording.MEMBER_STATUSES[Status.FROZEN]
        flags.append(Flag(frozen, "bad", told_reason(profile, teller)))
    if balance.owed:
        flags.append(Flag(OWES, "warn", f"{balance.owed:,}"))
    return tuple(flags)


def _phone(profile: Profile) -> str:
    phones = [one for one in profile.identities if one.kind is IdentityKind.PHONE]
    return _national(phones[-1].value) if phones else ""


def _said(field: str, value: str, teller: Teller) -> str:
    return teller.word(wording.GENDERS, value) if field == "gender" else value


def _expiring(lots: Sequence[OpenLot], *, at: datetime) -> int:
    until = at + EXPIRING_SOON
    return sum(
        lot.remaining for lot in lots if lot.expires_at is not None and at < lot.expires_at <= until
    )


def _national(value: str) -> str:
    return value.removeprefix("+86") if value.startswith("+86") else value
