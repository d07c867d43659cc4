"""What the application's role may do: write every table, change no append-only one.

Applied after each migration, so that a table made by one is covered at once. A table is
append-only when it carries a trigger of that name; the trigger holds for the owner too, the grant
is the second wall.
"""

from typing import Any, Protocol

from regulars.web.postgres.places import APP_ROLE

TRIGGER = "append_only"


class Cursor(Protocol):
    """What is asked of a cursor: Django's and psycopg's both do it."""

    def execute(self, query: Any, params: Any = None, /) -> Any: ...

    def fetchall(self) -> list[Any]: ...


class Connection(Protocol):
    """What is asked of a connection, held by the owner of the tables."""

    def cursor(self) -> Any: ...


def apply(connection: Connection, *, role: str = APP_ROLE) -> tuple[str, ...]:
    """Grant `role` its rights and return the names of the append-only tables.

    Where the application connects as the owner itself there is nothing to grant, and the trigger
    alone protects; `regulars doctor` says so.
    """
    with connection.cursor() as cursor:
        tables = list_append_only(cursor)
        if not _is_other_role(cursor, role):
            return tables
        name = _quoted(role)
        cursor.execute(f"GRANT USAGE ON SCHEMA public TO {name}")
        cursor.execute(
            f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {name}"
        )
        cursor.execute(f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {name}")
        for kind, rights in (
            ("TABLES", "SELECT, INSERT, UPDATE, DELETE"),
            ("SEQUENCES", "USAGE, SELECT"),
        ):
            cursor.execute(
                f"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT {rights} ON {kind} TO {name}"
            )
        if tables:
            listed = ", ".join(map(_quoted, tables))
            cursor.execute(f"REVOKE UPDATE, DELETE, TRUNCATE ON TABLE {listed} FROM {name}")
    return tables


def list_append_only(cursor: Cursor) -> tuple[str, ...]:
    """List the tables and partitions that carry the append-only trigger, in order of name."""
    cursor.execute(
        """
        WITH RECURSIVE marked AS (
            SELECT tgrelid AS id FROM pg_trigger WHERE tgname = %s
            UNION
            SELECT inhrelid FROM pg_inherits JOIN marked ON inhparent = marked.id
        )
        SELECT DISTINCT relname::text
        FROM marked JOIN pg_class ON pg_class.oid = marked.id
        WHERE relnamespace = 'public'::regnamespace
        ORDER BY 1
        """,
        (TRIGGER,),
    )
    return tuple(row[0] for row in cursor.fetchall())


def _is_other_role(cursor: Cursor, role: str) -> bool:
    cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s AND rolname <> current_user", (role,))
    return bool(cursor.fetchall())


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
