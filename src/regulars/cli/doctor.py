"""Say what is wrong with this installation, and how to mend it.

Nothing is started, changed or repaired. Each check stands alone: one that cannot be made because
the database is away says so and the others still run.
"""

import shutil
import stat
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

import click
from rich.console import Console

from regulars.cli import FINDINGS, OK, emit, environment
from regulars.web import postgres

DISK_MB_BAD, DISK_MB_WARN = 500, 2_000
HEARTBEAT_SECONDS_MAX = 60
TRANSACTION_SECONDS_MAX = 300
CLOCK_SECONDS_MAX = 5
MONTHS_AHEAD_MIN = 2
KEY_NAMES = ("master.key", "house.key", "index.key", "web.key")


class State(StrEnum):
    """How a check came out."""

    OK = "ok"
    WARN = "warn"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Finding:
    """The outcome of one check, and what to do about it."""

    check: str
    state: State
    what: str
    mend: str = ""


COLOURS = {State.OK: "green", State.WARN: "yellow", State.BAD: "red"}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def doctor(as_json: bool) -> None:
    """Say what is wrong and how to mend it; exit code 1 when something is."""
    environment.set_up_django()
    found = list(_examine())
    healthy = all(finding.state is State.OK for finding in found)
    bad = any(finding.state is State.BAD for finding in found)
    payload = {"healthy": healthy, "checks": [asdict(finding) for finding in found]}

    def tell(console: Console) -> None:
        for finding in found:
            colour = COLOURS[finding.state]
            console.print(
                f"[{colour}]{finding.state.value:>4}[/]  {finding.check}: ", end="", markup=True
            )
            console.print(finding.what, markup=False)
            if finding.mend:
                console.print(f"      {finding.mend}", markup=False)

    emit(as_json, payload, tell)
    raise SystemExit(FINDINGS if bad else OK)


def _examine() -> Iterator[Finding]:
    yield from check_keys(environment.var() / "keys")
    yield check_disk(environment.var())
    yield check_translations()
    reached = check_reachable()
    yield reached
    if reached.state is State.BAD:
        return
    for check in DATABASE_CHECKS:
        try:
            yield check()
        except Exception as trouble:  # noqa: BLE001 the other checks still have something to say
            name = check.__name__.removeprefix("check_").replace("_", " ")
            what = f"could not be checked ({type(trouble).__name__})"
            yield Finding(name, State.WARN, what, "Run regulars db migrate, then ask again.")


def check_keys(folder: Path) -> Iterator[Finding]:
    """Look for the keys, and that nobody else may read them."""
    missing = [name for name in KEY_NAMES if not (folder / name).exists()]
    if missing:
        what = f"{', '.join(missing)} missing in {folder}"
        mend = "Bring them back from where you keep them. Without them personal data is unreadable."
        yield Finding("keys", State.BAD, what, mend)
        return
    named = [*KEY_NAMES, *(["database"] if environment.is_embedded() else [])]
    paths = [folder / name for name in named]
    loose = [path for path in paths if path.exists() and stat.S_IMODE(path.stat().st_mode) & 0o277]
    if loose:
        files = " ".join(str(path) for path in loose)
        yield Finding("keys", State.BAD, "others could read or change them", f"chmod 0400 {files}")
        return
    yield Finding("keys", State.OK, f"present in {folder}, readable by their owner only")


def check_disk(var: Path) -> Finding:
    """Look how much room is left."""
    folder = var if var.exists() else var.parent
    free = shutil.disk_usage(folder).free // (1024 * 1024)
    what = f"{free:,} MB free for {var}"
    mend = "Free some space: a full disk stops every write (nothing confirmed is lost)."
    if free < DISK_MB_BAD:
        return Finding("disk", State.BAD, what, mend)
    if free < DISK_MB_WARN:
        return Finding("disk", State.WARN, what, mend)
    return Finding("disk", State.OK, what)


