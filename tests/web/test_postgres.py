"""The embedded PostgreSQL: made, started, stopped, killed, started again."""

import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from regulars.web.postgres import Server, connection_settings, ensure, processes, urls_for
from regulars.web.postgres import account as accounts
from regulars.web.postgres.account import Way
from regulars.web.postgres.configuration import server_conf
from regulars.web.postgres.places import SOCKET_PATH_BYTES_MAX, places_for
from regulars.web.postgres.refusals import (
    DiskFull,
    FolderBarred,
    FolderForeign,
    PasswordsLost,
    ServerNotStarted,
)

IS_ROOT = os.geteuid() == 0
NOBODY = 65534


@pytest.fixture
def var() -> Iterator[Path]:
    """A short folder of its own that any account may enter; whatever runs in it is stopped."""
    folder = Path(tempfile.mkdtemp(prefix="rg-", dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    Server(folder).stop()
    shutil.rmtree(folder, ignore_errors=True)


def ask(server: Server, statement: str, *, role: str = "owner") -> object:
    with psycopg.connect(server.url(role), autocommit=True) as link:
        row = link.execute(statement).fetchone()
        assert row is not None
        return row[0]


def write_down(server: Server, *numbers: int) -> None:
    with psycopg.connect(server.url("owner"), autocommit=True) as link:
        link.execute("CREATE TABLE IF NOT EXISTS noted (number int PRIMARY KEY)")
        for number in numbers:
            link.execute("INSERT INTO noted VALUES (%s)", (number,))


def kill_everything(server: Server) -> None:
    processes.send(processes.list_pids(server.places), signal.SIGKILL)


class TestAddresses:
    def test_are_worked_out_without_starting_or_making_anything(self, tmp_path: Path) -> None:
        urls = urls_for(tmp_path / "nowhere")

        assert urls.app.startswith("postgresql://regulars_app@/regulars?")
        assert urls.owner.startswith("postgresql://regulars_owner@/regulars?")
        assert not (tmp_path / "nowhere").exists()

    def test_hold_no_secret(self, var: Path) -> None:
        server = Server(var, durable=False)
        server.start()

        words = [line.split(":")[-1] for line in server.places.passfile.read_text().split()]

        assert len(words) == 2
        assert not any(word in server.url() + server.url("owner") for word in words)

    def test_become_words_of_django(self) -> None:
        settings = connection_settings("postgresql://anna:geheim@db:6000/shop?sslmode=require")

        assert settings["NAME"] == "shop"
        assert settings["PORT"] == "6000"
        assert settings["OPTIONS"] == {"sslmode": "require"}

    def test_keep_the_socket_within_the_limit_of_the_kernel(self, tmp_path: Path) -> None:
        deep = tmp_path / ("x" * 120)

        folder = places_for(deep).socket_folder

        assert len(os.fsencode(folder / ".s.PGSQL.5432")) <= SOCKET_PATH_BYTES_MAX
        assert folder == places_for(deep).socket_folder
        assert folder != places_for(tmp_path / ("y" * 120)).socket_folder


@pytest.mark.capability("H5")
class TestFirstStart:
    def test_makes_a_durable_server_with_two_roles(self, var: Path) -> None:
        server = Server(var)
        server.start()

        for name in ("fsync", "full_page_writes", "synchronous_commit", "data_checksums"):
            assert ask(server, f"SHOW {name}", role="app") == "on"
        assert ask(server, "SHOW jit") == "off"
        assert ask(server, "SHOW max_wal_size") == "2GB"
        assert ask(server, "SELECT current_user", role="app") == "regulars_app"
        assert (
            ask(
                server, "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'regulars'"
            )
            == "regulars_owner"
        )
        assert (
            ask(
                server,
                "SELECT bool_or(rolsuper) FROM pg_roles WHERE rolname LIKE 'regulars_%%' AND rolname <> 'regulars_admin'",
            )
            is False
        )

    def test_limits_the_time_of_the_application(self, var: Path) -> None:
        server = Server(var, durable=False)
        server.start()

        assert ask(server, "SHOW statement_timeout", role="app") == "5s"
        assert ask(server, "SHOW lock_timeout", role="app") == "2s"
        assert ask(server, "SHOW idle_in_transaction_session_timeout", role="app") == "15s"

    def test_lets_the_application_make_no_table(self, var: Path) -> None:
        server = Server(var, durable=False)
        server.start()

        with (
            psycopg.connect(server.url()) as link,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            link.execute("CREATE TABLE mine (id int)")

    def test_keeps_passwords_and_data_to_their_owner(self, var: Path) -> None:
        server = Server(var, durable=False)
        server.start()
        places = server.places

        assert stat.S_IMODE(places.passfile.stat().st_mode) == 0o400
        assert stat.S_IMODE(places.data.stat().st_mode) == 0o700
        assert stat.S_IMODE(places.socket_folder.stat().st_mode) == 0o700

    def test_lets_nobody_in_without_a_password(self, var: Path) -> None:
        server = Server(var, durable=False)
        server.start()
        where = f"host={server.places.socket_folder} dbname=regulars"

        for role in ("regulars_app", "regulars_owner", "regulars_admin"):
            with pytest.raises(psycopg.OperationalError):
                psycopg.connect(f"{where} user={role} password=guess", connect_timeout=3)

    def test_listens_on_no_port_unless_asked(self, var: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        server = Server(var, durable=False, tcp_port=port)
        try:
            server.start()
            word = server.places.passfile.read_text().split("\n")[0].split(":")[-1]
            link = f"postgresql://regulars_app:{word}@127.0.0.1:{port}/regulars"
            with psycopg.connect(link) as over_tcp:
                assert over_tcp.execute("SELECT 1").fetchone() == (1,)
        finally:
            server.stop()
        quiet = Server(var, durable=False)
        quiet.start()

        assert ask(quiet, "SHOW listen_addresses") == ""

    def test_leaves_nothing_half_made_when_it_is_interrupted(self, var: Path) -> None:
        server = Server(var, durable=False)
        server.places.home.mkdir(parents=True)
        leftover = server.places.home / "data.new"
        leftover.mkdir()
        (leftover / "PG_VERSION").write_text("18\n")

        server.start()

        assert ask(server, "SELECT 1") == 1
        assert not leftover.exists()

    def test_takes_settings_of_the_operator_last(self, var: Path) -> None:
        server = Server(var, durable=False)
        server.start()
        server.stop()
        (server.places.data / "local.conf").write_text("work_mem = '24MB'\n")

        server.start()

        assert ask(server, "SHOW work_mem") == "24MB"


class TestLog:
    def test_names_no_value_of_a_failed_statement(self, var: Path) -> None:
        server = Server(var, durable=False)
        server.start()
        write_down(server, 1)
        with psycopg.connect(server.url("owner"), autocommit=True) as link:
            link.execute("CREATE TABLE people (phone text PRIMARY KEY)")
            link.execute("INSERT INTO people VALUES ('13800138000')")
            with pytest.raises(psycopg.errors.UniqueViolation):
                link.execute("INSERT INTO people VALUES ('13800138000')")
            with pytest.raises(psycopg.errors.UniqueViolation):
                link.execute("INSERT INTO people VALUES (%s)", ("13800138000",))
        server.stop()

        said = "".join(log.read_text() for log in server.places.log.glob("*.log"))

        assert "duplicate key" in said
        assert "13800138000" not in said


@pytest.mark.capability("H5")
class TestStop:
    def test_waits_until_the_last_process_is_gone(self, var: Path) -> None:
        server = Server(var, durable=False)
        server.start()

        assert server.stop() is True
        assert processes.list_pids(server.places) == []
        assert server.stop() is False

    def test_ends_open_transactions(self, var: Path) -> None:
        server = Server(var, durable=False)
        server.start()
        with psycopg.connect(server.url("owner")) as link:
            link.execute("CREATE TABLE half (id int)")

            assert server.stop() is True
            link.close()

    def test_status_tells_running_from_stopped_from_absent(self, var: Path) -> None:
        server = Server(var, durable=False)

        absent = server.status()
        server.start()
        running = server.status()
        server.stop()
        stopped = server.status()

        assert (absent.running, absent.initialised) == (False, False)
        assert running.running
        assert running.pid is not None
        assert running.version is not None
        assert running.version.startswith("18")
        assert (stopped.running, stopped.initialised) == (False, True)


@pytest.mark.reliability("RF1")
class TestAfterACrash:
    def test_a_killed_main_process_is_replaced_and_nothing_is_lost(self, var: Path) -> None:
        server = Server(var)
        server.start()
        write_down(server, 1, 2)
        pid = processes.read_pid(server.places)
        assert pid is not None

        os.kill(pid, signal.SIGKILL)
        server.start()

        assert ask(server, "SELECT count(*) FROM noted") == 2

    def test_all_processes_killed_at_once_recover(self, var: Path) -> None:
        server = Server(var)
        server.start()
        write_down(server, 1, 2, 3)

        kill_everything(server)
        server.start()

        assert ask(server, "SELECT count(*) FROM noted") == 3

    def test_orphans_of_a_dead_main_process_are_ended(self, var: Path) -> None:
        server = Server(var)
        server.start()
        pid = processes.read_pid(server.places)
        assert pid is not None
        others = [other for other in processes.list_pids(server.places) if other != pid]
        processes.send(others, signal.SIGSTOP)

        os.kill(pid, signal.SIGKILL)
        server.start()

        assert ask(server, "SELECT 1") == 1
        assert not set(others) & set(processes.list_pids(server.places))

    def test_a_stale_pid_file_of_another_program_is_removed(self, var: Path) -> None:
        server = Server(var, durable=False)
        server.start()
        kill_everything(server)
        time.sleep(0.2)
        lines = (server.places.data / "postmaster.pid").read_text().split("\n")
        with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as stranger:
            lines[0] = str(stranger.pid)
            (server.places.data / "postmaster.pid").write_text("\n".join(lines))

            server.start()
            alive = stranger.poll() is None
            stranger.kill()

        assert alive
        assert ask(server, "SELECT 1") == 1

    def test_a_broken_pid_file_is_removed(self, var: Path) -> None:
        server = Server(var, durable=False)
        server.start()
        kill_everything(server)
        time.sleep(0.2)
        (server.places.data / "postmaster.pid").write_text("")

        server.start()

        assert ask(server, "SELECT 1") == 1

    def test_a_zombie_is_no_living_server(self, var: Path) -> None:
        server = Server(var, durable=False)
        server.start()
        kill_everything(server)
        time.sleep(0.2)
        lines = (server.places.data / "postmaster.pid").read_text().split("\n")
        with subprocess.Popen(["true"]) as zombie:  # ended, and not waited for yet
            time.sleep(0.1)
            lines[0] = str(zombie.pid)
            (server.places.data / "postmaster.pid").write_text("\n".join(lines))

            server.start()

        assert ask(server, "SELECT 1") == 1

    def test_lost_passwords_are_set_anew(self, var: Path) -> None:
        server = Server(var, durable=False)
        server.start()
        write_down(server, 1)
        server.places.passfile.unlink()
        server.places.passfile.write_text("*:*:*:regulars_owner:wrong\n")
        server.places.passfile.chmod(0o400)

        with pytest.raises(PasswordsLost, match="regulars db stop"):
            server.status()
        server.stop()
        server.places.passfile.unlink()
        server.start()

        assert ask(server, "SELECT count(*) FROM noted") == 1


class TestTwoAtOnce:
    def test_threads_start_one_server(self, var: Path) -> None:
        barrier = threading.Barrier(4)
        failed: list[Exception] = []

        def start() -> None:
            barrier.wait()
            try:
                Server(var, durable=False).start()
            except Exception as trouble:  # noqa: BLE001
                failed.append(trouble)

        threads = [threading.Thread(target=start) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert failed == []
        assert ask(Server(var), "SELECT 1") == 1

    def test_processes_start_one_server(self, var: Path) -> None:
        code = f"from pathlib import Path; from regulars.web.postgres import ensure; print(ensure(Path({str(var)!r})).app)"
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(["src", *sys.path])}
        started = [
            subprocess.Popen(
                [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=environment
            )
            for _ in range(3)
        ]
        said = {process.communicate(timeout=60)[0].strip() for process in started}

        assert [process.returncode for process in started] == [0, 0, 0]
        assert said == {urls_for(var).app}
        assert ensure(var).app == urls_for(var).app

    def test_two_installations_run_side_by_side(self, var: Path) -> None:
        here, there = Server(var / "a", durable=False), Server(var / "b", durable=False)
        try:
            here.start()
            there.start()
            write_down(here, 1)

            assert ask(there, "SELECT count(*) FROM pg_tables WHERE tablename = 'noted'") == 0
        finally:
            here.stop()
            there.stop()


class TestWhereItCannot:
    def test_a_log_that_says_disk_full_becomes_a_sentence(self, var: Path) -> None:
        server = Server(var, durable=False)
        server.start()
        server.stop()
        conf = server.places.data / "local.conf"
        conf.write_text("include 'No space left on device'\n")

        with pytest.raises(DiskFull, match="is full"):
            server.start()

    def test_a_wrong_setting_is_named(self, var: Path) -> None:
        server = Server(var, durable=False)
        server.start()
        server.stop()
        (server.places.data / "local.conf").write_text("work_mem = 'a lot'\n")

        with pytest.raises(ServerNotStarted, match="did not start"):
            server.start()

    @pytest.mark.skipif(not IS_ROOT, reason="only root changes accounts")
    def test_runs_as_nobody_where_namespaces_are_forbidden(
        self, var: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(accounts, "namespaces_allowed", lambda uid: False)
        server = Server(var, durable=False)

        server.start()

        assert server.status().account == Way.NOBODY
        assert server.places.data.stat().st_uid == NOBODY
        kill_everything(server)
        server.start()
        assert ask(server, "SELECT 1") == 1

    @pytest.mark.skipif(not IS_ROOT, reason="only root changes accounts")
    def test_hands_its_data_over_when_namespaces_become_forbidden(
        self, var: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        server = Server(var, durable=False)
        if server.start() and server.status().account != Way.NAMESPACE:
            pytest.skip("no user namespaces on this machine")
        write_down(server, 7)
        server.stop()
        monkeypatch.setattr(accounts, "namespaces_allowed", lambda uid: False)

        server.start()

        assert server.places.data.stat().st_uid == NOBODY
        assert ask(server, "SELECT number FROM noted") == 7

    @pytest.mark.skipif(not IS_ROOT, reason="only root changes accounts")
    def test_asks_for_another_var_below_a_barred_folder(
        self, var: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(accounts, "namespaces_allowed", lambda uid: False)
        barred = var / "barred"
        barred.mkdir(mode=0o700)

        with pytest.raises(FolderBarred, match="another VAR"):
            Server(barred / "var").start()

        assert stat.S_IMODE(barred.stat().st_mode) == 0o700

    @pytest.mark.skipif(not IS_ROOT, reason="only root changes accounts")
    def test_refuses_a_data_folder_of_somebody_else(self, var: Path) -> None:
        server = Server(var, durable=False)
        server.start()
        server.stop()
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:  # pragma: no cover  an ordinary user, in a process of its own
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
            try:
                accounts.server_account(server.places.data)
            except FolderForeign as no:
                os.write(writer, str(no).encode())
            os._exit(0)
        os.waitpid(child, 0)
        os.close(writer)
        with os.fdopen(reader) as said:
            assert "belongs to the account root" in said.read()

    def test_refuses_a_socket_folder_others_could_have_planted(self, var: Path) -> None:
        server = Server(var, durable=False)
        server.places.socket_folder.mkdir(mode=0o755)
        server.places.socket_folder.chmod(0o777)

        with pytest.raises(FolderForeign):
            server.start()


class TestConfiguration:
    def test_forgets_only_in_a_test_rig(self, tmp_path: Path) -> None:
        durable = server_conf(socket_folder=tmp_path, port=5432, over_tcp=False, durable=True)
        scratch = server_conf(socket_folder=tmp_path, port=5432, over_tcp=False, durable=False)

        assert "fsync = 'on'" in durable
        assert "fsync = 'off'" in scratch

    def test_quotes_what_a_path_may_hold(self) -> None:
        conf = server_conf(socket_folder=Path("/a'b"), port=1, over_tcp=False, durable=True)

        assert "unix_socket_directories = '/a''b'" in conf
