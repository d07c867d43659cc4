"""The ledger's writer against PostgreSQL, one transaction at a time."""

from datetime import timedelta
from uuid import uuid4

import pytest

from regulars.events import selectors as log
from regulars.kit.ids import uuid_from
from regulars.ledger import selectors
from regulars.ledger import services as ledger
from regulars.ledger.domain import (
    AccountClosed,
    AccountFrozen,
    Currency,
    HoldExpired,
    HoldMissing,
    HoldResolved,
    HoldState,
    HoldTooSmall,
    InsufficientPoints,
    MergeRefused,
    PostedAs,
    ReversalTooLarge,
    TransferConflict,
    TransferKind,
    TransferMissing,
    TransferNotReversible,
)
from regulars.ledger.domain.postings import Gift
from regulars.web import sql
from tests.ledger.making import (
    NOON,
    a_clawback,
    a_restore,
    a_spend,
    an_earn,
    days,
    given,
    post,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _adds_up():
    """Prove the whole ledger after every test."""
    yield
    verdict = ledger.verify()
    assert verdict.is_clean, [finding for finding in verdict.findings if finding.bad]


def balance(member_id: int = 1, at=NOON):
    return selectors.get_balance(member_id=member_id, at=at)


class TestPost:
    @pytest.mark.capability("B1")
    def test_earns_and_spends(self):
        given(an_earn(100), a_spend(60))

        assert balance().available == 40

    @pytest.mark.reliability("RA13")
    @pytest.mark.parametrize("later", [timedelta(seconds=1), timedelta(hours=25), days(31)])
    def test_answers_a_retry_as_before_however_late(self, later):
        batch = [an_earn(100), a_spend(60)]
        given(*batch)

        answers = post(*batch, at=NOON + later)

        assert [answer.outcome for answer in answers] == [PostedAs.EXISTS] * 2
        assert balance().available == 40

    @pytest.mark.reliability("RA12")
    def test_refuses_an_old_id_with_new_content(self):
        earn = an_earn(100)
        given(earn)

        [answer] = post(an_earn(101, id=earn.id))

        assert isinstance(answer.refusal, TransferConflict)
        assert balance().available == 100

    @pytest.mark.reliability("RA16")
    def test_takes_what_is_good_from_a_mixed_batch(self):
        old = an_earn(10, member_id=7)
        given(old)
        fresh = [an_earn(10, member_id=number % 50 + 1) for number in range(1990)]
        batch = [
            *fresh, fresh[0], old, a_spend(10**9, member_id=3), an_earn(-5),
            a_spend(5, member_id=999), an_earn(11, id=old.id, member_id=7),
        ]  # fmt: skip

        answers = post(*batch)
        again = post(*batch)

        assert [a.outcome for a in answers[:1990]] == [PostedAs.POSTED] * 1990
        assert [a.outcome for a in answers[1990:]] == [
            "exists", "exists", "refused", "refused", "refused", "refused",
        ]  # fmt: skip
        assert {a.outcome for a in again[:1992]} == {PostedAs.EXISTS}
        assert sum(balance(n).available for n in range(1, 51)) == 19_910

    def test_reads_beyond_the_first_lots_when_they_fall_short(self):
        given(*[an_earn(10, ends=n) for n in range(1, 21)])

        [answer] = post(a_spend(195))

        assert answer.taken == 195
        assert balance().available == 5

    def test_keeps_currencies_apart(self):
        given(
            an_earn(100),
            an_earn(7, currency=Currency.GROWTH),
            an_earn(9, currency=Currency.STORED_VALUE),
        )

        found = balance()

        assert (found.available, found.growth, found.stored_value) == (100, 7, 9)

    def test_keeps_programmes_apart(self):
        given(an_earn(100))

        answers = ledger.post([a_spend(50)], at=NOON, programme_id=2)

        assert isinstance(answers[0].refusal, InsufficientPoints)

    def test_says_what_is_pending_and_when_it_may_be_used(self):
        given(an_earn(100, usable_from=NOON + days(7)), an_earn(30, usable_from=None))

        assert (balance().available, balance().pending) == (0, 130)
        assert balance(at=NOON + days(7)).available == 100


class TestReleaseLots:
    def test_sets_waiting_lots_free_from_a_date(self):
        earn = an_earn(100, usable_from=None)
        given(earn)

        changed = ledger.release_lots([(earn.id, NOON + days(2))], at=NOON)

        assert changed == 1
        assert balance(at=NOON + days(2)).available == 100

    def test_leaves_what_is_usable_already(self):
        earn = an_earn(100)
        given(earn)

        assert ledger.release_lots([(earn.id, NOON + days(2))], at=NOON) == 0

    def test_reaches_lots_that_a_merge_has_carried(self):
        earn = an_earn(100, usable_from=None)
        given(earn)
        ledger.merge_members(winner_id=2, loser_id=1, merge_id=1, at=NOON)

        ledger.release_lots([(earn.id, NOON)], at=NOON)

        assert balance(2).available == 100


class TestReverse:
    @pytest.mark.reliability("RA17")
    def test_owes_what_was_spent_and_repays_it_from_the_next_earn(self):
        earn = an_earn(500)
        given(earn, a_spend(400))

        [back] = post(a_clawback(earn.id))
        between = balance()
        [next_earn] = post(an_earn(1000))

        assert (back.taken, back.owed) == (100, 400)
        assert (between.available, between.owed) == (0, 400)
        assert next_earn.repaid == 400
        assert (balance().available, balance().owed) == (600, 0)

    @pytest.mark.reliability("RA19")
    def test_restores_to_the_lots_that_paid_and_renews_those_that_expired(self):
        soon, late, spend = an_earn(40, ends=5), an_earn(100, ends=90), a_spend(60)
        given(soon, late, spend)
        later = NOON + days(10)

        post(a_restore(spend.id), at=later)

        lots = selectors.list_lots(member_id=1, at=later)
        assert [(lot.remaining, lot.expires_at) for lot in lots] == [
            (40, later + days(30)),
            (100, NOON + days(90)),
        ]

    @pytest.mark.reliability("RA18")
    def test_gives_the_same_in_parts_as_in_whole(self):
        earn = an_earn(199)
        given(earn)

        parts = [post(a_clawback(earn.id, part))[0].taken for part in (66, 66, 67)]
        [more] = post(a_clawback(earn.id, 1))

        assert parts == [66, 66, 67]
        assert isinstance(more.refusal, ReversalTooLarge)
        assert balance().available == 0

    def test_takes_nothing_for_points_that_expired_by_themselves(self):
        earn = an_earn(100, ends=5)
        given(earn, an_earn(70))
        ledger.expire_points(at=NOON + days(6))

        [back] = post(a_clawback(earn.id), at=NOON + days(7))

        assert (back.taken, back.lapsed, back.owed) == (0, 100, 0)
        assert balance(at=NOON + days(7)).available == 70

    def test_finds_the_kind_of_reversal_by_itself(self):
        earn, spend = an_earn(100), a_spend(60)
        given(earn, spend)

        ledger.reverse_transfer(transfer_id=spend.id, reversal_id=uuid4(), at=NOON)
        ledger.reverse_transfer(transfer_id=earn.id, reversal_id=uuid4(), amount=30, at=NOON)

        assert balance().available == 70

    def test_does_not_reverse_a_gift_or_the_unknown(self):
        gift = Gift(id=uuid4(), member_id=1, recipient_id=2, amount=10, occurred_at=NOON)
        given(an_earn(100), gift)

        with pytest.raises(TransferNotReversible):
            ledger.reverse_transfer(transfer_id=gift.id, reversal_id=uuid4(), at=NOON)
        with pytest.raises(TransferMissing):
            ledger.reverse_transfer(transfer_id=uuid4(), reversal_id=uuid4(), at=NOON)

    def test_does_not_reverse_what_is_somebody_elses(self):
        earn = an_earn(100)
        given(earn, an_earn(100, member_id=2))

        [answer] = post(a_clawback(earn.id, member_id=2))

        assert isinstance(answer.refusal, TransferMissing)

    def test_never_takes_growth_below_nothing(self):
        earn = an_earn(100, currency=Currency.GROWTH)
        given(earn)

        [back] = post(a_clawback(earn.id, 40, currency=Currency.GROWTH))

        assert back.taken == 40
        assert balance().growth == 60


def hold(amount: int = 60, *, lasts: float = 1):
    hold_id = uuid4()
    ledger.hold_points(
        hold_id=hold_id, member_id=1, amount=amount, expires_at=NOON + days(lasts), at=NOON
    )
    return hold_id


class TestHolds:
    def test_keep_points_from_being_spent(self):
        given(an_earn(100))
        hold(60)

        [answer] = post(a_spend(41))

        assert answer.refusal.facts == {"asked": 41, "available": 40}
        assert (balance().available, balance().held) == (40, 60)

    def test_are_committed_in_part_once(self):
        given(an_earn(100))
        hold_id = hold(60)

        ledger.commit_hold(hold_id=hold_id, amount=25, at=NOON)

        assert (balance().available, balance().held) == (75, 0)
        with pytest.raises(HoldResolved):
            ledger.commit_hold(hold_id=hold_id, amount=5, transfer_id=uuid4(), at=NOON)

    def test_answer_a_repeated_commit_as_before(self):
        given(an_earn(100))
        hold_id = hold(60)
        ledger.commit_hold(hold_id=hold_id, at=NOON)

        again = ledger.commit_hold(hold_id=hold_id, at=NOON)

        assert (again.outcome, again.taken) == (PostedAs.EXISTS, 60)

    def test_are_let_go_and_stay_let_go(self):
        given(an_earn(100))
        hold_id = hold(60)

        ledger.void_hold(hold_id=hold_id, at=NOON)
        ledger.void_hold(hold_id=hold_id, at=NOON)

        assert balance().available == 100
        with pytest.raises(HoldResolved):
            ledger.commit_hold(hold_id=hold_id, at=NOON)

    @pytest.mark.reliability("RA23")
    def test_that_ran_out_count_as_let_go_before_anyone_sweeps(self):
        given(an_earn(100))
        hold_id, later = hold(60), NOON + days(2)

        assert balance(at=later).available == 100
        with pytest.raises(HoldExpired):
            ledger.commit_hold(hold_id=hold_id, at=later)
        [answer] = post(a_spend(100), at=later)
        assert answer.taken == 100

    def test_are_swept(self):
        given(an_earn(100))
        hold_id = hold(60)

        assert ledger.expire_holds(at=NOON + days(2)) == 1
        assert ledger.expire_holds(at=NOON + days(2)) == 0
        assert selectors.get_hold(hold_id=hold_id, at=NOON).state is HoldState.EXPIRED

    def test_keep_a_lot_beyond_its_expiry(self):
        given(an_earn(100, ends=1))
        hold_id = hold(60, lasts=3)
        later = NOON + days(2)

        expired = ledger.expire_points(at=later)
        ledger.commit_hold(hold_id=hold_id, at=later)

        assert expired == 40
        assert ledger.expire_points(at=NOON + days(9)) == 0

    def test_do_not_hold_up_the_sweeper(self):
        given(an_earn(100, ends=1))
        hold(100, lasts=3)
        given(an_earn(50, member_id=2, ends=1))

        assert ledger.expire_points(at=NOON + days(2), limit=1) == 50
        assert ledger.expire_points(at=NOON + days(2), limit=1) == 0
        assert ledger.expire_points(at=NOON + days(4), limit=1) == 100

    def test_cannot_be_committed_beyond_themselves_or_by_a_wrong_name(self):
        given(an_earn(100))
        hold_id = hold(60)

        with pytest.raises(HoldTooSmall):
            ledger.commit_hold(hold_id=hold_id, amount=61, at=NOON)
        with pytest.raises(HoldMissing):
            ledger.commit_hold(hold_id=uuid4(), at=NOON)

    def test_are_named_for_ever(self):
        given(an_earn(100))
        hold_id = hold(60)
        shared = {"hold_id": hold_id, "member_id": 1, "expires_at": NOON + days(1), "at": NOON}

        again = ledger.hold_points(amount=60, **shared)

        assert again.outcome is PostedAs.EXISTS
        with pytest.raises(TransferConflict):
            ledger.hold_points(amount=61, **shared)

    def test_are_listed_while_they_live(self):
        given(an_earn(100))
        hold_id = hold(60)

        assert [h.id for h in selectors.list_holds(member_id=1, at=NOON)] == [hold_id]
        assert selectors.list_holds(member_id=1, at=NOON + days(2)) == []


class TestExpirePoints:
    def test_expires_what_is_over_and_tells_the_log(self):
        given(an_earn(100, ends=5), an_earn(30, ends=5), an_earn(7, ends=50))

        assert ledger.expire_points(at=NOON + days(5)) == 130
        assert ledger.expire_points(at=NOON + days(5)) == 0

        [event] = log.list_timeline(member_ids=[1], types=["points.expired"], limit=5)
        assert event.facts == {"amount": 130, "currency": "points"}
        assert balance(at=NOON + days(5)).available == 7

    @pytest.mark.reliability("RA21")
    def test_no_spend_reaches_an_expired_lot_however_late_the_sweeper_is(self):
        given(an_earn(100, ends=5))

        [answer] = post(a_spend(1), at=NOON + days(5) + timedelta(hours=2))

        assert isinstance(answer.refusal, InsufficientPoints)


class TestMergeMembers:
    @pytest.mark.reliability("RA27")
    def test_moves_lots_with_their_dates_holds_debts_and_growth(self):
        earn = an_earn(50)
        given(earn, a_spend(50), a_clawback(earn.id))  # owes 50
        given(an_earn(20, currency=Currency.GROWTH), an_earn(100, member_id=2, ends=9))

        ledger.merge_members(winner_id=2, loser_id=1, merge_id=5, at=NOON)

        found = balance(2)
        assert (found.available, found.owed, found.growth) == (50, 50, 20)
        assert balance(1).available == balance(1).owed == 0

    def test_carries_an_open_hold(self):
        given(an_earn(100))
        hold_id = hold(60)
        ledger.merge_members(winner_id=2, loser_id=1, merge_id=5, at=NOON)

        ledger.commit_hold(hold_id=hold_id, amount=50, at=NOON)

        assert (balance(2).available, balance(2).held) == (50, 0)

    @pytest.mark.reliability("RA28")
    def test_leads_late_facts_down_the_whole_chain(self):
        given(an_earn(10), an_earn(20, member_id=2), an_earn(40, member_id=3))
        ledger.merge_members(winner_id=2, loser_id=1, merge_id=5, at=NOON)
        ledger.merge_members(winner_id=3, loser_id=2, merge_id=6, at=NOON)

        given(an_earn(100, member_id=1), a_spend(5, member_id=2))

        assert balance(3).available == 165

    def test_recognises_what_the_loser_said_before(self):
        earn = an_earn(10)
        given(earn)
        ledger.merge_members(winner_id=2, loser_id=1, merge_id=5, at=NOON)

        by_old_name, by_new = post(earn, an_earn(10, id=earn.id, member_id=2))

        assert by_old_name.outcome is by_new.outcome is PostedAs.EXISTS

    def test_reverses_what_the_loser_had_done(self):
        earn, spend = an_earn(100), a_spend(60)
        given(earn, spend)
        ledger.merge_members(winner_id=2, loser_id=1, merge_id=5, at=NOON)

        [restored] = post(a_restore(spend.id))
        [taken] = post(a_clawback(earn.id, 90, member_id=2))

        assert (restored.taken, taken.taken) == (60, 90)
        assert balance(2).available == 10

    def test_refuses_twice_closed_and_frozen(self):
        given(an_earn(10), an_earn(10, member_id=2), an_earn(10, member_id=3))
        ledger.freeze_members(member_ids=[3], at=NOON)
        ledger.merge_members(winner_id=2, loser_id=1, merge_id=5, at=NOON)

        for winner, loser in ((2, 1), (1, 2), (2, 3), (2, 2)):
            with pytest.raises(MergeRefused):
                ledger.merge_members(winner_id=winner, loser_id=loser, merge_id=6, at=NOON)


class TestUnmergeMembers:
    @pytest.mark.reliability("RA27")
    def test_gives_back_what_is_left_of_the_losers_own(self):
        given(an_earn(100, ends=5), an_earn(40, member_id=2, ends=90))
        given(an_earn(20, currency=Currency.GROWTH))
        ledger.merge_members(winner_id=2, loser_id=1, merge_id=5, at=NOON)
        given(a_spend(30, member_id=2))

        ledger.unmerge_members(winner_id=2, loser_id=1, merge_id=5, at=NOON)

        assert (balance(1).available, balance(1).growth) == (70, 20)
        assert (balance(2).available, balance(2).growth) == (40, 0)
        [lot] = selectors.list_lots(member_id=1, at=NOON)
        assert (lot.expires_at, lot.origin_member_id) == (NOON + days(5), None)

    def test_can_be_merged_and_parted_again(self):
        given(an_earn(100))
        for merge_id in (5, 6):
            ledger.merge_members(winner_id=2, loser_id=1, merge_id=merge_id, at=NOON)
            ledger.unmerge_members(winner_id=2, loser_id=1, merge_id=merge_id, at=NOON)

        assert balance(1).available == 100

    def test_refuses_what_was_not_joined(self):
        with pytest.raises(MergeRefused):
            ledger.unmerge_members(winner_id=2, loser_id=1, merge_id=5, at=NOON)


class TestCloseMembers:
    @pytest.mark.reliability("RG3")
    def test_ends_the_balance_by_an_entry_and_keeps_the_transfers(self):
        given(an_earn(100), an_earn(20, currency=Currency.GROWTH))
        hold(60)

        assert ledger.close_members(member_ids=[1], at=NOON) == 100

        page = selectors.list_entries(member_id=1)
        assert [(entry.kind, entry.amount) for entry in page.entries] == [
            (TransferKind.CLOSE, -100),
            (TransferKind.EARN, 100),
        ]

    def test_lets_nothing_in_afterwards_even_for_who_never_earned(self):
        ledger.close_members(member_ids=[1], at=NOON)

        earned, spent = post(an_earn(10), a_spend(1))

        assert isinstance(earned.refusal, AccountClosed)
        assert isinstance(spent.refusal, AccountClosed)


class TestFreezeMembers:
    def test_blocks_what_the_member_wants_and_nothing_else(self):
        earn = an_earn(100)
        given(earn)
        ledger.freeze_members(member_ids=[1], at=NOON)

        spent, earned, back = post(a_spend(1), an_earn(5), a_clawback(earn.id, 10))

        assert isinstance(spent.refusal, AccountFrozen)
        assert earned.is_done
        assert back.is_done
        assert balance().is_frozen

    def test_ends(self):
        given(an_earn(100))
        ledger.freeze_members(member_ids=[1], at=NOON)

        ledger.release_members(member_ids=[1])

        assert post(a_spend(1))[0].is_done


class TestStatement:
    def test_tells_balances_after_each_entry_page_by_page(self):
        earn, spend = an_earn(100), a_spend(60)
        given(earn, spend, a_restore(spend.id, 10), a_clawback(earn.id, 20))

        first = selectors.list_entries(member_id=1, limit=3)
        second = selectors.list_entries(member_id=1, limit=3, before=first.next_before)

        assert [(e.amount, e.balance_after) for e in first.entries] == [
            (-20, 30),
            (10, 50),
            (-60, 40),
        ]
        assert [(e.amount, e.balance_after) for e in second.entries] == [(100, 100)]
        assert second.next_before is None
        assert second.entries[0].expires_at == earn.expires_at

    def test_is_empty_for_a_stranger(self):
        assert selectors.list_entries(member_id=99).entries == ()


class TestCommands:
    def test_tell_the_log(self):
        ledger.earn_points(transfer_id=uuid4(), member_id=1, amount=100, at=NOON, reason_code=4)
        ledger.spend_points(transfer_id=uuid4(), member_id=1, amount=60, at=NOON)
        ledger.adjust_points(transfer_id=uuid4(), member_id=1, amount=-5, reason_code=2, at=NOON)
        ledger.give_points(transfer_id=uuid4(), member_id=1, recipient_id=2, amount=5, at=NOON)

        found = log.list_timeline(member_ids=[1], limit=9)

        assert sorted((e.type, e.facts["amount"]) for e in found) == [
            ("points.adjusted", -5),
            ("points.earned", 100),
            ("points.given", 5),
            ("points.spent", 60),
        ]

    def test_tell_it_once(self):
        key = uuid4()
        for _ in range(2):
            ledger.earn_points(transfer_id=key, member_id=1, amount=100, at=NOON)

        assert len(log.list_timeline(member_ids=[1], limit=9)) == 1

    def test_refuse_by_raising(self):
        with pytest.raises(InsufficientPoints):
            ledger.spend_points(transfer_id=uuid4(), member_id=1, amount=1, at=NOON)


class TestSequence:
    def test_lots_bear_the_number_of_their_transfer(self):
        earn = an_earn(100)
        given(earn)

        [lot] = selectors.list_lots(member_id=1, at=NOON)

        assert lot.id == selectors.get_transfer(transfer_id=earn.id).seq

    def test_derived_ids_are_the_same_for_the_same_cause(self):
        assert uuid_from("a", 1) == uuid_from("a", 1)

    @pytest.mark.reliability("RA8")
    @pytest.mark.parametrize("table", ["ledger_transfer", "ledger_lot_use"])
    @pytest.mark.parametrize("what", ["UPDATE {} SET amount = 1", "DELETE FROM {}", "TRUNCATE {}"])
    def test_the_database_refuses_to_change_the_past(self, table, what):
        from django.db import DatabaseError, transaction

        with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
            sql.run(what.format(table))


class TestProgrammes:
    def test_expire_and_close_each_in_its_own_house(self):
        earn = an_earn(100, ends=5)
        given(an_earn(40, ends=5))
        ledger.post([earn, an_earn(7, currency=Currency.GROWTH)], at=NOON, programme_id=2)

        expired = ledger.expire_points(at=NOON + days(6))
        ledger.close_members(member_ids=[1], at=NOON + days(6))

        assert expired == 140
        assert selectors.get_balance(member_id=1, at=NOON, programme_id=2).growth == 0

    def test_move_with_a_merged_member(self):
        ledger.post([an_earn(100)], at=NOON, programme_id=2)

        ledger.merge_members(winner_id=2, loser_id=1, merge_id=5, at=NOON)

        assert selectors.get_balance(member_id=2, at=NOON, programme_id=2).available == 100
