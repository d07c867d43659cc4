"""The letters of the privacy desk: what was asked, what was done, what stays and why."""

from datetime import datetime

from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.translation import gettext

from regulars.console.selectors import house
from regulars.loyalty import selectors as loyalty
from regulars.members.domain.requests import KIND_TITLES, REFUSALS, PrivacyRequest


def letter_of(request: PrivacyRequest, *, language: str, at: datetime) -> str:
    """Write the letter that goes with the answer to a request, as plain text."""
    zone = loyalty.get_programme().tz
    brand = house.get_brand()
    with translation.override(language), timezone.override(zone):
        because = REFUSALS.get(request.refused_because, "")
        context = {
            "request": request,
            "brand": brand,
            "now": at,
            "asked_for": gettext(KIND_TITLES[request.kind]),
            "because": gettext(because) if because else "",
        }
        return render_to_string("console/letter.txt", context).strip() + "\n"
