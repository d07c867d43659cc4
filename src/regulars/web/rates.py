"""Bound how often a caller may call: a counter per minute, shared by all processes.

The counters live in an unlogged table and are written outside the caller's transaction with
asynchronous commit, so they cost a fraction of a millisecond; a crash forgets a minute.
"""

from datetime import datetime

from regulars.kit.errors import Kind, Refusal
from regulars.kit.messages import message
from regulars.web import sql

WINDOW_SECONDS = 60


class TooManyRequests(Refusal):
    """The caller has used up this minute."""

    kind = Kind.LIMITED
    reason = message("Too many requests. Wait {retry_after_seconds} seconds.")


def count(bucket: str, *, limit: int, at: datetime, cost: int = 1) -> None:
    """Count one call of a bucket; raises TooManyRequests beyond `limit` per minute.

    Must be called outside a transaction, before the work.
    """
    seconds = int(at.timestamp())
    window = seconds // WINDOW_SECONDS
    found = sql.row(
        'INSERT INTO web_ratewindow AS w (bucket, "window", calls)'
        " VALUES (%s, %s::bigint, %s::int)"
        ' ON CONFLICT (bucket, "window") DO UPDATE SET calls = w.calls + EXCLUDED.calls'
        " RETURNING calls",
        [bucket, window, cost],
    )
    assert found is not None
    if found[0] > limit:
        raise TooManyRequests(retry_after_seconds=WINDOW_SECONDS - seconds % WINDOW_SECONDS)


def forget(*, before: datetime) -> int:
    """Drop windows that ended before the moment; answers how many."""
    window = int(before.timestamp()) // WINDOW_SECONDS
    return sql.run('DELETE FROM web_ratewindow WHERE "window" < %s::bigint', [window])
