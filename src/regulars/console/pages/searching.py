"""Find a member or an order by an exact word, or a page by its title; asked by POST."""

from datetime import datetime
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_POST

from regulars.access.domain import Actor, Scope
from regulars.commerce.selectors import figures as purchases
from regulars.console import services
from regulars.console.domain.cells import TabLink
from regulars.console.domain.members import MemberRow
from regulars.console.domain.navigation import find_entries
from regulars.console.domain.searching import TEXT_LENGTH_MAX, Search, plan_search
from regulars.console.pages.drawing import actor_of, draw, language_of
from regulars.console.selectors import lists, tiers
from regulars.console.selectors.tiers import Rung
from regulars.console.templatetags.shell import reachable
from regulars.ingest import selectors as ingest
from regulars.loyalty import selectors as loyalty
from regulars.members.domain import Member, MemberQuery
from regulars.web import clock
from regulars.web.pages import page

FOUND_MAX = 20


@page("console.use")
@require_POST
def search(request: HttpRequest) -> HttpResponse:
    """Find a member, an order or a page; one answer opens at once."""
    at, actor, text = clock.met(request), actor_of(request), request.POST.get("q", "")
    asked = plan_search(text)
    found = services.look_up(search=asked, actor=actor, at=at) if _finds_people(actor) else None
    if found is not None and _sees(actor, found):
        return HttpResponseRedirect(reverse("console-member", args=[found.public_id]))
    orders = [] if found else _orders(asked, actor, at=at)
    programme = loyalty.get_programme()
    rungs = tiers.list_rungs(programme, at=at, language=language_of())
    rows, has_more = _rows(asked, found, actor=actor, at=at, rungs=rungs)
    pages = [] if found else _pages(text[:TEXT_LENGTH_MAX], actor)
    places = [
        *(reverse("console-member", args=[row.public_id]) for row in rows),
        *(reverse("console-order", args=[order]) for order in orders),
        *(one.href for one in pages),
    ]
    if found is None and len(places) == 1 and not has_more:
        return HttpResponseRedirect(places[0])
    context = {
        "rows": rows,
        "pages": pages,
        "may_read_members": actor.may("members.read"),
        "orders": orders,
        "number": asked.order_number,
        "is_elsewhere": found is not None,
        "has_more": has_more,
        "how": gettext(asked.how),
        "now": at,
        "back_to": reverse("console-home"),
        "personal": bool(rows),
    }
    return draw(request, "console/search.html", context, zone=programme.tz)


def _pages(text: str, actor: Actor) -> list[TabLink]:
    """Answer the pages of the sidebar with this in their title, those the reader may open."""
    return [
        TabLink(gettext(entry.title), href)
        for entry in find_entries(text, say=gettext)
        if (href := reachable(entry, actor))
    ]


def _finds_people(actor: Actor) -> bool:
    return actor.may("members.read") or actor.may("members.lookup")


def _rows(
    asked: Search, found: Member | None, *, actor: Actor, at: datetime, rungs: list[Rung]
) -> tuple[tuple[MemberRow, ...], bool]:
    """Answer the members a search lists: the one of another store, or those of a name or tail."""
    if found is not None:
        scope, queries = Scope.all(), [MemberQuery(number=found.number)]
    else:
        scope, queries = actor.scope_for("members.read"), _queries(asked)
    for query in queries:
        shown = lists.list_rows(
            scope=scope, query=query, cursor=None, size=FOUND_MAX, at=at, rungs=rungs
        )
        if shown.rows:
            return shown.rows, shown.next_cursor is not None
    return (), False


def _queries(asked: Search) -> list[MemberQuery]:
    """Try a name in full first, then as a surname."""
    tried = [
        MemberQuery(tail=asked.tail) if asked.tail else None,
        MemberQuery(name=asked.name) if asked.name else None,
        MemberQuery(surname=asked.surname) if asked.surname else None,
    ]
    return [query for query in tried if query is not None]


def _orders(asked: Search, actor: Actor, *, at: datetime) -> list[UUID]:
    if not asked.order_number or not actor.may("orders.read"):
        return []
    return purchases.find_by_number(
        number=asked.order_number,
        source_ids=[each.source.id for each in ingest.list_sources(at=at)],
        scope=actor.scope_for("orders.read"),
        limit=FOUND_MAX,
    )


def _sees(actor: Actor, member: Member) -> bool:
    return actor.scope_for("members.read").covers_member(
        home_store_id=member.home_store_id, associate_id=member.associate_id
    )


ROUTES: tuple[URLPattern, ...] = (path("console/search", search, name="console-search"),)
