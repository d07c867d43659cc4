"""The one clock: the database's, moved by the installation's offset (0 on a live system).

An entrance reads it once and passes it inward as `at`. A service that is bound by a deadline
asks again once it holds its locks, so that waiting never spends what has expired.
"""

from datetime import UTC, datetime

from django.http import HttpRequest

from regulars.web import sql

_MET = "_regulars_met_at"

_NOW = (
    "SELECT clock_timestamp() + make_interval(secs => COALESCE("
    "(SELECT clock_offset_seconds FROM web_installation WHERE id = 1), 0))"
)


def now() -> datetime:
    """Read the time of the installation, in UTC."""
    found = sql.row(_NOW)
    assert found is not None
    moment: datetime = found[0]
    return moment.astimezone(UTC)


def met(request: HttpRequest) -> datetime:
    """Answer the time at which a request was met: read once, by whoever asks first."""
    moment: datetime | None = getattr(request, _MET, None)
    if moment is None:
        moment = now()
        setattr(request, _MET, moment)
    return moment


def after_locks(at: datetime) -> datetime:
    """Answer the later of `at` and the time it is now that the locks are held."""
    return max(at, now())
