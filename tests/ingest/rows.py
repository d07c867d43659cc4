"""Rows and sources for tests, with everything a test is not about filled in."""

from datetime import UTC, datetime
from typing import Any

from regulars.access.domain import Actor
from regulars.ingest import services
from regulars.ingest.domain import (
    AmountsRow,
    LineRow,
    MemberRef,
    OrderRow,
    RefundRow,
    RowOutcome,
    Source,
    SourceKind,
)

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
PHONE = "13800138000"


def a_source(name: str = "pos", **parts: Any) -> Source:
    return services.find_or_create_source(name=name, at=AT, **parts)


def a_webhook(name: str = "hook", at: datetime = AT) -> services.NewSource:
    return services.create_source(
        name=name, kind=SourceKind.WEBHOOK, at=at, actor=Actor.system("test")
    )


def an_order(number: str = "T-1", goods: str = "100.00", **parts: Any) -> OrderRow:
    given = {
        "external_id": number,
        "state": "paid",
        "created_at": AT,
        "paid_at": AT,
        "amounts": AmountsRow(goods=goods),
        "lines": (LineRow(sku="tea", amount=goods),),
        "member": MemberRef(phone=PHONE),
    }
    return OrderRow(**(given | parts))


def a_refund(number: str = "T-1", amount: str = "25.00", **parts: Any) -> RefundRow:
    given = {"order": number, "amount": amount, "external_id": "R-1", "refunded_at": AT}
    return RefundRow(**(given | parts))


def words(outcomes: list[RowOutcome]) -> list[str]:
    return [outcome.outcome.value for outcome in outcomes]
