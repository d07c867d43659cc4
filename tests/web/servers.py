"""Embedded servers for tests: ask them, write into them, kill them."""

import signal

import psycopg

from regulars.web.postgres import Server, processes


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
