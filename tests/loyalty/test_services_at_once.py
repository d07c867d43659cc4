"""Awards and tiers under parallel writers: real threads, real commits."""

import random
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import count
from typing import Any

import pytest
from django.db import connections

from regulars.events.domain import Fact
from regulars.ledger import services as ledger
from regulars.loyalty import selectors, services
from regulars.web import sql
from tests.loyalty.makers import DAY, NOON
from tests.loyalty.test_services import AT, an_order, points, tell, tier
from tests.sizes import size

YEAR_LATER = datetime(2027, 5, 1, tzinfo=UTC)


def at_once(*works: Callable[[], Any]) -> list[Any]:
    """Run every work in a thread of its own, started together; answer results or exceptions."""
    start = threading.Barrier(len(works))
    results: list[Any] = [None] * len(works)

    def run(place: int, work: Callable[[], Any]) -> None:
        start.wait()
        try:
            results[place] = work()
        except Exception as error:  # noqa: BLE001 the test looks at what came out
            results[place] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=item) for item in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def assert_nothing_broke(results: list[Any]) -> None:
    assert [found for found in results if isinstance(found, Exception)] == []


def assert_it_adds_up() -> None:
    assert [f for f in ledger.verify(extra=selectors.CHECKS).findings if f.bad] == []
    assert services.verify_tiers(until=YEAR_LATER).bad == 0


@pytest.mark.reliability("RB7")
class TestTiersAtOnce:
    def test_eight_orders_of_one_member_make_one_path(self, committed_db: str) -> None:
        tell(an_order(1, net_minor=10_000))
        works = [lambda n=n: tell(an_order(n, net_minor=30_000)) for n in range(2, 10)]

        assert_nothing_broke(at_once(*works))

        assert (points().growth, tier()) == (2_500, "gold")
        levels = [step.to_tier.level for step in selectors.list_tier_history(member_id=1)]
        assert levels == [2]
        told = sql.rows(
            "SELECT facts->>'tier' FROM events_event WHERE type = 'tier.reached' ORDER BY id"
        )
        assert [code for (code,) in told] in (["gold"], ["silver", "gold"])
        assert_it_adds_up()

    def test_purchase_review_and_settling_meet_without_flapping(self, committed_db: str) -> None:
        for member_id in range(1, 6):
            tell(an_order(member_id, member_id, net_minor=250_000))
        late = NOON + 380 * DAY
        orders = [
            an_order(
                100 + n, n % 5 + 1, net_minor=70_000, paid_at=late.isoformat(), occurred_at=late
            )
            for n in range(10)
        ]
        works: list[Callable[[], Any]] = [
            *(lambda order=order: tell(order, at=YEAR_LATER) for order in orders),
            *(lambda: services.review_tiers(at=YEAR_LATER) for _ in range(3)),
            *(lambda: services.settle_growth(at=YEAR_LATER) for _ in range(3)),
        ]

        assert_nothing_broke(at_once(*works))

        assert {tier(member_id) for member_id in range(1, 6)} == {"silver"}
        assert_it_adds_up()

    def test_the_same_order_said_by_eight_counts_once(self, committed_db: str) -> None:
        tell(an_order(1))
        works = [lambda: tell(an_order(1)) for _ in range(8)]

        assert_nothing_broke(at_once(*works))

        assert points().available == 100
        assert_it_adds_up()


def test_one_growth_balance_declared_by_four_imports_counts_once(committed_db: str) -> None:
    def declare(batch_id: int) -> Any:
        facts = {
            "currency": "growth",
            "amount": 100 + batch_id,
            "lots": [],
            "as_of": "2026-03-01",
            "replaces": True,
        }
        return tell(
            Fact(
                type="balance.declared",
                occurred_at=AT,
                member_id=1,
                batch_id=batch_id,
                facts=facts,
            )
        )

    assert_nothing_broke(at_once(*(lambda n=n: declare(n) for n in range(4))))

    live = sql.rows("SELECT amount FROM loyalty_opening WHERE ended_at IS NULL")
    assert live == [(points().growth,)]
    assert_it_adds_up()


@pytest.mark.reliability("RA15")
def test_batches_over_the_same_members_never_deadlock(committed_db: str) -> None:
    numbers = count(1)
    rng = random.Random(15)  # of at least one yuan: less earns nothing and leaves no award
    batches = [
        [
            an_order(next(numbers), member_id, net_minor=rng.randint(100, 90_000), is_new=True)
            for member_id in rng.sample(range(1, 41), 40)
        ]
        for _ in range(size(24, 400))
    ]
    queues = [batches[place::4] for place in range(4)]

    def work(queue: list[list[Any]]) -> None:
        for batch in queue:
            tell(*batch)

    assert_nothing_broke(at_once(*(lambda queue=queue: work(queue) for queue in queues)))

    found = sql.row("SELECT count(*), count(*) FILTER (WHERE kind = 1) FROM loyalty_award")
    assert found == (len(batches) * 40, len(batches) * 40)
    assert_it_adds_up()


@pytest.mark.reliability("RB8")
def test_random_histories_in_any_order_end_in_the_tier_of_the_whole(committed_db: str) -> None:
    rng = random.Random(88)
    members = range(1, size(120, 2_000) + 1)
    orders: list[tuple[int, int, datetime, int]] = []
    for member_id in members:
        for _ in range(rng.randint(1, 8)):
            paid_at = NOON - DAY * rng.randint(0, 700)
            orders.append((len(orders) + 1, member_id, paid_at, rng.randint(1_000, 200_000)))
    told: list[Any] = []
    for order_id, member_id, paid_at, net in orders:
        last = rng.choice([net, net, net // 3, 0])
        for state, worth in (("paid", net), ("partially_refunded" if last else "refunded", last)):
            told.append(
                an_order(
                    order_id,
                    member_id,
                    net_minor=worth,
                    state=state,
                    paid_at=paid_at.isoformat(),
                    occurred_at=paid_at if state == "paid" else paid_at + 40 * DAY,
                )
            )
    rng.shuffle(told)
    last_words = [fact for fact in told if fact.facts["state"] != "paid"]

    for start in range(0, len(told), 100):
        tell(*told[start : start + 100], at=AT)
    for start in range(0, len(last_words), 100):
        tell(*last_words[start : start + 100], at=AT)

    assert services.verify_tiers(sample=10_000, until=AT).bad == 0
    assert_it_adds_up()
    worth = {fact.facts["order_id"]: fact.facts["net_minor"] // 100 for fact in last_words}
    growth = sql.rows("SELECT order_id, sum(growth) FROM loyalty_award GROUP BY order_id")
    assert {order_id: int(total) for order_id, total in growth} == {
        order_id: worth[order_id] for order_id, _ in growth
    }
