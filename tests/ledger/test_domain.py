"""The ledger's rules, tried without a database."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.ledger.domain import (
    AMOUNT_MAX,
    EVENT_TYPES,
    AccountKind,
    AmountOutOfRange,
    BalanceTooLarge,
    ClawbackBlocked,
    Currency,
    Declaration,
    DeclaredLot,
    Earn,
    GiftToSelf,
    Hold,
    HoldTooShort,
    InsufficientPoints,
    Lot,
    MergeRefused,
    OwedPolicy,
    PostedAs,
    ReversalTooLarge,
    Spend,
    StandingLot,
    TransferConflict,
    TransferMissing,
    house_account,
    house_kind,
    plan_declaration,
    plan_lots,
    plan_merge,
    plan_postings,
    read_declaration,
    request_hash,
)
from regulars.ledger.domain.books import Books
from regulars.ledger.domain.postings import Adjust, Gift
from tests.ledger.making import (
    NOON,
    a_clawback,
    a_lot,
    a_restore,
    a_spend,
    an_account,
    an_earn,
    days,
    some_books,
)

SHANGHAI = ZoneInfo("Asia/Shanghai")


def chosen(lots: list[Lot], amount: int, *, debt: int = 0) -> list[tuple[int, int]]:
    account = an_account(*lots)
    return [(lot.id, part) for lot, part in plan_lots(account, amount=amount, debt=debt, at=NOON)]


class TestPlanLots:
    def test_empties_the_lot_that_expires_soonest(self):
        later, sooner = a_lot(100, ends=90), a_lot(40, ends=5)

        assert chosen([later, sooner], 60) == [(sooner.id, 40), (later.id, 20)]

    def test_keeps_points_that_never_expire_for_last(self):
        forever, mortal = a_lot(10, ends=None), a_lot(10, ends=365)

        assert chosen([forever, mortal], 5) == [(mortal.id, 5)]

    def test_takes_the_older_of_two_that_expire_together(self):
        first, second = a_lot(10, ends=5), a_lot(10, ends=5)

        assert chosen([second, first], 5) == [(first.id, 5)]

    def test_refuses_when_the_living_lots_fall_short(self):
        with pytest.raises(InsufficientPoints) as refusal:
            chosen([a_lot(10), a_lot(500, ends=-1)], 11)

        assert refusal.value.facts == {"asked": 11, "available": 10}
        assert refusal.value.code == "ledger.insufficient_points"

    def test_leaves_what_is_pending_what_waits_and_what_is_pinned(self):
        lots = [a_lot(10, begins=1), a_lot(10), a_lot(10, pinned=7)]
        lots[1].usable_from = None

        with pytest.raises(InsufficientPoints) as refusal:
            chosen(lots, 4)

        assert refusal.value.facts["available"] == 3

    def test_leaves_as_much_as_is_owed(self):
        with pytest.raises(InsufficientPoints) as refusal:
            chosen([a_lot(10)], 8, debt=3)

        assert refusal.value.facts["available"] == 7

    def test_an_expiry_is_the_first_moment_after_use(self):
        with pytest.raises(InsufficientPoints):
            chosen([a_lot(10, ends=0)], 1)

    @given(st.lists(st.integers(1, 1_000), min_size=1), st.data())
    def test_always_pays_exactly_what_was_asked(self, sizes: list[int], data: st.DataObject):
        points = data.draw(st.integers(1, sum(sizes)))

        parts = chosen([a_lot(size, ends=data.draw(st.integers(1, 9))) for size in sizes], points)

        assert sum(part for _, part in parts) == points
        assert all(part > 0 for _, part in parts)


class TestPlanPostings:
    def test_lets_a_spend_see_an_earlier_earn_of_the_batch(self):
        books = some_books(an_account())

        answers = plan_postings([an_earn(100), a_spend(60)], books)

        assert [answer.outcome for answer in answers] == [PostedAs.POSTED] * 2
        assert books.accounts[1, 1].posted == 40

    def test_does_not_let_a_refused_posting_take_anything(self):
        books = some_books(an_account(a_lot(50)))

        large, small = plan_postings([a_spend(60), a_spend(50)], books)

        assert large.outcome is PostedAs.REFUSED
        assert small.outcome is PostedAs.POSTED

    def test_knows_an_id_said_twice_in_one_batch(self):
        books, spend = some_books(an_account(a_lot(50))), a_spend(20)

        answers = plan_postings([spend, spend], books)

        assert [answer.outcome for answer in answers] == [PostedAs.POSTED, PostedAs.EXISTS]
        assert len(books.writes.transfers) == 1

    @pytest.mark.reliability("RA12")
    def test_refuses_an_id_that_stands_for_something_else(self):
        books, spend = some_books(an_account(a_lot(50))), a_spend(20)

        _, other = plan_postings([spend, a_spend(21, id=spend.id)], books)

        assert isinstance(other.refusal, TransferConflict)

    def test_plans_a_refused_id_again_when_it_is_said_again(self):
        books, spend = some_books(an_account()), a_spend(20)

        answers = plan_postings([spend, an_earn(20), spend], books)

        assert [answer.outcome for answer in answers] == ["refused", "posted", "posted"]

    @given(st.lists(st.tuples(st.booleans(), st.integers(1, 50)), max_size=40))
    def test_balances_with_its_lots_and_its_transfers(self, steps: list[tuple[bool, int]]):
        books = some_books(an_account())
        batch = [an_earn(n, ends=n) if earns else a_spend(n) for earns, n in steps]

        plan_postings(batch, books)

        account = books.accounts[1, 1]
        lots = books.writes.new_lots
        moved = sum(r[7] if r[6] == 1 else -r[7] for r in books.writes.transfers)
        assert account.posted == sum(lot.remaining for lot in lots) == moved
        assert all(lot.remaining >= 0 for lot in lots)


class TestAmounts:
    @pytest.mark.reliability("RA26")
    @pytest.mark.parametrize(
        "amount", [0, -1, 2**63 - 1, AMOUNT_MAX + 1, 1.5, "1e3", float("nan"), True, None]
    )
    def test_refuses_what_is_not_a_whole_number_in_range(self, amount: object):
        books = some_books(an_account(a_lot(50)))

        earned, spent = plan_postings([an_earn(amount), a_spend(amount)], books)

        assert isinstance(earned.refusal, AmountOutOfRange)
        assert isinstance(spent.refusal, AmountOutOfRange)
        assert not books.writes.transfers

    @pytest.mark.reliability("RA26")
    def test_refuses_a_balance_beyond_counting(self):
        books = some_books(an_account(posted=2**62 - 10))

        [answer] = plan_postings([an_earn(11)], books)

        assert isinstance(answer.refusal, BalanceTooLarge)

    def test_refuses_to_adjust_by_nothing(self):
        books = some_books(an_account(a_lot(5)))
        nothing = Adjust(id=uuid4(), member_id=1, occurred_at=NOON, amount=0, reason_code=1)

        [answer] = plan_postings([nothing], books)

        assert isinstance(answer.refusal, AmountOutOfRange)


class TestEarn:
    def test_repays_a_debt_first(self):
        books = some_books(an_account(), owed=40)

        [answer] = plan_postings([an_earn(100)], books)

        assert answer.repaid == 40
        assert books.accounts[1, 1].posted == 60
        assert books.owed[1, 1].posted == 0

    def test_expires_at_once_when_its_date_has_passed(self):
        books = some_books(an_account(), owed=40)

        [answer] = plan_postings([an_earn(100, ends=-1)], books)

        assert (answer.lapsed, answer.repaid) == (100, 0)
        assert books.accounts[1, 1].posted == 0
        assert [row[3] for row in books.writes.transfers] == [1, 3]

    def test_makes_no_lot_for_growth(self):
        growth = an_account(currency=Currency.GROWTH)
        books = some_books(growth)

        plan_postings([an_earn(100, currency=Currency.GROWTH)], books)

        assert growth.posted == 100
        assert not books.writes.new_lots


def earned_and(*more, earn=None, owed=0) -> tuple[Books, list]:
    earn = earn or an_earn(500)
    books = some_books(an_account(), owed=owed)
    books.watched = frozenset([earn.id])
    return books, plan_postings([earn, *more], books)


class TestClawback:
    @pytest.mark.reliability("RA17")
    @pytest.mark.parametrize(
        ("policy", "owed", "forgiven"), [(OwedPolicy.OWE, 400, 0), (OwedPolicy.FORGIVE, 0, 400)]
    )
    def test_takes_what_is_there_and_books_the_rest_by_policy(self, policy, owed, forgiven):
        earn = an_earn(500)

        books, answers = earned_and(a_spend(400), a_clawback(earn.id, policy=policy), earn=earn)

        assert (answers[2].taken, answers[2].owed, answers[2].forgiven) == (100, owed, forgiven)
        assert books.accounts[1, 1].posted == 0
        assert books.owed[1, 1].posted == -owed

    @pytest.mark.reliability("RA17")
    def test_blocks_when_the_policy_says_all_or_nothing(self):
        earn = an_earn(500)

        books, answers = earned_and(
            a_spend(400), a_clawback(earn.id, policy=OwedPolicy.BLOCK), earn=earn
        )

        assert isinstance(answers[2].refusal, ClawbackBlocked)
        assert answers[2].refusal.facts == {"short": 400}
        assert books.accounts[1, 1].posted == 100

    def test_takes_its_own_lot_before_one_that_expires_sooner(self):
        earn, sooner = an_earn(100, ends=50), an_earn(100, ends=5)

        books, _ = earned_and(sooner, a_clawback(earn.id, 30), earn=earn)

        assert [lot.remaining for lot in books.writes.new_lots] == [70, 100]

    def test_goes_on_to_usable_lots_and_then_to_waiting_ones(self):
        earn = an_earn(100)
        usable = an_earn(10, ends=90)
        waiting = an_earn(10, ends=5, usable_from=None)

        books, answers = earned_and(
            a_spend(100), usable, waiting, a_clawback(earn.id, 15), earn=earn
        )

        assert answers[-1].taken == 15
        assert [lot.remaining for lot in books.writes.new_lots[1:]] == [0, 5]

    def test_counts_what_had_expired_as_given_back(self):
        earn = an_earn(100, ends=-1)

        books, answers = earned_and(an_earn(70), a_clawback(earn.id), earn=earn)

        assert (answers[-1].taken, answers[-1].lapsed, answers[-1].owed) == (0, 100, 0)
        assert books.accounts[1, 1].posted == 70

    @pytest.mark.reliability("RA18")
    def test_never_takes_more_than_was_earned(self):
        earn = an_earn(100)

        _, answers = earned_and(
            a_clawback(earn.id, 60), a_clawback(earn.id, 41), a_clawback(earn.id), earn=earn
        )

        assert isinstance(answers[2].refusal, ReversalTooLarge)
        assert answers[2].refusal.facts == {"asked": 41, "left": 40}
        assert answers[3].taken == 40

    @pytest.mark.reliability("RA18")
    @given(st.integers(1, 300), st.lists(st.integers(1, 120), max_size=6), st.integers(0, 300))
    def test_parts_in_any_order_add_up_to_at_most_the_grant(self, earned, parts, spent):
        earn = an_earn(earned)
        steps = [a_spend(spent)] if 0 < spent <= earned else []
        steps += [a_clawback(earn.id, part) for part in parts]

        books, answers = earned_and(*steps, earn=earn)

        back = sum(a.taken + a.owed for a in answers[1 + bool(0 < spent <= earned) :])
        assert back <= earned
        assert books.accounts[1, 1].posted >= 0

    def test_does_not_reverse_what_is_not_there(self):
        _, answers = earned_and(a_clawback(uuid4()))

        assert isinstance(answers[1].refusal, TransferMissing)


class TestRestore:
    def spent(self, *lots: Lot, amount: int, then) -> tuple[Books, list]:
        spend = a_spend(amount)
        books = some_books(an_account(*lots))
        books.watched = frozenset([spend.id])
        return books, plan_postings([spend, *then(spend.id)], books)

    def test_gives_back_to_the_very_lots_the_last_taken_first(self):
        sooner, later = a_lot(40, ends=5), a_lot(100, ends=90)

        self.spent(sooner, later, amount=60, then=lambda key: [a_restore(key, 30)])

        assert (sooner.remaining, later.remaining) == (10, 100)

    @pytest.mark.reliability("RA20")
    def test_gives_back_once(self):
        lot = a_lot(40)

        _, answers = self.spent(lot, amount=40, then=lambda key: [a_restore(key), a_restore(key)])

        assert answers[1].taken == 40
        assert isinstance(answers[2].refusal, ReversalTooLarge)
        assert lot.remaining == 40

    @pytest.mark.reliability("RA19")
    def test_renews_an_expired_lot_with_grace(self):
        lot, spend = a_lot(40, ends=5), a_spend(40)
        books = some_books(an_account(lot))
        books.watched = frozenset([spend.id])
        plan_postings([spend], books)
        books.at = NOON + days(6)

        plan_postings([a_restore(spend.id, grace_days=30)], books)

        [renewed] = books.writes.new_lots
        assert renewed.expires_at == NOON + days(36)
        assert (renewed.restored_from, renewed.remaining, lot.remaining) == (lot.id, 40, 0)

    @pytest.mark.reliability("RA19")
    def test_lets_an_expired_lot_stay_expired_without_grace(self):
        lot, spend = a_lot(40, ends=5), a_spend(40)
        books = some_books(an_account(lot))
        books.watched = frozenset([spend.id])
        plan_postings([spend], books)
        books.at = NOON + days(6)

        plan_postings([a_restore(spend.id, grace_days=0)], books)

        assert (lot.remaining, books.writes.new_lots) == (40, [])


class TestGift:
    def test_keeps_the_expiry_of_every_lot(self):
        giver = an_account(a_lot(40, ends=5), a_lot(100, ends=90))
        taker = an_account(id=2, member_id=2)
        books = some_books(giver, taker)
        gift = Gift(id=uuid4(), member_id=1, recipient_id=2, amount=60, occurred_at=NOON)

        plan_postings([gift], books)

        found = [(lot.remaining, lot.expires_at) for lot in taker.list_lots()]
        assert found == [(40, NOON + days(5)), (20, NOON + days(90))]
        assert (giver.posted, taker.posted) == (80, 60)

    def test_goes_to_somebody_else(self):
        books = some_books(an_account(a_lot(10)))
        gift = Gift(id=uuid4(), member_id=1, recipient_id=1, amount=6, occurred_at=NOON)

        [answer] = plan_postings([gift], books)

        assert isinstance(answer.refusal, GiftToSelf)


class TestHold:
    @pytest.mark.parametrize("lasts", [timedelta(0), timedelta(days=-1), timedelta(days=32)])
    def test_lasts_a_while_but_not_for_ever(self, lasts):
        books = some_books(an_account(a_lot(10)))
        hold = Hold(id=uuid4(), member_id=1, amount=5, occurred_at=NOON, expires_at=NOON + lasts)

        [answer] = plan_postings([hold], books)

        assert isinstance(answer.refusal, HoldTooShort)


class TestMerge:
    @pytest.mark.parametrize(
        "broken", [{"is_closed": True}, {"is_frozen": True}, {"merged_into": 7}]
    )
    def test_refuses_what_cannot_be_joined(self, broken):
        winner, loser = an_account(id=2, member_id=2), an_account(**broken)

        with pytest.raises(MergeRefused):
            plan_merge(some_books(winner, loser), an_earn(), winner=winner, loser=loser)


class TestHouseAccounts:
    @given(st.integers(1, 10_000), st.sampled_from(Currency), st.sampled_from(AccountKind))
    def test_have_ids_of_their_own(self, programme, currency, kind):
        account = house_account(programme, currency, kind)

        assert account < 0
        assert house_kind(account) is kind
        assert house_account(programme + 1, currency, kind) != account

    def test_are_told_from_members(self):
        assert house_kind(1) is None


class TestRequestHash:
    def test_does_not_depend_on_the_clock(self):
        spend = a_spend()

        later = Spend(id=spend.id, member_id=1, amount=60, occurred_at=NOON + days(1))

        assert request_hash(spend) == request_hash(later)

    @pytest.mark.parametrize("other", [{"amount": 61}, {"member_id": 2}, {"reason_code": 3}])
    def test_depends_on_what_is_asked(self, other):
        spend = a_spend()

        assert request_hash(spend) != request_hash(a_spend(**({"id": spend.id} | other)))

    def test_tells_kinds_apart(self):
        assert request_hash(a_spend(100)) != request_hash(an_earn(100))


FACTS = {
    "currency": "points",
    "amount": 100,
    "lots": [{"amount": 60, "earned_on": "2025-02-28", "expires_on": "2026-12-31"}],
    "as_of": "2026-03-01T00:00:00+08:00",
    "replaces": True,
}


def declared(**more) -> Declaration | None:
    facts = FACTS | more
    return read_declaration(facts, event_id=5, member_id=1, batch_id=9, tz=SHANGHAI)


class TestReadDeclaration:
    def test_reads_the_last_day_of_use_in_the_shops_zone(self):
        lot, rest = declared().lots

        assert lot.expires_at == datetime(2026, 12, 31, 16, tzinfo=UTC)
        assert lot.earned_at == datetime(2025, 2, 27, 16, tzinfo=UTC)
        assert (rest.amount, rest.expires_at) == (40, None)

    def test_leaves_growth_to_others(self):
        assert declared(currency="growth") is None

    def test_reads_nothing_as_no_lots(self):
        assert declared(amount=0, lots=[]).lots == ()


class TestPlanDeclaration:
    ends = NOON + days(10)

    def declaration(self, *amounts: int, replaces: bool = True) -> Declaration:
        lots = tuple(DeclaredLot(amount, NOON, self.ends) for amount in amounts)
        return Declaration(1, 1, Currency.POINTS, lots, NOON, replaces=replaces)

    def standing(self, *amounts: int) -> list[StandingLot]:
        return [StandingLot(uuid4(), (amount, self.ends)) for amount in amounts]

    def test_the_same_again_changes_nothing(self):
        difference = plan_declaration(self.declaration(60, 40), self.standing(40, 60))

        assert (difference.opened, difference.taken_back) == ((), ())

    def test_a_correction_moves_the_difference(self):
        there = self.standing(60, 40)

        difference = plan_declaration(self.declaration(60, 45), there)

        assert [lot.amount for _, lot in difference.opened] == [45]
        assert difference.taken_back == (there[1],)

    def test_takes_nothing_back_where_it_does_not_replace(self):
        difference = plan_declaration(self.declaration(45, replaces=False), self.standing(60))

        assert difference.taken_back == ()


def test_every_fact_names_what_may_leave_the_house():
    for kind in EVENT_TYPES:
        assert set(kind.public) <= set(kind.schema["properties"])


def test_an_earn_needs_its_dates_said():
    with pytest.raises(TypeError):
        Earn(id=uuid4(), member_id=1, occurred_at=NOON, amount=1)
