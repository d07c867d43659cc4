"""Refusals, ids, periods, contacts, masks and batches, tried without a database."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.kit import contacts, ids, masking, periods
from regulars.kit.batches import chunked
from regulars.kit.contacts import InvalidEmail, InvalidPhone
from regulars.kit.errors import Kind, Refusal, every_refusal
from regulars.kit.messages import message

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SHANGHAI = periods.zone("Asia/Shanghai")
NEW_YORK = periods.zone("America/New_York")


class TestRefusals:
    def test_know_their_code_and_their_facts(self) -> None:
        no = contacts.InvalidPhone()

        assert no.code == "kit.invalid_phone"
        assert no.kind is Kind.INVALID
        assert str(no) == InvalidPhone.reason
        assert message("x") == "x"

    def test_are_listed_by_code_once(self) -> None:
        codes = [kind.name() for kind in every_refusal()]

        assert codes == sorted(set(codes))
        assert "kit.invalid_phone" in codes
        assert issubclass(InvalidPhone, Refusal)


class TestIds:
    @given(st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)))
    def test_sort_by_time(self, at: datetime) -> None:
        at = at.replace(tzinfo=UTC)

        earlier = ids.time_ordered_uuid(at)
        later = ids.time_ordered_uuid(at + timedelta(milliseconds=2))

        assert earlier < later
        assert earlier.version == 7
        assert earlier.variant == "specified in RFC 4122"

    def test_repeat_for_equal_parts_and_differ_for_others(self) -> None:
        assert ids.uuid_from("a", 1) == ids.uuid_from("a", 1)
        assert ids.uuid_from("ab", "c") != ids.uuid_from("a", "bc")
        assert ids.uuid_from("a").version == 8

    def test_of_a_space_rise_with_their_numbers(self) -> None:
        space, other = ids.uuid_space("a"), ids.uuid_space("b")

        made = [ids.uuid_in(space, n, part) for n in (1, 2, 2**48 - 1) for part in (0, 2**16 - 1)]

        assert made == sorted(set(made))
        assert made[0] == ids.uuid_in(space, 1) != ids.uuid_in(other, 1)
        assert {(each.version, each.variant) for each in made} == {(8, "specified in RFC 4122")}


class TestPeriods:
    def test_year_ends_in_the_zone_of_the_shop(self) -> None:
        last_second = datetime(2025, 12, 31, 15, 59, 59, tzinfo=UTC)

        end = periods.end_of_year(last_second, SHANGHAI)
        after = periods.end_of_year(last_second + timedelta(seconds=1), SHANGHAI)

        assert end == datetime(2026, 12, 31, 16, tzinfo=UTC)
        assert after == datetime(2027, 12, 31, 16, tzinfo=UTC)

    @pytest.mark.parametrize(
        ("start", "months", "end"),
        [
            ((2026, 1, 31), 1, (2026, 2, 28)),
            ((2024, 1, 31), 1, (2024, 2, 29)),
            ((2026, 12, 31), -12, (2025, 12, 31)),
            ((2026, 3, 31), -1, (2026, 2, 28)),
            ((2026, 11, 30), 3, (2027, 2, 28)),
        ],
    )
    def test_months_keep_the_day_where_there_is_one(
        self, start: tuple[int, int, int], months: int, end: tuple[int, int, int]
    ) -> None:
        moved = periods.add_months(datetime(*start, 4, tzinfo=UTC), months, SHANGHAI)

        assert moved == datetime(*end, 4, tzinfo=UTC)

    def test_days_and_months_start_at_local_midnight_over_clock_changes(self) -> None:
        in_summer = datetime(2026, 3, 9, 3, tzinfo=UTC)

        assert periods.start_of_day(in_summer, NEW_YORK) == datetime(2026, 3, 8, 5, tzinfo=UTC)
        assert periods.start_of_month(in_summer, NEW_YORK) == datetime(2026, 3, 1, 5, tzinfo=UTC)
        assert periods.add_days(in_summer, 1) == datetime(2026, 3, 10, 3, tzinfo=UTC)

    @pytest.mark.parametrize("name", ["Mars/Base", "", "../etc/passwd"])
    def test_unknown_zones_are_refused(self, name: str) -> None:
        with pytest.raises(periods.UnknownZone):
            periods.zone(name)


class TestPhones:
    @pytest.mark.parametrize(
        ("text", "number"),
        [
            ("13800138000", "+8613800138000"),
            ("+86 138 0013 8000", "+8613800138000"),
            ("１３８００１３８０００", "+8613800138000"),
            ("+44 20 7946 0958", "+442079460958"),
            ("021-62345678", "+862162345678"),
        ],
    )
    def test_become_one_form(self, text: str, number: str) -> None:
        assert contacts.normalise_phone(text) == number

    @pytest.mark.parametrize("text", ["", "123", "138****8000", "12345678901234567890", "x" * 40])
    def test_that_cannot_ring_are_refused(self, text: str) -> None:
        with pytest.raises(InvalidPhone):
            contacts.normalise_phone(text)


class TestEmails:
    def test_become_lower_case(self) -> None:
        assert contacts.normalise_email(" Lin@Example.COM ") == "lin@example.com"

    @pytest.mark.parametrize("text", ["", "a@b", "a b@c.d", "a***@x.com", "a@" + "x" * 260 + ".cn"])
    def test_that_are_none_are_refused(self, text: str) -> None:
        with pytest.raises(InvalidEmail):
            contacts.normalise_email(text)


class TestMasks:
    @pytest.mark.parametrize(
        ("shown", "masked"),
        [
            (masking.mask_phone("+8613800138000"), "138****8000"),
            (masking.mask_phone("+442079460958"), "+4420****0958"),
            (masking.mask_phone("12345"), "*****"),
            (masking.mask_name("林小雨"), "林**"),
            (masking.mask_name("欧阳锋"), "欧阳*"),
            (masking.mask_name("欧阳"), "欧*"),
            (masking.mask_name("Anna Li"), "A***"),
            (masking.mask_name(" "), ""),
            (masking.mask_email("lin@example.com"), "l***@example.com"),
            (masking.mask_email("nothing"), "***"),
            (masking.mask_tail("660000001234"), "********1234"),
            (masking.mask_tail("12"), "**"),
        ],
    )
    def test_show_no_more_than_they_should(self, shown: str, masked: str) -> None:
        assert shown == masked

    def test_are_recognised(self) -> None:
        assert contacts.is_masked("138****8000")
        assert not contacts.is_masked("13800138000")


class TestBatches:
    def test_cut_a_stream(self) -> None:
        assert list(chunked(range(5), 2)) == [[0, 1], [2, 3], [4]]
        assert list(chunked([], 2)) == []
        with pytest.raises(ValueError, match="at least one"):
            list(chunked([1], 0))
