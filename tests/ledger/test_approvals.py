"""Large corrections of points by two people: proposed by one, decided by another, done once."""

import threading
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client

from regulars.access import selectors as access
from regulars.access import services
from regulars.access.domain import (
    AboveLimit,
    Actor,
    Approval,
    ApprovalChanged,
    ApprovalDecided,
    ApprovalNotFound,
    ApprovalState,
    CheckerLimit,
    CheckerNotPerson,
    FourEyes,
    NobodyCanApprove,
    NotYourApproval,
    OwnApproval,
    StoreRow,
)
from regulars.ledger import selectors
from regulars.ledger import services as ledger
from regulars.ledger.domain import Posted
from regulars.members import selectors as members
from regulars.members import services as members_services
from regulars.members.domain import Identity, IdentityKind, Sighting
from regulars.web import clock, notices, sql
from regulars.web.permissions import PermissionMissing

HOUSE = Actor.system()
LARGE = 20_000

pytestmark = [pytest.mark.reliability("RH6"), pytest.mark.capability("G1")]


@pytest.fixture
def at(db: None) -> datetime:
    services.forget_keys()
    return clock.now()


def a_member_too() -> int:
    return a_member("13900139000")


def a_member(number: str = "13800138000") -> int:
    at = clock.now()
    phone = Identity(IdentityKind.PHONE, number)
    [found] = members_services.resolve_identities(
        [Sighting(row=0, identities=(phone,), occurred_at=at, joined_at=at, source_id=1)], at=at
    )
    assert found.member_id is not None
    return found.member_id


def somebody(at: datetime, name: str, *, role: str = "operations", scope: str = "all") -> Actor:
    staff = services.create_staff(
        email=f"{name}@example.com", role=role, scope=scope, actor=HOUSE, at=at
    )
    found = services.find_actor(staff_id=staff.id, at=at)
    assert found is not None
    return found


def asked(member_id: int, actor: Actor, at: datetime, amount: int = LARGE, **more: Any) -> Any:
    return ledger.correct_points(
        transfer_id=uuid4(),
        member_id=member_id,
        amount=amount,
        reason_code=7,
        actor=actor,
        at=at,
        **more,
    )


def held(member_id: int) -> int:
    return selectors.get_balance(member_id=member_id, at=clock.now()).available


def audited(approval: Approval) -> list[tuple[str, str, str | None]]:
    found = access.list_audit(about=("approval", str(approval.public_id)))
    return [(each.action, each.result, each.reason_code) for each in reversed(found)]


def yes(approval: Approval, checker: Actor, at: datetime, **more: Any) -> Approval:
    return services.approvals.decide(
        approval_id=approval.public_id, checker=checker, approve=True, at=at, **more
    )


class TestLimits:
    def test_within_the_limit_one_person_does_it(self, at: datetime) -> None:
        member, maker = a_member(), somebody(at, "maker")
        somebody(at, "checker", role="owner")

        done = asked(member, maker, at, amount=10_000)

        assert isinstance(done, Posted)
        assert held(member) == 10_000

    def test_cut_up_it_is_as_large_as_it_was(self, at: datetime) -> None:
        member, maker = a_member(), somebody(at, "maker")
        somebody(at, "checker", role="owner")

        first = asked(member, maker, at, amount=6_000)
        second = asked(member, maker, at, amount=-5_000)
        elsewhere = asked(a_member_too(), maker, at, amount=6_000)
        by_another = asked(member, somebody(at, "other"), at, amount=6_000)

        assert isinstance(first, Posted)
        assert isinstance(second, Approval)
        assert isinstance(elsewhere, Posted)
        assert isinstance(by_another, Posted)

    def test_said_again_it_is_not_counted_twice(self, at: datetime) -> None:
        member, maker, transfer = a_member(), somebody(at, "maker"), uuid4()
        somebody(at, "checker", role="owner")
        said = {"transfer_id": transfer, "member_id": member, "amount": 6_000, "reason_code": 7}

        answers = [ledger.correct_points(**said, actor=maker, at=at) for _ in range(2)]

        assert all(isinstance(answer, Posted) for answer in answers)
        assert held(member) == 6_000

    def test_above_it_nothing_moves_yet(self, at: datetime) -> None:
        member, maker = a_member(), somebody(at, "maker")
        somebody(at, "checker", role="owner")

        proposed = asked(member, maker, at, note="till broke on Sunday")

        assert isinstance(proposed, Approval)
        assert proposed.state is ApprovalState.WAITING
        assert proposed.expires_at == at + timedelta(hours=72)
        assert held(member) == 0
        assert audited(proposed) == [("approval.proposed", "ok", "7")]

    def test_taking_points_counts_like_giving(self, at: datetime) -> None:
        member, maker = a_member(), somebody(at, "maker")
        somebody(at, "checker", role="owner")

        assert isinstance(asked(member, maker, at, amount=-LARGE), Approval)

    def test_with_nobody_to_ask_it_is_refused(self, at: datetime) -> None:
        member, maker = a_member(), somebody(at, "maker")

        with pytest.raises(NobodyCanApprove):
            asked(member, maker, at)

    def test_a_lone_owner_is_not_locked_out(self, at: datetime) -> None:
        member, owner = a_member(), somebody(at, "owner", role="owner")

        assert isinstance(asked(member, owner, at, amount=150_000), Posted)

    def test_where_no_second_person_is_wanted_the_limit_still_holds(self, at: datetime) -> None:
        member, maker = a_member(), somebody(at, "maker")
        modes = {"four_eyes": {"points.adjust": FourEyes.NEVER.value}}
        services.change_policy(changes=modes, actor=HOUSE, at=at)

        with pytest.raises(AboveLimit):
            asked(member, maker, at)

    def test_always_means_also_when_nobody_could_decide_yet(self, at: datetime) -> None:
        member, owner = a_member(), somebody(at, "owner", role="owner")
        modes = {"four_eyes": {"points.adjust": FourEyes.ALWAYS.value}}
        services.change_policy(changes=modes, actor=HOUSE, at=at)

        assert isinstance(asked(member, owner, at, amount=150_000), Approval)


