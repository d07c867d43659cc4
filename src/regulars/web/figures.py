"""A few numbers that one process finds out and another reports: last one counts, none is money.

They live with the installation's row, so that they survive restarts and every web process can
tell them to whoever watches.
"""

from datetime import datetime

from regulars.web import sql

NOTE = """
UPDATE web_installation
SET settings = jsonb_set(
    jsonb_set(settings, '{figures}', coalesce(settings -> 'figures', '{}')),
    ARRAY['figures', %s::text],
    jsonb_build_object('value', %s::bigint, 'at', %s::timestamptz)
)
WHERE id = 1
"""


def note(name: str, value: int, *, at: datetime) -> None:
    """Keep the newest value of a figure, and when it was found."""
    sql.run(NOTE, [name, value, at])


def read(name: str) -> int | None:
    """Answer the newest value of a figure, or None where none was noted."""
    found = sql.row(
        "SELECT (settings -> 'figures' -> %s::text ->> 'value')::bigint"
        " FROM web_installation WHERE id = 1",
        [name],
    )
    return None if found is None or found[0] is None else int(found[0])
