"""Keep the log itself in order: partitions made ahead, and an epoch raised after a restore."""

from datetime import datetime

from django.db import transaction

from regulars.web import sql

MONTHS_AHEAD = 4


def make_partitions(*, at: datetime) -> int:
    """Make the partitions of this month and the next three; answers how many were missing.

    Opens the owner connection, for nothing else.
    """
    with transaction.atomic(using="owner"):
        found = sql.row(
            "SELECT events_make_partitions(%s::timestamptz, %s::int)",
            [at, MONTHS_AHEAD],
            using="owner",
        )
    assert found is not None
    return int(found[0])


@transaction.atomic
def raise_epoch() -> int:
    """Begin a new epoch after a restore: everything written before counts as settled."""
    found = sql.row("UPDATE events_logepoch SET epoch = epoch + 1 RETURNING epoch")
    assert found is not None
    return int(found[0])


@transaction.atomic
def mend_epoch() -> bool:
    """Raise the epoch if the log holds transaction ids this cluster has not reached.

    Done at every start: a database moved to a new cluster would otherwise hide its newest
    events from every reader.
    """
    found = sql.row(
        "SELECT COALESCE(bool_or(e.xact >= pg_snapshot_xmax(pg_current_snapshot())), false)"
        " FROM (SELECT xact FROM events_event"
        "       WHERE epoch = (SELECT epoch FROM events_logepoch)"
        "       ORDER BY epoch DESC, xact DESC, id DESC LIMIT 1) e"
    )
    assert found is not None
    if not found[0]:
        return False
    raise_epoch()
    return True
