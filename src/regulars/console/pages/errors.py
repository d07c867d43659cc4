"""What people see when a page is not there, not theirs, or broken: what to do next."""

import secrets

import structlog
from django.http import HttpRequest, HttpResponse
from django.template import loader

from regulars.web.pages import render

log = structlog.get_logger(__name__)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Say that there is nothing at this address; never repeat the address's details."""
    del exception
    return render(request, "404.html", {}, status=404)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Say what a refused request needs."""
    del exception
    return render(request, "403.html", {}, status=403)


def stale_form(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Say that a form was too old or came from elsewhere (settings.CSRF_FAILURE_VIEW)."""
    del reason
    return render(request, "stale.html", {}, status=403)


def broken(request: HttpRequest) -> HttpResponse:
    """Say that something broke, with a number that the log knows too."""
    trace = secrets.token_hex(8)
    log.error("page_broken", trace=trace, route=request.path_info)
    return HttpResponse(loader.render_to_string("500.html", {"trace": trace}, request), status=500)
