"""Second factors under attack: codes used once, tries counted, recovery codes hashed."""

import re
import threading
from datetime import datetime, timedelta

import pytest
from django.db import connection

from regulars.access import selectors, services
from regulars.access.domain import Staff
from regulars.access.domain.factors import (
    ChallengeOver,
    ChallengePurpose,
    FactorKind,
    FactorNeeded,
    FactorRefused,
    FactorTaken,
    NextStep,
    OwnAccount,
    Proof,
    step_of,
    totp_code,
)
from regulars.web import clock, sql
from tests.access.browsing import HOUSE, a_staff, with_totp

NETWORK = "203.0.113.0/24"
STEP = timedelta(seconds=30)

pytestmark = pytest.mark.capability("G1")


@pytest.fixture(autouse=True)
def _quick_hasher(settings: object) -> None:
    name = "tests.access.test_services_signing_in.CountingHasher"
    settings.PASSWORD_HASHERS = [name]  # type: ignore[attr-defined]


@pytest.fixture
def at(db: None) -> datetime:
    return clock.now()


def a_question(staff: Staff, at: datetime) -> int:
    return services.begin_challenge(purpose=ChallengePurpose.SECOND_STEP, staff_id=staff.id, at=at)


def answer(staff: Staff, question: int, code: str, at: datetime, network: str = NETWORK) -> Proof:
    return services.prove_by_code(
        staff_id=staff.id,
        challenge_id=question,
        purpose=ChallengePurpose.SECOND_STEP,
        code=code,
        network=network,
        at=at,
    )


class TestTotp:
    def test_counts_once_its_first_code_is_shown(self, at: datetime) -> None:
        staff = a_staff(at)
        question, secret = services.begin_totp(staff_id=staff.id, at=at)
        assert selectors.get_factors(staff_id=staff.id).totp is None

        with pytest.raises(FactorRefused):
            services.confirm_totp(
                staff_id=staff.id, challenge_id=question, code="000000", name="App",
                actor=HOUSE, at=at,
            )  # fmt: skip
        codes = services.confirm_totp(
            staff_id=staff.id,
            challenge_id=question,
            code=totp_code(secret, step_of(at)),
            name="App",
            actor=HOUSE,
            at=at,
        )

        factors = selectors.get_factors(staff_id=staff.id)
        assert factors.totp is not None
        assert (factors.totp.name, factors.recovery_codes_left, len(set(codes))) == ("App", 10, 10)
        with pytest.raises(FactorTaken):
            services.begin_totp(staff_id=staff.id, at=at)

    def test_keeps_no_secret_in_the_clear(self, at: datetime) -> None:
        secret, codes = with_totp(a_staff(at), at)

        kept = sql.rows("SELECT f::text FROM access_factor f UNION ALL SELECT c::text"
                        " FROM access_challenge c UNION ALL SELECT r::text FROM access_recoverycode r")  # fmt: skip
        everything = " ".join(row[0] for row in kept)
        assert secret.hex() not in everything
        assert not [code for code in codes if code.replace("-", "").encode().hex() in everything]

    def test_is_asked_for_after_the_password(self, at: datetime) -> None:
        staff = a_staff(at)
        assert selectors.get_factors(staff_id=staff.id).next_step(at) is NextStep.NOTHING
        secret, _ = with_totp(staff, at)

        factors = selectors.get_factors(staff_id=staff.id)
        proof = answer(staff, a_question(staff, at), totp_code(secret, step_of(at)), at)

        assert factors.next_step(at) is NextStep.SECOND_STEP
        assert proof is Proof.TOTP

    def test_is_due_a_week_after_the_role_was_given(self, at: datetime) -> None:
        owner, clerk = a_staff(at), a_staff(at, "analyst", "ana@example.com")

        def step_on(day: int, staff: Staff) -> NextStep:
            factors = selectors.get_factors(staff_id=staff.id)
            return factors.next_step(at + timedelta(days=day))

        assert [step_on(6, owner), step_on(7, owner)] == [NextStep.NOTHING, NextStep.ENROL]
        assert step_on(70, clerk) is NextStep.NOTHING

    @pytest.mark.parametrize(
        ("role", "asked"),
        [
            ("owner", True), ("administrator", True), ("privacy_officer", True),
            ("operations", False), ("finance", False), ("analyst", False),
        ],
    )  # fmt: skip
    def test_is_asked_for_by_what_a_role_may_do(
        self, at: datetime, role: str, *, asked: bool
    ) -> None:
        staff = a_staff(at, role)

        assert selectors.get_factors(staff_id=staff.id).is_asked_for is asked

    def test_the_last_one_stays_where_the_role_asks_for_it(self, at: datetime) -> None:
        staff = a_staff(at)
        with_totp(staff, at)
        held = selectors.get_factors(staff_id=staff.id).held[0]

        def remove(moment: datetime) -> None:
            services.remove_factor(
                staff_id=staff.id, public_id=held.public_id, actor=HOUSE, at=moment
            )

        with pytest.raises(FactorNeeded):
            remove(at + timedelta(days=8))
        remove(at)
        assert selectors.get_factors(staff_id=staff.id).recovery_codes_left == 0


