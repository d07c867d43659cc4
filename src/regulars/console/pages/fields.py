"""The map of personal data: what is held, what for, on what ground, how long, how much used."""

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from regulars.access import selectors as access
from regulars.console.pages.drawing import draw, house_zone
from regulars.kit.messages import message
from regulars.members.domain import PERSONAL_COLUMNS, PROFILE_FIELDS, Basis, Column, Field
from regulars.members.selectors import figures
from regulars.web import clock
from regulars.web.pages import page

CLASSES = {
    "normal": ("mute", message("general")),
    "personal": ("warn", message("personal")),
    "sensitive": ("bad", message("sensitive")),
}
BASES = {
    Basis.CONTRACT: message("membership contract"),
    Basis.CONSENT: message("consent"),
    Basis.LEGAL_DUTY: message("legal duty"),
}
MASKS = {
    "none": message("shown"),
    "name": message("first sign only"),
    "year": message("without the year"),
    "hidden": message("hidden"),
}
ENDS = {
    "row": message("deleted"),
    "emptied": message("emptied"),
    "kept": message("kept without a name"),
}


@page("fields.read")
@require_safe
def show_fields(request: HttpRequest) -> HttpResponse:
    """Show the data map, and how many members each field is filled for."""
    at = clock.met(request)
    used = figures.count_field_use()
    total = max(used.members, 1)
    stays = access.policy(at).profile_days
    return draw(
        request,
        "console/fields.html",
        {
            "fields": [
                _field(each, used.fields.get(each.name, 0), total, stays[each.name])
                for each in PROFILE_FIELDS
            ],
            "columns": [_column(each) for each in PERSONAL_COLUMNS],
            "members": used.members,
            "is_sample": used.is_sample,
            "now": at,
        },
        zone=house_zone(),
    )


def _field(field: Field, filled: int, total: int, stays: int) -> dict[str, object]:
    tone, title = CLASSES[field.field_class.value]
    return {
        "title": gettext(field.title),
        "code": field.name,
        "tone": tone,
        "class": gettext(title),
        "purpose": gettext(field.purpose),
        "basis": gettext(BASES[field.basis]),
        "mask": gettext(MASKS[field.mask.value]),
        "is_sealed": field.is_sealed,
        "is_indexed": field.indexed,
        "days": field.retention_days,
        "stays": stays,
        "filled": filled,
        "share": round(100 * filled / total),
    }


def _column(column: Column) -> dict[str, object]:
    tone, title = CLASSES[column.field_class.value]
    return {
        "place": f"{column.table}.{column.name}",
        "tone": tone,
        "class": gettext(title),
        "purpose": gettext(column.purpose),
        "end": gettext(ENDS[column.erased_by]),
    }


ROUTES: tuple[URLPattern, ...] = (path("console/fields", show_fields, name="console-fields"),)
