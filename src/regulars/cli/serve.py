"""Serve: web, worker and scheduler under one small supervisor, or each of them alone.

`serve` starts the embedded database where there is one, checks that it is safe to keep money in,
and stops it again at the end unless another `serve` still uses it. The scheduler lives in the
worker: periodic tasks are put on the queue once, however many workers there are.
"""

import ctypes
import http.client
import os
import shutil
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import click

from regulars.cli import environment
from regulars.cli.environment import Purpose
from regulars.cli.supervisor import REFUSED_TO_START, Child, Supervisor
from regulars.kit.errors import Kind, Refusal
from regulars.kit.messages import message
from regulars.web import postgres

HOST, PORT = "127.0.0.1", 8000
WEB_WORKERS, WEB_THREADS = 2, 4
JOBS_AT_ONCE = 2
STATIC_SECONDS = 300
SUPERVISOR = "REGULARS_SUPERVISOR"  # the pid of the supervisor, for its children
METRICS_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
PR_SET_PDEATHSIG = 1
GRANIAN_LOGS = {  # the web server speaks through our own log
    "handlers": {},
    "formatters": {},
    "loggers": {"_granian": {"propagate": True}, "granian.access": {"propagate": False}},
}

host_option = click.option("--host", default=HOST, show_default=True, help="Address to listen on.")
port_option = click.option("--port", default=PORT, show_default=True, type=click.IntRange(1, 65535))


class PortTaken(Refusal):
    """Another program listens where we should."""

    kind = Kind.CONFLICT
    reason = message("Port {port} on {host} is taken. Choose another one with --port.")


@click.command()
@host_option
@port_option
def serve(host: str, port: int) -> None:
    """Serve web, worker and scheduler until Ctrl-C.

    Prints READY with the address when it answers; before that, as long as there is no owner
    account, SET-UP with the one-time link that makes the first one.
    """
    address = f"http://{_shown(host)}:{port}"

    def announce() -> None:
        if path := find_set_up_path():
            click.echo(f"SET-UP {address}{path}")
        click.echo(f"READY {address}")

    raise SystemExit(serve_everything(host, port, announce))


@click.command()
@host_option
@port_option
@click.option("--workers", default=WEB_WORKERS, show_default=True, type=click.IntRange(1, 64))
@click.option("--threads", default=WEB_THREADS, show_default=True, type=click.IntRange(1, 64))
def web(host: str, port: int, workers: int, threads: int) -> None:
    """Serve the web alone: the API, webhooks and the console."""
    _end_with_the_supervisor()
    _make_metrics_folder(port)
    with _refusing_to_start():
        environment.bring_up(Purpose.WEB)
        check_start()
        get_addresses()
        static = _gather_static()
        _leave_database()
    _serve_web(host, port, workers, threads, static)


@click.command()
@click.option("--jobs", default=JOBS_AT_ONCE, show_default=True, type=click.IntRange(1, 64))
def worker(jobs: int) -> None:
    """Work on the queue alone; the scheduler runs inside."""
    _end_with_the_supervisor()
    with _refusing_to_start():
        environment.bring_up(Purpose.WORKER)
        check_start()
        _leave_database()
    from regulars.web import jobs as queue  # noqa: PLC0415 it needs Django set up

    queue.run_worker(jobs_at_once=jobs)


def serve_everything(host: str, port: int, on_ready: Callable[[], None]) -> int:
    """Run web and worker until told to stop; call `on_ready` once when the web answers.

    Starts the embedded database and stops it at the end, if no other `serve` uses it. Returns the
    exit code. Raises a refusal when the port is taken or the database is not fit to serve.
    """
    _check_port(host, port)
    with environment.hold_database():
        environment.bring_up(Purpose.BATCH)
        check_start()
        _leave_database()
        environment.note_address(f"http://{_shown(host)}:{port}")
        command = [sys.executable, "-m", "regulars.cli"]
        children = [
            Child("web", [*command, "web", "--host", host, "--port", str(port)]),
            Child("worker", [*command, "worker"]),
        ]
        supervisor = Supervisor(
            children,
            say=lambda words: click.echo(words, err=True),
            environment={SUPERVISOR: str(os.getpid())},
        )
        waiting = [on_ready]

        def look_around() -> None:
            supervisor.say_once(_revive_database())
            if waiting and supervisor.is_up("web") and is_ready(host, port):
                waiting.pop()()

        return supervisor.run(each_tick=look_around)


