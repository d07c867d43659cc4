"""Random histories: the ledger and the model of plain dictionaries must agree after every step."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from regulars.ledger import selectors
from regulars.ledger import services as ledger
from regulars.ledger.domain import (
    Adjust,
    Clawback,
    Commit,
    Currency,
    Earn,
    Gift,
    Hold,
    OwedPolicy,
    PostedAs,
    Restore,
    Spend,
    Void,
)
from tests.ledger.model import Model, Refused
from tests.sizes import size

pytestmark = [pytest.mark.reliability(f"RA{number}") for number in range(1, 8)]

# Later than any clock of this machine: the services take the later of `at` and the real time.
START = datetime(2090, 1, 1, tzinfo=UTC)
MEMBERS = st.sampled_from([1, 2, 3, 4])
AMOUNTS = st.integers(1, 120)


class LedgerMachine(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.outer = transaction.atomic()
        self.outer.__enter__()
        self.at = START
        self.model = Model()
        self.count = 0
        self.said = []
        self.grants = []
        self.spends = []
        self.holds = []

    def teardown(self):
        try:
            if self.count:
                verdict = ledger.verify()
                assert verdict.is_clean, [f for f in verdict.findings if f.bad]
        finally:
            transaction.set_rollback(True)
            self.outer.__exit__(None, None, None)

    def new_id(self):
        self.count += 1
        return UUID(int=(8 << 76) | (2 << 62) | self.count)

    def post(self, posting, modelled):
        """Say it to both; they must agree on yes or no, and on which no."""
        [answer] = ledger.post([posting], at=self.at)
        assert code_of(answer) == self.refusal_of(modelled)
        if answer.refusal is not None:
            return False
        assert answer.outcome is PostedAs.POSTED
        self.said.append(posting)
        return True

    @staticmethod
    def refusal_of(modelled):
        try:
            modelled()
        except Refused as no:
            return f"ledger.{no}"
        return None

    @rule(
        member=MEMBERS,
        amount=AMOUNTS,
        begins=st.sampled_from([0, 0, 0, 3, None]),
        ends=st.sampled_from([None, 5, 20, 20, 40, -1]),
    )
    def earn(self, member, amount, begins, ends):
        new = self.new_id()
        usable = None if begins is None else self.at + timedelta(days=begins)
        expires = None if ends is None else self.at + timedelta(days=ends)
        earn = Earn(
            id=new, member_id=member, amount=amount, occurred_at=self.at, usable_from=usable,
            expires_at=expires,
        )  # fmt: skip
        if self.post(earn, lambda: self.model.earn(new, member, amount, usable, expires, self.at)):
            self.grants.append(new)

    @rule(member=MEMBERS, amount=AMOUNTS)
    def grow(self, member, amount):
        new = self.new_id()
        earn = Earn(
            id=new, member_id=member, amount=amount, currency=Currency.GROWTH,
            occurred_at=self.at, usable_from=self.at, expires_at=None,
        )  # fmt: skip
        self.post(earn, lambda: self.model.earn_growth(new, member, amount))

    @rule(member=MEMBERS, amount=AMOUNTS)
    def spend(self, member, amount):
        new = self.new_id()
        spend = Spend(id=new, member_id=member, amount=amount, occurred_at=self.at)
        if self.post(spend, lambda: self.model.spend(new, member, amount, self.at)):
            self.spends.append(new)

    @rule(member=MEMBERS, amount=st.integers(-80, 80).filter(bool))
    def adjust(self, member, amount):
        new = self.new_id()
        adjust = Adjust(id=new, member_id=member, amount=amount, occurred_at=self.at, reason_code=7)
        if amount > 0:
            done = lambda: self.model.earn(new, member, amount, self.at, None, self.at)  # noqa: E731
            if self.post(adjust, done):
                self.grants.append(new)
        elif self.post(adjust, lambda: self.model.spend(new, member, -amount, self.at)):
            self.spends.append(new)

    @rule(member=MEMBERS, recipient=MEMBERS, amount=AMOUNTS)
    def give(self, member, recipient, amount):
        gift = Gift(
            id=self.new_id(), member_id=member, recipient_id=recipient, amount=amount,
            occurred_at=self.at,
        )  # fmt: skip
        self.post(gift, lambda: self.model.give(member, recipient, amount, self.at))

    @rule(member=MEMBERS, amount=AMOUNTS, days=st.sampled_from([1, 6, 25]))
    def hold(self, member, amount, days):
        new, ends = self.new_id(), self.at + timedelta(days=days)
        hold = Hold(id=new, member_id=member, amount=amount, expires_at=ends, occurred_at=self.at)
        if self.post(hold, lambda: self.model.hold(new, member, amount, ends, self.at)):
            self.holds.append(new)

    @precondition(lambda self: self.holds)
    @rule(data=st.data(), amount=AMOUNTS)
    def commit(self, data, amount):
        hold = data.draw(st.sampled_from(self.holds))
        member = selectors.get_hold(hold_id=hold, at=self.at).member_id
        new = self.new_id()
        commit = Commit(id=new, member_id=member, hold_id=hold, amount=amount, occurred_at=self.at)
        if self.post(commit, lambda: self.model.commit(hold, new, amount, self.at)):
            self.spends.append(new)

    @precondition(lambda self: self.holds)
    @rule(data=st.data())
    def void(self, data):
        hold = data.draw(st.sampled_from(self.holds))
        member = selectors.get_hold(hold_id=hold, at=self.at).member_id
        void = Void(id=self.new_id(), member_id=member, hold_id=hold, occurred_at=self.at)
        [answer] = ledger.post([void], at=self.at)
        assert code_of(answer) == self.refusal_of(lambda: self.model.void(hold, self.at))

    @precondition(lambda self: self.grants)
    @rule(
        data=st.data(),
        amount=st.none() | AMOUNTS,
        policy=st.sampled_from(
            [OwedPolicy.OWE, OwedPolicy.OWE, OwedPolicy.FORGIVE, OwedPolicy.BLOCK]
        ),
    )
    def clawback(self, data, amount, policy):
        grant = data.draw(st.sampled_from(self.grants))
        back = Clawback(
            id=self.new_id(), member_id=self.model.grants[grant]["member"], reverses=grant,
            amount=amount, policy=policy, occurred_at=self.at,
        )  # fmt: skip
        self.post(back, lambda: self.model.clawback(grant, amount, policy.value, self.at))

    @precondition(lambda self: self.spends)
    @rule(data=st.data(), amount=st.none() | AMOUNTS, grace=st.sampled_from([0, 30]))
    def restore(self, data, amount, grace):
        spend = data.draw(st.sampled_from(self.spends))
        back = Restore(
            id=self.new_id(), member_id=self.model.spends[spend]["member"], reverses=spend,
            amount=amount, grace_days=grace, occurred_at=self.at,
        )  # fmt: skip
        self.post(back, lambda: self.model.restore(spend, amount, grace, self.at))

    @precondition(lambda self: self.said)
    @rule(data=st.data())
    def say_again(self, data):
        posting = data.draw(st.sampled_from(self.said))

        [answer] = ledger.post([posting], at=self.at)

        assert answer.outcome is PostedAs.EXISTS

    @precondition(lambda self: self.grants)
    @rule(data=st.data())
    def release(self, data):
        grant = data.draw(st.sampled_from(self.grants))
        ledger.release_lots([(grant, self.at)], at=self.at)
        self.model.release(grant, self.at, self.at)

    @rule(days=st.sampled_from([1, 4, 11]))
    def time_passes(self, days):
        self.at += timedelta(days=days)

    @rule()
    def sweep(self):
        while ledger.expire_points(at=self.at):
            pass
        self.model.expire(self.at)

    @rule()
    def sweep_holds(self):
        ledger.expire_holds(at=self.at)
        self.model.expire_holds(self.at)

    @rule(winner=MEMBERS, loser=MEMBERS)
    def merge(self, winner, loser):
        winner, loser = self.model.home(winner), self.model.home(loser)
        if winner == loser:
            return
        merge_id = self.new_id().int & 0xFFFF
        ledger.merge_members(winner_id=winner, loser_id=loser, merge_id=merge_id, at=self.at)
        self.model.merge(merge_id, winner, loser, self.at)

    @precondition(lambda self: self.model.merges)
    @rule(data=st.data())
    def unmerge(self, data):
        merge = data.draw(st.sampled_from(self.model.merges))
        before = dict(self.model.growth)
        ledger.unmerge_members(
            winner_id=merge["winner"], loser_id=merge["loser"], merge_id=merge["id"], at=self.at
        )
        holder = self.model.home(merge["winner"])
        self.model.unmerge(merge, self.at)
        back = min(merge["growth"], before.get(holder, 0))
        self.model.growth[holder] = before.get(holder, 0) - back
        self.model.growth[merge["loser"]] = back

    @invariant()
    def balances_agree(self):
        if not self.count:
            return
        found = ledger_balances(self.at)
        for member in (1, 2, 3, 4):
            assert found[member] == self.model.balance(member, self.at), member


def code_of(answer):
    return None if answer.refusal is None else answer.refusal.code


def ledger_balances(at):
    names = ("available", "pending", "held", "owed", "growth")
    found = selectors.balances(member_ids=[1, 2, 3, 4], at=at)
    return {m: {name: getattr(b, name) for name in names} for m, b in found.items()}


@pytest.mark.django_db
def test_the_ledger_agrees_with_the_model_whatever_happens():
    run_state_machine_as_test(
        LedgerMachine,
        settings=settings(
            max_examples=size(100, 2000),
            stateful_step_count=size(30, 50),
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.explicit, Phase.generate, Phase.target, Phase.shrink],
            print_blob=True,
        ),
    )
