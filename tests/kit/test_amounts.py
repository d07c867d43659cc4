"""Amounts as people write them, tried without a database."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.kit.amounts import (
    InvalidAmount,
    UnknownCurrency,
    format_amount,
    parse_amount,
    plain_amount,
    points_for,
)


class TestParseAmount:
    @pytest.mark.parametrize(
        ("text", "minor"),
        [
            ("1,234.50", 123450), ("￥1,234.50", 123450), ("1,234.50元", 123450), ("¥ 9.9", 990),
            ("１２３.４５", 12345), ("-9.90", -990), ("(9.90)", -990), ("−9.90", -990), ("0", 0),
            ("12.3400", 1234), ("¥-3", -300), ("CNY 5", 500),
        ],
    )  # fmt: skip
    def test_reads_what_people_write(self, text: str, minor: int) -> None:
        assert parse_amount(text, "CNY") == minor

    @pytest.mark.parametrize(
        "text", ["", "abc", "1.234", "1,23", "1e3", "NaN", "--5", "1 2", "9" * 16, "99999999999999"]
    )
    def test_refuses_what_is_no_amount(self, text: str) -> None:
        with pytest.raises(InvalidAmount):
            parse_amount(text, "CNY")

    def test_knows_currencies_without_cents(self) -> None:
        assert parse_amount("500", "JPY") == 500
        with pytest.raises(InvalidAmount):
            parse_amount("5.5", "JPY")
        with pytest.raises(UnknownCurrency):
            parse_amount("5", "yuan")

    @given(st.integers(-(10**12), 10**12), st.sampled_from(["CNY", "JPY", "KWD"]))
    def test_reads_back_what_it_writes(self, minor: int, currency: str) -> None:
        assert parse_amount(plain_amount(minor, currency), currency) == minor


class TestFormatAmount:
    def test_writes_sign_and_groups(self) -> None:
        assert format_amount(123450, "CNY") == "¥1,234.50"
        assert format_amount(-990, "CNY") == "−¥9.90"
        assert format_amount(500, "JPY") == "JP¥500"
        assert format_amount(500, "CHF") == "CHF 5.00"


class TestPointsFor:
    @pytest.mark.parametrize(
        ("minor", "rate", "points"),
        [(19990, 10_000, 199), (10000, 10_000, 100), (2490, 15_000, 37), (-5, 10_000, 0)],
    )
    def test_floors_the_net_amount_once(self, minor: int, rate: int, points: int) -> None:
        assert points_for(minor, rate, "CNY") == points
