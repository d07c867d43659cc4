"""Make the data folder, the two roles and the database, before any server listens.

Everything here happens in single-user mode, so there is never a moment in which a half-made server
answers, and the superuser needs no password because nobody can connect as it.
"""

import os
import shutil
from pathlib import Path

from regulars.web.postgres.account import Account, Way
from regulars.web.postgres.binaries import Binaries
from regulars.web.postgres.configuration import ACCESS_CONF, MAIN_CONF, MEGABYTE
from regulars.web.postgres.places import (
    ADMIN_ROLE,
    APP_ROLE,
    DATABASE,
    OWNER_ROLE,
    Places,
    make_passwords,
    read_passwords,
)
from regulars.web.postgres.refusals import DiskFull, ServerNotStarted

# Time-outs per role: a web request that hangs must free its locks by itself. The worker asks for
# longer ones when it connects.
ROLE_SETTINGS = {
    APP_ROLE: {
        "statement_timeout": "5s",
        "lock_timeout": "2s",
        "idle_in_transaction_session_timeout": "15s",
    },
    OWNER_ROLE: {
        "statement_timeout": "0",
        "lock_timeout": "5s",
        "idle_in_transaction_session_timeout": "60s",
    },
}


def make_cluster(places: Places, account: Account, binaries: Binaries, *, durable: bool) -> None:
    """Make the data folder with its roles and database, in one step: whole or not at all."""
    fresh = places.home / "data.new"
    shutil.rmtree(fresh, ignore_errors=True)
    command = [binaries.path("initdb"), "--pgdata", str(fresh), "--username", ADMIN_ROLE]
    command += ["--auth", "reject", "--encoding", "UTF8", "--locale", "C", "--data-checksums"]
    command += ["--locale-provider", "builtin", "--builtin-locale", "C.UTF-8", "--no-instructions"]
    own_folder(fresh, account)
    outcome = account.run(command if durable else [*command, "--no-sync"])
    if outcome.returncode:
        trouble = explain_output(places, outcome.stdout)
        shutil.rmtree(fresh, ignore_errors=True)
        raise trouble
    write_file(fresh / "postgresql.conf", MAIN_CONF, account)
    write_file(fresh / "pg_hba.conf", ACCESS_CONF, account)
    passwords = read_passwords(places.passfile) or make_passwords(places.passfile)
    _run_alone(places, account, binaries, fresh, "postgres", _roles_sql(passwords))
    _run_alone(places, account, binaries, fresh, DATABASE, _database_sql())
    fresh.rename(places.data)
    sync_folder(places.home)


def renew_passwords(places: Places, account: Account, binaries: Binaries) -> None:
    """Give both roles new passwords, because the file with the old ones is gone."""
    passwords = make_passwords(places.passfile)
    alter = [f"ALTER ROLE {role} PASSWORD '{word}';" for role, word in passwords.items()]
    _run_alone(places, account, binaries, places.data, "postgres", alter)


def own_folder(folder: Path, account: Account) -> None:
    """Make a folder that only the server's account may enter; it is ours to give away."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if account.way is not Way.DIRECT and folder.stat().st_uid != account.uid:
        os.chown(folder, account.uid, account.gid)


def write_file(path: Path, text: str, account: Account) -> None:
    """Replace a file of the data folder in one step."""
    fresh = path.with_name(path.name + ".new")
    fresh.write_text(text)
    fresh.chmod(0o600)
    if account.way is not Way.DIRECT:
        os.chown(fresh, account.uid, account.gid)
    fresh.replace(path)


def sync_folder(folder: Path) -> None:
    """Make a rename in this folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def free_mb(folder: Path) -> int:
    """Tell how much room the disk of this folder has left."""
    return shutil.disk_usage(folder).free // MEGABYTE


def explain_output(places: Places, output: str) -> DiskFull | ServerNotStarted:
    """Turn what a program of PostgreSQL said into a sentence that helps."""
    if "No space left on device" in output:
        return DiskFull(folder=str(places.home), free_mb=free_mb(places.home))
    telling = [line for line in output.splitlines() if "FATAL" in line or "error:" in line]
    said = (telling or output.strip().splitlines() or ["it said nothing."])[-1]
    return ServerNotStarted(line=said, log=str(places.log))


def _run_alone(
    places: Places,
    account: Account,
    binaries: Binaries,
    data: Path,
    database: str,
    statements: list[str],
) -> None:
    command = [binaries.path("postgres"), "--single", "-D", str(data)]
    for setting in (
        "exit_on_error=on",
        "log_min_error_statement=panic",
        "log_min_messages=error",
        "logging_collector=off",
    ):
        command += ["-c", setting]
    outcome = account.run([*command, database], text="\n".join(statements) + "\n")
    if outcome.returncode:
        raise explain_output(places, outcome.stdout)


def _roles_sql(passwords: dict[str, str]) -> list[str]:
    # The owner may create databases: a restore is tried in a scratch one before it counts.
    made = [
        f"CREATE ROLE {OWNER_ROLE} LOGIN CREATEDB PASSWORD '{passwords[OWNER_ROLE]}';",
        f"CREATE ROLE {APP_ROLE} LOGIN PASSWORD '{passwords[APP_ROLE]}';",
        f"GRANT pg_monitor TO {OWNER_ROLE};",
    ]
    limits = [
        f"ALTER ROLE {role} SET {name} = '{value}';"
        for role, settings in ROLE_SETTINGS.items()
        for name, value in settings.items()
    ]
    return [*made, *limits, f"CREATE DATABASE {DATABASE} OWNER {OWNER_ROLE};"]


def _database_sql() -> list[str]:
    return [
        f"REVOKE ALL ON DATABASE {DATABASE} FROM PUBLIC;",
        f"GRANT CONNECT, TEMPORARY ON DATABASE {DATABASE} TO {APP_ROLE};",
        f"GRANT USAGE ON SCHEMA public TO {APP_ROLE};",
    ]
