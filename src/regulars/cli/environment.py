"""What a command needs around it: VAR, the database up and in shape, Django with time-outs.

Nothing here imports Django before it is set up, so that settings are read only once the database's
passwords exist.
"""

import fcntl
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TextIO

from regulars.kit.errors import Refusal
from regulars.web import postgres
from regulars.web.postgres.places import Places

SETTINGS = "regulars.settings"
ADDRESS = "http://127.0.0.1:8000"
ADDRESS_FILE = "address"
OPERATORS_OPTIONS = "REGULARS_PGOPTIONS"


class Needs(StrEnum):
    """What has to be there before a command can be loaded and run."""

    NOTHING = "nothing"
    DJANGO = "django"
    DATABASE = "database"


class Purpose(StrEnum):
    """Who is connecting; it decides how long a statement may run and wait."""

    WEB = "web"
    WORKER = "worker"
    BATCH = "batch"


# (statement, lock, idle in transaction), in milliseconds. They are sent with the connection, so
# they hold on a server of the operator's own as well.
TIMEOUTS = {
    Purpose.WEB: (5_000, 2_000, 15_000),
    Purpose.WORKER: (60_000, 5_000, 60_000),
    Purpose.BATCH: (600_000, 10_000, 60_000),
}


def var() -> Path:
    """Give the folder that holds all state."""
    return Path(os.environ.get("REGULARS_VAR", "./var")).expanduser().absolute()


def is_embedded() -> bool:
    """Tell whether Regulars keeps its own PostgreSQL."""
    return not (os.environ.get("DATABASE_URL") or os.environ.get("DATABASE_URL_FILE"))


def note_address(url: str) -> None:
    """Remember where this installation was last served."""
    (var() / ADDRESS_FILE).write_text(url, encoding="utf-8")


def is_served() -> bool:
    """Tell whether a web process of ours is connected to the database: people may be waiting."""
    from regulars.web import sql  # noqa: PLC0415 it needs Django set up

    found = sql.row(
        "SELECT EXISTS (SELECT 1 FROM pg_stat_activity WHERE datname = current_database()"
        " AND application_name = %s)",
        [_application_name(Purpose.WEB)],
    )
    return bool(found and found[0])


def _application_name(purpose: Purpose) -> str:
    return f"regulars {purpose.value}"


def known_address() -> str:
    """Answer where this installation is or was last served."""
    try:
        return (var() / ADDRESS_FILE).read_text(encoding="utf-8").strip()
    except OSError:
        return ADDRESS


def set_up_django(purpose: Purpose = Purpose.BATCH) -> None:
    """Set Django up once, with the time-outs of this purpose; starts and asks nothing."""
    import django  # noqa: PLC0415 only now are the settings to be read
    from django.apps import apps  # noqa: PLC0415

    if apps.ready:
        return
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", SETTINGS)
    _limit_time(purpose)
    from regulars.web import logs  # noqa: PLC0415

    logs.configure(os.environ.get("LOG_LEVEL", "WARNING" if purpose is Purpose.BATCH else "INFO"))
    django.setup()
    _speak_the_readers_language()


def start_database() -> bool:
    """Start the embedded database where it is ours to start; tell whether it was not running."""
    if not is_embedded():
        return False
    server = postgres.Server(var())
    was_running = server.status().running
    server.start()
    return not was_running


def bring_up(purpose: Purpose = Purpose.BATCH) -> None:
    """Start the embedded database, set Django up, and migrate a database of our own."""
    start_database()
    set_up_django(purpose)
    from regulars.web import schema  # noqa: PLC0415 it needs Django set up

    if is_embedded() and schema.list_pending(using="owner"):
        schema.migrate()


@contextmanager
def hold_database() -> Iterator[None]:
    """Mark the embedded database as used; the last to leave stops it."""
    if not is_embedded():
        yield
        return
    server = postgres.Server(var())
    with _users_file(server.places) as users:
        fcntl.flock(users, fcntl.LOCK_SH)
        try:
            yield
        finally:
            if _is_alone(users):
                server.stop()


@contextmanager
def database_users_counted(places: Places) -> Iterator[bool]:
    """Tell whether nobody serves from the embedded database, and keep it so for the block."""
    with _users_file(places) as users:
        yield _is_alone(users)


def _users_file(places: Places) -> TextIO:
    places.home.mkdir(mode=0o755, parents=True, exist_ok=True)
    return (places.home / "serve.lock").open("a")


def _is_alone(users: TextIO) -> bool:
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def words(no: Refusal) -> str:
    """Say a refusal, in the reader's language once Django is set up."""
    from django.apps import apps  # noqa: PLC0415

    if not apps.ready:
        return str(no)
    from django.utils.translation import gettext  # noqa: PLC0415

    return gettext(no.reason).format(**no.facts)


def is_database_away(trouble: Exception) -> bool:
    """Tell whether an exception means that the database cannot be asked."""
    if "django.db.utils" not in sys.modules:
        return False
    from django.db import InterfaceError, OperationalError  # noqa: PLC0415

    return isinstance(trouble, OperationalError | InterfaceError)


def _limit_time(purpose: Purpose) -> None:
    names = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
    ours = " ".join(
        f"-c {name}={milliseconds}"
        for name, milliseconds in zip(names, TIMEOUTS[purpose], strict=True)
    )
    # What the operator set wins; a child process finds it again and puts its own limits before it.
    theirs = os.environ.setdefault(OPERATORS_OPTIONS, os.environ.get("PGOPTIONS", ""))
    os.environ["PGOPTIONS"] = f"{ours} {theirs}".strip()
    os.environ["PGAPPNAME"] = _application_name(purpose)


def _speak_the_readers_language() -> None:
    from django.utils import translation  # noqa: PLC0415

    named = next(
        (os.environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if os.environ.get(name)), ""
    )
    translation.activate("zh-hans" if named.lower().startswith("zh") else "en")