class TestDecide:
    def test_another_person_approves_and_it_is_done(self, at: datetime) -> None:
        member, maker = a_member(), somebody(at, "maker")
        checker = somebody(at, "checker", role="finance")
        proposed = asked(member, maker, at)

        done = yes(proposed, checker, at, note="seen the slip")

        assert done.state is ApprovalState.EXECUTED
        assert held(member) == LARGE
        assert done.outcome == {
            "transfer_id": proposed.payload["transfer_id"],
            "amount": LARGE,
            "owed": 0,
        }
        assert audited(proposed) == [
            ("approval.proposed", "ok", "7"),
            ("approval.approved", "ok", "7"),
            ("approval.executed", "ok", "7"),
        ]
        [entry] = access.list_audit(action="points.adjust")
        assert (entry.actor_id, entry.on_behalf_id) == (checker.id, maker.id)

    def test_rings_the_bells_of_deciders_and_maker(self, at: datetime) -> None:
        member, maker = a_member(), somebody(at, "maker")
        checker, low = somebody(at, "checker", role="owner"), somebody(at, "low")

        yes(asked(member, maker, at), checker, at)

        told = {who.name: notices.count_unseen(who.caller) for who in (maker, checker, low)}
        assert told == {"maker": 1, "checker": 1, "low": 0}

    def test_not_the_maker(self, at: datetime) -> None:
        member, maker = a_member(), somebody(at, "maker", role="owner")
        somebody(at, "checker", role="owner")
        proposed = asked(member, maker, at, amount=150_000)

        with pytest.raises(OwnApproval):
            yes(proposed, maker, at)

        assert held(member) == 0
        assert audited(proposed)[-1] == ("approval.decided", "refused", "access.own_approval")

    def test_not_the_maker_in_a_second_tab(self, at: datetime) -> None:
        member, maker = a_member(), somebody(at, "maker")
        somebody(at, "checker", role="owner")
        proposed = asked(member, maker, at)
        other_tab = services.find_actor(staff_id=maker.id, at=at)
        assert other_tab is not None

        with pytest.raises(OwnApproval):
            yes(proposed, other_tab, at)

    def test_not_whoever_made_the_key_that_proposed(self, at: datetime) -> None:
        member, owner = a_member(), somebody(at, "owner", role="owner")
        key = services.create_key(permissions=["points.adjust"], actor=owner, at=at)
        somebody(at, "checker", role="finance")
        by_key = services.find_actor_of_key(text=key.text, address="203.0.113.9")
        assert by_key is not None
        proposed = asked(member, by_key, at)

        with pytest.raises(OwnApproval):
            yes(proposed, owner, at)

        assert held(member) == 0

    def test_not_a_key_of_the_maker(self, at: datetime) -> None:
        owner = somebody(at, "owner", role="owner")
        key = services.create_key(permissions=["all"], actor=owner, at=at)
        member, by_key = (
            a_member(),
            services.find_actor_of_key(text=key.text, address="203.0.113.9"),
        )
        somebody(at, "checker", role="owner")
        proposed = asked(member, owner, at, amount=150_000)
        assert by_key is not None

        with pytest.raises(CheckerNotPerson):
            yes(proposed, by_key, at)

    def test_not_without_the_permissions(self, at: datetime) -> None:
        member, maker = a_member(), somebody(at, "maker")
        somebody(at, "owner", role="owner")
        clerk = somebody(at, "clerk", role="administrator")
        proposed = asked(member, maker, at)

        with pytest.raises(PermissionMissing):
            yes(proposed, clerk, at)

    def test_not_beyond_the_deciders_reach(self, at: datetime) -> None:
        services.record_stores([StoreRow(0, "S1", "One", region="north")], at=at)
        member, maker = a_member(), somebody(at, "maker")
        somebody(at, "owner", role="owner")
        regional = somebody(at, "north", role="regional_manager", scope="region:north")
        proposed = asked(member, maker, at)

        with pytest.raises(ApprovalNotFound):
            yes(proposed, regional, at)

    def test_not_above_the_deciders_limit(self, at: datetime) -> None:
        member, maker = a_member(), somebody(at, "maker")
        low = somebody(at, "low")
        somebody(at, "owner", role="owner")
        proposed = asked(member, maker, at)

        with pytest.raises(CheckerLimit):
            yes(proposed, low, at)

        assert services.approvals.decide(
            approval_id=proposed.public_id, checker=low, approve=False, at=at
        ).state is ApprovalState.REJECTED  # fmt: skip

    def test_not_after_it_ran_out(self, at: datetime) -> None:
        member, maker = a_member(), somebody(at, "maker")
        checker = somebody(at, "checker", role="owner")
        proposed = asked(member, maker, at)

        with pytest.raises(ApprovalDecided):
            yes(proposed, checker, at + timedelta(hours=72))

        assert services.expire_approvals(at + timedelta(hours=72)) == 1
        assert access.get_approval(public_id=proposed.public_id).state is ApprovalState.EXPIRED
        assert audited(proposed)[-1] == ("approval.expired", "ok", "7")

    def test_not_what_was_changed_in_the_table(self, at: datetime) -> None:
        member, maker = a_member(), somebody(at, "maker")
        checker = somebody(at, "checker", role="owner")
        proposed = asked(member, maker, at)

        with pytest.raises(DatabaseError), transaction.atomic():
            sql.run("UPDATE access_approval SET payload = '{}'")
        with pytest.raises(ApprovalChanged):
            yes(proposed, checker, at, seen_hash=b"something else was shown")

        assert held(member) == 0

    def test_what_is_refused_while_done_fails_and_says_why(self, at: datetime) -> None:
        member, maker = a_member(), somebody(at, "maker")
        checker = somebody(at, "checker", role="owner")
        proposed = asked(member, maker, at, amount=-LARGE)
        before = access.list_audit(action="points.adjust")

        failed = yes(proposed, checker, at)

        assert failed.state is ApprovalState.FAILED
        assert failed.outcome is not None
        assert failed.outcome["refusal"] == "ledger.insufficient_points"
        assert audited(proposed)[-1][:2] == ("approval.executed", "refused")
        assert access.list_audit(action="points.adjust") == before

    def test_a_maker_who_is_gone_proposed_nothing(self, at: datetime) -> None:
        member, maker = a_member(), somebody(at, "maker")
        checker = somebody(at, "checker", role="owner")
        proposed = asked(member, maker, at)
        services.deactivate_staff(staff_id=maker.id, actor=HOUSE, at=at)

        failed = yes(proposed, checker, at)

        assert failed.outcome is not None
        assert failed.outcome["refusal"] == "access.maker_gone"
        assert held(member) == 0

    def test_is_withdrawn_by_its_maker_alone(self, at: datetime) -> None:
        member, maker = a_member(), somebody(at, "maker")
        checker = somebody(at, "checker", role="owner")
        proposed = asked(member, maker, at)

        with pytest.raises(NotYourApproval):
            services.approvals.withdraw(approval_id=proposed.public_id, actor=checker, at=at)
        gone = services.approvals.withdraw(approval_id=proposed.public_id, actor=maker, at=at)

        assert gone.state is ApprovalState.WITHDRAWN
        with pytest.raises(ApprovalDecided):
            yes(proposed, checker, at)

    def test_a_settled_one_never_changes(self, at: datetime) -> None:
        member, maker = a_member(), somebody(at, "maker")
        checker = somebody(at, "checker", role="owner")
        yes(asked(member, maker, at), checker, at)

        with pytest.raises(DatabaseError), transaction.atomic():
            sql.run("UPDATE access_approval SET state = 'waiting', decided_at = NULL")

    def test_a_note_is_readable_with_the_members_key_alone(self, at: datetime) -> None:
        member, maker = a_member(), somebody(at, "maker")
        somebody(at, "checker", role="owner")
        proposed = asked(member, maker, at, note="till broke on Sunday")
        key = members.subject_keys(member_ids=[member])[member]

        [entry] = access.list_audit(about=("approval", str(proposed.public_id)))

        assert services.read_note(entry, note_key=key) == "till broke on Sunday"


