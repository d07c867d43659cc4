"""Passkeys that misbehave: another origin, an old question, a copy, somebody else's."""

import contextlib
import json
import random
from datetime import datetime, timedelta
from typing import Any

import pytest
from fido2.utils import websafe_decode, websafe_encode

from regulars.access import selectors, services
from regulars.access.domain import Staff
from regulars.access.domain.factors import (
    ChallengeOver,
    ChallengePurpose,
    FactorKind,
    FactorRefused,
    FactorTaken,
)
from regulars.web import clock, sql
from tests.access.browsing import HOUSE, a_staff
from tests.access.soft_key import PRESENT, SoftKey
from tests.sizes import size

ORIGIN = "https://shop.example.com"
SITE = services.Site(ORIGIN)
NETWORK = "203.0.113.0/24"

pytestmark = [pytest.mark.capability("G1"), pytest.mark.reliability("RH8")]


@pytest.fixture(autouse=True)
def _quick_hasher(settings: object) -> None:
    name = "tests.access.test_services_signing_in.CountingHasher"
    settings.PASSWORD_HASHERS = [name]  # type: ignore[attr-defined]


@pytest.fixture
def at(db: None) -> datetime:
    return clock.now()


@pytest.fixture
def lin(at: datetime) -> Staff:
    return a_staff(at)


@pytest.fixture
def key() -> SoftKey:
    return SoftKey(ORIGIN, "shop.example.com")


def keep(staff: Staff, key: SoftKey, at: datetime) -> list[str]:
    question, options = services.begin_passkey(staff_id=staff.id, site=SITE, at=at)
    return services.confirm_passkey(
        staff_id=staff.id,
        challenge_id=question,
        answer=key.make(options),
        name="Phone",
        site=SITE,
        actor=HOUSE,
        at=at,
    )


def ask(at: datetime, staff: Staff | None = None) -> tuple[int, dict[str, Any]]:
    purpose = ChallengePurpose.SECOND_STEP if staff else ChallengePurpose.SIGN_IN
    return services.ask_for_passkey(
        staff_id=staff.id if staff else None, purpose=purpose, site=SITE, at=at
    )


def show(question: int, answer: str, at: datetime, staff: Staff | None = None) -> int | None:
    purpose = ChallengePurpose.SECOND_STEP if staff else ChallengePurpose.SIGN_IN
    try:
        return services.prove_by_passkey(
            staff_id=staff.id if staff else None,
            challenge_id=question,
            purpose=purpose,
            answer=answer,
            site=SITE,
            network=NETWORK,
            at=at,
        )
    except (FactorRefused, ChallengeOver):
        return None


