"""What the application may do to its tables, and what nobody may."""

import psycopg
import pytest
from django.db import ProgrammingError, connections, transaction

from regulars.web import schema, sql
from regulars.web.postgres import grants

pytestmark = pytest.mark.capability("H5")


@pytest.fixture
def append_only(committed_db: str) -> tuple[str, ...]:
    """The append-only tables of a database on which the rights were just set."""
    tables = schema.apply_grants()
    connections["owner"].close()
    return tables


class TestGrants:
    def test_cover_the_log_and_the_ledger(self, append_only: tuple[str, ...]) -> None:
        assert {"events_event", "ledger_transfer", "ledger_lot_use"} <= set(append_only)
        assert any(table.startswith("events_event_") for table in append_only)

    def test_close_append_only_tables_to_the_application(
        self, append_only: tuple[str, ...]
    ) -> None:
        for table in append_only:
            for statement in (f'DELETE FROM "{table}"', f'TRUNCATE "{table}"'):
                with (
                    pytest.raises(ProgrammingError, match="permission denied"),
                    transaction.atomic(),
                ):
                    sql.run(statement)

    def test_leave_every_other_table_open(self, append_only: tuple[str, ...]) -> None:
        names = {
            row[0]
            for row in sql.rows("SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'")
        }
        closed = {
            name
            for name in names - set(append_only)
            for right in ("SELECT", "INSERT", "UPDATE", "DELETE")
            if sql.row("SELECT has_table_privilege(quote_ident(%s), %s)", [name, right]) != (True,)
        }

        assert closed == set()

    def test_cover_tables_made_later(self, append_only: tuple[str, ...]) -> None:
        with connections["owner"].cursor() as cursor:
            cursor.execute("CREATE TABLE made_later (id bigserial PRIMARY KEY)")
        connections["owner"].close()

        assert sql.run("INSERT INTO made_later DEFAULT VALUES") == 1

    def test_close_partitions_made_later(self, append_only: tuple[str, ...]) -> None:
        with connections["owner"].cursor() as cursor:
            cursor.execute(
                "CREATE TABLE events_event_2031_01 PARTITION OF events_event"
                " FOR VALUES FROM ('2031-01-01') TO ('2031-02-01')"
            )
        tables = schema.apply_grants()
        connections["owner"].close()

        assert "events_event_2031_01" in tables
        with pytest.raises(ProgrammingError, match="permission denied"):
            sql.run("DELETE FROM events_event_2031_01")

    def test_say_nothing_where_the_owner_serves_itself(self, append_only: tuple[str, ...]) -> None:
        owner = connections["owner"]

        assert grants.apply(owner, role=str(owner.settings_dict["USER"])) == append_only
        owner.close()

    def test_work_with_a_plain_connection(self, append_only: tuple[str, ...]) -> None:
        owner = connections["owner"]
        with psycopg.connect(**owner.get_connection_params() | {"cursor_factory": None}) as link:
            link.cursor_factory = psycopg.Cursor
            with link.cursor() as cursor:
                assert grants.list_append_only(cursor) == append_only


class TestGuard:
    def test_stops_the_owner_too(self, append_only: tuple[str, ...]) -> None:
        owner = connections["owner"]
        try:
            for table in ("events_event", "ledger_transfer"):
                with (
                    pytest.raises(ProgrammingError, match="append-only"),
                    owner.cursor() as cursor,
                ):
                    cursor.execute(f'TRUNCATE "{table}" CASCADE')
        finally:
            owner.close()