@pytest.mark.reliability("RH8")
class TestTries:
    def test_a_used_code_is_refused_in_every_challenge(self, at: datetime) -> None:
        staff = a_staff(at)
        secret, _ = with_totp(staff, at)
        code = totp_code(secret, step_of(at))
        answer(staff, a_question(staff, at), code, at)

        for _ in range(2):
            with pytest.raises(FactorRefused):
                answer(staff, a_question(staff, at), code, at + timedelta(seconds=1))

    def test_a_challenge_takes_five(self, at: datetime) -> None:
        staff = a_staff(at)
        secret, _ = with_totp(staff, at)
        question, outcomes = a_question(staff, at), []
        for number in range(7):
            moment = at + timedelta(minutes=number)
            try:
                answer(staff, question, "000000", moment)
            except (FactorRefused, ChallengeOver) as no:
                outcomes.append(type(no).__name__)

        assert outcomes == ["FactorRefused"] * 5 + ["ChallengeOver"] * 2
        late = at + timedelta(minutes=8)
        with pytest.raises(ChallengeOver):
            answer(staff, question, totp_code(secret, step_of(late)), late)

    def test_ten_in_a_quarter_whatever_the_challenge_and_network(self, at: datetime) -> None:
        staff = a_staff(at)
        secret, _ = with_totp(staff, at)
        for number in range(200):
            moment = at + timedelta(seconds=number)
            with pytest.raises(FactorRefused):
                answer(
                    staff, a_question(staff, moment), f"{number:06d}", moment, f"198.51.{number}.0/24"
                )  # fmt: skip

        looked = [
            entry
            for entry in selectors.list_audit(action="staff.proof", limit=500)
            if entry.reason_code == "wrong_code"
        ]
        assert len(looked) == 10
        later = at + timedelta(seconds=210)
        code = totp_code(secret, step_of(later))
        with pytest.raises(FactorRefused):
            answer(staff, a_question(staff, later), code, later, "192.0.2.0/24")

    def test_an_attack_does_not_lock_the_owner_out_for_ever(self, at: datetime) -> None:
        staff = a_staff(at)
        secret, _ = with_totp(staff, at)
        answer(staff, a_question(staff, at), totp_code(secret, step_of(at)), at)
        for number in range(100):
            moment = at + timedelta(minutes=1, seconds=number)
            with pytest.raises(FactorRefused):
                answer(staff, a_question(staff, moment), "000000", moment, f"198.51.{number}.0/24")

        during = at + timedelta(minutes=3)
        code = totp_code(secret, step_of(during))
        assert answer(staff, a_question(staff, during), code, during) is Proof.TOTP
        after = at + timedelta(minutes=20)
        code = totp_code(secret, step_of(after))
        assert answer(staff, a_question(staff, after), code, after, "192.0.2.0/24") is Proof.TOTP

    def test_a_recovery_code_works_once(self, at: datetime) -> None:
        staff = a_staff(at)
        _, codes = with_totp(staff, at)

        assert answer(staff, a_question(staff, at), codes[0].upper(), at) is Proof.RECOVERY_CODE
        with pytest.raises(FactorRefused):
            answer(staff, a_question(staff, at), codes[0], at + STEP)
        assert selectors.get_factors(staff_id=staff.id).recovery_codes_left == 9
        (told,) = selectors.list_audit(action="staff.recovery_code_used")
        assert told.details == {"left": 9}

    def test_new_recovery_codes_end_the_old_ones(self, at: datetime) -> None:
        staff = a_staff(at)
        _, old = with_totp(staff, at)
        new = services.make_recovery_codes(staff_id=staff.id, actor=HOUSE, at=at)

        with pytest.raises(FactorRefused):
            answer(staff, a_question(staff, at), old[0], at)
        assert answer(staff, a_question(staff, at), new[0], at + STEP) is Proof.RECOVERY_CODE
        assert all(re.fullmatch(r"[0-9a-z]{4}(-[0-9a-z]{4}){2}", code) for code in new)

    def test_of_another_account_do_not_answer(self, at: datetime) -> None:
        lin, wang = a_staff(at), a_staff(at, email="wang@example.com")
        secret, codes = with_totp(lin, at)
        with_totp(wang, at)

        for code in (totp_code(secret, step_of(at)), codes[0]):
            with pytest.raises(FactorRefused):
                answer(wang, a_question(wang, at), code, at)
        with pytest.raises(ChallengeOver):
            answer(wang, a_question(lin, at), codes[0], at)


