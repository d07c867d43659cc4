"""Lists without a page: how an address is read, written and kept canonical."""

from datetime import UTC, date, datetime, timedelta
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.console.domain.cells import Approximate, Cell, ListRow
from regulars.console.domain.exports import Money
from regulars.console.domain.listings import Opened, Part, value_of
from regulars.console.domain.lists import Choice, Column, Filter, ListSpec, read_state
from regulars.console.domain.periods import PRESETS, Days, days_of

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOON = datetime(2026, 11, 21, 4, tzinfo=UTC)
SPEC = ListSpec(
    name="orders",
    url_name="console-orders",
    title="Orders",
    purpose="",
    columns=(
        Column("number", "Number"),
        Column("paid_at", "Paid", sorts=True),
        Column("net", "Net", numeric=True, sorts=True),
        Column("channel", "Channel", hidden=True),
    ),
    filters=(
        Filter("state", "State", choices=(Choice("paid", "Paid"), Choice("closed", "Closed"))),
        Filter("paid", "Paid on", kind="days"),
        Filter("late", "Late", kind="flag"),
        Filter("points", "Points", kind="numbers"),
        Filter("q", "Number", kind="text"),
    ),
    sort="-paid_at",
)
WORDS = ["paid", "closed", "1", "0", "last_7", "2026-11-02", "2026-13-01", "net", "-net", "x" * 99]
KEYS = ["state", "paid", "paid_from", "paid_to", "late", "points_from", "q", "sort", "size", "cols"]


class TestReadState:
    def test_takes_what_it_knows(self) -> None:
        state = read_state(
            SPEC,
            {
                "state": "paid",
                "paid_from": "2026-11-01",
                "late": "1",
                "points_from": "10",
                "sort": "net",
                "size": "50",
                "cols": "channel.net",
            },
        )

        assert state.filters == {
            "state": "paid",
            "paid_from": "2026-11-01",
            "late": "1",
            "points_from": "10",
        }
        assert (state.sort_code, state.descending, state.size) == ("net", False, 50)
        assert state.columns == ("number", "channel", "net")
        assert state.numbers("points") == (10, None)
        assert state.is_on("late")

    @pytest.mark.parametrize(
        ("key", "text"),
        [
            ("state", "stolen"),
            ("paid", "someday"),
            ("paid_from", "2026-02-30"),
            ("paid_from", "20261101"),
            ("late", "yes"),
            ("points_from", "-5"),
            ("points_from", "１２"),
            ("q", "x" * 81),
            ("q", "a\x00b"),
            ("sort", "secret"),
            ("size", "51"),
            ("cols", "secret"),
            ("view", "mine"),
            ("unknown", "1"),
        ],
    )
    def test_ignores_what_makes_no_sense(self, key: str, text: str) -> None:
        assert read_state(SPEC, {key: text}) == read_state(SPEC, {})

    def test_prefers_dates_to_a_preset(self) -> None:
        state = read_state(SPEC, {"paid": "last_7", "paid_to": "2026-11-02"})

        assert state.days("paid", today=date(2026, 11, 21)) == Days(None, date(2026, 11, 2))

    @given(st.dictionaries(st.sampled_from(KEYS), st.sampled_from(WORDS)))
    def test_reads_back_what_it_writes(self, params: dict[str, str]) -> None:
        state = read_state(SPEC, params)

        again = read_state(SPEC, dict(parse_qsl(state.query())))

        assert again == state
        assert again.query() == state.query()


class TestQuery:
    def test_leaves_out_what_is_usual(self) -> None:
        assert read_state(SPEC, {"size": "20", "sort": "-paid_at"}).query() == ""

    def test_changes_and_drops_parts(self) -> None:
        state = read_state(SPEC, {"state": "paid", "late": "1", "after": "abc"})

        assert state.query(sort="net") == "late=1&sort=net&state=paid"
        assert state.query(without=("state",)) == "late=1"
        assert state.query(state="") == "late=1"
        assert state.query(after="xyz") == "after=xyz&late=1&state=paid"


class TestSpec:
    def test_refuses_filters_that_claim_one_name_twice(self) -> None:
        twice = (Filter("a", "A", kind="days"), Filter("a_from", "B", kind="flag"))

        with pytest.raises(ValueError, match="twice"):
            ListSpec("x", "y", "X", "", (Column("a", "A"),), filters=twice)

    def test_refuses_filters_named_as_the_lists_own_parts(self) -> None:
        with pytest.raises(ValueError, match="twice"):
            ListSpec("x", "y", "X", "", (Column("a", "A"),), filters=(Filter("sort", "S"),))

    def test_takes_choices_of_the_day(self) -> None:
        spec = SPEC.with_choices(state=[Choice("S01", "静安店", is_data=True)])

        assert read_state(spec, {"state": "S01"}).filters == {"state": "S01"}
        assert read_state(spec, {"state": "paid"}).filters == {}


