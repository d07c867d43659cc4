"""Like is compared with like: unfinished periods with the same stretch of earlier ones."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from regulars.console.domain.periods import PRESETS, Days, Span, name_of, steps_of
from regulars.console.domain.stretches import change_bp, compared

SHANGHAI = ZoneInfo("Asia/Shanghai")


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def span(since: str, until: str) -> Span:
    return Span(local(since), local(until))


class TestCompared:
    @pytest.mark.parametrize(
        ("preset", "now", "before"),
        [
            (
                "today",
                ("2026-11-21T00:00", "2026-11-21T09:40"),
                ("2026-11-20T00:00", "2026-11-20T09:40"),
            ),
            (
                "yesterday",
                ("2026-11-20T00:00", "2026-11-21T00:00"),
                ("2026-11-19T00:00", "2026-11-20T00:00"),
            ),
            (
                "last_7",
                ("2026-11-15T00:00", "2026-11-21T09:40"),
                ("2026-11-08T00:00", "2026-11-14T09:40"),
            ),
            (
                "this_week",
                ("2026-11-16T00:00", "2026-11-21T09:40"),
                ("2026-11-09T00:00", "2026-11-14T09:40"),
            ),
            (
                "this_month",
                ("2026-11-01T00:00", "2026-11-21T09:40"),
                ("2026-10-01T00:00", "2026-10-21T09:40"),
            ),
            (
                "last_month",
                ("2026-10-01T00:00", "2026-11-01T00:00"),
                ("2026-09-01T00:00", "2026-10-01T00:00"),
            ),
            (
                "this_quarter",
                ("2026-10-01T00:00", "2026-11-21T09:40"),
                ("2026-07-01T00:00", "2026-08-21T09:40"),
            ),
            (
                "this_year",
                ("2026-01-01T00:00", "2026-11-21T09:40"),
                ("2025-01-01T00:00", "2025-11-21T09:40"),
            ),
        ],
    )
    def test_takes_the_same_stretch_of_the_period_before(
        self, preset: str, now: tuple[str, str], before: tuple[str, str]
    ) -> None:
        three = compared(preset, at=local("2026-11-21T09:40"), zone=SHANGHAI)

        assert three.now == span(*now)
        assert three.before == span(*before)

    def test_goes_back_a_year_by_the_calendar(self) -> None:
        three = compared("this_month", at=local("2028-02-29T09:40"), zone=SHANGHAI)

        assert three.year == span("2027-02-01T00:00", "2027-02-28T09:40")

    def test_knows_what_is_finished(self) -> None:
        at = local("2026-11-21T09:40")

        assert compared("yesterday", at=at, zone=SHANGHAI).is_finished
        assert not compared("today", at=at, zone=SHANGHAI).is_finished

    @given(st.datetimes(min_value=datetime(2000, 1, 1)), st.sampled_from(sorted(PRESETS)))
    def test_never_overlaps_what_it_compares_with(self, moment: datetime, preset: str) -> None:
        three = compared(preset, at=moment.replace(tzinfo=SHANGHAI), zone=SHANGHAI)

        assert three.now.since is not None
        assert three.before.since is not None
        assert three.before.until is not None
        assert three.before.since <= three.before.until <= three.now.since


class TestChosenDays:
    def test_are_compared_with_as_many_days_before_and_a_year_before(self) -> None:
        name = name_of(date(2026, 11, 1), date(2026, 11, 20))

        three = compared(name, at=local("2026-11-21T09:40"), zone=SHANGHAI)

        assert three.now == span("2026-11-01T00:00", "2026-11-21T00:00")
        assert three.before == span("2026-10-12T00:00", "2026-11-01T00:00")
        assert three.year == span("2025-11-01T00:00", "2025-11-21T00:00")
        assert three.is_finished

    def test_that_end_today_are_compared_up_to_the_same_time(self) -> None:
        name = name_of(date(2026, 11, 20), date(2026, 11, 21))

        three = compared(name, at=local("2026-11-21T09:40"), zone=SHANGHAI)

        assert three.now == span("2026-11-20T00:00", "2026-11-21T09:40")
        assert three.before == span("2026-11-18T00:00", "2026-11-19T09:40")
        assert not three.is_finished


class TestSteps:
    @pytest.mark.parametrize(
        ("first", "last", "unit", "count", "second"),
        [
            ("2026-11-20", "2026-11-20", "hour", 24, "2026-11-20T01:00"),
            ("2026-11-20", "2026-11-21", "day", 2, "2026-11-21T00:00"),
            ("2026-10-01", "2026-10-31", "day", 31, "2026-10-02T00:00"),
            ("2026-10-01", "2026-11-01", "week", 5, "2026-10-05T00:00"),
            ("2026-01-15", "2026-11-20", "month", 11, "2026-02-01T00:00"),
        ],
    )
    def test_are_of_the_calendar(
        self, first: str, last: str, unit: str, count: int, second: str
    ) -> None:
        days = Days(date.fromisoformat(first), date.fromisoformat(last)).span(SHANGHAI)

        steps = steps_of(days, SHANGHAI)

        assert (steps.unit, len(steps.edges) - 1, steps.edges[1]) == (unit, count, local(second))

    @given(
        st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2090, 1, 1)),
        st.sampled_from(sorted(PRESETS)),
        st.sampled_from(["Asia/Shanghai", "Europe/London", "America/Sao_Paulo"]),
    )
    @example(datetime(2005, 10, 16, 0, 0, 0, 1), "today", "America/Sao_Paulo")  # no midnight
    @example(datetime(2005, 10, 16), "today", "America/Sao_Paulo")
    def test_fill_the_stretch_without_a_gap(self, moment: datetime, preset: str, name: str) -> None:
        zone = ZoneInfo(name)
        now = compared(preset, at=moment.replace(tzinfo=zone), zone=zone).now
        assert now.since is not None
        assert now.until is not None

        edges = steps_of(now, zone).edges

        stamps = [edge.timestamp() for edge in edges]
        assert stamps == sorted(set(stamps))
        assert edges[-1] == now.until
        assert edges[0] == now.since or now.since == now.until
        assert len(edges) <= 33


class TestChange:
    @pytest.mark.parametrize(
        ("now", "base", "change"),
        [(110, 100, 1_000), (90, 100, -1_000), (5, 0, None), (None, 5, None), (0, 5, -10_000)],
    )
    def test_is_in_basis_points_and_of_nothing_there_is_none(
        self, now: int | None, base: int, change: int | None
    ) -> None:
        assert change_bp(now, base) == change
