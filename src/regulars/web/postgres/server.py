"""The database that Regulars brings along: make it, start it, stop it, ask how it is."""

import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psycopg

from regulars.web.postgres import cluster, configuration, processes
from regulars.web.postgres.account import Account, Way, server_account
from regulars.web.postgres.binaries import Binaries, copy_programs, find_binaries
from regulars.web.postgres.places import DATABASE, Places, Urls, places_for
from regulars.web.postgres.refusals import (
    DataIncompatible,
    FolderForeign,
    MemoryShort,
    PasswordsLost,
    ServerNotStarted,
    ServerNotStopped,
    ServerSilent,
)

START_SECONDS_MAX = 120  # recovery after a crash replays at most max_wal_size
ORPHAN_SECONDS = 5  # what a killed server's processes get to notice that it is dead
STOP_SECONDS_MAX = 60
PAUSE_SECONDS = 0.05
START_LOG_BYTES_MAX = 1_000_000


@dataclass(frozen=True, slots=True)
class Status:
    """What can be said about a server from outside."""

    running: bool
    initialised: bool
    folder: Path
    socket_folder: Path
    port: int
    pid: int | None = None
    version: str | None = None
    account: str | None = None


class Server:
    """One embedded PostgreSQL under one folder (VAR).

    With `durable=False` it forgets on a power cut: for test rigs only, and web and worker refuse
    to start on it. With `tcp_port` it also listens on 127.0.0.1.
    """

    def __init__(self, folder: Path, *, durable: bool = True, tcp_port: int | None = None) -> None:
        self.places: Places = places_for(folder)
        if tcp_port is not None:
            self.places = Places(self.places.var, tcp_port)
        self.durable = durable
        self.over_tcp = tcp_port is not None
        self.binaries: Binaries = find_binaries()

    def url(self, role: str = "app", *, database: str = DATABASE) -> str:
        """Address one database as the role `app` or `owner`."""
        return self.places.url(role, database=database)

    def urls(self, *, database: str = DATABASE) -> Urls:
        """Address one database as both roles."""
        return self.places.urls(database=database)

    def start(self) -> Urls:
        """Start the server, making it first where there is none; return when it answers.

        Said twice, also at the same moment by two processes, it starts one server. After a crash
        it clears what the dead server left and recovers. Raises a refusal that says what to do.
        """
        account = self._prepare()
        deadline = time.monotonic() + START_SECONDS_MAX
        orphaned_at: float | None = None
        while True:
            lock = processes.try_lock(self.places)
            if lock is not None:
                try:
                    self._launch(account, lock, deadline)
                finally:
                    os.close(lock)  # the server's processes hold it on
                return self.urls()
            if self._answers():
                return self.urls()
            orphaned_at = self._end_orphans(orphaned_at)
            if time.monotonic() > deadline:
                raise self._silent(START_SECONDS_MAX)
            time.sleep(PAUSE_SECONDS)

    def stop(self) -> bool:
        """Stop the server and wait until its last process is gone; False where none ran."""
        if not self.places.home.exists() or self._is_free():
            return False
        for number, seconds in (
            (signal.SIGINT, STOP_SECONDS_MAX),  # fast: open transactions are rolled back
            (signal.SIGQUIT, ORPHAN_SECONDS),  # at once: the next start recovers
        ):
            pid = processes.read_pid(self.places)
            pids = processes.list_pids(self.places)
            processes.send([pid] if pid in pids and pid is not None else pids, number)
            if _wait(self._is_free, seconds):
                return True
        pids = processes.list_pids(self.places)
        raise ServerNotStopped(folder=str(self.places.home), seconds=STOP_SECONDS_MAX, pids=pids)

    def is_alive(self) -> bool:
        """Tell at no cost whether the server's main process lives; it may not answer yet."""
        return processes.is_postmaster_alive(self.places)

    def status(self) -> Status:
        """Say what there is, without starting or changing anything."""
        places = self.places
        initialised = (places.data / "PG_VERSION").exists()
        version = self._version() if initialised else None
        return Status(
            running=version is not None,
            initialised=initialised,
            folder=places.home,
            socket_folder=places.socket_folder,
            port=places.port,
            pid=processes.read_pid(places) if version else None,
            version=version,
            account=server_account(places.data).way.value if initialised else None,
        )

    def _prepare(self) -> Account:
        places = self.places
        places.home.mkdir(mode=0o755, parents=True, exist_ok=True)
        account = server_account(places.data)
        account.check_way_in(places.home)
        if account.find_barrier(self.binaries.folder):
            self.binaries = copy_programs(self.binaries, places.home)
        cluster.own_folder(places.log, account)
        cluster.own_folder(places.socket_folder, account)
        held = places.socket_folder.lstat()
        if held.st_uid != account.uid or held.st_mode & 0o077 or places.socket_folder.is_symlink():
            raise FolderForeign(folder=str(places.socket_folder), owner=str(held.st_uid))
        return account

    def _launch(self, account: Account, lock: int, deadline: float) -> None:
        places = self.places
        if not (places.data / "PG_VERSION").exists():
            cluster.make_cluster(places, account, self.binaries, durable=self.durable)
            account = server_account(places.data)
        if account.way is Way.NOBODY:
            _hand_over((places.data, places.log), account)
        processes.clear_leftovers(places)
        if not places.passfile.exists():
            cluster.renew_passwords(places, account, self.binaries)
        self._write_configuration(account)
        self._run_pg_ctl(account, lock, deadline)

    def _write_configuration(self, account: Account) -> None:
        places = self.places
        conf = configuration.server_conf(
            socket_folder=places.socket_folder,
            port=places.port,
            over_tcp=self.over_tcp,
            durable=self.durable,
        )
        cluster.write_file(places.data / "regulars.conf", conf, account)
        cluster.write_file(places.data / "pg_hba.conf", configuration.ACCESS_CONF, account)

    def _run_pg_ctl(self, account: Account, lock: int, deadline: float) -> None:
        start_log = self.places.start_log
        if start_log.exists() and start_log.stat().st_size > START_LOG_BYTES_MAX:
            start_log.unlink()
        read_before = self._log_sizes()
        seconds = max(1, int(deadline - time.monotonic()))
        command = [self.binaries.path("pg_ctl"), "start", "--wait", "--timeout", str(seconds)]
        command += ["--pgdata", str(self.places.data), "--log", str(start_log), "--silent"]
        # Its output is not captured: the server would inherit the pipe and never close it.
        with Path(os.devnull).open("w") as nowhere:
            outcome = account.run(command, pass_fds=(lock,), log=nowhere.fileno())
        if outcome.returncode == 0 and _wait(self._answers, ORPHAN_SECONDS):
            return
        if processes.is_postmaster_alive(self.places):
            raise self._silent(START_SECONDS_MAX)
        raise self._explain(read_before)

    def _log_sizes(self) -> dict[Path, int]:
        return {log: log.stat().st_size for log in self.places.log.glob("*.log")}

    def _explain(self, read_before: dict[Path, int]) -> Exception:
        places = self.places
        said = ""
        for log, size in self._log_sizes().items():
            known = read_before.get(log, 0)
            said += log.read_bytes()[known if known <= size else 0 :].decode(errors="replace")
        if "incompatible with server" in said:
            return DataIncompatible(folder=str(places.data))
        if "Cannot allocate memory" in said or "could not map anonymous shared memory" in said:
            megabytes = configuration.shared_buffers_mb(durable=self.durable)
            local_conf = str(places.data / "local.conf")
            return MemoryShort(shared_buffers_mb=megabytes, local_conf=local_conf)
        return cluster.explain_output(places, said)

    def _end_orphans(self, since: float | None) -> float | None:
        """End processes that outlived their killed postmaster: it would have ended them too."""
        if processes.is_postmaster_alive(self.places):
            return None
        since = since or time.monotonic()
        if time.monotonic() - since > ORPHAN_SECONDS:
            processes.send(processes.list_pids(self.places), signal.SIGKILL)
        return since

    def _is_free(self) -> bool:
        lock = processes.try_lock(self.places)
        if lock is None:
            return False
        os.close(lock)
        return not processes.is_postmaster_alive(self.places)

    def _answers(self) -> bool:
        return self._version() is not None

    def _version(self) -> str | None:
        try:
            with psycopg.connect(self.url("owner", database="postgres"), connect_timeout=3) as link:
                return link.info.parameter_status("server_version")
        except psycopg.OperationalError as trouble:
            if "password" in str(trouble):
                raise PasswordsLost(passfile=str(self.places.passfile)) from None
            return None

    def _silent(self, seconds: int) -> ServerSilent | ServerNotStarted:
        places = self.places
        pids = ", ".join(map(str, processes.list_pids(places)))
        return ServerSilent(
            folder=str(places.home), pids=pids, seconds=seconds, log=str(places.log)
        )


def ensure(var: Path) -> Urls:
    """Make sure that the embedded database under `var` runs, and return its addresses."""
    return Server(var).start()


def _wait(is_so: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > deadline:
            return False
        time.sleep(PAUSE_SECONDS)
    return True


def _hand_over(own_folders: tuple[Path, ...], account: Account) -> None:
    """Give folders of our own to the account that has to run the server from now on."""
    held = [path for folder in own_folders for path in [folder, *folder.iterdir()]]
    if all(path.lstat().st_uid == account.uid for path in held):
        return
    for folder in own_folders:
        for root, folders, files in os.walk(folder):
            for name in ["", *folders, *files]:
                os.chown(Path(root) / name, account.uid, account.gid, follow_symlinks=False)
