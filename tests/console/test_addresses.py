"""Addresses nobody handed out, numbers beyond all rows and made-up cursors, are refused politely."""

from datetime import datetime

import pytest
from django.test import Client

from regulars.members import selectors as members
from regulars.web import clock, paging
from tests.console.shop import Shop, open_shop, signed_in

pytestmark = pytest.mark.django_db
HUGE = 10**25
MADE_UP = [
    paging.encode(*parts)
    for parts in (
        (1,), ("x",), (None,), ({"a": 1},), ("a\x00b",), (2**63,), ("x", 1),
        ({"a": 1}, "b"), ("2026-01-01T00:00:00+00:00", "x"), ("2026-01-01T00:00:00", 5), (1, 2, 3),
    )
]  # fmt: skip
LISTS = (
    "approvals", "audit", "dead-letters", "events", "exports", "imports", "jobs", "keys", "ledger",
    "members", "notifications", "orders", "privacy", "products", "sources", "staff", "stores",
    "suggestions", "verify",
)  # fmt: skip


@pytest.fixture
def at(db: None) -> datetime:
    return clock.now()


@pytest.fixture
def shop(at: datetime) -> Shop:
    return open_shop(at)


@pytest.fixture
def owner(at: datetime, shop: Shop) -> Client:
    browser = signed_in(at)
    browser.raise_request_exception = False
    return browser


@pytest.mark.parametrize("place", ["audit", "dead-letters", "events", "ledger", "verify"])
def test_a_number_beyond_all_rows_is_not_found(owner: Client, place: str) -> None:
    assert owner.get(f"/console/{place}/{HUGE}").status_code == 404


def test_a_merge_or_a_pair_beyond_all_rows_is_not_found(owner: Client, shop: Shop) -> None:
    public_id = members.public_ids(member_ids=[shop.lin])[shop.lin]

    assert owner.get(f"/console/members/{public_id}/unmerge/{HUGE}").status_code == 404
    assert owner.post("/console/suggestions/later", {"ids": [str(HUGE)]}).status_code == 404


@pytest.mark.parametrize("place", LISTS)
def test_a_made_up_cursor_is_refused(owner: Client, place: str) -> None:
    answers = {owner.get(f"/console/{place}", {"after": text}).status_code for text in MADE_UP}

    assert answers <= {200, 422}
