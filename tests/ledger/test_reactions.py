"""What the ledger does when the log says so, in the same commit."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from regulars.events import services as events
from regulars.events.domain import Appended, Event, Fact
from regulars.ledger import reactions, selectors
from regulars.ledger import services as ledger
from regulars.ledger.domain import MergeRefused, TransferKind
from regulars.web import sql
from tests.ledger.making import NOON, a_spend, an_earn, days, given, post

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _adds_up():
    yield
    verdict = ledger.verify()
    assert verdict.is_clean, [finding for finding in verdict.findings if finding.bad]


def say(
    type_: str, *, member_id: int | None = 1, batch_id: int | None = None, **facts: Any
) -> Appended:
    fact = Fact(type=type_, occurred_at=NOON, member_id=member_id, batch_id=batch_id, facts=facts)
    return events.append([fact], at=NOON)


def declare(*lots: tuple[int, str | None], batch_id: int = 7, **more: Any) -> Appended:
    facts = {
        "currency": "points",
        "amount": sum(amount for amount, _ in lots),
        "lots": [
            {"amount": amount, "earned_on": None, "expires_on": ends} for amount, ends in lots
        ],
        "as_of": "2026-03-01T00:00:00+00:00",
        "replaces": True,
    } | more
    return say("balance.declared", batch_id=batch_id, **facts)


def undo(batch_id: int, kind: str) -> Appended:
    fact = Fact(
        type="import.reverted", occurred_at=NOON, facts={"batch_id": batch_id, "kind": kind}
    )
    return events.append([fact], at=NOON)


def told(appended: Appended, code: str) -> dict[str, Any]:
    """Answer what the ledger said about the one event."""
    [event] = appended.events
    [outcome] = [o for o in appended.outcomes[event.id] if (o.app, o.code) == ("ledger", code)]
    return outcome.facts


def available(member_id: int = 1) -> int:
    return selectors.get_balance(member_id=member_id, at=NOON).available


@pytest.mark.capability("A4")
class TestDeclaredBalances:
    def test_come_in_as_lots_with_their_dates(self):
        said = declare((60, "2098-12-31"), (40, None))

        assert told(said, "balance_opened") == {"opened": 100, "taken_back": 0}
        first, second = selectors.list_lots(member_id=1, at=NOON)
        assert first.expires_at == datetime(2098, 12, 31, 16, tzinfo=UTC)  # shop: Asia/Shanghai
        assert (first.remaining, second.remaining, second.expires_at) == (60, 40, None)

    def test_said_again_change_nothing(self):
        declare((60, "2098-12-31"), (40, None))

        said = declare((60, "2098-12-31"), (40, None), batch_id=8)

        assert told(said, "balance_opened") == {"opened": 0, "taken_back": 0}
        assert available() == 100

    def test_corrected_move_the_difference(self):
        declare((60, "2098-12-31"), (40, None))

        said = declare((60, "2098-12-31"), (45, None))

        assert told(said, "balance_opened") == {"opened": 45, "taken_back": 40}
        assert available() == 105

    def test_that_are_over_expire_at_once(self):
        declare((60, "2026-12-31"))

        page = selectors.list_entries(member_id=1)
        assert [entry.kind for entry in page.entries] == [TransferKind.EXPIRE, TransferKind.OPEN]
        assert available() == 0

    def test_of_growth_are_not_the_ledgers(self):
        say("balance.declared", currency="growth", amount=5, lots=[], as_of="2026-03-01T00:00:00+00:00", replaces=True)  # fmt: skip

        assert sql.row("SELECT count(*) FROM ledger_opening") == (0,)

    def test_of_stored_value_stand_beside_points(self):
        declare((500, None), currency="stored_value")

        assert selectors.get_balance(member_id=1, at=NOON).stored_value == 500


class TestUndoneImports:
    def test_take_their_balances_back(self):
        declare((60, None))
        declare((10, None), batch_id=9, replaces=False)
        post(a_spend(20))

        said = undo(7, "balances")

        assert told(said, "balances_taken_back") == {"members": 1, "points": 60}
        assert selectors.get_balance(member_id=1, at=NOON).owed == 10

    def test_take_back_what_staff_left_of_them(self):
        declare((60, None))
        [lot] = selectors.list_lots(member_id=1, at=NOON)
        ledger.reverse_transfer(
            transfer_id=lot.transfer_id, reversal_id=uuid4(), amount=10, at=NOON
        )
        declare((60, None), batch_id=8)
        assert available() == 50

        undo(7, "balances")
        assert available() == 50, "the other import says the same"
        undo(8, "balances")

        assert available() == 0

    def test_of_a_correction_bring_back_what_it_replaced(self):
        declare((60, "2098-12-31"))
        declare((50, None), batch_id=8)

        undo(8, "balances")
        undo(8, "balances")

        assert available() == 60
        [lot] = selectors.list_lots(member_id=1, at=NOON)
        assert lot.expires_at == datetime(2098, 12, 31, 16, tzinfo=UTC)
        undo(7, "balances")
        assert available() == 0

    @pytest.mark.parametrize(
        ("undone", "left"),
        [((8,), 40), ((8, 9), 60), ((7, 8), 40), ((7, 8, 9), 0), ((9,), 50), ((9, 8), 60)],
    )
    def test_in_a_chain_leave_what_was_said_last(self, undone: tuple[int, ...], left: int):
        for batch_id, amount in ((7, 60), (8, 50), (9, 40)):
            declare((amount, None), batch_id=batch_id)

        for batch_id in undone:
            undo(batch_id, "balances")

        assert available() == left

    def test_can_be_imported_again(self):
        declare((60, None))
        undo(7, "balances")

        declare((60, None), batch_id=8)

        assert available() == 60

    def test_of_others_leave_points_alone(self):
        declare((60, None))

        undo(70, "orders")

        assert available() == 60


class TestMerges:
    def test_carry_points_and_give_them_back(self):
        given(an_earn(100), an_earn(30, member_id=2))
        event = Event(
            id=1,
            type="member.merged",
            version=1,
            occurred_at=NOON,
            recorded_at=NOON,
            member_id=2,
            facts={"winner_id": 2, "loser_id": 1, "merge_id": 5},
        )

        [merged] = reactions.when_members_merged([event], at=NOON)
        together = available(2)
        [parted] = reactions.when_members_unmerged([event], at=NOON)

        assert (merged.facts, parted.facts) == ({"points": 100}, {"points": 100})
        assert (together, available(1), available(2)) == (130, 100, 30)

    def test_may_be_refused_and_so_abort(self):
        given(an_earn(100))
        say("member.frozen", reason_code="fraud")

        with pytest.raises(MergeRefused):
            say("member.merged", member_id=2, winner_id=2, loser_id=1, merge_id=5)


class TestErasure:
    @pytest.mark.capability("G2")
    def test_closes_every_account_of_the_person(self):
        given(an_earn(100), an_earn(30, member_id=2))

        said = say("member.erased", member_ids=[1, 2], reason_code="asked")

        assert told(said, "accounts_closed") == {"points": 130}
        assert [answer.is_done for answer in post(an_earn(1), an_earn(1, member_id=2))] == [
            False
        ] * 2


class TestFreezing:
    def test_begins_and_ends(self):
        given(an_earn(100))

        say("member.frozen", reason_code="fraud")
        [frozen] = post(a_spend(1))
        say("member.unfrozen")
        [free] = post(a_spend(1))

        assert (frozen.is_done, free.is_done) == (False, True)


def test_the_clock_wakes_the_sweepers():
    from regulars.ledger import tasks

    past = NOON - days(40_000)
    given(an_earn(100, at=past), at=past)  # over long ago: expires as it comes in
    tasks.expire_points()
    tasks.expire_holds()

    assert selectors.get_balance(member_id=1, at=past + days(1)).available == 0
