"""Start, stop, look into, back up and restore the database."""

import os
import shutil
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import click
import psycopg
from rich.console import Console

from regulars.cli import FINDINGS, emit, environment, notes
from regulars.kit.errors import Kind, Refusal
from regulars.kit.messages import message
from regulars.web import postgres
from regulars.web.postgres.binaries import find_binaries

json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
WORDS_MAX = 500
COPY_BYTES = 1_048_576
UNKNOWN_BEFORE_17 = b"SET transaction_timeout = 0;\n"
LAST_SETTING = b"SET row_security"


class ForeignServer(Refusal):
    """The database is a server of the operator's own."""

    reason = message("DATABASE_URL is set: that server is started and stopped where it lives.")


class StillServed(Refusal):
    """Somebody serves from the database and would start it again."""

    kind = Kind.CONFLICT
    reason = message("regulars serve uses the database and would start it again. Stop that first.")


class FileExists(Refusal):
    """A backup never overwrites a file."""

    reason = message("{file} exists. Choose another name: a backup overwrites nothing.")


class DatabaseInUse(Refusal):
    """A restore needs an empty database."""

    reason = message(
        "The database holds {tables} tables already. Restore into a new VAR (REGULARS_VAR), or "
        "into an empty database (DATABASE_URL, DATABASE_OWNER_URL)."
    )


class ProgramFailed(Refusal):
    """A PostgreSQL program ended with an error."""

    kind = Kind.TRY_LATER
    reason = message("{program} did not succeed: {words}")


@click.group(name="db")
def database() -> None:
    """Start, stop, back up and restore the database."""


@database.command()
@json_option
def start(as_json: bool) -> None:
    """Start the embedded database; made on first use."""
    server = _own_server()
    server.start()
    _show_status(server, as_json)


@database.command()
@json_option
def stop(as_json: bool) -> None:
    """Stop the embedded database and wait until it is gone."""
    server = _own_server()
    with environment.database_users_counted(server.places) as alone:
        if not alone:
            raise StillServed
        stopped = server.stop()
    words = "The database is stopped." if stopped else "The database was not running."
    emit(as_json, {"stopped": stopped}, lambda console: console.print(words))


@database.command()
@json_option
def status(as_json: bool) -> None:
    """Say whether the database runs and where it is; exit code 1 when it does not."""
    if environment.is_embedded():
        running = _show_status(_own_server(), as_json)
    else:
        running = _show_foreign(as_json)
    raise SystemExit(0 if running else FINDINGS)


@database.command(context_settings={"ignore_unknown_options": True})
@click.option("--app", is_flag=True, help="Connect with the application's rights.")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def psql(app: bool, arguments: tuple[str, ...]) -> None:
    """Open psql as the owner; further arguments go to psql."""
    environment.start_database()
    program = find_binaries().path("psql")
    os.execv(program, [program, _address("app" if app else "owner"), *arguments])  # noqa: S606


@database.command()
@json_option
def migrate(as_json: bool) -> None:
    """Bring the tables to this version and grant the application its rights."""
    environment.start_database()
    environment.set_up_django()
    from regulars.web import schema  # noqa: PLC0415 it needs Django set up

    applied = schema.migrate()
    words = f"{len(applied)} migrations applied." if applied else "Nothing to do."
    emit(as_json, {"applied": applied}, lambda console: console.print(words))


