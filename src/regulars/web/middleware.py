"""Ask once per request who is calling, and how often; wiring installs who answers the first."""

from collections.abc import Callable

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse

from regulars.kit.errors import Refusal
from regulars.web import rates
from regulars.web.permissions import Caller
from regulars.web.problems import database_away, problem_of

API = "/api/"

Identify = Callable[[HttpRequest], Caller | None]

_hooks: dict[str, Identify] = {}


def install_identification(identify: Identify) -> None:
    """Say how a request's caller is found; `access` supplies it."""
    _hooks["identify"] = identify


class ActorMiddleware:
    """Put `request.actor` on every request: an actor, or None; bound the calls of the API's."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        identify = _hooks.get("identify")
        quiet = request.path in {"/healthz", "/readyz"}
        try:
            actor = identify(request) if identify and not quiet else None
            if actor is not None and request.path.startswith(API):
                rates.admit(actor.caller, limit=settings.API_CALLS_PER_MINUTE)
        except Refusal as no:
            return problem_of(no)
        except (OperationalError, InterfaceError) as error:
            return database_away(request, error)
        request.actor = actor  # type: ignore[attr-defined]
        return self.get_response(request)


class SecurityHeadersMiddleware:
    """Send the headers that keep a page to itself: no outside scripts, frames or referrers."""

    POLICY = (
        "default-src 'none'; script-src 'self'; style-src 'self'; style-src-attr 'unsafe-inline'; "
        "img-src 'self' data:; font-src 'self'; connect-src 'self'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    )

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Content-Security-Policy", self.POLICY)
        response.headers.setdefault(
            "Permissions-Policy", "camera=(), microphone=(), geolocation=()"
        )
        if settings.SECURE_HSTS_SECONDS:
            response.headers.setdefault(
                "Strict-Transport-Security", f"max-age={settings.SECURE_HSTS_SECONDS}"
            )
        return response
