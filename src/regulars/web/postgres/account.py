"""Which account the server runs under.

PostgreSQL refuses root. As an ordinary user it simply runs. As root it runs in a user namespace in
which root is called nobody, so that its files stay root's; where namespaces are forbidden it runs
as nobody in earnest, with a data folder that belongs to nobody.
"""

import os
import pwd
import subprocess
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path

from regulars.web.postgres.refusals import AccountMissing, FolderBarred, FolderForeign

NOBODY = "nobody"


class Way(StrEnum):
    """How the server's account is entered."""

    DIRECT = "direct"
    NAMESPACE = "namespace"
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Account:
    """The account a server runs under: how to enter it, and to whom its files belong."""

    way: Way
    uid: int
    gid: int
    prefix: tuple[str, ...] = ()

    def run(
        self,
        command: list[str],
        *,
        text: str | None = None,
        pass_fds: tuple[int, ...] = (),
        cwd: Path | None = None,
        log: int | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run a program under this account and wait; its output is returned, or goes to `log`."""
        output = subprocess.PIPE if log is None else log
        becomes = {"user": self.uid, "group": self.gid, "extra_groups": ()}
        return subprocess.run(  # type: ignore[call-overload,no-any-return]  # noqa: S603 our own programs, no shell
            [*self.prefix, *command],
            input=text,
            stdin=None if text is not None else subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
            pass_fds=pass_fds,
            cwd=cwd or "/",
            env=_environment(),
            **(becomes if self.way is Way.NOBODY else {}),
        )

    def check_way_in(self, folder: Path) -> None:
        """Refuse when a folder above bars the account: we never open folders we did not make."""
        if barred := self.find_barrier(folder):
            raise FolderBarred(account=NOBODY, folder=str(barred))

    def find_barrier(self, folder: Path) -> Path | None:
        """Find the first folder on the way that the account may not enter."""
        if self.way is not Way.NOBODY:
            return None
        steps = [step for step in [*reversed(folder.parents), folder] if step.exists()]
        return next(
            (step for step in steps if self.run(["test", "-x", str(step)]).returncode), None
        )


def server_account(data: Path) -> Account:
    """Choose the account for the server whose data folder is `data` (which need not exist yet)."""
    owner = data.stat().st_uid if data.exists() else None
    if os.geteuid() != 0:
        if owner is not None and owner != os.geteuid():
            raise FolderForeign(folder=str(data), owner=_name_of(owner))
        return Account(Way.DIRECT, os.geteuid(), os.getegid())
    nobody = _nobody()
    if owner != nobody.pw_uid and namespaces_allowed(nobody.pw_uid):
        return Account(Way.NAMESPACE, 0, os.getegid(), _unshare(nobody.pw_uid))
    return Account(Way.NOBODY, nobody.pw_uid, nobody.pw_gid)


@cache
def namespaces_allowed(uid: int) -> bool:
    """Tell whether root may enter a user namespace as `uid` on this machine."""
    try:
        tried = subprocess.run(  # noqa: S603 a fixed command
            [*_unshare(uid), "true"], capture_output=True, check=False
        )
    except FileNotFoundError:
        return False
    return tried.returncode == 0


def _unshare(uid: int) -> tuple[str, ...]:
    return ("unshare", "--user", f"--map-user={uid}")


def _nobody() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam(NOBODY)
    except KeyError:
        raise AccountMissing from None


def _name_of(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _environment() -> dict[str, str]:
    """Pass no PG* variable of the caller on, and no language that would change the messages."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_"))}
    return kept | {"LANG": "C", "LC_ALL": "C"}
