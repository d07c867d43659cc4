"""Where everything of one database is, worked out from VAR alone, without starting anything.

The addresses hold no secret: the passwords are in a file that only its owner can read, and the
address names that file.
"""

import hashlib
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlencode

from psycopg.conninfo import conninfo_to_dict

APP_ROLE = "regulars_app"
OWNER_ROLE = "regulars_owner"
ADMIN_ROLE = "regulars_admin"
DATABASE = "regulars"
PORT = 5432
SOCKET_PATH_BYTES_MAX = 107  # the kernel's limit for the address of a unix socket
ROLES = {"app": APP_ROLE, "owner": OWNER_ROLE}


@dataclass(frozen=True, slots=True)
class Urls:
    """The two addresses of one database: the application's and the owner's."""

    app: str
    owner: str


@dataclass(frozen=True, slots=True)
class Places:
    """The folders and files of the database under one VAR."""

    var: Path
    port: int = PORT

    @property
    def home(self) -> Path:
        """Hold everything the server writes."""
        return self.var / "postgres"

    @property
    def data(self) -> Path:
        return self.home / "data"

    @property
    def log(self) -> Path:
        """Hold what the server says once it runs."""
        return self.home / "log"

    @property
    def start_log(self) -> Path:
        """Hold what the server says before its own log is open."""
        return self.log / "start.log"

    @property
    def lock(self) -> Path:
        """Name the file that every process of a living server keeps locked."""
        return self.home / "server.lock"

    @property
    def passfile(self) -> Path:
        return self.var / "keys" / "database"

    @property
    def socket_folder(self) -> Path:
        """Hold the socket: under VAR, or, where that path is too long, under /tmp."""
        near = self.var / "run"
        if len(os.fsencode(near / f".s.PGSQL.{self.port}")) <= SOCKET_PATH_BYTES_MAX:
            return near
        digest = hashlib.blake2b(os.fsencode(self.var), digest_size=8).hexdigest()
        return Path("/tmp") / f"regulars-{digest}"  # noqa: S108 made 0700 and checked to be ours

    def url(self, role: str = "app", *, database: str = DATABASE) -> str:
        """Address one database as one role, over the socket. It holds no password."""
        options = urlencode(
            {"host": self.socket_folder, "port": self.port, "passfile": self.passfile}, safe="/"
        )
        return f"postgresql://{ROLES[role]}@/{quote(database)}?{options}"

    def urls(self, *, database: str = DATABASE) -> Urls:
        """Address one database as both roles."""
        return Urls(self.url("app", database=database), self.url("owner", database=database))


def places_for(var: Path) -> Places:
    """Work out the places under `var`, which need not exist."""
    return Places(var=Path(os.path.abspath(var)))  # noqa: PTH100 links stay as the user wrote them


def urls_for(var: Path) -> Urls:
    """Work out the two addresses of the embedded database under `var`; nothing is started."""
    return places_for(var).urls()


def connection_settings(url: str) -> dict[str, object]:
    """Turn an address into Django's words for a database; what it has no word for is an option."""
    parts = {name: value for name, value in conninfo_to_dict(url).items() if value is not None}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.pop("dbname", ""),
        "USER": parts.pop("user", ""),
        "PASSWORD": parts.pop("password", ""),
        "HOST": parts.pop("host", ""),
        "PORT": str(parts.pop("port", "")),
        "OPTIONS": parts,
    }


def read_passwords(passfile: Path) -> dict[str, str]:
    """Read the passwords by role; empty where there is no file."""
    if not passfile.exists():
        return {}
    lines = [line.split(":") for line in passfile.read_text().splitlines()]
    return {line[3]: line[4] for line in lines if len(line) == 5}


def make_passwords(passfile: Path) -> dict[str, str]:
    """Write new passwords into a file that only its owner may read, and return them by role."""
    passwords = {role: secrets.token_urlsafe(32) for role in ROLES.values()}
    passfile.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = passfile.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400)
    with os.fdopen(descriptor, "w") as file:
        file.writelines(f"*:*:*:{role}:{word}\n" for role, word in passwords.items())
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(passfile)
    return passwords
