"""How values are written for people, in both languages."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.console.domain import formatting
from regulars.console.domain.members import first_sign, ladder

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOON = datetime(2026, 11, 21, 4, tzinfo=UTC)  # 12:00 in Shanghai, a Saturday
RUNGS = (("Basic", 0), ("Silver", 500), ("Gold", 2_000), ("Platinum", 5_000))


class TestNumbers:
    @pytest.mark.parametrize(
        ("value", "zh", "en"),
        [
            (9_999, "9,999", "9,999"),
            (23_400, "2.34 万", "23.4K"),
            (1_284_000, "128.4 万", "1.28M"),
            (345_000_000, "3.45 亿", "345M"),
            (10_000, "1 万", "10K"),
            (-56_000, "−5.6 万", "−56K"),
            (0, "0", "0"),
            (None, "—", "—"),
        ],
    )
    def test_are_short_on_cards(self, value: int | None, zh: str, en: str) -> None:
        assert formatting.compact(value, language="zh-hans") == zh
        assert formatting.compact(value, language="en") == en

    @given(st.integers(10_000, 10**14), st.sampled_from(["zh-hans", "en"]))
    def test_short_never_says_more_than_there_is(self, value: int, language: str) -> None:
        steps = {" 亿": 10**8, " 万": 10**4, "B": 10**9, "M": 10**6, "K": 10**3}

        shown = formatting.compact(value, language=language)

        unit = next(unit for unit in steps if shown.endswith(unit))
        said = float(shown.removesuffix(unit).replace(",", "")) * steps[unit]
        assert said <= value * (1 + 1e-9)
        assert value - said <= value / 100 + 1

    def test_carry_their_sign_in_statements(self) -> None:
        assert [formatting.signed(n) for n in (68, -500, 0)] == ["+68", "−500", "0"]

    def test_a_share_of_nothing_is_a_dash(self) -> None:
        assert formatting.percent(0, 0) == "—"
        assert formatting.percent(123, 1_000) == "12.3%"

    def test_multipliers_drop_empty_decimals(self) -> None:
        assert [formatting.times(n) for n in (10_000, 12_000, 11_250)] == ["1", "1.2", "1.125"]


class TestMoney:
    def test_is_exact_in_tables(self) -> None:
        assert formatting.money(-123_450, "CNY") == "−¥1,234.50"
        assert formatting.money(None, "CNY") == "—"

    def test_is_short_on_cards(self) -> None:
        assert formatting.money_compact(412_600_000, "CNY", language="zh-hans") == "¥412.6 万"
        assert formatting.money_compact(412_600_000, "CNY", language="en") == "¥4.12M"
        assert formatting.money_compact(99_900, "CNY", language="zh-hans") == "¥999.00"
        assert formatting.money_compact(5_000_000, "JPY", language="en") == "JP¥5M"
        assert formatting.money_compact(-412_600_000, "CNY", language="zh-hans") == "−¥412.6 万"


class TestDates:
    def test_follow_the_readers_zone(self) -> None:
        late = datetime(2026, 11, 20, 17, 5, tzinfo=UTC)

        assert formatting.moment(late, zone=SHANGHAI) == "2026-11-21 01:05"
        assert formatting.day(late, zone=SHANGHAI) == "2026-11-21"
        assert formatting.clock_time(late, zone=SHANGHAI) == "01:05"

    def test_are_written_in_the_readers_language(self) -> None:
        assert formatting.long_day(NOON, zone=SHANGHAI, language="zh-hans") == "2026年11月21日"
        assert formatting.long_day(NOON, zone=SHANGHAI, language="en") == "21 Nov 2026"

    @pytest.mark.parametrize(
        ("on", "zh", "en"),
        [
            (date(2026, 11, 21), "今天 11-21 周六", "Today, Sat 21 Nov"),
            (date(2026, 11, 20), "昨天 11-20 周五", "Yesterday, Fri 20 Nov"),
            (date(2026, 11, 17), "11-17 周二", "Tue 17 Nov"),
            (date(2025, 11, 17), "2025-11-17 周一", "Mon 17 Nov 2025"),
        ],
    )
    def test_head_the_days_of_a_timeline(self, on: date, zh: str, en: str) -> None:
        today = date(2026, 11, 21)

        assert formatting.day_heading(on, today=today, language="zh-hans") == zh
        assert formatting.day_heading(on, today=today, language="en") == en

    @pytest.mark.parametrize(
        ("at", "zh", "en"),
        [
            (datetime(2026, 11, 17, tzinfo=UTC), "4 天前", "4 days ago"),
            (datetime(2026, 11, 20, 17, tzinfo=UTC), "今天", "today"),
            (datetime(2026, 11, 20, 15, tzinfo=UTC), "昨天", "yesterday"),
            (datetime(2024, 1, 5, tzinfo=UTC), "2024-01-05", "2024-01-05"),
            (None, "—", "—"),
        ],
    )
    def test_say_how_long_ago(self, at: datetime | None, zh: str, en: str) -> None:
        assert formatting.ago(at, now=NOON, zone=SHANGHAI, language="zh-hans") == zh
        assert formatting.ago(at, now=NOON, zone=SHANGHAI, language="en") == en


class TestLadder:
    def test_fills_the_current_rung_towards_the_next(self) -> None:
        steps = ladder(RUNGS, growth=3_284, current="Gold")

        assert [step.filled for step in steps] == [100, 100, 42, 0]
        assert [step.is_current for step in steps] == [False, False, True, False]

    def test_the_top_rung_is_full(self) -> None:
        assert ladder(RUNGS, growth=9_000, current="Platinum")[-1].filled == 100

    @given(st.integers(-1_000, 20_000), st.sampled_from([name for name, _ in RUNGS]))
    def test_never_overflows(self, growth: int, current: str) -> None:
        assert all(
            0 <= step.filled <= 100 for step in ladder(RUNGS, growth=growth, current=current)
        )


class TestFirstSign:
    def test_is_what_the_mask_leaves(self) -> None:
        assert [first_sign(name) for name in ("林**", "l***", "***", "")] == ["林", "L", "", ""]
