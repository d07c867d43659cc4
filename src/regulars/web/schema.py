"""Bring the database to the shape this version of the code expects, and say whether it has it.

Migrations run as the owner; afterwards the application's role gets its rights, and the mark of the
keyring is kept, so that a restore with other keys is noticed before it writes anything.
"""

import hmac
from functools import lru_cache
from hashlib import sha256

import orjson
from django.core.management import call_command
from django.db import DatabaseError, connections
from django.db.migrations.loader import MigrationLoader

from regulars.web import crypto, sql
from regulars.web.postgres import grants

ONE_AT_A_TIME = 7_236_211  # advisory lock: two starts at once migrate once
LOCK_TIMEOUT = "5s"
KEYRING = "keyring"


def migrate() -> list[str]:
    """Apply what is pending as the owner, grant the application its rights; answer what was new.

    Two processes that do it at once take turns, and the second finds nothing left to do.
    """
    owner = connections["owner"]
    with owner.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', '0', false)")
        cursor.execute("SELECT pg_advisory_lock(%s::bigint)", [ONE_AT_A_TIME])
        cursor.execute("SELECT set_config('lock_timeout', %s, false)", [LOCK_TIMEOUT])
        cursor.execute("SELECT set_config('statement_timeout', '0', false)")
    try:
        pending = list_pending(using="owner")
        if pending:
            call_command("migrate", database="owner", interactive=False, verbosity=0)
        apply_grants()
        _keep_keyring_mark()
    finally:
        owner.close()  # and with it the lock, whatever happened
    return pending


def analyse() -> None:
    """Collect the planner's statistics anew, as after a restore, which brings none."""
    connection = connections["owner"]
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('statement_timeout', '0', false)")
        cursor.execute("ANALYZE")
    connection.close()


def apply_grants() -> tuple[str, ...]:
    """Give the application's role what it may do; answer the append-only tables."""
    role = connections["default"].settings_dict["USER"]
    return grants.apply(connections["owner"], role=role)


def list_pending(using: str = "default") -> list[str]:
    """List the migrations this version has and the database lacks, in order of name."""
    try:
        applied = set(sql.rows("SELECT app, name FROM django_migrations", using=using))
    except DatabaseError as error:
        if "django_migrations" not in str(error):
            raise
        applied = set()
    return [f"{app}.{name}" for app, name in _known_migrations() if (app, name) not in applied]


def is_keyring_the_one() -> bool:
    """Tell whether the keys at hand are the ones this database was written with."""
    found = sql.row("SELECT settings ->> %s::text FROM web_installation WHERE id = 1", [KEYRING])
    return found is None or found[0] is None or found[0] == keyring_mark()


def keyring_mark() -> str:
    """Name the keyring without telling anything about its keys."""
    ring = crypto.keyring()
    marks = [
        hmac.digest(key, b"keyring-mark", sha256) for key in (ring.master, ring.house, ring.index)
    ]
    return sha256(b"".join(marks)).hexdigest()[:16]


def _keep_keyring_mark() -> None:
    sql.run(
        "UPDATE web_installation SET settings = %s::jsonb || settings WHERE id = 1",
        [orjson.dumps({KEYRING: keyring_mark()}).decode()],
        using="owner",
    )


@lru_cache(maxsize=1)
def _known_migrations() -> tuple[tuple[str, str], ...]:
    loader = MigrationLoader(None)
    return tuple(sorted(loader.disk_migrations))