class TestPasskeys:
    def test_sign_their_owner_in(self, lin: Staff, at: datetime, key: SoftKey) -> None:
        codes = keep(lin, key, at)
        question, options = ask(at)
        key.handle = lin.public_id.bytes

        assert len(codes) == 10
        assert options["publicKey"]["userVerification"] == "required"
        assert show(question, key.show(options), at) == lin.id
        (held,) = selectors.get_factors(staff_id=lin.id).passkeys
        assert (held.name, held.used_at) == ("Phone", at)

    def test_keep_no_name_in_the_clear(self, lin: Staff, at: datetime, key: SoftKey) -> None:
        keep(lin, key, at)

        (row,) = sql.rows("SELECT f::text FROM access_factor f")
        assert "Phone" not in row[0]
        assert b"Phone".hex() not in row[0]

    def test_answer_a_question_once(self, lin: Staff, at: datetime, key: SoftKey) -> None:
        keep(lin, key, at)
        question, options = ask(at)
        answer = key.show(options)

        assert (show(question, answer, at), show(question, answer, at)) == (lin.id, None)

    def test_answer_no_question_of_before(self, lin: Staff, at: datetime, key: SoftKey) -> None:
        keep(lin, key, at)
        _, old = ask(at)
        question, _ = ask(at)

        assert show(question, key.show(old), at) is None

    def test_answer_within_ten_minutes(self, lin: Staff, at: datetime, key: SoftKey) -> None:
        keep(lin, key, at)
        question, options = ask(at)

        assert show(question, key.show(options), at + timedelta(minutes=10)) is None

    @pytest.mark.parametrize(
        "origin",
        [
            "https://evil.example",
            "http://shop.example.com",
            "https://shop.example.com:8443",
            "https://a.shop.example.com",
            "https://shop.example.com.evil.example",
        ],
    )
    def test_of_another_origin_are_refused(
        self, lin: Staff, at: datetime, key: SoftKey, origin: str
    ) -> None:
        keep(lin, key, at)
        question, options = ask(at)
        key.origin = origin

        assert show(question, key.show(options), at) is None

    def test_of_another_site_are_refused(self, lin: Staff, at: datetime, key: SoftKey) -> None:
        keep(lin, key, at)
        question, options = ask(at)
        key.site = "evil.example"

        assert show(question, key.show(options), at) is None

    def test_without_a_verified_owner_are_refused(
        self, lin: Staff, at: datetime, key: SoftKey
    ) -> None:
        keep(lin, key, at)
        question, options = ask(at)
        key.flags = PRESENT

        assert show(question, key.show(options), at) is None

    def test_signed_by_another_key_are_refused(
        self, lin: Staff, at: datetime, key: SoftKey
    ) -> None:
        keep(lin, key, at)
        forged = SoftKey(ORIGIN, "shop.example.com")
        forged.id = key.id
        forged.counter = 100
        question, options = ask(at)

        assert show(question, forged.show(options), at) is None

    def test_a_copy_is_noticed_by_its_counter(self, lin: Staff, at: datetime, key: SoftKey) -> None:
        keep(lin, key, at)
        first, options = ask(at)
        assert show(first, key.show(options), at) == lin.id
        key.counter = 1
        second, options = ask(at)

        assert show(second, key.show(options), at) is None
        (told,) = selectors.list_audit(action="staff.proof")
        assert (told.reason_code, told.object_id) == ("passkey_counter", str(lin.public_id))

    def test_of_somebody_else_are_no_second_step(
        self, lin: Staff, at: datetime, key: SoftKey
    ) -> None:
        wang = a_staff(at, email="wang@example.com")
        keep(wang, key, at)
        keep(lin, SoftKey(ORIGIN, "shop.example.com"), at)
        question, options = ask(at, lin)

        assert show(question, key.show(options), at, lin) is None

    def test_with_a_handle_of_somebody_else_are_refused(
        self, lin: Staff, at: datetime, key: SoftKey
    ) -> None:
        wang = a_staff(at, email="wang@example.com")
        keep(lin, key, at)
        key.handle = wang.public_id.bytes
        question, options = ask(at)

        assert show(question, key.show(options), at) is None

    def test_of_an_account_switched_off_are_refused(
        self, lin: Staff, at: datetime, key: SoftKey
    ) -> None:
        a_staff(at, email="boss@example.com")
        keep(lin, key, at)
        services.deactivate_staff(staff_id=lin.id, actor=HOUSE, at=at)
        question, options = ask(at)

        assert show(question, key.show(options), at) is None

    def test_belong_to_one_account(self, lin: Staff, at: datetime, key: SoftKey) -> None:
        keep(lin, key, at)
        wang = a_staff(at, email="wang@example.com")

        with pytest.raises(FactorTaken):
            keep(wang, key, at)
        assert selectors.get_factors(staff_id=wang.id).held == ()

    def test_that_the_account_has_are_told_to_the_browser(
        self, lin: Staff, at: datetime, key: SoftKey
    ) -> None:
        keep(lin, key, at)

        _, options = services.begin_passkey(staff_id=lin.id, site=SITE, at=at)
        excluded = options["publicKey"]["excludeCredentials"]
        assert len(excluded) == 1
        _, stranger = ask(at)
        assert not stranger["publicKey"].get("allowCredentials")

    @pytest.mark.parametrize(
        "answer", ["", "{", "[]", "{}", '"x"', "null", json.dumps({"id": 1}), "x" * 30_000]
    )
    def test_that_cannot_be_read_are_refused(
        self, lin: Staff, at: datetime, key: SoftKey, answer: str
    ) -> None:
        keep(lin, key, at)
        question, _ = ask(at)
        making, _ = services.begin_passkey(staff_id=lin.id, site=SITE, at=at)

        assert show(question, answer, at) is None
        with pytest.raises(FactorRefused):
            services.confirm_passkey(
                staff_id=lin.id,
                challenge_id=making,
                answer=answer,
                name="x",
                site=SITE,
                actor=HOUSE,
                at=at,
            )

    def test_whose_bytes_are_changed_are_refused_and_break_nothing(
        self, lin: Staff, at: datetime, key: SoftKey
    ) -> None:
        keep(lin, key, at)
        question, options = ask(at)
        good = json.loads(key.show(options))
        chance = random.Random(1)
        outcomes = set()
        for number in range(size(300, 10_000)):
            told = json.loads(json.dumps(good))
            name = chance.choice(["clientDataJSON", "authenticatorData", "signature"])
            old = bytearray(websafe_decode(told["response"][name]))
            old[chance.randrange(len(old))] ^= chance.randrange(1, 256)
            new = bytes(old[: chance.randrange(len(old))]) if number % 3 == 0 else bytes(old)
            told["response"][name] = websafe_encode(new)
            sql.run("UPDATE access_challenge SET tries = 0")
            outcomes.add(show(question, json.dumps(told), at))

        assert outcomes == {None}
        assert show(question, json.dumps(good), at) == lin.id

    def test_that_are_made_of_anything_break_nothing(
        self, lin: Staff, at: datetime, key: SoftKey
    ) -> None:
        question, options = services.begin_passkey(staff_id=lin.id, site=SITE, at=at)
        good = json.loads(key.make(options))
        chance = random.Random(2)
        for number in range(size(300, 10_000)):
            told = json.loads(json.dumps(good))
            old = websafe_decode(told["response"]["attestationObject"])
            cut = old[: chance.randrange(len(old))]
            new = cut if number % 2 else cut[:-4] + chance.randbytes(chance.randrange(60))
            told["response"]["attestationObject"] = websafe_encode(new)
            sql.run("UPDATE access_challenge SET tries = 0, answered_at = NULL")
            with contextlib.suppress(FactorRefused, ChallengeOver, FactorTaken):
                services.confirm_passkey(
                    staff_id=lin.id,
                    challenge_id=question,
                    answer=json.dumps(told),
                    name="x",
                    site=SITE,
                    actor=HOUSE,
                    at=at,
                )

        kept = selectors.get_factors(staff_id=lin.id).held
        assert len(kept) <= 20, "what is kept can only be a key that signs nothing"

    def test_are_one_kind_of_factor(self, lin: Staff, at: datetime, key: SoftKey) -> None:
        keep(lin, key, at)

        kinds = [each.kind for each in selectors.get_factors(staff_id=lin.id).held]
        assert kinds == [FactorKind.PASSKEY]
