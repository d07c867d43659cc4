"""Read one member's record: the head with its key figures, identities, profile, consents."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from regulars.access import selectors as access
from regulars.commerce.selectors import figures as purchases
from regulars.console.domain import wording
from regulars.console.domain.members import (
    ConsentLine,
    IdentityLine,
    MemberHead,
    ProfileLine,
    TagMark,
)
from regulars.console.domain.stories import Teller
from regulars.console.selectors import tiers
from regulars.console.selectors.lists import DEFAULT_CURRENCY, YEAR
from regulars.ledger import selectors as ledger
from regulars.ledger.domain import Balance, OpenLot
from regulars.loyalty.domain import Programme
from regulars.members.domain import PROFILE_FIELDS, IdentityKind, Profile

EXPIRING_SOON = timedelta(days=90)


def get_head(
    *,
    profile: Profile,
    aliases: Sequence[int],
    lots: Sequence[OpenLot],
    programme: Programme,
    at: datetime,
    language: str,
) -> MemberHead:
    """Answer the head of a member's record, from the profile and what other apps know."""
    member = profile.member
    owners = dict.fromkeys(aliases, member.id)
    bought = purchases.purchases_of(owners=owners, since=at - YEAR).get(member.id)
    balance = ledger.balances(member_ids=[member.id], at=at).get(member.id, Balance())
    stores = access.stores_by_id([member.home_store_id] if member.home_store_id else [])
    staff = access.names_of([member.associate_id]) if member.associate_id else {}
    recent = bought.orders_since if bought else 0
    spent = bought.net_since_minor if bought else 0
    phones = [one for one in profile.identities if one.kind is IdentityKind.PHONE]
    return MemberHead(
        public_id=member.public_id,
        number=member.number,
        name=profile.profile.get("name", profile.profile.get("nickname", "")),
        phone=_national(phones[-1].value) if phones else "",
        is_revealed=profile.revealed,
        status=wording.MEMBER_STATUSES.get(member.status, ""),
        tags=tuple(TagMark(tag.tag, wording.TAG_SOURCES[tag.source]) for tag in profile.tags),
        home_store=next((store.name for store in stores.values()), ""),
        associate=next(iter(staff.values()), ""),
        joined_at=member.joined_at,
        tier=tiers.progress_of(programme, member_id=member.id, at=at, language=language),
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
            title=field.title,
            value=_said(field.name, profile.profile.get(field.name, ""), teller),
            data_class=wording.DATA_CLASSES[field.field_class].title,
            tone=wording.DATA_CLASSES[field.field_class].tone,
            purpose=field.purpose,
        )
        for field in PROFILE_FIELDS
    ]


def list_identities(profile: Profile) -> list[IdentityLine]:
    """List what a member is recognised by, oldest first."""
    return [
        IdentityLine(
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
            purpose=wording.word(wording.PURPOSES, state.purpose),
            is_given=state.granted,
            at=state.at,
            policy_version=state.policy_version,
            channel=wording.word(wording.CHANNELS, state.channel),
        )
        for state in profile.consents
    ]


def _said(field: str, value: str, teller: Teller) -> str:
    return teller.word(wording.GENDERS, value) if field == "gender" else value


def _expiring(lots: Sequence[OpenLot], *, at: datetime) -> int:
    until = at + EXPIRING_SOON
    return sum(
        lot.remaining for lot in lots if lot.expires_at is not None and at < lot.expires_at <= until
    )


def _national(value: str) -> str:
    return value.removeprefix("+86") if value.startswith("+86") else value
