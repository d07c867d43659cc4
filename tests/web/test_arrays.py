"""Arrays arrive in PostgreSQL as they left Python, whatever is in them."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.web import sql

TEXTS = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]))


def back(cast: str, values: list[Any]) -> list[Any]:
    found = sql.row(f"SELECT %s::{cast}[]", [values])
    assert found is not None
    return list(found[0])


@pytest.mark.django_db
class TestArrays:
    @pytest.mark.parametrize(
        ("cast", "values"),
        [
            ("bigint", [1, -(2**63), 2**63 - 1, None]),
            ("smallint", [1, None]),
            ("bigint", []),
            ("bigint", [None, None]),
            ("boolean", [True, False, None]),
            ("text", ["", "a,b", '"', "\\", "{}", "NULL", None, " x ", "茶\n\t"]),
            ("uuid", [UUID(int=7), None]),
            ("timestamptz", [datetime(2026, 3, 1, 12, 0, 0, 5, tzinfo=UTC), None]),
            ("date", [date(2026, 3, 1), None]),
            ("double precision", [1.5, -2.0, None]),
        ],
    )
    def test_come_back(self, cast: str, values: list[Any]) -> None:
        assert back(cast, values) == values

    def test_bytes_come_back(self) -> None:
        found = sql.rows("SELECT * FROM unnest(%s::bytea[])", [[b'\x00\xff\\"', b"", None]])

        assert [None if v is None else bytes(v) for (v,) in found] == [b'\x00\xff\\"', b"", None]

    def test_unusual_types_take_the_usual_way(self) -> None:
        values = [Decimal(1), Decimal("2.5")]

        assert back("numeric", values) == values

    @given(st.lists(st.none() | TEXTS))
    def test_any_text_comes_back(self, values: list[str | None]) -> None:
        assert back("text", values) == values

    @given(st.lists(st.binary()))
    def test_any_bytes_come_back(self, values: list[bytes]) -> None:
        found = sql.rows("SELECT * FROM unnest(%s::bytea[])", [values])

        assert [bytes(v) for (v,) in found] == values
