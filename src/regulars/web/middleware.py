"""Ask once per request who is calling; the answer comes from the hook that wiring installs."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from regulars.web.permissions import Caller

Identify = Callable[[HttpRequest], Caller | None]

_hooks: dict[str, Identify] = {}


def install_identification(identify: Identify) -> None:
    """Say how a request's caller is found; `access` supplies it."""
    _hooks["identify"] = identify


class ActorMiddleware:
    """Put `request.actor` on every request: an actor, or None when nobody is known."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        identify = _hooks.get("identify")
        quiet = request.path in {"/healthz", "/readyz"}
        request.actor = identify(request) if identify and not quiet else None  # type: ignore[attr-defined]
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
        return response
