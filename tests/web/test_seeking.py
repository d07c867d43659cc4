"""Looking through a big table: whole, in order, without repeats, and never further than said."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regulars.web import paging, seeking, sql
from regulars.web.seeking import Seek

pytestmark = pytest.mark.django_db
SEEK = Seek(columns="n, colour", table="seek_try", keys=(("at", "timestamptz"), ("n", "bigint")))


@pytest.fixture(autouse=True)
def _table() -> None:
    sql.run("CREATE TEMP TABLE seek_try (n bigint, colour text, at timestamptz) ON COMMIT DROP")
    sql.run(
        "INSERT INTO seek_try SELECT n, CASE WHEN n % 10 = 0 THEN 'red' ELSE 'blue' END,"
        " '2026-03-01T00:00:00Z'::timestamptz + (n / 3) * interval '1 second'"
        " FROM generate_series(1, 300) n"
    )


def all_of(seek: Seek, *, limit: int, passed_max: int = 1_000) -> tuple[list[int], int]:
    found: list[int] = []
    cursor, pages = None, 0
    while True:
        page = seeking.page(seek, cursor=cursor, limit=limit, passed_max=passed_max)
        found += [row[0] for row in page.rows]
        cursor, pages = page.next_cursor, pages + 1
        if cursor is None:
            return found, pages


class TestPage:
    @settings(max_examples=25)
    @given(limit=st.integers(1, 100), passed_max=st.integers(1, 400), descending=st.booleans())
    def test_every_match_comes_once_and_in_order(
        self, *, limit: int, passed_max: int, descending: bool
    ) -> None:
        seek = Seek(
            columns=SEEK.columns,
            table=SEEK.table,
            keys=SEEK.keys,
            among=(("colour = %s::text", ["red"]),),
            descending=descending,
        )

        found, _ = all_of(seek, limit=limit, passed_max=passed_max)

        reds = list(range(10, 301, 10))
        assert found == (reds[::-1] if descending else reds)

    def test_stops_after_so_many_rows_and_says_so(self) -> None:
        seek = Seek(columns="n", table="seek_try", keys=SEEK.keys, among=(("n = %s::bigint", [5]),))

        page = seeking.page(seek, cursor=None, limit=10, passed_max=100)

        assert page.rows == ()
        assert page.stopped
        assert page.next_cursor is not None
        assert all_of(seek, limit=10, passed_max=100) == ([5], 4)

    @pytest.mark.parametrize(
        "cursor",
        ["???", paging.encode(1), paging.encode("x", 1), paging.encode("2026-03-01", 1),
         paging.encode("2026-03-01T00:00:00+00:00", 2**64 - 1), paging.encode(None, None)],
    )  # fmt: skip
    def test_refuses_a_cursor_that_is_not_ours(self, cursor: str) -> None:
        with pytest.raises(paging.CursorMalformed):
            seeking.page(SEEK, cursor=cursor, limit=10)


class TestCount:
    def test_is_exact_until_too_many_rows_are_passed(self) -> None:
        seek = Seek(
            columns="n",
            table="seek_try",
            keys=SEEK.keys,
            among=(("colour = %s::text", ["red"]),),
        )

        assert seeking.count(seek, passed_max=300) == seeking.Counted(30, is_exact=True)
        assert not seeking.count(seek, passed_max=50).is_exact
