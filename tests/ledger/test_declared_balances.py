"""Chains of declared and undone balances, whatever they are: what is left is what still stands said.

The model keeps what every import said, in order, and forgets what was undone: the last word that
replaces counts, and what later words add to it.
"""

import random
from collections import Counter
from typing import Any

import pytest

from regulars.events import services as events
from regulars.events.domain import Fact
from regulars.ledger import selectors
from regulars.ledger import services as ledger
from tests.ledger.making import NOON
from tests.sizes import size

pytestmark = [pytest.mark.django_db, pytest.mark.capability("A4")]

Lots = tuple[tuple[int, str | None], ...]
Said = tuple[int, bool, Lots]  # batch, replaces, lots
LOTS: list[tuple[int, str | None]] = [(60, None), (60, "2098-12-31"), (25, None)]


def declare(batch_id: int, lots: Lots, *, replaces: bool = True) -> None:
    facts = {
        "currency": "points",
        "amount": sum(amount for amount, _ in lots),
        "lots": [{"amount": each, "earned_on": None, "expires_on": ends} for each, ends in lots],
        "as_of": "2026-03-01T00:00:00+00:00",
        "replaces": replaces,
    }
    say("balance.declared", member_id=1, batch_id=batch_id, facts=facts)


def undo(batch_id: int) -> None:
    say("import.reverted", facts={"batch_id": batch_id, "kind": "balances"})


def say(kind: str, **parts: Any) -> None:
    events.append([Fact(type=kind, occurred_at=NOON, **parts)], at=NOON)


def available() -> int:
    return selectors.get_balance(member_id=1, at=NOON).available


def modelled(history: list[Said], undone: set[int]) -> Counter[tuple[int, str | None]]:
    state: Counter[tuple[int, str | None]] = Counter()
    for batch_id, replaces, lots in history:
        if batch_id not in undone:
            state = Counter(lots) if replaces else state | Counter(lots)
    return state


class TestChains:
    def test_an_identical_lot_belongs_to_whoever_said_it_last(self) -> None:
        for batch_id in (7, 8):
            declare(batch_id, ((60, None),))

        undo(7)
        assert available() == 60
        undo(8)
        assert available() == 0

    def test_a_declaration_of_nothing_in_between_stays_nothing(self) -> None:
        declare(7, ((60, None),))
        declare(8, ())
        declare(9, ((30, None),))

        undo(9)
        assert available() == 0
        undo(8)
        assert available() == 60

    def test_several_declarations_of_one_import_go_together(self) -> None:
        declare(7, ((60, None),))
        declare(8, ((50, None),))
        declare(8, ((40, None),))

        undo(8)
        assert available() == 60

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
                again = last not in undone and history and rng.random() < 0.2
                lots = tuple(rng.choices(LOTS, k=rng.choice([0, 1, 1, 2, 3])))
                said = (last if again else last + 1, rng.random() < 0.8, lots)
                declare(said[0], said[2], replaces=said[1])
                history.append(said)
            left = modelled(history, undone)
            standing = Counter(
                (lot.granted, lot.expires_at and "2098-12-31")
                for lot in selectors.list_lots(member_id=1, at=NOON)
            )
            assert standing == left, (seed, history, undone)
        assert ledger.verify().is_clean
