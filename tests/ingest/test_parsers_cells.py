"""Single cells: every way in which people and spreadsheets write a value."""

from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.ingest.domain import files
from regulars.ingest.parsers import cells, dates
from regulars.kit.contacts import InvalidEmail, InvalidPhone
from regulars.kit.errors import Refusal
from regulars.kit.sheets import safe_cell

SHANGHAI = ZoneInfo("Asia/Shanghai")
FILE_AT = datetime(2026, 3, 1, tzinfo=UTC)


class TestClean:
    @pytest.mark.parametrize(
        "blank", ["", " ", "\t", "-", "—", "——", "　", "N/A", "无", "NULL", "'"]
    )
    def test_reads_what_stands_for_nothing_as_nothing(self, blank: str) -> None:
        assert cells.clean(blank) == ""

    @pytest.mark.parametrize(
        "text", ["\t00138", "'00138", "’00138", '="00138"', " 00138　", "\ufeff00138"]
    )
    def test_takes_off_what_keeps_zeros(self, text: str) -> None:
        assert cells.clean(text) == "00138"

    @pytest.mark.parametrize(
        "text", ["=1+1", '=HYPERLINK("x")', "=cmd|' /C calc'!A0", "＝SUM(A1)", "=-1"]
    )
    def test_refuses_formulas(self, text: str) -> None:
        with pytest.raises(files.FormulaCell):
            cells.clean(text)

    def test_leaves_faces_alone(self) -> None:
        assert cells.clean("=^_^=") == "=^_^="


class TestReadCode:
    @pytest.mark.parametrize(
        ("text", "code"),
        [
            ("E20240105103000123456", "E20240105103000123456"),
            ("13800000000.0", "13800000000"),
            ("１２３４５", "12345"),
            ("1.2345E+4", "12345"),
            ("85123A", "85123A"),
            ("\t6225880123456789", "6225880123456789"),
            ("17850.00", "17850"),
            ("A-1.5", "A-1.5"),
        ],
    )
    def test_reads_identifiers(self, text: str, code: str) -> None:
        assert cells.read_code(text) == code

    @pytest.mark.parametrize("text", ["1.23457E+17", "2.02401E+20", "1.38E+10"])
    def test_refuses_numbers_a_spreadsheet_has_rounded(self, text: str) -> None:
        with pytest.raises(files.DigitsLost):
            cells.read_code(text)

    def test_refuses_what_no_identifier_is_long_enough_for(self) -> None:
        with pytest.raises(files.CellTooLong):
            cells.read_code("9" * 129)


class TestReadPhone:
    @pytest.mark.parametrize(
        "text",
        ["13800138000", "13800138000.0", "1.3800138E+10", "１３８００１３８０００", "\t13800138000",
         "'13800138000", "+86 138 0013 8000", "138-0013-8000", "8613800138000", "0086 13800138000"],
    )  # fmt: skip
    def test_reads_one_number_however_it_is_written(self, text: str) -> None:
        assert cells.read_phone(text, "CN") == "+8613800138000"

    def test_keeps_a_masked_one_as_it_is(self) -> None:
        assert cells.read_phone("138****8000", "CN") == "138****8000"

    def test_refuses_one_whose_digits_are_gone(self) -> None:
        with pytest.raises(files.DigitsLost):
            cells.read_phone("1.38E+10", "CN")

    @pytest.mark.parametrize("text", ["12345", "abc", "99999999999"])
    def test_refuses_what_cannot_ring(self, text: str) -> None:
        with pytest.raises(InvalidPhone):
            cells.read_phone(text, "CN")


class TestReadAmount:
    @pytest.mark.parametrize(
        ("text", "plain"),
        [
            ("￥1,234.50", "1234.50"),
            ("1,234.50元", "1234.50"),
            ("¥ 12", "12.00"),
            ("12.5", "12.50"),
            ("(9.90)", "-9.90"),
            ("（9.90）", "-9.90"),
            ("-9.90", "-9.90"),
            ("−9.90", "-9.90"),
            ("-￥9.90", "-9.90"),
            ("￥-9.90", "-9.90"),
            ("１２．５０", "12.50"),
            ("69.20(分销商等级折扣：47.80)", "69.20"),
            ("69.20（分销商等级折扣：47.80）", "69.20"),
            ("$1,234,567.89", "1234567.89"),
            (".5", "0.50"),
            ("+3.00", "3.00"),
            ("1.5E2", "150.00"),
            ("-0.00", "-0.00"),
            ("——", ""),
            ("", ""),
        ],
    )
    def test_reads_amounts(self, text: str, plain: str) -> None:
        assert cells.read_amount(text) == plain

    @pytest.mark.parametrize(
        "text", ["abc", "1.2.3", "12,34", "1,2345", "￥", "12%", "1" * 30, "()", "--5"]
    )
    def test_refuses_what_is_none(self, text: str) -> None:
        with pytest.raises(files.NotAnAmount):
            cells.read_amount(text)

    @given(st.decimals(min_value=-(10**9), max_value=10**9, places=2))
    def test_reads_back_what_it_writes_in_any_dress(self, amount: Decimal) -> None:
        dressed = f"￥{abs(amount):,.2f}元"
        dressed = f"({dressed})" if amount < 0 else dressed

        assert Decimal(cells.read_amount(dressed)) == amount
        assert Decimal(cells.read_amount(f"{amount:.2f}")) == amount

    @given(st.text(max_size=40))
    def test_never_does_anything_but_read_or_refuse(self, text: str) -> None:
        try:
            plain = cells.read_amount(text)
        except Refusal:
            return
        assert plain == "" or Decimal(plain).is_finite()


