"""How PostgreSQL answers the questions members ask most, over a table with known statistics.

The tests have a database of their own: in a shared one an automatic analyze may run between two
tests that rolled back, and over an empty table every index costs the same.
"""

from collections.abc import Callable

import pytest
from django.db import connection, connections, transaction
from django.test.utils import CaptureQueriesContext

from regulars.access.domain import Scope
from regulars.members import selectors, services
from regulars.members.selectors import merges
from regulars.web import sql
from tests.members.people import NOON, a_member_row, phone

pytestmark = [pytest.mark.usefixtures("committed_db"), pytest.mark.capability("A3")]
MEMBERS = 400


@pytest.fixture
def members() -> list[int]:
    """Enrol some hundred members that stay; answers their ids."""
    rows = [a_member_row(phone(8000 + number)) for number in range(MEMBERS)]
    found = services.resolve_identities(rows, at=NOON)
    with connections["owner"].cursor() as cursor:
        cursor.execute("VACUUM ANALYZE members_member")
    return [one.member_id for one in found if one.member_id is not None]


def plans_of(read: Callable[[], object]) -> list[str]:
    with transaction.atomic():
        sql.run("SET LOCAL enable_seqscan = off")  # a small table is walked through, a large never
        with CaptureQueriesContext(connection) as asked:
            read()
        return [
            line
            for each in asked.captured_queries
            for (line,) in sql.rows(f"EXPLAIN {each['sql']}".replace("%", "%%"))
        ]


@pytest.mark.parametrize(
    "read",
    [
        lambda member_id: selectors.get_profile(member_id=member_id, scope=Scope.all(), at=NOON),
        lambda member_id: merges.tree_parents(survivor_id=member_id),
    ],
    ids=["profile", "merges"],
)
def test_merged_records_are_found_by_their_index(
    read: Callable[[int], object], members: list[int]
) -> None:
    plans = plans_of(lambda: read(members[0]))

    assert len(members) == MEMBERS
    assert any("member_alias_by_survivor" in line for line in plans)
