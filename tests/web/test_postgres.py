"""The embedded PostgreSQL: addressed, made, started, stopped."""

import os
import socket
import stat
from pathlib import Path

import psycopg
import pytest

from regulars.web.postgres import Server, connection_settings, processes, urls_for
from regulars.web.postgres.configuration import server_conf
from regulars.web.postgres.places import SOCKET_PATH_BYTES_MAX, places_for
from tests.web.servers import ask, write_down


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


class TestConfiguration:
    def test_forgets_only_in_a_test_rig(self, tmp_path: Path) -> None:
        durable = server_conf(socket_folder=tmp_path, port=5432, over_tcp=False, durable=True)
        scratch = server_conf(socket_folder=tmp_path, port=5432, over_tcp=False, durable=False)

        assert "fsync = 'on'" in durable
        assert "fsync = 'off'" in scratch

    def test_quotes_what_a_path_may_hold(self) -> None:
        conf = server_conf(socket_folder=Path("/a'b"), port=1, over_tcp=False, durable=True)

        assert "unix_socket_directories = '/a''b'" in conf
