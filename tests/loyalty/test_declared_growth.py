"""Chains of declared and undone growth, whatever they are: the tier follows what still stands said."""

import random
from typing import Any

import pytest

from regulars.events.domain import Fact
from regulars.ledger import services as ledger
from regulars.loyalty import selectors, services
from regulars.web import sql
from tests.loyalty.test_services import AT, points, tell
from tests.sizes import size

pytestmark = [pytest.mark.django_db, pytest.mark.capability("A4")]

Said = tuple[int, bool, int]  # batch, replaces, amount


def declared(batch_id: int, amount: int, *, replaces: bool = True) -> Fact:
    return Fact(
        type="balance.declared",
        occurred_at=AT,
        member_id=1,
        batch_id=batch_id,
        facts={
            "currency": "growth",
            "amount": amount,
            "lots": [],
            "as_of": "2026-02-28",
            "replaces": replaces,
        },
    )


def undo(batch_id: int) -> None:
    facts: dict[str, Any] = {"batch_id": batch_id, "kind": "balances"}
    tell(Fact(type="import.reverted", occurred_at=AT, facts=facts))


def modelled(history: list[Said], undone: set[int]) -> set[int]:
    state: set[int] = set()
    for batch_id, replaces, amount in history:
        if batch_id not in undone:
            state = {amount} if replaces else state | {amount}
    return state


class TestChains:
    def test_an_identical_balance_belongs_to_whoever_said_it_last(self) -> None:
        for batch_id in (7, 8):
            tell(declared(batch_id, 600))

        undo(7)
        assert points().growth == 600
        undo(8)
        assert points().growth == 0

    def test_several_declarations_of_one_batch_end_with_the_last(self) -> None:
        tell(declared(7, 600))
        tell(declared(8, 50), declared(8, 0), declared(8, 40))
        assert points().growth == 40

        undo(8)
        assert points().growth == 600

    def test_what_stands_already_ends_the_others_where_it_replaces(self) -> None:
        tell(declared(7, 600))
        tell(declared(8, 50, replaces=False))
        assert points().growth == 650

        tell(declared(9, 600))

        assert points().growth == 600

    @pytest.mark.parametrize("seed", range(size(25, 400)))
    def test_of_any_kind_end_as_the_model_says(self, seed: int) -> None:
        rng = random.Random(seed)
        history: list[Said] = []
        undone: set[int] = set()
        for _ in range(size(12, 30)):
            batches = sorted({batch_id for batch_id, *_ in history} - undone)
            if batches and rng.random() < 0.4:
                batch_id = rng.choice(batches)
                undo(batch_id)
                undone.add(batch_id)
            else:
                last = max((batch_id for batch_id, *_ in history), default=6)
                again = history and last not in undone and rng.random() < 0.2
                batch_id = last if again else last + 1
                said = [
                    (batch_id, rng.random() < 0.8, rng.choice([0, 60, 500, 900]))
                    for _ in range(rng.choice([1, 1, 2]))
                ]
                tell(*(declared(number, each, replaces=more) for number, more, each in said))
                history += said
            left = modelled(history, undone)
            live = sql.rows("SELECT amount FROM loyalty_opening WHERE ended_at IS NULL")
            assert {amount for (amount,) in live} == left, (seed, history, undone)
            assert points().growth == sum(left), (seed, history, undone)
        found = ledger.verify(extra=selectors.CHECKS).findings
        assert [each for each in found if each.bad] == []
        assert services.verify_tiers(until=AT).bad == 0
