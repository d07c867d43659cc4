"""The embedded PostgreSQL killed, started twice, or barred by the machine."""

import os
import signal
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from regulars.web.postgres import Server, ensure, processes, urls_for
from regulars.web.postgres import account as accounts
from regulars.web.postgres.account import Way
from regulars.web.postgres.binaries import Binaries
from regulars.web.postgres.refusals import (
    DiskFull,
    FolderBarred,
    FolderForeign,
    PasswordsLost,
    ServerNotStarted,
)
from tests.web.servers import ask, kill_everything, write_down

IS_ROOT = os.geteuid() == 0
NOBODY = 65534


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
    def test_copies_programs_that_nobody_may_reach(
        self, var: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(accounts, "namespaces_allowed", lambda uid: False)
        server = Server(var, durable=False)
        barred = var / "barred"
        barred.mkdir(mode=0o700)
        *_, packages, package, installation, _ = server.binaries.folder.parts
        (barred / packages).symlink_to(server.binaries.folder.parents[2])
        server.binaries = Binaries(barred / packages / package / installation / "bin")

        server.start()

        assert server.binaries.folder.is_relative_to(server.places.home)
        assert ask(server, "SELECT 1") == 1

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