class TestReadWords:
    def test_splits_tags_on_every_sign(self) -> None:
        assert cells.read_words("新客，老客,高价值；回头客;A、B|A") == (
            "新客",
            "老客",
            "高价值",
            "回头客",
            "A",
            "B",
        )

    @pytest.mark.parametrize(
        ("text", "gender"),
        [("男", "male"), ("女", "female"), ("1", "male"), ("2", "female"), ("2.0", "female"), ("0", ""),
         ("保密", ""), ("未知", ""), ("F", "female"), ("", "")],
    )  # fmt: skip
    def test_reads_gender_words(self, text: str, gender: str) -> None:
        assert cells.read_gender(text) == gender

    def test_refuses_unknown_gender_words(self) -> None:
        with pytest.raises(files.UnknownWord):
            cells.read_gender("blue")

    def test_keeps_emoji_nicknames(self) -> None:
        assert cells.read_text("小🐱咪 👨‍👩‍👧") == "小🐱咪 👨‍👩‍👧"

    def test_reads_e_mail_and_keeps_a_masked_one(self) -> None:
        assert cells.read_email(" Ann@Example.COM ") == "ann@example.com"
        assert cells.read_email("z***@q.com") == "z***@q.com"
        with pytest.raises(InvalidEmail):
            cells.read_email("ann at example")

    @pytest.mark.parametrize(
        ("text", "number"), [("1,200", 1200), ("1200.00", 1200), ("１２", 12), ("", None)]
    )
    def test_reads_whole_numbers(self, text: str, number: int | None) -> None:
        assert cells.read_integer(text) == number

    @pytest.mark.parametrize(
        ("text", "flag"), [("是", True), ("否", False), ("yes", True), ("", None)]
    )
    def test_reads_yes_and_no(self, text: str, flag: object) -> None:
        assert cells.read_flag(text) is flag


