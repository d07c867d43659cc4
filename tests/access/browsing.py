"""A browser for tests: it reads form tokens off pages as a real one does, and signs in."""

import re
from datetime import datetime, timedelta

from django.http import HttpResponse
from django.test import Client

from regulars.access import services
from regulars.access.domain import Actor, Staff
from regulars.access.domain.factors import step_of, totp_code

PASSWORD = "tea and 12 buns"
EMAIL = "lin@example.com"
HOUSE = Actor.system()


def a_browser(language: str = "en") -> Client:
    """A browser that checks form tokens as a real one would be checked."""
    return Client(enforce_csrf_checks=True, headers={"accept-language": language})


def token_in(page: bytes) -> str:
    found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.decode())
    assert found is not None
    return found[1]


def send(browser: Client, path: str, page: str | None = None, **fields: str) -> HttpResponse:
    token = token_in(browser.get(page or path).content)
    return browser.post(path, {**fields, "csrfmiddlewaretoken": token})  # type: ignore[return-value]


def sign_in(browser: Client, **fields: str) -> HttpResponse:
    return send(browser, "/sign-in", **({"email": EMAIL, "password": PASSWORD} | fields))


def a_staff(at: datetime, role: str = "owner", email: str = EMAIL, name: str = "Lin") -> Staff:
    return services.create_staff(
        email=email, name=name, role=role, password=PASSWORD, actor=HOUSE, at=at
    )


def with_totp(staff: Staff, at: datetime) -> tuple[bytes, list[str]]:
    """Set one-time codes up, an hour ago so that the step is free again."""
    before = at - timedelta(hours=1)
    question, secret = services.begin_totp(staff_id=staff.id, at=before)
    codes = services.confirm_totp(
        staff_id=staff.id,
        challenge_id=question,
        code=totp_code(secret, step_of(before)),
        name="App",
        actor=HOUSE,
        at=before,
    )
    return secret, codes
