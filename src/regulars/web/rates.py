"""Bound how often a caller may call: a counter per minute, shared by all processes.

The counters live in an unlogged table and are written outside the caller's transaction. A process
takes a hundredth of the limit at a time and counts that down by itself, so most calls ask nothing;
the limit holds to within a few parts in a hundred, and a crash forgets a minute.
"""

import threading
import time

from regulars.kit.errors import Kind, Refusal
from regulars.kit.messages import message
from regulars.web import sql

WINDOW_SECONDS = 60
SHARES = 100

_left: dict[str, tuple[int, int]] = {}
_left_lock = threading.Lock()


class TooManyRequests(Refusal):
    """The caller has used up this minute."""

    kind = Kind.LIMITED
    reason = message("Too many requests. Wait {retry_after_seconds} seconds.")


def admit(bucket: str, *, limit: int, seconds: float | None = None) -> None:
    """Count one call of a bucket; raises TooManyRequests beyond `limit` per minute.

    Call it outside a transaction, before the work. `seconds` stands in for the machine's clock.
    """
    moment = int(time.time() if seconds is None else seconds)
    window = moment // WINDOW_SECONDS
    with _left_lock:
        known, left = _left.get(bucket, (window, 0))
        if known == window and left > 0:
            _left[bucket] = (window, left - 1)
            return
    share = max(1, limit // SHARES)
    taken = _take(bucket, window, share)
    if taken - share >= limit:
        raise TooManyRequests(retry_after_seconds=WINDOW_SECONDS - moment % WINDOW_SECONDS)
    with _left_lock:
        _left[bucket] = (window, min(share, limit - (taken - share)) - 1)


def forget(*, seconds: float | None = None) -> int:
    """Drop windows that are over; answers how many."""
    moment = int(time.time() if seconds is None else seconds)
    return sql.run(
        'DELETE FROM web_ratewindow WHERE "window" < %s::bigint', [moment // WINDOW_SECONDS]
    )


def forget_shares() -> None:
    """Drop what this process has taken and not used."""
    with _left_lock:
        _left.clear()


def _take(bucket: str, window: int, share: int) -> int:
    found = sql.row(
        'INSERT INTO web_ratewindow AS w (bucket, "window", calls)'
        " VALUES (%s, %s::bigint, %s::int)"
        ' ON CONFLICT (bucket, "window") DO UPDATE SET calls = w.calls + EXCLUDED.calls'
        " RETURNING calls",
        [bucket, window, share],
    )
    assert found is not None
    return int(found[0])
