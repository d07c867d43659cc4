"""The reader's own choices: language, theme and the colours of up and down, kept in cookies.

They are open to people not signed in, who read pages too.
"""

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from regulars.console.templatetags.shell import THEME_COOKIE, THEMES, TREND_COOKIE, TRENDS
from regulars.web.permissions import public

COOKIE_SECONDS = 365 * 24 * 3600


@public
@require_POST
def choose_language(request: HttpRequest) -> HttpResponse:
    """Remember the language and show the same page in it."""
    chosen = request.POST.get("language", "")
    response = _back(request)
    if chosen in dict(settings.LANGUAGES):
        _remember(response, settings.LANGUAGE_COOKIE_NAME, chosen)
    return response


@public
@require_POST
def choose_theme(request: HttpRequest) -> HttpResponse:
    """Remember the theme and show the same page in it."""
    chosen = request.POST.get("theme", "")
    response = _back(request)
    if chosen in THEMES:
        _remember(response, THEME_COOKIE, chosen)
    return response


@public
@require_POST
def choose_trend(request: HttpRequest) -> HttpResponse:
    """Remember which colour means up and show the same page so."""
    chosen = request.POST.get("trend", "")
    response = _back(request)
    if chosen in TRENDS:
        _remember(response, TREND_COOKIE, chosen)
    return response


def remember_language(response: HttpResponse, language: str) -> HttpResponse:
    """Let the next page be in the language that was chosen on the account."""
    _remember(response, settings.LANGUAGE_COOKIE_NAME, language)
    return response


def _back(request: HttpRequest) -> HttpResponse:
    there = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(there, allowed_hosts=None) and there.startswith("/")
    return HttpResponseRedirect(there if safe else reverse("console-home"))


def _remember(response: HttpResponse, name: str, value: str) -> None:
    response.set_cookie(
        name, value, max_age=COOKIE_SECONDS, samesite="Lax", secure=settings.HTTPS, httponly=True
    )


ROUTES: tuple[URLPattern, ...] = (
    path("console/language", choose_language, name="console-language"),
    path("console/theme", choose_theme, name="console-theme"),
    path("console/trend", choose_trend, name="console-trend"),
)