def check_translations() -> Finding:
    """Look whether the catalogues are compiled and not older than their source."""
    from django.conf import settings  # noqa: PLC0415 only now is it set up

    sources = [path for folder in settings.LOCALE_PATHS for path in Path(folder).rglob("*.po")]
    stale = [
        path
        for path in sources
        if not path.with_suffix(".mo").exists()
        or path.with_suffix(".mo").stat().st_mtime < path.stat().st_mtime
    ]
    if stale:
        mend = "python tools/translations.py compile"
        return Finding("translations", State.WARN, "not compiled: pages show English", mend)
    return Finding("translations", State.OK, f"{len(sources)} catalogues compiled")


def check_reachable() -> Finding:
    """Look whether the database answers and is new enough."""
    from django.db import DatabaseError, InterfaceError  # noqa: PLC0415 only now is it set up

    from regulars.web import sql  # noqa: PLC0415

    try:
        row = sql.row(
            "SELECT current_setting('server_version_num')::int, current_setting('server_version')"
        )
    except (DatabaseError, InterfaceError):
        mend = "Check DATABASE_URL and that server."
        if environment.is_embedded():
            folder = postgres.places_for(environment.var()).log
            mend = f"regulars db start; if it does not, its log is in {folder}"
        return Finding("database", State.BAD, "does not answer", mend)
    number, version = row or (0, "?")
    if number < 150_000:
        return Finding("database", State.BAD, f"PostgreSQL {version}", "Upgrade to 15 or newer.")
    return Finding("database", State.OK, f"PostgreSQL {version} answers")


def check_durability() -> Finding:
    """Look whether the server could forget what it confirmed."""
    from regulars.web import health  # noqa: PLC0415 it needs Django set up

    wrong = health.unsafe_settings()
    if wrong:
        what = ", ".join(f"{name} = {value}" for name, value in wrong.items())
        mend = "Turn them on; web and worker refuse to start until then."
        return Finding("durability", State.BAD, what, mend)
    what = "fsync, full_page_writes, synchronous_commit and data_checksums are on"
    return Finding("durability", State.OK, what)


def check_migrations() -> Finding:
    """Look whether the tables are those of this version."""
    from regulars.web import schema  # noqa: PLC0415 it needs Django set up

    pending = schema.list_pending()
    if pending:
        what = f"{len(pending)} pending, first {pending[0]}"
        return Finding("migrations", State.BAD, what, "regulars db migrate")
    return Finding("migrations", State.OK, "none pending")


def check_roles() -> Finding:
    """Look whether the application connects as somebody else than the owner."""
    from django.db import connections  # noqa: PLC0415 only now is it set up

    app, owner = (connections[alias].settings_dict["USER"] for alias in ("default", "owner"))
    if app == owner:
        what = f"application and owner are both {app}: the triggers alone protect the ledger"
        mend = "Give the application a role of its own (DATABASE_URL) beside DATABASE_OWNER_URL."
        return Finding("roles", State.WARN, what, mend)
    return Finding("roles", State.OK, f"{app} writes, {owner} owns")


def check_append_only() -> Finding:
    """Look whether the application could change what must never change."""
    from django.db import connections  # noqa: PLC0415 only now is it set up

    from regulars.web import sql  # noqa: PLC0415
    from regulars.web.postgres import grants  # noqa: PLC0415

    with connections["default"].cursor() as cursor:
        tables = grants.list_append_only(cursor)
    rows = sql.rows(
        "SELECT t FROM unnest(%s::text[]) t WHERE has_table_privilege(current_user,"
        " quote_ident(t), 'UPDATE') OR has_table_privilege(current_user, quote_ident(t), 'DELETE')"
        " OR has_table_privilege(current_user, quote_ident(t), 'TRUNCATE')",
        [list(tables)],
    )
    if rows:
        open_ones = ", ".join(row[0] for row in rows)
        what = f"the application may change {open_ones}"
        return Finding(
            "append-only", State.WARN, what, "regulars db migrate sets the grants again."
        )
    return Finding("append-only", State.OK, f"{len(tables)} tables closed to change")


