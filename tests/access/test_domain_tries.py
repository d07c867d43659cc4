"""How often one may try to sign in, as arithmetic on times."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.access.domain import TryLog, TryLogs, delay_after

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
EMPTY = TryLogs(TryLog(), TryLog(), TryLog())

pytestmark = pytest.mark.reliability("RH8")


def tries_let_through(seconds: list[int], logs: TryLogs = EMPTY) -> int:
    """Try one account from one network at these moments; count the passwords looked at."""
    let_through = 0
    for second in seconds:
        at = NOON + timedelta(seconds=second)
        if logs.may_try(at):
            logs, let_through = logs.with_try(at), let_through + 1
    return let_through


class TestOneAccountFromOneNetwork:
    def test_is_looked_at_ten_times_in_a_quarter_of_an_hour_at_most(self) -> None:
        assert tries_let_through(list(range(900))) == 10

    def test_waits_longer_each_time_and_never_for_ever(self) -> None:
        waits = [delay_after(tries).total_seconds() for tries in range(1, 30)]

        assert waits[:6] == [0, 0, 5, 10, 20, 40]
        assert waits == sorted(waits)
        assert max(waits) == 900

    def test_is_open_again_after_an_hour_of_quiet(self) -> None:
        logs = EMPTY
        for second in range(600):
            at = NOON + timedelta(seconds=second)
            logs = logs.with_try(at) if logs.may_try(at) else logs

        assert logs.may_try(NOON + timedelta(hours=2))

    @given(st.lists(st.integers(0, 7_200), max_size=300))
    def test_never_passes_more_than_ten_in_any_quarter(self, seconds: list[int]) -> None:
        logs, passed = EMPTY, []
        for second in sorted(seconds):
            at = NOON + timedelta(seconds=second)
            if logs.may_try(at):
                logs = logs.with_try(at)
                passed.append(second)

        assert all(
            sum(1 for other in passed if 0 <= second - other < 900) <= 10 for second in passed
        )


class TestOneAccountFromEverywhere:
    def test_is_looked_at_ten_times_in_a_quarter_of_an_hour(self) -> None:
        account, passed = TryLog(), 0
        for number in range(1_000):
            at = NOON + timedelta(milliseconds=number)
            logs = TryLogs(TryLog(), account, TryLog())
            if logs.may_try(at):
                account, passed = logs.with_try(at).account, passed + 1

        assert passed == 10

    def test_stays_open_for_a_network_its_owner_came_from(self) -> None:
        besieged = TryLog(tuple(NOON + timedelta(seconds=second) for second in range(10)))
        at = NOON + timedelta(seconds=30)
        known = TryLog((), NOON - timedelta(days=29))
        known_long_ago = TryLog((), NOON - timedelta(days=31))

        assert TryLogs(known, besieged, TryLog()).may_try(at)
        assert not TryLogs(known_long_ago, besieged, TryLog()).may_try(at)
        assert not TryLogs(TryLog(), besieged, TryLog()).may_try(at)


class TestOneNetworkAgainstMany:
    def test_is_looked_at_a_hundred_times_in_a_quarter_of_an_hour(self) -> None:
        network, passed = TryLog(), 0
        for number in range(500):
            at = NOON + timedelta(milliseconds=number)
            logs = TryLogs(TryLog(), TryLog(), network)
            if logs.may_try(at):
                network, passed = logs.with_try(at).network, passed + 1

        assert passed == 100


class TestSuccess:
    def test_forgets_the_owners_slips_and_keeps_the_marks_of_others(self) -> None:
        stranger = NOON - timedelta(seconds=5)
        logs = TryLogs(TryLog((NOON,)), TryLog((stranger, NOON)), TryLog((stranger, NOON)))

        after = logs.with_success(NOON)

        assert after.pair == TryLog((), NOON)
        assert after.account.times == (stranger,)
        assert after.network.times == (stranger,)

    def test_of_a_try_that_fell_out_of_the_log_changes_nothing_else(self) -> None:
        assert TryLog((NOON,)).without_try(NOON + timedelta(seconds=1)).times == (NOON,)
