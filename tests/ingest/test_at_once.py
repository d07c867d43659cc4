"""Many senders at once: what is answered as applied is there once, whatever breaks in between."""

import random
import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connections

from regulars.access.domain import Actor, Scope
from regulars.commerce import selectors as commerce
from regulars.commerce import tasks
from regulars.commerce.services import attribution
from regulars.ingest import selectors, services
from regulars.ingest.domain import MemberRef, MemberRow, OrderRow, RefundRow, Row
from regulars.members import services as people
from regulars.members.domain import MatchPolicy
from regulars.web import sql
from tests.ingest.rows import AT, PHONE, a_refund, a_source, an_order
from tests.sizes import size

SENDERS = 4
Work = Callable[[int], None]


def at_once(work: Work, senders: int = SENDERS) -> None:
    """Run the work in threads that start together; the first error is raised."""
    barrier, errors = threading.Barrier(senders), []

    def run(number: int) -> None:
        try:
            barrier.wait()
            work(number)
        except Exception as error:  # noqa: BLE001 shown by the test
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(senders)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def apply(rows: list[Row]) -> None:
    """Apply rows as a sender would: what was not answered is sent again."""
    source = a_source()
    orders = [row for row in rows if isinstance(row, OrderRow)]
    refunds = [row for row in rows if isinstance(row, RefundRow)]
    services.apply_refunds(refunds, source=source, at=AT)
    services.apply_orders(orders, source=source, at=AT)


def one(query: str) -> Any:
    found = sql.row(query)
    assert found is not None
    return found[0]


@pytest.mark.reliability("RC1")
class TestSenders:
    def test_lose_and_double_nothing_in_a_shuffle_with_repetitions(self, committed_db: str) -> None:
        a_source()
        numbers = range(size(120, 5_000))
        story: list[Row] = []
        for n in numbers:
            who = MemberRef(phone=f"139{n % 40:08d}")
            story.append(an_order(f"O-{n}", state="created", paid_at=None, member=who))
            story.append(an_order(f"O-{n}", member=who))
            story.append(a_refund(f"O-{n}", external_id=f"R-{n}"))
        chance = random.Random(11)
        story += chance.sample(story, len(story) // 5)
        chance.shuffle(story)

        def send(number: int) -> None:
            mine = story[number::SENDERS]
            for start in range(0, len(mine), 25):
                apply(mine[start : start + 25])

        at_once(send)
        services.apply_parked(at=AT)

        assert one("SELECT count(*) FROM commerce_order") == len(numbers)
        assert one("SELECT count(*) FROM commerce_refund WHERE order_id IS NOT NULL") == len(
            numbers
        )
        assert one("SELECT count(DISTINCT net_minor) FROM commerce_order") == 1
        assert one("SELECT min(net_minor) FROM commerce_order") == 7_500
        assert one("SELECT count(*) FROM members_member") == 40
        assert one("SELECT count(*) FROM events_deadletter") == 0
        assert selectors.count_parked() == 0

    def test_meeting_at_the_same_new_orders_make_each_once(self, committed_db: str) -> None:
        a_source()
        rows = [an_order(f"O-{n}") for n in range(60)]

        def send(number: int) -> None:
            mine = list(rows)
            random.Random(number).shuffle(mine)
            services.apply_orders(mine, source=a_source(), at=AT)

        at_once(send, senders=6)

        assert one("SELECT count(*) FROM commerce_order") == 60
        assert one("SELECT count(*) FROM commerce_line") == 60
        assert one("SELECT count(*) FROM events_event WHERE type = 'order.recorded'") == 60
        assert one("SELECT count(*) FROM events_deadletter") == 0

    def test_do_not_wait_for_each_others_counters(self, committed_db: str) -> None:
        a_source()

        at_once(
            lambda n: [  # type: ignore[arg-type, return-value]
                services.apply_orders([an_order(f"{n}-{k}")], source=a_source(), at=AT)
                for k in range(10)
            ]
        )

        (state,) = selectors.list_sources(at=AT)
        assert state.counts["applied"] == 10 * SENDERS
        assert len(commerce.list_orders(scope=Scope.all(), limit=200).items) == 10 * SENDERS


def test_buyers_find_all_their_orders_however_many_wait(
    committed_db: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attribution, "ORDERS_PER_LINK_MAX", 2)
    policy = MatchPolicy(enrol_on_first_order=False)
    people.set_policy(policy=policy, at=AT, actor=Actor.system("test"))
    rows = [an_order(f"T-{number}") for number in range(5)]
    services.apply_orders(rows, source=a_source(), at=AT)

    services.apply_members([MemberRow(phone=PHONE)], source=a_source(), at=AT)
    for _ in range(9):
        for (member_id,) in sql.rows(
            "DELETE FROM procrastinate_jobs WHERE task_name = 'commerce.attribute_waiting'"
            " RETURNING (args->>'member_id')::bigint"
        ):
            tasks.attribute_waiting(member_id=member_id)

    assert sql.rows("SELECT count(*) FROM commerce_order WHERE member_id IS NULL") == [(0,)]
    assert sql.rows("SELECT count(*) FROM commerce_waitingbuyer") == [(0,)]
    assert sql.rows("SELECT count(*) FROM loyalty_award WHERE points > 0") == [(5,)]
