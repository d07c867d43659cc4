"""A served house with a small shop, and an installed Chromium; without one the walk is skipped."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from django.core.management import call_command
from playwright.sync_api import Browser, expect, sync_playwright

from regulars.web import clock, postgres
from tests import rig
from tests.console.shop import open_shop
from tests.console.things import open_things

ARTEFACTS = Path(__file__).parents[2] / "artefacts" / "browser"
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--headless=new",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
EMAIL, PASSWORD = "chen@example.com", "celadon cup and honey"
KEY_EMAIL = "kay@example.com"  # whose account has passkeys
START_SECONDS_MAX = 60
expect.set_options(timeout=20_000)  # a shared machine may stand still for seconds
SERVE = """
import sys
from pathlib import Path
from granian import Granian
from granian.constants import Interfaces
Granian(
    "regulars.wsgi:application", address="127.0.0.1", port=int(sys.argv[1]), workers=1,
    interface=Interfaces.WSGI, blocking_threads=4, websockets=False,
    static_path_route=["/static"], static_path_mount=[Path(sys.argv[2])],
).serve()
"""
WORK = """
import django
django.setup()
from regulars.web.jobs import run_worker
run_worker(wait=False)
"""


@dataclass(frozen=True, slots=True)
class House:
    """Where the served house is, a thing of each kind in it, and how its worker is started."""

    url: str
    things: dict[str, Any]
    environment: dict[str, str]

    def work(self) -> None:
        """Let a worker do what waits in the queue, and end."""
        subprocess.run([sys.executable, "-c", WORK], env=self.environment, check=True, timeout=120)


@pytest.fixture(scope="session")
def chromium() -> str:
    found = next((path for name in CHROMIUM if (path := shutil.which(name))), None)
    if found is None:
        words = "NO CHROMIUM: the browser walk did not run. Install it: apt-get install chromium"
        print(f"\n{'!' * 79}\n{words}\n{'!' * 79}", file=sys.__stderr__)
        pytest.skip(words)
    return found


@pytest.fixture(scope="session")
def browser(chromium: str, house: House) -> Iterator[Browser]:
    """Answer a browser; it starts after the house, because it forbids synchronous queries."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_ARGUMENTS)
        yield started
        started.close()


@pytest.fixture(scope="session")
def house(chromium: str, django_db_setup: None, django_db_blocker: object) -> Iterator[House]:
    """Serve a database of its own with the shop in it, by the web server that serves for real.

    Not by `regulars web`: that one rightly refuses the rig's database, which keeps nothing.
    """
    var, name = Path(os.environ["REGULARS_VAR"]), f"browser_{os.getpid()}"
    before = rig.current()
    rig.clone(var, name)
    with django_db_blocker.unblock():  # type: ignore[attr-defined]
        rig.point_to(name)
        things = _fill()
        call_command("collectstatic", interactive=False, verbosity=0)
        rig.leave()
        rig.point_to(before)
    with _open_house(var, name, things) as opened:
        yield opened


@contextmanager
def another_house(fill: str) -> Iterator[House]:
    """Serve one more house, filled by a Python text that prints its things as JSON.

    It runs in a process of its own, because a browser at work forbids synchronous queries here.
    """
    var, name = Path(os.environ["REGULARS_VAR"]), f"browser_{os.getpid()}_another"
    rig.clone(var, name)
    done = subprocess.run(
        [sys.executable, "-c", f"import django\ndjango.setup()\n{fill}"],
        env=_environment(var, name),
        check=False,
        capture_output=True,
        text=True,
        timeout=300,
    )
    if done.returncode:
        rig.drop(var, name)
        pytest.fail(done.stderr[-3000:])
    with _open_house(var, name, json.loads(done.stdout.splitlines()[-1])) as opened:
        yield opened


@contextmanager
def _open_house(var: Path, name: str, things: dict[str, Any]) -> Iterator[House]:
    port = _free_port()
    environment = _environment(var, name)
    server = _serve(var, environment, port)
    try:
        _wait(port, server)
        yield House(f"http://127.0.0.1:{port}", things, environment)
    finally:
        server.terminate()
        server.wait(timeout=30)
        rig.drop(var, name)


def _fill() -> dict[str, Any]:
    from regulars.access import services as access
    from regulars.access.domain import Actor

    at = clock.now()
    shop = open_shop(at)
    access.create_staff(
        email=EMAIL, name="陈晨", role="owner", password=PASSWORD, actor=Actor.system(), at=at
    )
    access.create_staff(
        email=KEY_EMAIL, name="Kay", role="owner", password=PASSWORD, actor=Actor.system(), at=at
    )
    return open_things(shop)


def _environment(var: Path, name: str) -> dict[str, str]:
    server = postgres.Server(var, durable=False)
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "regulars.settings",
        "DATABASE_URL": server.url("app", database=name),
        "DATABASE_OWNER_URL": server.url("owner", database=name),
        "PYTHONPATH": os.pathsep.join(["src", *sys.path]),
    }


def _serve(var: Path, environment: dict[str, str], port: int) -> subprocess.Popen[bytes]:
    ARTEFACTS.mkdir(parents=True, exist_ok=True)
    with (ARTEFACTS / "server.log").open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "-c", SERVE, str(port), str(var / "static")],
            env=environment,
            stdout=log,
            stderr=subprocess.STDOUT,
        )


def _wait(port: int, server: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + START_SECONDS_MAX
    while time.monotonic() < until:
        if server.poll() is not None:
            break
        try:
            with urlopen(f"http://127.0.0.1:{port}/readyz") as answer:
                if answer.status == 200:
                    return
        except (URLError, ConnectionError):
            time.sleep(0.2)
    pytest.fail(f"the house did not serve: {(ARTEFACTS / 'server.log').read_text()[-2000:]}")


def _free_port() -> int:
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        return int(asked.getsockname()[1])