class TestReadMoment:
    @pytest.mark.parametrize(
        ("text", "moment"),
        [
            ("2024-01-05 10:00:00", datetime(2024, 1, 5, 2, tzinfo=UTC)),
            ("2024-01-05 10:00", datetime(2024, 1, 5, 2, tzinfo=UTC)),
            ("2024/1/5 10:00", datetime(2024, 1, 5, 2, tzinfo=UTC)),
            ("2024/1/5", datetime(2024, 1, 4, 16, tzinfo=UTC)),
            ("2024.1.5", datetime(2024, 1, 4, 16, tzinfo=UTC)),
            ("2024年1月5日", datetime(2024, 1, 4, 16, tzinfo=UTC)),
            ("2024年1月5日 10时30分", datetime(2024, 1, 5, 2, 30, tzinfo=UTC)),
            ("2024/1/5 下午 3:20", datetime(2024, 1, 5, 7, 20, tzinfo=UTC)),
            ("２０２４－０１－０５ １０：００", datetime(2024, 1, 5, 2, tzinfo=UTC)),
            ("20240105", datetime(2024, 1, 4, 16, tzinfo=UTC)),
            ("20240105100000", datetime(2024, 1, 5, 2, tzinfo=UTC)),
            ("45296", datetime(2024, 1, 4, 16, tzinfo=UTC)),
            ("45296.4166666667", datetime(2024, 1, 5, 2, tzinfo=UTC)),
            ("2024-01-05T10:00:00+08:00", datetime(2024, 1, 5, 2, tzinfo=UTC)),
            ("2024-01-05T02:00:00Z", datetime(2024, 1, 5, 2, tzinfo=UTC)),
            ("2024-01-05T02:00:00.123Z", datetime(2024, 1, 5, 2, 0, 0, 123000, tzinfo=UTC)),
            ("1704420000", datetime(2024, 1, 5, 2, tzinfo=UTC)),
            ("1704420000000", datetime(2024, 1, 5, 2, tzinfo=UTC)),
            ("5 Jan 2024", datetime(2024, 1, 4, 16, tzinfo=UTC)),
            ("Jan 5, 2024 10:00 AM", datetime(2024, 1, 5, 2, tzinfo=UTC)),
            ("\t2024-01-05 10:00", datetime(2024, 1, 5, 2, tzinfo=UTC)),
        ],
    )
    def test_reads_moments_in_the_shops_zone(self, text: str, moment: datetime) -> None:
        assert dates.read_moment(text, SHANGHAI) == moment

    def test_reads_nothing_as_nothing(self) -> None:
        assert dates.read_moment("——", SHANGHAI) is None

    @pytest.mark.parametrize(
        "text", ["2024-13-01", "2024-02-30", "yesterday", "99999999", "2024-01-05 25:00"]
    )
    def test_refuses_what_is_no_date(self, text: str) -> None:
        with pytest.raises(files.NotADate):
            dates.read_moment(text, SHANGHAI)

    @pytest.mark.parametrize("text", ["1066-10-14", "9999-12-31 00:00:00", "12"])
    def test_refuses_absurd_years(self, text: str) -> None:
        with pytest.raises(files.AbsurdDate):
            dates.read_moment(text, SHANGHAI)

    def test_asks_which_of_two_is_the_month(self) -> None:
        with pytest.raises(files.AmbiguousDate):
            dates.read_moment("12/1/2010 8:26", SHANGHAI)

        assert dates.read_moment("12/1/2010 8:26", ZoneInfo("Europe/London"), "mdy") == datetime(
            2010, 12, 1, 8, 26, tzinfo=UTC
        )
        assert dates.read_moment("12/1/2010", ZoneInfo("Europe/London"), "dmy") == datetime(
            2010, 1, 12, tzinfo=UTC
        )

    def test_knows_summer_time(self) -> None:
        assert dates.read_moment("2011-07-01 10:00", ZoneInfo("Europe/London")) == datetime(
            2011, 7, 1, 9, tzinfo=UTC
        )

    def test_reads_days_without_a_zone(self) -> None:
        assert dates.read_day("2025年12月31日") == date(2025, 12, 31)

    @given(st.datetimes(min_value=datetime(1971, 1, 1), max_value=datetime(2099, 1, 1)))
    def test_reads_a_second_however_it_is_written(self, local: datetime) -> None:
        local = local.replace(microsecond=0)
        expected = local.replace(tzinfo=SHANGHAI).astimezone(UTC)

        for text in (
            local.isoformat(" "),
            f"{local.year}/{local.month}/{local.day} {local:%H:%M:%S}",
            f"{local.year}年{local.month}月{local.day}日 {local:%H:%M:%S}",
            f"{local:%Y%m%d%H%M%S}",
        ):
            assert dates.read_moment(text, SHANGHAI) == expected

    @given(st.text(alphabet="0123456789-/: TZ年月日.+上下午", max_size=24))
    def test_never_does_anything_but_read_or_refuse(self, text: str) -> None:
        try:
            dates.read_moment(text, SHANGHAI)
        except Refusal:
            return


class TestReadBirthday:
    @pytest.mark.parametrize(
        "text", ["1900-01-01", "1900/1/1", "1", "", "-", "0000-00-00", "1899-12-30"]
    )
    def test_reads_what_systems_write_for_nothing_as_nothing(self, text: str) -> None:
        assert dates.read_birthday(text, FILE_AT) == ""

    @pytest.mark.parametrize(
        ("text", "day"),
        [("1990年5月17日", "1990-05-17"), ("1990/5/17", "1990-05-17"), ("05-17", "05-17"), ("5月17日", "05-17"),
         ("33010", "1990-05-17"), ("2000-02-29 00:00:00", "2000-02-29")],
    )  # fmt: skip
    def test_reads_birthdays(self, text: str, day: str) -> None:
        assert dates.read_birthday(text, FILE_AT) == day

    def test_refuses_those_to_be_born(self) -> None:
        with pytest.raises(files.AbsurdDate):
            dates.read_birthday("2090-01-01", FILE_AT)


@pytest.mark.reliability("RJ5")
class TestSafeCell:
    @pytest.mark.parametrize(
        "text",
        [
            "=1+1",
            "+1",
            "-1",
            "@x",
            "\tx",
            "\rx",
            "｜x",
            "＝x",
            "  =1",
            "　=1",
            "＋1",
            "－1",
            "\x00=1",
        ],
    )
    def test_quotes_what_a_spreadsheet_would_run(self, text: str) -> None:
        assert safe_cell(text) == "'" + text.replace("\x00", "")

    def test_leaves_a_phone_readable_and_takes_it_back(self) -> None:
        shown = safe_cell("+8613800138000")

        assert shown == "'+8613800138000"
        assert cells.read_phone(shown, "CN") == "+8613800138000"

    def test_leaves_ordinary_cells_alone(self) -> None:
        assert safe_cell("林小茶 12.50") == "林小茶 12.50"
