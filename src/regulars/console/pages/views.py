"""What staff keep of lists: views under names, columns and their order. Each is a small form."""

from collections.abc import Sequence
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext
from django.views.decorators.http import require_POST

from regulars.console import services
from regulars.console.domain.views import ALL, read_width
from regulars.console.pages.drawing import actor_of
from regulars.console.selectors import keeping
from regulars.kit.errors import Refusal
from regulars.web import clock
from regulars.web.pages import page
from regulars.web.problems import words

COLUMNS_MAX = 60


@page("console.use")
@require_POST
def save_view(request: HttpRequest) -> HttpResponse:
    """Keep the list as it stands under a name, and show it."""
    actor, name, said = actor_of(request), _list_name(request), request.POST
    try:
        made = services.save_view(
            actor=actor,
            name=name,
            title=said.get("title", ""),
            query=said.get("query", ""),
            is_shared=said.get("shared") == "1",
            at=clock.met(request),
        )
    except Refusal as no:
        return _back(request, said.get("query", ""), sorry=no)
    if said.get("default") == "1":
        services.keep_default(actor=actor, name=name, view=str(made))
    messages.success(request, gettext("View saved: %(name)s") % {"name": said.get("title", "")})
    return _back(request, said.get("query", ""), view=str(made))


@page("console.use")
@require_POST
def change_view(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Change an own view: its name, what it shows, who sees it, or whether it is there."""
    actor, at, said = actor_of(request), clock.met(request), request.POST
    act, query = said.get("act", ""), said.get("query", "")
    name = keeping.get_view_list(actor=actor, public_id=public_id)
    try:
        match act:
            case "rename":
                services.change_view(
                    actor=actor, public_id=public_id, at=at, title=said.get("title", "")
                )
            case "update":
                services.change_view(actor=actor, public_id=public_id, at=at, query=query)
            case "share" | "unshare":
                services.change_view(
                    actor=actor, public_id=public_id, at=at, is_shared=act == "share"
                )
            case "delete":
                services.delete_view(actor=actor, public_id=public_id, at=at)
                messages.success(request, gettext("View deleted."))
                return _back(request, "", view=ALL)
            case "default" | "undefault":
                view = str(public_id) if act == "default" else ""
                services.keep_default(actor=actor, name=name, view=view)
            case _:
                return _back(request, query, view=str(public_id))
    except Refusal as no:
        return _back(request, query, view=str(public_id), sorry=no)
    messages.success(request, gettext("View changed."))
    return _back(request, query, view=str(public_id))


@page("console.use")
@require_POST
def choose_default(request: HttpRequest) -> HttpResponse:
    """Open a list with a view of somebody else, or with all of it."""
    view = request.POST.get("view", "")
    services.keep_default(actor=actor_of(request), name=_list_name(request), view=view[:40])
    return _back(request, request.POST.get("query", ""), view=view or ALL)


@page("console.use")
@require_POST
def choose_columns(request: HttpRequest) -> HttpResponse:
    """Keep the columns ticked, in their order; a column may be moved one place; or all as usual."""
    said = request.POST
    width = read_width(said.get("width", ""))
    if width is not None:
        services.keep_width(
            actor=actor_of(request), name=_list_name(request), column=width[0], pixels=width[1]
        )
        return HttpResponse(status=204)
    columns = [code[:40] for code in said.getlist("column")[:COLUMNS_MAX]]
    if "reset" in said:
        columns = []
        services.forget_widths(actor=actor_of(request), name=_list_name(request))
    elif "up" in said:
        columns = moved(columns, said["up"], by=-1)
    elif "down" in said:
        columns = moved(columns, said["down"], by=1)
    services.keep_columns(actor=actor_of(request), name=_list_name(request), columns=columns)
    return _back(request, said.get("query", ""))


def moved(columns: Sequence[str], code: str, *, by: int) -> list[str]:
    """Answer the columns with one moved a place; at the end it stays."""
    found = list(columns)
    if code not in found:
        return found
    place = found.index(code)
    there = min(max(place + by, 0), len(found) - 1)
    found.insert(there, found.pop(place))
    return found


def _list_name(request: HttpRequest) -> str:
    return request.POST.get("list", "")[:40]


def _back(
    request: HttpRequest, query: str, *, view: str = "", sorry: Refusal | None = None
) -> HttpResponse:
    """Lead back to the list; a refusal is said there."""
    if sorry is not None:
        messages.error(request, words(sorry))
    there = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(there, allowed_hosts=None) and there.startswith("/")
    place = there.partition("?")[0] if safe else reverse("console-home")
    parts = [query, f"view={view}" if view else ""]
    asked = "&".join(part for part in parts if part)
    return HttpResponseRedirect(f"{place}?{asked}" if asked else place)


ROUTES: tuple[URLPattern, ...] = (
    path("console/views", save_view, name="console-view-new"),
    path("console/views/default", choose_default, name="console-view-default"),
    path("console/views/<uuid:public_id>", change_view, name="console-view"),
    path("console/columns", choose_columns, name="console-columns"),
)
