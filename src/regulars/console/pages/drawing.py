"""What every page of the console does the same: who asks, in which language, in which zone."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.translation import get_language, gettext

from regulars.access.domain import Actor
from regulars.console.domain.stories import Teller
from regulars.console.selectors import tiers
from regulars.events import services as events
from regulars.loyalty import selectors as loyalty
from regulars.loyalty.domain import Programme
from regulars.web import notices
from regulars.web.pages import render

SIZES = (10, 20, 50, 100)
SIZE_DEFAULT = 20


def actor_of(request: HttpRequest) -> Actor:
    """Answer who asks; the page's decorator has made sure that somebody does."""
    return cast("Actor", request.actor)  # type: ignore[attr-defined]


def language_of() -> str:
    """Answer the language the page is read in."""
    return get_language() or "en"


def draw(
    request: HttpRequest,
    template: str,
    context: Mapping[str, Any],
    *,
    zone: ZoneInfo,
    status: int = 200,
) -> HttpResponse:
    """Draw a page with its times in the reader's zone; nothing of it is kept by browsers."""
    unseen = notices.count_unseen(actor_of(request).caller)
    with timezone.override(zone):
        response = render(request, template, {"unseen": unseen, **context}, status=status)
    response["Cache-Control"] = "no-store, private"
    return response


def address_of(name: str) -> str:
    """Answer the address of a page without parts to fill in, or nothing while there is none."""
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""


def house_zone() -> ZoneInfo:
    """Answer the shop's zone, for pages that need nothing else of the programme."""
    return loyalty.get_programme().tz


def chosen_size(request: HttpRequest) -> int:
    """Read the page size from the address; anything else than the offered sizes is the default."""
    text = request.GET.get("size", "")
    size = int(text) if text.isascii() and text.isdigit() and len(text) < 4 else SIZE_DEFAULT
    return size if size in SIZES else SIZE_DEFAULT


def teller_of(programme: Programme, *, language: str, at: datetime) -> Teller:
    """Answer how to speak to this reader."""
    rungs = tiers.list_rungs(programme, at=at, language=language)
    return Teller(
        translate=gettext,
        language=language,
        zone=programme.tz,
        tiers={rung.code: rung.mark.name for rung in rungs},
        titles={name: kind.title for name, kind in events.catalogue().types.items()},
    )
