"""The statement across members: filters, scope, and sums that are what the accounts hold."""

from typing import Any

import pytest

from regulars.access.domain import Scope
from regulars.ledger import selectors
from regulars.ledger.domain import Currency, MovementQuery, TransferKind
from tests.ledger.making import NOON, a_spend, an_earn, days, given

pytestmark = pytest.mark.django_db
EVERYTHING = Scope.all()


def kinds(scope: Scope = EVERYTHING, **query: Any) -> list[str]:
    page = selectors.list_movements(scope=scope, query=MovementQuery(**query))
    return [each.kind.name.lower() for each in page.movements]


class TestMovements:
    def test_lists_newest_first_within_scope_and_filters(self) -> None:
        given(an_earn(100, member_id=1, store_id=5, actor_id=3))
        given(a_spend(40, member_id=1, reason_code=2, store_id=6), at=NOON + days(1))

        assert kinds() == ["spend", "earn"]
        assert kinds(kind=TransferKind.EARN) == ["earn"]
        assert kinds(store_id=6) == ["spend"]
        assert kinds(reason_code=2) == ["spend"]
        assert kinds(actor_id=3) == ["earn"]
        assert kinds(since=NOON + days(0.5)) == ["spend"]
        assert kinds(until=NOON + days(0.5)) == ["earn"]
        assert kinds(currency=Currency.GROWTH) == []
        assert kinds(Scope(store_ids=(5,))) == ["earn"]
        assert kinds(Scope(store_ids=(9,))) == []

    def test_sums_are_what_the_accounts_hold(self) -> None:
        given(an_earn(100, member_id=1), an_earn(50, member_id=2))
        given(a_spend(40, member_id=1))

        totals = selectors.sum_movements(scope=EVERYTHING, query=MovementQuery())

        assert totals is not None
        assert (totals.received, totals.given, totals.net) == (150, 40, 110)
        assert totals.booked == 110
        assert totals.reconciles

    def test_a_part_is_summed_and_not_held_against_the_accounts(self) -> None:
        given(an_earn(100), a_spend(40))

        totals = selectors.sum_movements(
            scope=EVERYTHING, query=MovementQuery(kind=TransferKind.SPEND)
        )

        assert totals is not None
        assert [(each.kind, each.net) for each in totals.kinds] == [(TransferKind.SPEND, -40)]
        assert totals.reconciles is None

    def test_gives_up_summing_where_it_would_take_too_long(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        given(an_earn(100), a_spend(40))
        monkeypatch.setattr("regulars.ledger.selectors.statements.SUMMED_MAX", 1)

        assert selectors.sum_movements(scope=EVERYTHING, query=MovementQuery()) is None

    def test_one_by_its_number_within_scope(self) -> None:
        given(an_earn(100, store_id=5))
        (found,) = selectors.list_movements(scope=EVERYTHING, query=MovementQuery()).movements

        assert selectors.get_movement(seq=found.seq, scope=EVERYTHING) == found
        assert selectors.get_movement(seq=found.seq, scope=Scope(store_ids=(6,))) is None
        assert (found.amount, found.counterpart) == (100, found.counterpart)
