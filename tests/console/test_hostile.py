"""What a browser is not meant to send: unknown fields, and sort, filter and cursor made up."""

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from regulars.access import selectors as access
from regulars.ledger import selectors as ledger
from regulars.web import clock, sql
from tests.console.places import PLACES
from tests.console.shop import Shop, open_shop, signed_in
from tests.console.things import open_things

pytestmark = [pytest.mark.django_db, pytest.mark.capability("H1")]
UNKNOWN = {
    "id": "1", "pk": "1", "staff_id": "1", "member_id": "1", "role": "owner", "scope": "all",
    "permissions": "all", "is_active": "1", "is_superuser": "1", "status": "erased",
    "points": "999999", "balance": "999999", "tier": "5", "created_at": "2020-01-01",
    "actor": "staff:1", "at": "2020-01-01T00:00:00Z",
}  # fmt: skip
MADE_UP = (
    "' OR 1=1 --",
    "name; DROP TABLE members_member",
    "(SELECT pg_sleep(9))",
    "id) UNION SELECT password FROM access_staff --",
    "-name,(CASE WHEN 1=1 THEN 1 END)",
    "../../etc/passwd",
    "\x00",
    "%00' || version()",
    "9" * 40,
    "[]",
)
PARAMETERS = (
    "sort", "cursor", "size", "columns", "tier", "store", "state", "status", "source", "type",
    "code", "kind", "actor", "action", "object", "tag", "member", "period", "vs", "show", "role",
    "paid", "paid_from", "joined_to", "recorded", "amount_from", "view", "reason", "what",
)  # fmt: skip


@pytest.fixture
def at(db: None, own_var: Path) -> datetime:
    return clock.now()


@pytest.fixture
def shop(at: datetime) -> Shop:
    return open_shop(at)


@pytest.fixture
def things(shop: Shop) -> dict[str, Any]:
    return open_things(shop)


@pytest.fixture
def owner(things: dict[str, Any], at: datetime) -> Client:
    return signed_in(at)


def standing(shop: Shop, at: datetime) -> tuple[object, ...]:
    """Answer what unknown fields could be after: roles, people, points, keys."""
    grants = [(one.email, one.is_active, one.grants) for one in access.list_staff_newest(at=at)]
    people = sql.rows("SELECT id, status FROM members_member ORDER BY id")
    return (
        grants,
        people,
        ledger.balances(member_ids=[shop.lin, shop.wang], at=at),
        [(one.name, one.permissions) for one in access.list_keys_newest(at=at)],
    )


@pytest.mark.reliability("RH5")
def test_fields_nobody_asked_for_change_nothing(
    owner: Client, shop: Shop, things: dict[str, Any], at: datetime
) -> None:
    before = standing(shop, at)
    broken = []

    for name, place in PLACES.items():
        if place.owned or name in {"console-staff-view-as", "console-account-sessions-end"}:
            continue
        answer = owner.post(place.href(name, things), UNKNOWN)
        if answer.status_code >= 500:
            broken.append((name, answer.status_code))

    assert broken == []
    assert standing(shop, at) == before


@pytest.mark.reliability("RH13")
@pytest.mark.parametrize("payload", MADE_UP, ids=range(len(MADE_UP)))
def test_sort_filter_and_cursor_come_from_a_list(
    owner: Client, things: dict[str, Any], payload: str
) -> None:
    broken = []

    for name, place in PLACES.items():
        if place.args or place.post or place.owned:
            continue
        answer = owner.get(place.href(name, things), dict.fromkeys(PARAMETERS, payload))
        for parameter in PARAMETERS[:2]:
            alone = owner.get(place.href(name, things), {parameter: payload})
            answer = alone if alone.status_code >= 500 else answer
        if answer.status_code not in {200, 302, 400, 403, 404, 422}:
            broken.append((name, answer.status_code))

    assert broken == []