def check_keyring() -> Finding:
    """Look whether these keys belong to this database."""
    from regulars.web import schema  # noqa: PLC0415 it needs Django set up

    if schema.is_keyring_the_one():
        return Finding("keyring", State.OK, "the keys are the ones this database was written with")
    mend = "Bring back master.key, house.key and index.key that were kept with the backup."
    return Finding("keyring", State.BAD, "the keys belong to another database", mend)


def check_partitions() -> Finding:
    """Look whether the coming months of the log have their partitions."""
    from regulars.web import sql  # noqa: PLC0415 it needs Django set up

    rows = sql.rows(
        "SELECT pg_get_expr(c.relpartbound, c.oid) FROM pg_inherits i"
        " JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'events_event'::regclass"
    )
    today = datetime.now(UTC).date()  # noqa: TID251 a check of this machine's own clock is no rule
    this_month = today.year * 12 + today.month
    ends = [_month_of(text) for (text,) in rows if " TO (" in text]
    ahead = max((end - 1 - this_month for end in ends), default=-1)
    if ahead < MONTHS_AHEAD_MIN:
        what = f"the log has partitions for {max(ahead, 0)} months ahead"
        mend = "Start the worker: its scheduler makes them. Until then events go to the rest."
        return Finding("partitions", State.WARN, what, mend)
    return Finding("partitions", State.OK, f"{ahead} months ahead")


def check_worker() -> Finding:
    """Look for a sign of life of a worker."""
    from regulars.web import sql  # noqa: PLC0415 it needs Django set up

    row = sql.row(
        "SELECT extract(epoch FROM now() - max(last_heartbeat)) FROM procrastinate_workers"
    )
    age = float(row[0]) if row and row[0] is not None else None
    if age is None or age > HEARTBEAT_SECONDS_MAX:
        what = "no worker runs" if age is None else f"last sign of life {age:,.0f} s ago"
        return Finding("worker", State.WARN, what, "regulars serve, or regulars worker")
    return Finding("worker", State.OK, f"last sign of life {age:,.0f} s ago")


def check_transactions() -> Finding:
    """Look for a transaction that holds everything else back."""
    from regulars.web import metrics, sql  # noqa: PLC0415 they need Django set up

    row = sql.row(metrics.OLDEST_TRANSACTION)
    age = float(row[0]) if row else 0.0
    if age > TRANSACTION_SECONDS_MAX:
        what = f"the oldest open transaction is {age:,.0f} s old"
        mend = "Find it in pg_stat_activity: it holds back vacuum and the readers of the log."
        return Finding("transactions", State.WARN, what, mend)
    return Finding("transactions", State.OK, f"the oldest open one is {age:,.1f} s old")


def check_clock() -> Finding:
    """Compare this machine's clock with the database's, and look for a moved sandbox clock."""
    from regulars.web import sql  # noqa: PLC0415 it needs Django set up

    before = datetime.now(UTC)  # noqa: TID251 it is this machine's clock that is checked
    row = sql.row("SELECT clock_timestamp(), clock_offset_seconds FROM web_installation")
    if row is None:
        return Finding("clock", State.BAD, "the installation row is missing", "regulars db migrate")
    apart = abs((row[0] - before).total_seconds())
    if row[1]:
        mend = "Meant for a sandbox only; set clock_offset_seconds of web_installation to 0."
        return Finding("clock", State.WARN, f"moved by {row[1]:,} seconds", mend)
    if apart > CLOCK_SECONDS_MAX:
        what = f"this machine and the database are {apart:,.0f} s apart"
        return Finding("clock", State.WARN, what, "Let both follow a time server (NTP).")
    return Finding("clock", State.OK, f"{apart:.1f} s from the database's")


DATABASE_CHECKS: tuple[Callable[[], Finding], ...] = (
    check_durability,
    check_migrations,
    check_roles,
    check_append_only,
    check_keyring,
    check_partitions,
    check_worker,
    check_transactions,
    check_clock,
)


def _month_of(bound: str) -> int:
    """Read the end of a partition's range as a count of months."""
    end = bound.split(" TO ('")[1]
    return int(end[0:4]) * 12 + int(end[5:7])
