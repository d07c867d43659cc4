"""Start the run's PostgreSQL, migrate one template database, clone it as often as asked."""

import itertools
import os
import subprocess
import sys
import time
from pathlib import Path

import psycopg
from django.db import connections
from psycopg import sql as pg

from regulars.web import postgres

TEMPLATE = "regulars"
DROP_ATTEMPTS = 20
_numbers = itertools.count(1)


def start(var: Path) -> None:
    """Start the server and migrate the template; a fresh process does it, as an installer would."""
    if (var / "ready").exists():
        return
    postgres.Server(var, durable=False).start()
    subprocess.run([sys.executable, "tools/translations.py", "compile"], check=True)
    code = (
        "import django; django.setup();"
        "from django.core.management import call_command as c;"
        "c('migrate', database='owner', verbosity=0, interactive=False);"
        "from django.db import connections;"
        "from regulars.web.postgres import grants;"
        "grants.apply(connections['owner'])"
    )
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "regulars.settings"}
    environment["PYTHONPATH"] = os.pathsep.join([str(Path("src").absolute()), *sys.path])
    try:
        subprocess.run([sys.executable, "-c", code], check=True, env=environment)
    except subprocess.CalledProcessError:
        stop(var)
        raise
    (var / "ready").touch()


def stop(var: Path) -> None:
    """Stop the run's server."""
    postgres.Server(var, durable=False).stop()


def clone(var: Path, name: str) -> None:
    """Make a database as the template is."""
    with _owner(var) as connection:
        connection.execute(
            pg.SQL("CREATE DATABASE {} TEMPLATE {} OWNER regulars_owner STRATEGY file_copy").format(
                pg.Identifier(name), pg.Identifier(TEMPLATE)
            )
        )


def drop(var: Path, name: str) -> None:
    """Drop a clone, whoever is still connected; a vacuum of it is waited for."""
    command = pg.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(pg.Identifier(name))
    for attempt in range(DROP_ATTEMPTS):
        try:
            with _owner(var) as connection:
                connection.execute(command)
        except (psycopg.errors.InsufficientPrivilege, psycopg.errors.ObjectInUse):
            time.sleep(0.1 * attempt)
        else:
            return


def point_to(name: str) -> None:
    """Let both database aliases speak to the named database."""
    from regulars.web import sql

    for alias in ("default", "owner"):
        connections[alias].close()
        connections[alias].settings_dict["NAME"] = name
        connections.settings[alias]["NAME"] = name
    sql.forget_blocks()


def leave() -> None:
    """Close this thread's connections."""
    for alias in ("default", "owner"):
        connections[alias].close()


def current() -> str:
    """Answer the database in use."""
    return str(connections["default"].settings_dict["NAME"])


def next_number() -> int:
    """Count clones."""
    return next(_numbers)


def _owner(var: Path) -> psycopg.Connection[tuple[object, ...]]:
    url = postgres.Server(var, durable=False).url("owner", database="postgres")
    return psycopg.connect(url, autocommit=True)
