"""A small shop for the pages: three stores, four members, orders with points, refunds, a merge."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.test import Client

from regulars.access import selectors as access
from regulars.access import services as access_services
from regulars.access.domain import Actor, StoreRow
from regulars.commerce import services as commerce
from regulars.commerce.domain import Amounts, Line, OrderInput, RefundInput, State
from regulars.ingest import services as ingest
from regulars.ingest.domain import SourceKind
from regulars.members import selectors as members
from regulars.members import services as members_services
from regulars.members.domain import Consent, Identity, IdentityKind, Sighting

PHONE = "13800138000"
NAME = "林小满"
OTHER_PHONE = "13900139001"


@dataclass(frozen=True, slots=True)
class Shop:
    """What the tests ask for: ids of people and orders, and when it is."""

    at: datetime
    source_id: int
    store_ids: dict[str, int]
    lin: int
    lin_public: UUID
    wang: int
    wang_public: UUID
    order_number: str


def open_shop(at: datetime) -> Shop:
    """Make the shop through the same services that files and the API use."""
    stores = [("S01", "静安愚园店"), ("S02", "徐汇天平店"), ("S03", "杭州湖滨店")]
    access_services.record_stores(
        [StoreRow(row=n, code=code, name=name) for n, (code, name) in enumerate(stores)], at=at
    )
    store_ids = access.store_ids_by_code([code for code, _ in stores])
    source_id = ingest.create_source(
        name="pos",
        kind=SourceKind.API,
        zone="Asia/Shanghai",
        currency="CNY",
        actor=Actor.system(),
        at=at,
    ).source.id
    lin, wang = _enrol(at, source_id, store_ids)
    _sell(at, source_id, store_ids, lin=lin, wang=wang)
    public = members.public_ids(member_ids=[lin, wang])
    return Shop(at, source_id, store_ids, lin, public[lin], wang, public[wang], "SO-0001")


def _enrol(at: datetime, source_id: int, store_ids: dict[str, int]) -> tuple[int, int]:
    joined = at - timedelta(days=400)
    consents = (
        Consent("marketing_sms", "2026-01", granted=True, at=joined, channel="sms"),
        Consent("personalisation", "2026-01", granted=False, at=joined),
    )
    found = members_services.resolve_identities(
        [
            Sighting(
                row=0,
                identities=(
                    Identity(IdentityKind.PHONE, PHONE),
                    Identity(IdentityKind.CARD, "C20230001"),
                    Identity(IdentityKind.OPENID, "oX1234567890", "mini"),
                ),
                occurred_at=joined,
                joined_at=joined,
                profile={"name": NAME, "birthday": "1990-05-01", "city": "上海", "gender": "女"},
                source_id=source_id,
                home_store_id=store_ids["S01"],
                updates_profile=True,
                tags=("无糖", "周末常客"),
                consents=consents,
            ),
            Sighting(
                row=1,
                identities=(Identity(IdentityKind.PHONE, OTHER_PHONE),),
                occurred_at=at - timedelta(days=10),
                joined_at=at - timedelta(days=10),
                profile={"name": "王伟"},
                source_id=source_id,
                home_store_id=store_ids["S02"],
                updates_profile=True,
            ),
        ],
        at=at,
    )
    lin, wang = (one.member_id for one in found)
    assert lin is not None
    assert wang is not None
    return lin, wang


def _sell(at: datetime, source_id: int, store_ids: dict[str, int], *, lin: int, wang: int) -> None:
    days = [200, 120, 60, 30, 21, 14, 9, 4, 1]
    orders = [
        _order(source_id, f"SO-{n:04d}", store_ids["S01"], lin, at - timedelta(days=day), 28_650)
        for n, day in enumerate(days, 1)
    ]
    orders.append(
        _order(source_id, "SO-9001", store_ids["S02"], wang, at - timedelta(days=2), 5_700)
    )
    commerce.record_orders(orders=orders, at=at)
    commerce.record_refunds(
        refunds=[
            RefundInput(
                source_id=source_id,
                order="SO-0005",
                amount_minor=8_650,
                currency="CNY",
                external_id="RF-0001",
                refunded_at=at - timedelta(days=20),
            )
        ],
        at=at,
    )


def _order(
    source_id: int, number: str, store_id: int, member_id: int, paid_at: datetime, minor: int
) -> OrderInput:
    return OrderInput(
        source_id=source_id,
        external_id=number,
        version_at=paid_at,
        state=State.PAID,
        created_at=paid_at,
        paid_at=paid_at,
        amounts=Amounts(currency="CNY", goods_minor=minor, paid_minor=minor),
        lines=(
            Line(sku="T-001", name="白桃乌龙（大）", amount_minor=minor - 2_000),
            Line(sku="B-002", name="海盐芝士贝果", amount_minor=2_000, quantity=Decimal(2)),
        ),
        store_id=store_id,
        channel="pos",
        member_id=member_id,
        reports_completion=False,
    )


def signed_in(
    at: datetime, *, role: str = "owner", scope: str = "all", language: str = "en"
) -> Client:
    """Answer a browser of a new member of staff."""
    staff = access_services.create_staff(
        email=f"{role}-{scope.replace(':', '-')}@example.com".lower(),
        name="陈晨",
        role=role,
        scope=scope,
        actor=Actor.system(),
        at=at,
    )
    browser = Client(headers={"accept-language": language})
    session = browser.session
    access_services.start_session(session=session, staff_id=staff.id, at=at)
    session.save()
    browser.cookies["regulars_session"] = str(session.session_key)
    return browser