@database.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@json_option
def backup(file: Path, as_json: bool) -> None:
    """Write everything in the database to FILE, and say which keys to keep apart from it."""
    if file.exists():
        raise FileExists(file=str(file))
    environment.bring_up()
    began = time.monotonic()
    unfinished = file.with_name(file.name + ".part")
    unfinished.unlink(missing_ok=True)
    os.close(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        _run("pg_dump", "--format=custom", "--file", str(unfinished), "--dbname", _address("owner"))
    except Refusal:
        unfinished.unlink(missing_ok=True)
        raise
    with unfinished.open("rb") as written:
        os.fsync(written.fileno())
    unfinished.rename(file)
    keys = list_keys()
    payload = {
        "file": str(file),
        "bytes": file.stat().st_size,
        "seconds": round(time.monotonic() - began, 3),
        "keys": [str(key) for key in keys],
    }

    def tell(console: Console) -> None:
        console.print(f"{file} holds the database ({payload['bytes']:,} bytes).")
        console.print("It cannot be read without these keys. Keep them in another place than it:")
        for key in keys:
            console.print(f"  {key}")

    emit(as_json, payload, tell)


@database.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@json_option
def restore(file: Path, as_json: bool) -> None:
    """Read FILE into an empty database; its keys belong into VAR/keys first."""
    environment.start_database()
    owner = _address("owner")
    tables = _count_tables(owner)
    if tables:
        raise DatabaseInUse(tables=tables)
    began = time.monotonic()
    _pour(file, owner)
    payload = _settle() | {"file": str(file), "seconds": round(time.monotonic() - began, 3)}

    def tell(console: Console) -> None:
        console.print(f"Restored from {file}; the log is in epoch {payload['epoch']}.")
        if not payload["keys_fit"]:
            console.print("The keys in VAR/keys are not the ones this backup was written with.")

    emit(as_json, payload, tell)
    raise SystemExit(0 if payload["keys_fit"] else FINDINGS)


def list_keys() -> list[Path]:
    """List the key files a backup needs beside it; the database's own passwords are not needed."""
    folder = environment.var() / "keys"
    return sorted(path for path in folder.glob("*.key") if path.is_file())


def _settle() -> dict[str, Any]:
    """Make a restored database this installation's own."""
    environment.set_up_django()
    from regulars.events import services as events  # noqa: PLC0415 they need Django set up
    from regulars.web import schema, sql  # noqa: PLC0415

    applied = schema.migrate()
    schema.analyse()
    epoch = events.raise_epoch()
    sql.run("DELETE FROM procrastinate_workers")  # they lived elsewhere; their jobs are free again
    return {"epoch": epoch, "applied": applied, "keys_fit": schema.is_keyring_the_one()}


def _own_server() -> postgres.Server:
    if not environment.is_embedded():
        raise ForeignServer
    return postgres.Server(environment.var())


def _address(role: str) -> str:
    if environment.is_embedded():
        return postgres.places_for(environment.var()).url(role)
    environment.set_up_django()
    from django.conf import settings  # noqa: PLC0415 only now is it set up

    address = settings.DATABASE_OWNER_URL if role == "owner" else settings.DATABASE_URL
    return str(address)


def _show_status(server: postgres.Server, as_json: bool) -> bool:
    found = server.status()
    payload = {
        "running": found.running,
        "embedded": True,
        "initialised": found.initialised,
        "folder": str(found.folder),
        "socket": str(found.socket_folder),
        "port": found.port,
        "pid": found.pid,
        "version": found.version,
        "account": found.account,
    }

    def tell(console: Console) -> None:
        if found.running:
            console.print(
                f"PostgreSQL {found.version} runs (process {found.pid}) in {found.folder}"
            )
            console.print(f"Its socket is in {found.socket_folder}; regulars db psql opens it.")
        elif found.initialised:
            console.print(f"The database in {found.folder} does not run. regulars db start")
        else:
            console.print(
                f"There is no database in {found.folder} yet. regulars db start makes it."
            )

    emit(as_json, payload, tell)
    return found.running


def _show_foreign(as_json: bool) -> bool:
    try:
        with psycopg.connect(_address("app"), connect_timeout=5) as link:
            version = link.info.parameter_status("server_version")
    except psycopg.OperationalError:
        version = None
    payload = {"running": version is not None, "embedded": False, "version": version}
    words = f"PostgreSQL {version} answers." if version else "The server in DATABASE_URL is silent."
    emit(as_json, payload, lambda console: console.print(words))
    return version is not None


def _count_tables(address: str) -> int:
    with psycopg.connect(address) as link:
        row = link.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone()
    return int(row[0]) if row else 0


def _pour(file: Path, address: str) -> None:
    """Restore in one transaction, whole or not at all.

    It goes through psql, so that servers older than the programs take it; the transaction is
    committed here, once the whole file has been read without an error.
    """
    binaries, quiet = find_binaries(), _unhurried()
    read = [binaries.path("pg_restore"), "--no-owner", "--no-privileges", "--file=-", str(file)]
    write = [binaries.path("psql"), "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1"]
    write += ["--output", os.devnull, "--dbname", address]
    with (
        tempfile.TemporaryFile() as said,
        subprocess.Popen(read, stdout=subprocess.PIPE, stderr=said, env=quiet) as reader,  # noqa: S603
        subprocess.Popen(write, stdin=subprocess.PIPE, stderr=said, env=quiet) as writer,  # noqa: S603
    ):
        with suppress(BrokenPipeError):
            _carry_over(reader, writer)
        if writer.wait() or reader.wait():
            said.seek(0)
            raise _failed("pg_restore", said.read().decode(errors="replace"))


def _carry_over(reader: subprocess.Popen[bytes], writer: subprocess.Popen[bytes]) -> None:
    source, sink = reader.stdout, writer.stdin
    assert source is not None
    assert sink is not None
    with source, sink:
        sink.write(b"BEGIN;\n")
        for line in source:
            if line != UNKNOWN_BEFORE_17:
                sink.write(line)
            if line.startswith(LAST_SETTING):
                break
        shutil.copyfileobj(source, sink, COPY_BYTES)
        if reader.wait():
            writer.kill()  # a cut-off copy must not look finished: nothing is committed
        else:
            sink.write(b"COMMIT;\n")


def _run(program: str, *arguments: str) -> None:
    outcome = subprocess.run(  # noqa: S603 a program of the wheel, no shell
        [find_binaries().path(program), *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        env=_unhurried(),
    )
    if outcome.returncode:
        raise _failed(program, outcome.stderr)


def _unhurried() -> dict[str, str]:
    """Let the programs take the time they need."""
    return {**os.environ, "PGOPTIONS": "-c statement_timeout=0 -c lock_timeout=0"}


def _failed(program: str, said: str) -> ProgramFailed:
    words = said.strip()[-WORDS_MAX:]
    notes().print(words)
    telling = [line for line in words.splitlines() if "error" in line.lower()]
    return ProgramFailed(program=program, words=(telling or [words])[-1])
