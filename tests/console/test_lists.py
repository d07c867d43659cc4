"""Lists as pages: what stands around the rows, what each cell writes, what an empty list says."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.test import RequestFactory
from django.utils import translation

from regulars.access.domain import Actor, Reach, Scope
from regulars.console.domain.lists import (
    Approximate,
    Bulk,
    Cell,
    Choice,
    Column,
    Empty,
    Filter,
    ListRow,
    ListSpec,
    PageAction,
    RowAction,
    read_state,
)
from regulars.console.pages.lists import draw_list

pytestmark = [pytest.mark.django_db, pytest.mark.capability("H1")]
AT = datetime(2026, 11, 21, 4, tzinfo=UTC)
SPEC = ListSpec(
    name="things",
    url_name="console-members",
    title="Orders",
    purpose="See orders",
    columns=(
        Column("name", "Name"),
        Column("net", "Net", numeric=True, sorts=True, help="What is left"),
        Column("channel", "Channel", hidden=True),
    ),
    filters=(
        Filter("state", "State", choices=(Choice("paid", "Paid", 3), Choice("x", "Open"))),
        Filter("on", "Day", kind="days"),
        Filter("late", "Late", kind="flag"),
        Filter("points", "Points", kind="numbers"),
        Filter("q", "Number", kind="text"),
    ),
    sort="-net",
    bulk=(Bulk("tag", "Tag members", "console-members", "tags.write"),),
)


def actor(*permissions: str) -> Actor:
    held = frozenset(permissions)
    return Actor("staff", 1, "陈晨", held, Scope.all(), (Reach(held, Scope.all()),))


def drawn(
    query: str = "", rows: Sequence[ListRow] = (), *, who: Actor | None = None, **more: Any
) -> str:
    request = RequestFactory().get(f"/console/things{query}")
    request.actor = who or actor("tags.write")  # type: ignore[attr-defined]
    empty = Empty("Nothing yet", "Bring some.", (PageAction("Import", "/in"),))
    given = {"next_cursor": None, "zone": ZoneInfo("Asia/Shanghai"), "at": AT, "empty": empty}
    with translation.override("en"):
        answer = draw_list(request, SPEC, read_state(SPEC, request.GET), rows, **(given | more))
    return answer.content.decode()


def row(number: int = 1, **cells: Cell) -> ListRow:
    return ListRow(str(number), {"name": Cell.text(f"T{number}"), **cells}, f"/console/{number}")


class TestTable:
    def test_heads_sort_and_say_how_it_is_sorted(self) -> None:
        page = drawn(rows=[row()])

        assert 'aria-sort="descending"' in page
        assert 'href="/console/things?sort=net"' in page
        assert 'title="What is left"' in page
        assert "Channel" not in page.split("<thead")[1].split("</thead>")[0]

    def test_shows_the_columns_of_the_address(self) -> None:
        page = drawn("?cols=channel", [row(channel=Cell.text("till"))])

        assert "Channel" in page.split("<thead")[1].split("</thead>")[0]
        assert "till" in page

    def test_opens_the_row_and_offers_three_acts_at_most(self) -> None:
        acts = tuple(RowAction(f"Act {n}", f"/console/act/{n}") for n in range(5))

        page = drawn(rows=[ListRow("1", {"name": Cell.text("T1")}, "/console/1", acts)])

        assert 'data-href="/console/1"' in page
        acts_of_row = page.split('class="row-acts"')[1]
        before, more = acts_of_row.split("<details", maxsplit=1)
        assert [f"Act {n}" in before for n in range(5)] == [True, True, False, False, False]
        assert "Act 4" in more

    @pytest.mark.parametrize(
        ("cell", "shown"),
        [
            (Cell.text("a<b", "c&d"), 'a&lt;b<small class="sub">c&amp;d</small>'),
            (Cell.text(""), "—"),
            (Cell.code("SO-1"), "<code>SO-1</code>"),
            (Cell.number(1234), "1,234"),
            (Cell.number(None), "—"),
            (Cell.points(-1200, signed=True), '<span class="neg">−1,200</span>'),
            (Cell.points(5, signed=True), "+5"),
            (Cell.money(123450, "CNY"), "¥1,234.50"),
            (Cell.money(-5, "CNY"), '<span class="neg">−¥0.05</span>'),
            (Cell.moment(AT), "2026-11-21 12:00"),
            (Cell.moment(None), "—"),
            (Cell.day(date(2026, 11, 2)), "2026-11-02"),
            (Cell.status("bad", "Failed"), '<span class="dot is-bad">Failed</span>'),
            (Cell.status("mute", "Off"), "is-off"),
            (Cell.tag("vip", "by hand"), '<span class="tag">vip <small>by hand</small></span>'),
            (Cell.tier(3, "Gold"), 'data-tier="3"'),
            (Cell.link("SO-1", "/o/1"), '<a href="/o/1">SO-1</a>'),
            (Cell.person("林**", "138****8000", "/m/1"), '<a class="who" href="/m/1">'),
            (Cell.person("", "138****8000", ""), '<span class="who">'),
            (Cell.person("0000018", "0000018", ""), "0000018</b></span></span>"),
            (Cell.progress(130, "done"), "--v:100"),
            (Cell.dash(), '<span class="mute">—</span>'),
        ],
    )
    def test_writes_each_kind_of_cell(self, cell: Cell, shown: str) -> None:
        assert shown in drawn(rows=[row(net=cell)])


class TestAround:
    def test_shows_filters_as_chips_that_can_be_removed(self) -> None:
        page = drawn("?state=paid&on=last_7&late=1&points_from=5&q=SO-1", [row()])

        assert page.count('class="chip"') == 5
        assert 'href="/console/things?late=1&amp;on=last_7&amp;points_from=5&amp;q=SO-1"' in page
        assert "Clear all" in page
        assert "Last 7 days" in page
        assert "from 5" in page

    def test_says_ranges_of_days(self) -> None:
        assert "2026-11-01 – 2026-11-03" in drawn("?on_from=2026-11-01&on_to=2026-11-03", [row()])
        assert "up to 2026-11-03" in drawn("?on_to=2026-11-03", [row()])
        assert '<span class="mute">Day</span> 2026-11-01' in drawn(
            "?on_from=2026-11-01&on_to=2026-11-01", [row()]
        )

    def test_turns_pages_and_sizes_with_everything_else_kept(self) -> None:
        page = drawn("?state=paid&after=abc", [row()], next_cursor="xyz")

        assert 'href="/console/things?after=xyz&amp;state=paid" rel="next"' in page
        assert 'href="/console/things?state=paid" rel="first"' in page
        assert 'href="/console/things?size=50&amp;state=paid"' in page

    def test_counts_exactly_or_about(self) -> None:
        assert "1,234 rows" in drawn(rows=[row()], total=1234)
        assert "about 1,234 rows" in drawn(rows=[row()], total=Approximate(1234))

    def test_offers_acts_on_many_to_who_may(self) -> None:
        page = drawn("?state=paid", [row()], total=40)

        assert 'name="ids" value="1"' in page
        assert "All 40 that match" in page
        assert 'name="query" value="state=paid"' in page
        assert 'name="ids"' not in drawn(rows=[row()], who=actor("members.read"))

    def test_chooses_the_whole_page_without_a_script(self) -> None:
        page = drawn("?select=page", [row(1), row(2)])

        assert page.count('aria-label="Choose this row" checked') == 2


class TestEmpty:
    def test_says_what_the_list_is_for_when_it_never_had_a_row(self) -> None:
        page = drawn()

        assert "Nothing yet" in page
        assert 'href="/in"' in page

    def test_offers_to_clear_filters_when_nothing_matches(self) -> None:
        page = drawn("?state=paid")

        assert "Nothing matches" in page
        assert "Nothing yet" not in page

    def test_leads_back_from_behind_the_end(self) -> None:
        assert "Nothing more" in drawn("?after=abc")
