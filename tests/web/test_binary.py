"""Rows copied in binary arrive as they left Python, whatever is in them."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.db import DataError, ProgrammingError, transaction
from hypothesis import given
from hypothesis import strategies as st

from regulars.web import sql
from regulars.web.binary import Shape

TYPES = {
    "b": "bigint", "i": "int", "s": "smallint", "t": "boolean", "f": "double precision",
    "u": "uuid", "at": "timestamptz", "d": "date", "x": "text", "w": "word", "r": "bytea",
    "j": "jsonb", "n": "numeric", "b0": "bigint?", "i0": "int?", "s0": "smallint?", "u0": "uuid?",
    "at0": "timestamptz?", "x0": "text?", "w0": "word?", "r0": "bytea?", "j0": "jsonb?",
}  # fmt: skip
TEXTS = st.text('ab茶\t\\\n\r",{}')
BIG = st.integers(-(2**63), 2**63 - 1)
MOMENTS = st.datetimes(datetime(1900, 1, 1), datetime(2900, 1, 1), timezones=st.just(UTC))
CHINA = timezone(timedelta(hours=8))
VALUES = (
    *(2**63 - 1, -(2**31), -1, True, -2.5, UUID(int=7)),
    *(datetime(2026, 3, 1, 23, 0, 0, 5, tzinfo=CHINA), date(1999, 12, 31)),
    *("茶\t\\N\n", "CNY", b"\x00\xff", b'{"a": "\\"b"}', Decimal("-12.500")),
)
GIVEN = (7, 8, 9, UUID(int=2**127), datetime(1969, 1, 1, tzinfo=UTC), "x", "y", b"z", b"[1]")


def back(types: dict[str, str], rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    columns = {name: f"{kind} NULL".replace("word", "text").replace("? NULL", "")
               for name, kind in types.items()}  # fmt: skip
    made = ", ".join(f"{name} {kind}" for name, kind in columns.items())
    sql.run(f"CREATE TEMPORARY TABLE copied ({made}) ON COMMIT DROP")
    sql.copy_rows(Shape("copied", types), rows)
    found = sql.rows(f"SELECT {', '.join(types)} FROM copied")
    sql.run("DROP TABLE copied")
    return found


@pytest.mark.django_db
class TestShape:
    @pytest.mark.parametrize("given", [GIVEN, (None,) * len(GIVEN)])
    def test_rows_of_every_type_come_back(self, given: tuple[Any, ...]) -> None:
        row = (*VALUES, *given)

        [found] = back(TYPES, [row])

        told = dict(zip(TYPES, found, strict=True))
        for json in ("j", "j0"):
            told[json] = None if told[json] is None else told[json].encode()
        assert tuple(bytes(v) if isinstance(v, memoryview) else v for v in told.values()) == row

    def test_no_rows_are_no_rows(self) -> None:
        assert back({"b": "bigint"}, []) == []

    def test_rows_larger_than_one_piece_come_back(self) -> None:
        rows = [(number, "茶" * 500) for number in range(2_000)]

        assert back({"b": "bigint", "x": "text"}, rows) == rows

    def test_what_is_refused_leaves_the_connection_usable(self) -> None:
        sql.run("CREATE TEMPORARY TABLE copied (b int, x text) ON COMMIT DROP")
        types = {"b": "int", "x": "text"}

        with pytest.raises(DataError), transaction.atomic():
            sql.copy_rows(Shape("copied", types), [(1, "good"), (2, "nul \0")])
        with pytest.raises(ProgrammingError), transaction.atomic():
            sql.copy_rows(Shape("nowhere", types), [(1, "good")])

        assert sql.rows("SELECT * FROM copied") == []

    def test_a_number_too_large_for_its_column_is_refused(self) -> None:
        sql.run("CREATE TEMPORARY TABLE copied (b int) ON COMMIT DROP")

        with pytest.raises(DataError):
            sql.copy_rows(Shape("copied", {"b": "bigint"}), [(1,)])

    @given(st.lists(st.tuples(BIG, st.none() | BIG, TEXTS, st.none() | TEXTS, MOMENTS)))
    def test_any_rows_come_back(self, rows: list[tuple[Any, ...]]) -> None:
        types = {"a": "bigint", "b": "bigint?", "c": "text", "d": "word?", "e": "timestamptz"}

        assert back(types, rows) == rows


class TestCopy:
    def test_goes_back_with_the_transaction_it_opens(self, committed_db: str) -> None:
        shape = Shape("web_ratewindow", {"bucket": "text", "window": "bigint", "calls": "int"})

        with transaction.atomic():
            sql.copy_rows(shape, [("x", 1, 1)])
            transaction.set_rollback(True)

        assert sql.row("SELECT count(*) FROM web_ratewindow WHERE bucket = 'x'") == (0,)