class TestPeriods:
    @pytest.mark.parametrize(
        ("preset", "first", "last"),
        [
            ("today", date(2026, 11, 21), date(2026, 11, 21)),
            ("yesterday", date(2026, 11, 20), date(2026, 11, 20)),
            ("last_7", date(2026, 11, 15), date(2026, 11, 21)),
            ("last_30", date(2026, 10, 23), date(2026, 11, 21)),
            ("this_week", date(2026, 11, 16), date(2026, 11, 21)),
            ("last_week", date(2026, 11, 9), date(2026, 11, 15)),
            ("this_month", date(2026, 11, 1), date(2026, 11, 21)),
            ("last_month", date(2026, 10, 1), date(2026, 10, 31)),
            ("this_quarter", date(2026, 10, 1), date(2026, 11, 21)),
            ("this_year", date(2026, 1, 1), date(2026, 11, 21)),
        ],
    )
    def test_names_days_with_both_ends(self, preset: str, first: date, last: date) -> None:
        assert days_of(preset, today=date(2026, 11, 21)) == Days(first, last)

    @given(st.dates(min_value=date(1990, 1, 1)), st.sampled_from(sorted(PRESETS)))
    def test_never_ends_before_it_begins_or_after_today(self, today: date, preset: str) -> None:
        days = days_of(preset, today=today)

        assert days.first is not None
        assert days.last is not None
        assert days.first <= days.last <= today

    def test_spans_whole_days_of_the_shop(self) -> None:
        state = read_state(SPEC, {"paid": "today"})

        span = state.span("paid", at=NOON, zone=SHANGHAI)

        assert span.since == datetime(2026, 11, 20, 16, tzinfo=UTC)
        assert span.until == span.since + timedelta(days=1)
        assert span.covers(NOON)
        assert not span.covers(span.until)

    def test_is_open_where_nothing_is_asked(self) -> None:
        span = read_state(SPEC, {}).span("paid", at=NOON, zone=SHANGHAI)

        assert (span.since, span.until) == (None, None)
        assert span.covers(NOON)


class TestOpened:
    """A list that is read part by part, never more of it at once than is asked for."""

    def opened(self, rows, total=None):
        self.taken = []

        def read(cursor, size):
            start = int(cursor or 0)
            self.taken.append(size)
            after = str(start + size) if start + size < rows else None
            return Part([ListRow(str(n), {}) for n in range(start, min(start + size, rows))], after)

        return Opened(state=read_state(SPEC, {}), read=read, total=total)

    def test_reads_every_row_once(self):
        parts = list(self.opened(7).parts(3))

        assert [[row.id for row in part.rows] for part in parts] == [
            ["0", "1", "2"],
            ["3", "4", "5"],
            ["6"],
        ]
        assert self.taken == [3, 3, 3]

    def test_counts_by_reading_no_further_than_the_limit(self):
        assert self.opened(7).count(100, size=3) == 7
        assert self.opened(1_000).count(5, size=3) == 5
        assert self.taken == [3, 3]

    @pytest.mark.parametrize(
        ("total", "counted"), [(4, 4), (40, 10), (Approximate(4), 10), (None, 10)]
    )
    def test_takes_the_limit_where_nobody_knows_the_total(self, total, counted):
        assert self.opened(7, lambda: total).count(10, size=3) == counted
        assert self.taken == []


class TestValueOf:
    @pytest.mark.parametrize(
        ("cell", "value"),
        [
            (Cell.text("Earned", "Pending"), "Earned · Pending"),
            (Cell.person("林**", "138****8000", "/x"), "林** · 138****8000"),
            (Cell.status("ok", "done"), "done"),
            (Cell.points(-86, signed=True), -86),
            (Cell.number(None), None),
            (Cell.money(-105, "CNY"), Money(-105, "CNY")),
            (Cell.money(None, "CNY"), None),
            (Cell.moment(NOON), NOON),
            (Cell.moment(None), None),
            (Cell.day(datetime(2026, 11, 21, 17, tzinfo=UTC)), date(2026, 11, 22)),
            (Cell.day(date(2026, 11, 21)), date(2026, 11, 21)),
            (Cell.dash(), None),
        ],
    )
    def test_says_what_the_cell_says(self, cell, value):
        assert value_of(cell, zone=SHANGHAI) == value