def check_start() -> None:
    """Refuse to serve on a database that is unsafe, behind, or sealed by other keys."""
    from regulars.events import services as events  # noqa: PLC0415 they need Django set up
    from regulars.web import health  # noqa: PLC0415

    health.check_start()
    events.mend_epoch()


def find_set_up_path() -> str | None:
    """Issue the one-time link for the first owner's account; None once there is one."""
    from regulars.access import services as access  # noqa: PLC0415 they need Django set up
    from regulars.access.domain import AlreadySetUp  # noqa: PLC0415
    from regulars.web import clock  # noqa: PLC0415

    try:
        return access.issue_set_up_link(at=clock.now())
    except AlreadySetUp:
        return None
    finally:
        _leave_database()


def get_addresses() -> int:
    """Load every page and endpoint now, so that a broken one stops the start; count them."""
    from django.urls import get_resolver  # noqa: PLC0415 it needs Django set up

    return len(get_resolver().url_patterns)


def is_ready(host: str, port: int) -> bool:
    """Ask the web whether a request would succeed."""
    with closing(http.client.HTTPConnection(_shown(host), port, timeout=2)) as link:
        try:
            link.request("GET", "/readyz")
            return link.getresponse().status == http.client.OK
        except OSError:
            return False


def _serve_web(host: str, port: int, workers: int, threads: int, static: Path) -> None:
    from granian import Granian  # noqa: PLC0415 only the web needs it
    from granian.constants import Interfaces  # noqa: PLC0415
    from granian.log import LogLevels  # noqa: PLC0415

    Granian(
        "regulars.wsgi:application",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=workers,
        blocking_threads=threads,
        websockets=False,
        log_level=LogLevels.warning,
        log_dictconfig=GRANIAN_LOGS,
        respawn_failed_workers=True,
        workers_kill_timeout=20,
        static_path_route=["/static"],
        static_path_mount=[static],
        static_path_expires=STATIC_SECONDS,
    ).serve()


@contextmanager
def _refusing_to_start() -> Iterator[None]:
    """Say a refusal and end with the code that tells a supervisor not to try again."""
    try:
        yield
    except Refusal as no:
        click.echo(environment.words(no), err=True)
        raise SystemExit(REFUSED_TO_START) from None


def _revive_database() -> str | None:
    """Start the embedded database again when it died; answer why it cannot, if so."""
    if not environment.is_embedded():
        return None
    server = postgres.Server(environment.var())
    if server.is_alive():
        return None
    try:
        server.start()
    except Refusal as no:
        return environment.words(no)
    return "The database had ended and was started again."


def _check_port(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((host, port))
        except OSError:
            raise PortTaken(host=host, port=port) from None


def _end_with_the_supervisor() -> None:
    """Ask the kernel for SIGTERM when the supervisor dies, so that it leaves nobody behind."""
    supervisor = os.environ.get(SUPERVISOR)
    if supervisor is None or not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != int(supervisor):
        raise SystemExit(1)


def _make_metrics_folder(port: int) -> None:
    folder = environment.var() / "metrics" / str(port)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    os.environ[METRICS_FOLDER] = str(folder)


def _gather_static() -> Path:
    from django.conf import settings  # noqa: PLC0415 only now is it set up
    from django.core.management import call_command  # noqa: PLC0415

    call_command("collectstatic", interactive=False, verbosity=0)
    return Path(settings.STATIC_ROOT)


def _leave_database() -> None:
    """Close what the checks opened, so that no connection is inherited by a child."""
    from django.db import connections  # noqa: PLC0415

    connections.close_all()


def _shown(host: str) -> str:
    """Give an address a browser can open."""
    return {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, host)  # noqa: S104 compared, not bound