@pytest.mark.reliability("RH8")
def test_of_many_who_send_one_code_at_once_one_gets_in(committed_db: str) -> None:
    at = clock.now()
    staff = a_staff(at)
    secret, _ = with_totp(staff, at)
    code = totp_code(secret, step_of(at))
    questions = [a_question(staff, at) for _ in range(4)]
    outcomes: list[str] = []

    def go(question: int) -> None:
        try:
            outcomes.append(
                answer(staff, question, code, at, f"198.51.{question % 250}.0/24").value
            )
        except (FactorRefused, ChallengeOver):
            outcomes.append("refused")
        finally:
            connection.close()

    threads = [threading.Thread(target=go, args=(question,)) for question in questions]
    for each in threads:
        each.start()
    for each in threads:
        each.join()

    assert sorted(outcomes) == ["refused", "refused", "refused", "totp"]


class TestReset:
    def test_is_for_others_and_audited(self, at: datetime) -> None:
        lin, boss = a_staff(at), a_staff(at, email="boss@example.com")
        with_totp(lin, at)
        actor = services.find_actor(staff_id=boss.id, at=at)
        own = services.find_actor(staff_id=lin.id, at=at)
        assert actor is not None
        assert own is not None

        with pytest.raises(OwnAccount):
            services.reset_factors(staff_id=lin.id, actor=own, at=at)
        assert services.reset_factors(staff_id=lin.id, actor=actor, at=at) == 1

        assert selectors.get_factors(staff_id=lin.id).held == ()
        told = {
            (entry.result, entry.actor_id)
            for entry in selectors.list_audit(action="staff.factors_reset")
        }
        assert told == {("refused", lin.id), ("ok", boss.id)}

    def test_of_a_more_powerful_account_is_refused(self, at: datetime) -> None:
        from regulars.access.domain import AccountAboveOwn

        owner = a_staff(at)
        with_totp(owner, at)
        ops = a_staff(at, "operations", "ops@example.com")
        actor = services.find_actor(staff_id=ops.id, at=at)
        assert actor is not None

        with pytest.raises(AccountAboveOwn):
            services.reset_factors(staff_id=owner.id, actor=actor, at=at)
        assert selectors.get_factors(staff_id=owner.id).totp is not None


def test_kinds_of_factors_are_two() -> None:
    assert [kind.value for kind in FactorKind] == ["totp", "passkey"]