class TestParallel:
    def test_two_at_once_execute_it_once(self, committed_db: str) -> None:
        at = clock.now()
        member, maker = a_member(), somebody(at, "maker")
        checkers = [somebody(at, f"checker{n}", role="owner") for n in range(6)]
        proposed = asked(member, maker, at)
        answers: list[str] = []

        def decide(checker: Actor) -> None:
            try:
                answers.append(yes(proposed, checker, at).state.value)
            except ApprovalDecided:
                answers.append("too late")
            finally:
                connection.close()

        threads = [threading.Thread(target=decide, args=(each,)) for each in checkers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert sorted(answers) == ["executed", *["too late"] * 5]
        assert held(member) == LARGE
        assert len(access.list_audit(action="points.adjust")) == 1
        refused = [one for one in audited(proposed) if one[1] == "refused"]
        assert len(refused) == 5

    def test_yes_and_no_at_once_is_one_of_them(self, committed_db: str) -> None:
        at = clock.now()
        member, maker = a_member(), somebody(at, "maker")
        checkers = [somebody(at, f"checker{n}", role="owner") for n in range(2)]
        proposed = asked(member, maker, at)
        answers: list[str] = []

        def decide(checker: Actor, *, approve: bool) -> None:
            try:
                settled = services.approvals.decide(
                    approval_id=proposed.public_id, checker=checker, approve=approve, at=at
                )
                answers.append(settled.state.value)
            except ApprovalDecided:
                answers.append("too late")
            finally:
                connection.close()

        threads = [
            threading.Thread(target=decide, args=(each,), kwargs={"approve": approve})
            for each, approve in zip(checkers, (True, False), strict=True)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        state = access.get_approval(public_id=proposed.public_id).state
        assert sorted(answers) == sorted([state.value, "too late"])
        assert held(member) == (LARGE if state is ApprovalState.EXECUTED else 0)


@pytest.mark.django_db
class TestOverHttp:
    def a_caller(self, at: datetime) -> dict[str, str]:
        permissions = ["points.adjust", "approvals.read", "members.write"]
        made = services.create_key(permissions=permissions, actor=HOUSE, at=at)
        return {"Authorization": f"Bearer {made.text}", "Idempotency-Key": "one"}

    def test_above_a_keys_limit_it_is_proposed_once(self, at: datetime) -> None:
        member, checker = a_member(), somebody(at, "checker", role="owner")
        public = members.public_ids(member_ids=[member])[member]
        path, headers = f"/api/v1/members/{public}/points/adjust", self.a_caller(at)

        answers = [
            Client().post(
                path, {"amount": 5_000, "reason_code": 7}, "application/json", headers=headers
            )
            for _ in range(2)
        ]
        told = answers[0].json()
        waiting = Client().get(f"/api/v1/approvals/{told['approval_id']}", headers=headers).json()
        yes(access.get_approval(public_id=told["approval_id"]), checker, at)
        done = Client().get(f"/api/v1/approvals/{told['approval_id']}", headers=headers).json()

        assert [each.status_code for each in answers] == [202, 202]
        assert answers[1].json() == told
        assert (waiting["state"], done["state"]) == ("waiting", "executed")
        assert done["outcome"]["transfer_id"] == told["transfer_id"]
        assert held(member) == 5_000

    def test_somebody_elses_approval_is_not_there(self, at: datetime) -> None:
        member, maker = a_member(), somebody(at, "maker")
        somebody(at, "checker", role="owner")
        proposed = asked(member, maker, at)

        answer = Client().get(f"/api/v1/approvals/{proposed.public_id}", headers=self.a_caller(at))

        assert answer.status_code == 404
