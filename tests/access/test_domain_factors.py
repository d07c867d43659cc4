"""One-time codes after RFC 6238, recovery codes, names of devices, looking through other eyes."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.access.domain import Actor, Reach, Scope, factors, sessions

SECRET = b"12345678901234567890"
NOON = datetime(2026, 11, 21, 12, 0, 0, tzinfo=UTC)

pytestmark = pytest.mark.capability("G1")


class TestCodes:
    @pytest.mark.parametrize(
        ("seconds", "code"),
        [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ],
    )
    def test_are_those_of_the_standard(self, seconds: int, code: str) -> None:
        """The last six digits of the vectors of RFC 6238, appendix B."""
        assert factors.totp_code(SECRET, seconds // 30) == code

    @pytest.mark.parametrize(("late", "fits"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])  # fmt: skip
    def test_count_a_step_before_and_behind(self, late: int, *, fits: bool) -> None:
        code = factors.totp_code(SECRET, factors.step_of(NOON) + late)

        step = factors.matching_step(SECRET, code, at=NOON, used=None)

        assert (step is not None) is fits

    @pytest.mark.reliability("RH8")
    def test_of_a_used_step_and_those_before_are_over(self) -> None:
        now = factors.step_of(NOON)
        code = factors.totp_code(SECRET, now)

        assert factors.matching_step(SECRET, code, at=NOON, used=now - 1) == now
        assert factors.matching_step(SECRET, code, at=NOON, used=now) is None
        assert factors.matching_step(SECRET, code, at=NOON, used=now + 1) is None

    @pytest.mark.parametrize("typed", ["287 082", " 287082\n", "２８７０８２", "287-082"])
    def test_are_read_as_people_type_them(self, typed: str) -> None:
        assert factors.read_code(typed) == "287082"
        assert factors.is_totp_shaped(factors.read_code(typed))

    def test_are_offered_to_an_app_in_its_words(self) -> None:
        address = factors.totp_address(SECRET, issuer="Regulars", account="lin@example.com")

        assert address == (
            "otpauth://totp/Regulars%3Alin%40example.com"
            "?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Regulars"
        )


class TestRecoveryCodes:
    @given(st.binary(min_size=8, max_size=8))
    def test_survive_being_written_down(self, value: bytes) -> None:
        code = factors.recovery_code(value)
        typed = factors.spaced(code).upper().replace("0", "O").replace("1", "l")

        read = factors.read_recovery_code(factors.read_code(typed))

        assert len(code) == factors.RECOVERY_CODE_LENGTH
        assert not factors.is_totp_shaped(code)
        assert read == code


class TestCounters:
    @pytest.mark.parametrize(
        ("kept", "told", "sound"),
        [(0, 0, True), (0, 1, True), (5, 6, True), (5, 5, False), (5, 4, False), (5, 0, False)],
    )
    def test_only_move_on(self, kept: int, told: int, *, sound: bool) -> None:
        assert factors.is_counter_sound(kept=kept, told=told) is sound


class TestNextStep:
    def of(self, *, held: bool, due_at: datetime | None) -> factors.NextStep:
        factor = factors.Factor(
            public_id=None,  # type: ignore[arg-type]
            kind=factors.FactorKind.TOTP,
            name="App",
            created_at=NOON,
            used_at=None,
        )
        told = factors.Factors(held=(factor,) * held, recovery_codes_left=0, due_at=due_at)
        return told.next_step(NOON)

    def test_is_the_second_one_wherever_there_is_a_factor(self) -> None:
        assert self.of(held=True, due_at=None) is factors.NextStep.SECOND_STEP

    def test_is_setting_one_up_once_the_days_of_grace_are_over(self) -> None:
        day = timedelta(days=1)

        assert self.of(held=False, due_at=None) is factors.NextStep.NOTHING
        assert self.of(held=False, due_at=NOON + day) is factors.NextStep.NOTHING
        assert self.of(held=False, due_at=NOON) is factors.NextStep.ENROL


class TestDevices:
    @pytest.mark.parametrize(
        ("agent", "name"),
        [
            ("Mozilla/5.0 (Windows NT 10.0; Win64) Chrome/130.0 Safari/537.36", "Chrome · Windows"),
            ("Mozilla/5.0 (Windows NT 10.0) Chrome/130 Safari/537.36 Edg/130", "Edge · Windows"),
            ("Mozilla/5.0 (Macintosh; Intel Mac OS X 14) Version/17 Safari/605", "Safari · macOS"),
            ("Mozilla/5.0 (iPhone; CPU iPhone OS 17 like Mac OS X) MicroMessenger/8", "WeChat · iPhone"),
            ("<script>alert(1)</script>", ""),
            ("", ""),
        ],
    )  # fmt: skip
    def test_are_named_in_our_words_only(self, agent: str, name: str) -> None:
        assert sessions.device_of(agent) == name


@pytest.mark.reliability("RH17")
class TestOtherEyes:
    READING = frozenset({"members.read", "orders.read", "console.use"})

    def an_actor(self, number: int, *reaches: Reach) -> Actor:
        return Actor.of_reaches(kind="staff", id=number, name=f"n{number}", reaches=reaches)

    def test_see_what_both_may_read_where_both_may(self) -> None:
        reading = frozenset({"members.read", "members.reveal", "points.adjust"})
        viewer = self.an_actor(1, Reach(reading, Scope(store_ids=(1, 2))))
        other = self.an_actor(2, Reach(reading | {"orders.read"}, Scope(store_ids=(2, 3))))

        seen = sessions.seen_through(viewer, other, reading=self.READING)

        assert seen.permissions == {"members.read"}
        assert seen.scope_for("members.read").store_ids == (2,)
        assert (seen.id, seen.viewing_id, seen.is_read_only) == (1, 2, True)

    def test_see_nothing_where_nothing_is_shared(self) -> None:
        viewer = self.an_actor(1, Reach(frozenset({"audit.read"}), Scope.all()))
        other = self.an_actor(2, Reach(frozenset({"members.read"}), Scope.all()))

        seen = sessions.seen_through(viewer, other, reading=self.READING)

        assert (seen.permissions, seen.scope.is_empty) == (frozenset(), True)
