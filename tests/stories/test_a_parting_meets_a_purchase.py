"""Two who became one part again while the till changes an order of theirs: both come through.

The till holds the order and asks for the account; the parting holds the account and asks for the
order. PostgreSQL stops one of them, and that one begins again.
"""

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connections, transaction

from regulars.access.domain import Actor
from regulars.commerce import selectors as commerce
from regulars.ingest import services as ingest
from regulars.ingest.domain import BalanceRow, MemberRef
from regulars.ledger import services as ledger
from regulars.ledger.domain import Currency
from regulars.loyalty import selectors as loyalty
from regulars.members import services as members
from regulars.web import sql
from tests.ingest.rows import AT, PHONE, a_source, an_order

OTHER = "13900139000"
ACTOR = Actor.system("test")
POINTS, GROWTH = Currency.POINTS, Currency.GROWTH


@pytest.mark.reliability("RA15")
class TestAPartingMeetsAPurchase:
    def test_both_come_through(self, committed_db: str) -> None:
        sell(PHONE, "T-1")
        sell(OTHER, "T-2")
        winner, loser = everybody()
        merged = members.merge(winner_id=winner, loser_id=loser, at=AT, actor=ACTOR)
        sell(OTHER, "T-3")

        broken = meet(
            winner, lambda: members.unmerge(merge_id=merged.id, at=AT, actor=ACTOR), "T-3"
        )

        assert broken == []
        assert holders() == {winner: 100, loser: 200}
        assert [f for f in ledger.verify(extra=loyalty.CHECKS).findings if f.bad] == []

    def test_so_does_a_balance_that_is_declared(self, committed_db: str) -> None:
        sell(PHONE, "T-1")
        (member_id,) = everybody()
        who = MemberRef(phone=PHONE)
        row = BalanceRow(member=who, currency="points", amount=70, as_of=AT)

        broken = meet(
            member_id, lambda: ingest.apply_balances([row], source=a_source(), at=AT), "T-1"
        )

        assert broken == []
        assert holders() == {member_id: 70}, "the purchase is part of the balance"
        assert [f for f in ledger.verify(extra=loyalty.CHECKS).findings if f.bad] == []


def sell(phone: str, number: str) -> None:
    row = an_order(number, member=MemberRef(phone=phone))
    ingest.apply_orders([row], source=a_source(), at=AT)


def everybody() -> list[int]:
    return [member_id for (member_id,) in sql.rows("SELECT id FROM members_member ORDER BY id")]


def holders() -> dict[int, int]:
    return dict(
        sql.rows("SELECT member_id, posted FROM ledger_account WHERE currency = 1 AND posted > 0")
    )


def meet(member_id: int, work: Callable[[], Any], number: str) -> list[Exception]:
    """Hold the order, let the work come to wait for it, then ask for the account it holds."""
    broken: list[Exception] = []

    def run() -> None:
        try:
            work()
        except Exception as error:  # noqa: BLE001 shown by the test
            broken.append(error)
        finally:
            connections.close_all()

    thread = threading.Thread(target=run)
    with transaction.atomic():
        commerce.lock_orders({(a_source().id, number)})
        thread.start()
        wait_until_blocked()
        ledger.lock_accounts(keys={(POINTS, member_id), (GROWTH, member_id)}, at=AT)
    thread.join(timeout=30)
    assert not thread.is_alive()
    return broken


def wait_until_blocked() -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if sql.row("SELECT EXISTS (SELECT 1 FROM pg_locks WHERE NOT granted)") == (True,):
            return
        time.sleep(0.01)
    raise AssertionError("nobody waits")
