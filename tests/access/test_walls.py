"""The outer wall: forms carry tokens, cookies carry flags, rates hold across processes."""

import json
import os
import re
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from uuid import UUID

import pytest
from django.test import Client
from django.urls import URLPattern

from regulars.access.domain import Staff
from regulars.web import clock, rates, sql
from tests.access.browsing import a_browser, a_staff, sign_in
from tests.architecture.test_permissions import pages
from tests.sizes import size

ROOT = Path(__file__).parents[2]
WITHOUT_TOKEN = {"ingest-webhook"}  # signed, and carries no cookie
UNSAFE = ("post", "put", "patch", "delete")


@pytest.fixture(autouse=True)
def _quick_hasher(settings: object) -> None:
    name = "tests.access.test_services_signing_in.CountingHasher"
    settings.PASSWORD_HASHERS = [name]  # type: ignore[attr-defined]


@pytest.fixture
def at(db: None) -> datetime:
    return clock.now()


@pytest.fixture
def lin(at: datetime) -> Staff:
    return a_staff(at)


def address_of(pattern: URLPattern) -> str:
    route = re.sub(r"<uuid:\w+>", str(UUID(int=7)), str(pattern.pattern))
    route = re.sub(r"<int:\w+>", "7", route)
    return "/" + re.sub(r"<\w+:\w+>", "x", route)


@pytest.mark.reliability("RH10")
class TestForms:
    def test_without_a_token_are_refused_everywhere(self, lin: Staff) -> None:
        browser = a_browser()
        sign_in(browser)
        looked, taken = 0, {}
        for pattern in pages():
            for method in UNSAFE:
                answer = getattr(browser, method)(address_of(pattern), {})
                looked += 1
                if answer.status_code != 403 and pattern.name not in WITHOUT_TOKEN:
                    taken[f"{method} {pattern.name}"] = answer.status_code

        assert looked >= 100
        assert taken == {}
        assert browser.get("/console/").status_code == 200

    def test_with_a_token_of_somebody_else_are_refused(self, lin: Staff) -> None:
        browser, other = a_browser(), a_browser()
        sign_in(browser)
        other.get("/sign-in")
        stolen = other.cookies["csrftoken"].value

        answer = browser.post("/sign-out", {"csrfmiddlewaretoken": stolen})

        assert answer.status_code == 403

    def test_the_api_takes_no_session(self, lin: Staff) -> None:
        from regulars.urls import api

        browser = Client()
        sign_in(browser)
        opened = {}
        for path, operations in api.get_openapi_schema()["paths"].items():
            for method in operations:
                where = re.sub(r"\{[^}]+\}", str(UUID(int=7)), path)
                answer = browser.generic(method.upper(), where, "{}", "application/json")
                is_unread = answer.status_code == 422 and method != "get"  # a body of nothing
                if answer.status_code != 401 and not is_unread:
                    opened[f"{method} {path}"] = answer.status_code

        assert opened == {}


