"""Count tries in three logs: by account and network, by account, by network.

A try is written down before anything is looked at, so that a thousand tries at once count as a
thousand. Keys are HMACs, so the table names nobody.
"""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from regulars.access.domain import TryLog, TryLogs
from regulars.web import crypto, sql

Keys = tuple[bytes, bytes, bytes]


def keys_of(who: str, network: str, *, of: str = "") -> Keys:
    """Name the three logs of one try; `of` keeps tries of another sort apart."""
    return (
        crypto.blind_index(f"access_trylog.{of}pair", f"{who}\x1f{network}"),
        crypto.blind_index(f"access_trylog.{of}account", who),
        crypto.blind_index(f"access_trylog.{of}network", network),
    )


@transaction.atomic
def count_try(keys: Keys, *, at: datetime) -> bool:
    """Write the try down if one may try now, and tell whether one may.

    A try that came too soon leaves nothing behind, so that nobody can fill the table.
    """
    logs = _lock_logs(keys, at=at)
    if not logs.may_try(at):
        transaction.set_rollback(True)
        return False
    _write_logs(keys, logs.with_try(at), at=at)
    return True


@transaction.atomic
def count_success(keys: Keys, *, at: datetime) -> None:
    """Take the try back, because it was the owner's, and know the network."""
    _write_logs(keys, _lock_logs(keys, at=at).with_success(at), at=at)


def _lock_logs(keys: Sequence[bytes], *, at: datetime) -> TryLogs:
    sql.run(
        "INSERT INTO access_trylog (key, times, changed_at)"
        " SELECT key, '{}', %s::timestamptz FROM unnest(%s::bytea[]) AS key ORDER BY key"
        " ON CONFLICT DO NOTHING",
        [at, list(keys)],
    )
    found = sql.rows(
        "SELECT key, times, succeeded_at FROM access_trylog WHERE key = ANY(%s::bytea[])"
        " ORDER BY key FOR UPDATE",
        [list(keys)],
    )
    logs = {bytes(row[0]): TryLog(tuple(row[1]), row[2]) for row in found}
    return TryLogs(*(logs[key] for key in keys))


def _write_logs(keys: Sequence[bytes], logs: TryLogs, *, at: datetime) -> None:
    sql.run(
        "UPDATE access_trylog t SET times = ARRAY(SELECT jsonb_array_elements_text(n.times)"
        "::timestamptz), succeeded_at = n.succeeded_at, changed_at = %s::timestamptz"
        " FROM unnest(%s::bytea[], %s::jsonb[], %s::timestamptz[])"
        " AS n(key, times, succeeded_at) WHERE t.key = n.key",
        [
            at,
            list(keys),
            [_as_json(log) for log in (logs.pair, logs.account, logs.network)],
            [log.succeeded_at for log in (logs.pair, logs.account, logs.network)],
        ],
    )


def _as_json(tries: TryLog) -> str:
    return "[" + ",".join(f'"{time.isoformat()}"' for time in tries.times) + "]"
