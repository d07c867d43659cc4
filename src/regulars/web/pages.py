"""Draw pages for staff: permission first, values in, HTML out, no query while drawing."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import wraps
from typing import Any, Concatenate, ParamSpec
from urllib.parse import urlencode

from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render as django_render
from django.views.decorators.cache import never_cache

from regulars.kit.errors import Kind, Refusal
from regulars.kit.messages import message
from regulars.web.idempotency import STATUS_OF
from regulars.web.permissions import SignInNeeded, demand
from regulars.web.problems import words

P = ParamSpec("P")
Page = Callable[Concatenate[HttpRequest, P], HttpResponse]
Prove = Callable[[HttpRequest], HttpResponse | None]

_READING = {"GET", "HEAD", "OPTIONS"}
_hooks: dict[str, Prove] = {}


class ReadOnly(Refusal):
    """Whoever looks through another's eyes changes nothing."""

    kind = Kind.DENIED
    reason = message("You are looking as somebody else and can change nothing. End that first.")


def install_proof(prove: Prove) -> None:
    """Say how a fresh proof is asked for: answers None where there is one; `access` supplies it."""
    _hooks["prove"] = prove


def page(permission: str, *, step_up: bool = False) -> Callable[[Page[P]], Page[P]]:
    """Declare a staff page: who may see it; strangers are sent to sign in, refusals are drawn.

    `step_up` marks a page that asks for a fresh proof of who sits there. Whoever looks through
    another's eyes reads only.
    """

    def mark(view: Page[P]) -> Page[P]:
        @wraps(view)
        @never_cache
        def shown(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            try:
                caller = demand(request, permission)
                if caller.is_read_only and request.method not in _READING:
                    raise ReadOnly
                asked = fresh_proof(request) if step_up else None
                return asked or view(request, *args, **kwargs)
            except SignInNeeded:
                query = urlencode({"next": request.get_full_path()})
                return HttpResponseRedirect(f"{settings.LOGIN_URL}?{query}")
            except Refusal as no:
                return refused(request, no)

        shown.permission = permission  # type: ignore[attr-defined]
        shown.step_up = step_up  # type: ignore[attr-defined]
        return shown

    return mark


def fresh_proof(request: HttpRequest) -> HttpResponse | None:
    """Answer None where whoever sits there has just proved who they are; else the asking page."""
    return _hooks["prove"](request)


def render(
    request: HttpRequest, template: str, context: Mapping[str, Any], *, status: int = 200
) -> HttpResponse:
    """Draw a template from plain values; a query while drawing is a bug and raises."""
    with queries_forbidden():
        return django_render(request, template, dict(context), status=status)


def refused(request: HttpRequest, no: Refusal) -> HttpResponse:
    """Draw a refusal as a page that says what to do next."""
    template = {Kind.NOT_FOUND: "404.html", Kind.DENIED: "403.html"}.get(no.kind, "refused.html")
    context = {"words": words(no), "code": no.code, "facts": no.facts}
    return render(request, template, context, status=STATUS_OF[no.kind])


@contextmanager
def queries_forbidden() -> Iterator[None]:
    """Forbid every query inside the block."""

    def forbid(*_: Any) -> Any:
        raise AssertionError("a template asked the database; give it values")

    with connection.execute_wrapper(forbid):
        yield