@pytest.mark.reliability("RH10")
class TestCookies:
    def test_are_for_this_site_and_not_for_scripts(self, lin: Staff) -> None:
        browser = a_browser()
        sign_in(browser)

        for name in ("regulars_session", "csrftoken"):
            morsel = browser.cookies[name]
            assert (bool(morsel["httponly"]), morsel["samesite"]) == (True, "Lax"), name

    def test_and_headers_of_a_house_with_a_certificate(self) -> None:
        code = (
            "import django, json; django.setup();"
            "from django.test import Client; from django.conf import settings as s;"
            "from django.core.management import call_command;"
            "import io; out = io.StringIO();"
            "call_command('check', deploy=True, fail_level='WARNING', stdout=out, stderr=out);"
            "a = Client(headers={'x-forwarded-proto': 'https', 'host': 'shop.example.com'}).get('/healthz');"
            "b = Client(headers={'host': 'evil.example'}).get('/sign-in');"
            "print(json.dumps({'session': s.SESSION_COOKIE_SECURE, 'csrf': s.CSRF_COOKIE_SECURE,"
            " 'hsts': a.headers.get('Strict-Transport-Security'), 'host': b.status_code,"
            " 'frame': a.headers.get('X-Frame-Options'), 'said': out.getvalue()}))"
        )
        environment = {
            **os.environ,
            "PUBLIC_URL": "https://shop.example.com",
            "ALLOWED_HOSTS": "shop.example.com",
            "TRUSTED_PROXIES": "1",
            "DJANGO_SETTINGS_MODULE": "regulars.settings",
            "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), *sys.path]),
        }
        environment.pop("DJANGO_ALLOW_ASYNC_UNSAFE", None)  # the browser tests' own
        ran = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", code],
            env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip

        assert ran.returncode == 0, ran.stderr[-2000:]
        told = json.loads(ran.stdout.strip().splitlines()[-1])
        assert "no issues" in told.pop("said")
        assert told == {
            "session": True,
            "csrf": True,
            "hsts": "max-age=31536000",
            "host": 400,
            "frame": "DENY",
        }


@pytest.mark.reliability("RH14")
class TestHosts:
    @pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "a\tb", ""])
    def test_of_others_are_refused(self, db: None, host: str) -> None:
        assert Client().get("/sign-in", headers={"host": host or "."}).status_code == 400

    def test_never_stand_in_a_link(self, lin: Staff) -> None:
        browser = a_browser()
        answer = browser.get("/console/", headers={"x-forwarded-host": "evil.example"})

        assert answer["Location"].startswith("/sign-in")

    @pytest.mark.parametrize(
        "name", ["Lin\r\nSet-Cookie: a=b", "Lin\x00", "Lin\u202e", "Lin\r\nLocation: //evil"]
    )
    def test_names_break_no_header(self, lin: Staff, name: str) -> None:
        from tests.access.browsing import send

        browser = a_browser()
        sign_in(browser)
        answer = send(
            browser, "/console/account/profile", "/console/account", name=name, language="en"
        )

        assert "Set-Cookie: a=b" not in str(answer.headers)
        assert answer.headers.get("Location", "/console/account") == "/console/account"


@pytest.mark.reliability("RH16")
def test_rates_hold_across_two_processes(committed_db: str) -> None:
    """Two processes that call as fast as they can get the limit and at most a tenth more."""
    limit, seconds = size(600, 6_000), 1_800_000_000.0
    code = (
        "import sys, django; django.setup();"
        "from django.db import connections;"
        "name = sys.argv[1];"
        "[connections.settings[a].__setitem__('NAME', name) for a in ('default', 'owner')];"
        "[connections[a].settings_dict.__setitem__('NAME', name) for a in ('default', 'owner')];"
        "from regulars.web import rates, sql; sql.row('SELECT 1');"
        "limit, seconds, n = int(sys.argv[2]), float(sys.argv[3]), 0\n"
        "print('ready', flush=True); sys.stdin.readline()\n"
        "for _ in range(limit * 2):\n"
        "    try: rates.admit('two', limit=limit, seconds=seconds); n += 1\n"
        "    except rates.TooManyRequests: pass\n"
        "print(n, flush=True)"
    )
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "regulars.settings",
        "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), *sys.path]),
    }
    callers = [
        subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", code, committed_db, str(limit), str(seconds)],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for each in callers:
        assert each.stdout is not None
        assert each.stdout.readline() == "ready\n"
    for each in callers:
        assert each.stdin is not None
        each.stdin.write("go\n")
        each.stdin.flush()
    admitted = [int(each.communicate(timeout=120)[0]) for each in callers]

    counted = sql.row("SELECT count(*) FROM web_ratewindow WHERE bucket = 'two'")
    assert counted == (1,)
    assert rates.SHARES == 100
    assert limit * 0.9 <= sum(admitted) <= limit * 1.1
    assert min(admitted) > 0
