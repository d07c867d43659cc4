"""How records made of sections are drawn, and what their pages and lists share."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import wraps
from typing import Any, Concatenate, ParamSpec
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext

from regulars.access.domain import DEFAULT_CODE, Actor, Region
from regulars.console.domain import operations
from regulars.console.domain.cells import Cell, Fact, PageAction, TabLink
from regulars.console.domain.navigation import Crumb
from regulars.console.domain.sections import Section, WholeHouseNeeded
from regulars.console.pages.drawing import actor_of, draw, house_zone
from regulars.members import selectors as members
from regulars.members.selectors import Named
from regulars.web.pages import page
from regulars.web.sentences import words_of

STORES_MAX = 500


def draw_sections(  # noqa: PLR0913 the one way such records are drawn; all by name
    request: HttpRequest,
    *,
    heading: str,
    purpose: str = "",
    sections: Iterable[Section],
    at: datetime,
    crumbs: Sequence[Crumb] = (),
    status: Cell | None = None,
    facts: Sequence[Fact] = (),
    actions: Sequence[PageAction] = (),
    tabs: Sequence[TabLink] = (),
    zone: ZoneInfo | None = None,
    template: str = "console/sections.html",
    extra: dict[str, Any] | None = None,
) -> HttpResponse:
    """Draw a record: head, facts, then its sections."""
    parts = list(sections)
    context = {
        "heading": heading,
        "purpose": purpose,
        "status": status,
        "facts": facts,
        "actions": actions,
        "tabs": tabs,
        "crumbs": [*crumbs, Crumb(heading)] if crumbs else (),
        "sections": [section for section in parts if not section.aside],
        "beside": [section for section in parts if section.aside],
        "now": at,
        **(extra or {}),
    }
    return draw(request, template, context, zone=zone or house_zone())


P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]


def house_page(permission: str, *, step_up: bool = False) -> Callable[[View[P]], View[P]]:
    """Declare a staff page about the whole house: refused to a role that reaches part of it."""

    def mark(view: View[P]) -> View[P]:
        @wraps(view)
        def shown(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            demand_whole_house(actor_of(request), permission)
            return view(request, *args, **kwargs)

        return page(permission, step_up=step_up)(shown)

    return mark


def demand_whole_house(actor: Actor, permission: str) -> None:
    """Refuse who holds the permission only for some stores; raises WholeHouseNeeded."""
    if not actor.scope_for(permission).everything:
        raise WholeHouseNeeded


def people_of(actor: Actor, member_ids: Iterable[int | None]) -> dict[int, Named]:
    """Answer the masked lines of these members that the reader may see, by id."""
    if not actor.may("members.read"):
        return {}
    wanted = [member_id for member_id in member_ids if member_id is not None]
    return members.names_of(member_ids=wanted, scope=actor.scope_for("members.read"))


def person_cell(row: Named | None, member_id: int | None, elsewhere: str) -> Cell:
    """Name a member with a way to the record; one out of reach is said to be there, no more."""
    if row is not None:
        href = reverse("console-member", args=[row.public_id])
        return Cell.person(row.name, row.phone or row.number, href)
    return Cell.dash() if member_id is None else Cell.text(elsewhere)


def members_in(row: Named | None, member_id: int | None) -> tuple[int, ...]:
    """Answer the members a row is about: the record it was written for, and who it names now."""
    ids = {member_id, row.id if row else None}
    return tuple(each for each in ids if each is not None)


def reason_of(code: str, facts: Mapping[str, Any]) -> str:
    """Say why something was not applied: a refusal by its sentence, a bug by its name."""
    if code in operations.CODES:
        return gettext(operations.CODES[code])
    if code.startswith("bug."):
        return gettext(operations.BROKE).format(error=code.removeprefix("bug."))
    return words_of(code, facts)


def region_title(region: Region) -> str:
    """Name a region; stores that came without one stand in one that is nobody's."""
    return gettext("no region") if region.code == DEFAULT_CODE else region.name


def way_cell(actor: Actor, permission: str, title: str, name: str, key: object) -> Cell:
    """Lead to a page where it exists and the reader may open it; else only name it."""
    href = href_of(name, key) if key and actor.may(permission) else ""
    return Cell.link(title, href) if href else Cell.text(title)


def href_of(name: str, *args: object) -> str:
    """Answer the address of a page, or nothing where it does not exist."""
    try:
        return reverse(name, args=args)
    except NoReverseMatch:
        return ""
