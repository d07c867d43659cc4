"""The pages of files that leave the house: ask for one, see them all, fetch one."""

from datetime import datetime
from typing import cast
from urllib.parse import parse_qsl, urlencode
from uuid import UUID

from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_safe

from regulars.access import selectors as access
from regulars.access.domain import Actor
from regulars.console import services
from regulars.console.domain.exports import (
    GONE,
    REASONS,
    Ask,
    Asked,
    Export,
    Exportable,
    Wish,
)
from regulars.console.domain.lists import (
    Cell,
    Column,
    Empty,
    ListRow,
    ListSpec,
    RowAction,
    read_state,
)
from regulars.console.domain.navigation import Crumb
from regulars.console.forms.exports import ExportForm
from regulars.console.pages.confirming import draw_form, proposed
from regulars.console.pages.drawing import actor_of, house_zone, language_of
from regulars.console.pages.lists import draw_list
from regulars.console.pages.sections import demand_whole_house
from regulars.console.selectors import exporting
from regulars.console.services import export_files
from regulars.kit.errors import Refusal
from regulars.kit.messages import message
from regulars.web import clock
from regulars.web.pages import page
from regulars.web.permissions import demand

COUNTED_MAX = 10_000

SPEC = ListSpec(
    name="exports",
    url_name="console-exports",
    title=message("Exports"),
    purpose=message("Files that were taken out of the house: whose, what for, until when."),
    columns=(
        Column("what", message("List")),
        Column("state", message("State")),
        Column("rows", message("Rows"), numeric=True),
        Column("who", message("Asked by")),
        Column("reason", message("What for")),
        Column("masked", message("Personal data")),
        Column("asked", message("Asked at")),
        Column("until", message("Kept until")),
        Column("opened", message("Fetched"), numeric=True),
        Column("mark", message("Watermark"), hidden=True),
    ),
    sort="-asked",
)


@page("exports.make", step_up=True)
@require_http_methods(["GET", "HEAD", "POST"])
def new_export(request: HttpRequest) -> HttpResponse:
    """Ask for a list as a file: columns, form, masked or not, and what for."""
    at, actor = clock.met(request), actor_of(request)
    kind = exporting.exportable(request.GET.get("what", ""))
    demand(request, kind.permission)
    if kind.is_whole:
        demand_whole_house(actor, kind.permission)
    filters = kind.filters_of(dict(parse_qsl(request.GET.get("query", ""))))
    form = ExportForm(
        request.POST if request.method == "POST" else None,
        columns=kind.columns,
        may_reveal=actor.may("members.reveal") and kind.has_personal,
    )
    if request.method == "POST" and form.is_valid():
        try:
            wish = _wish(kind, filters, form)
            return _went(request, services.ask_export(actor=actor, wish=wish, at=at))
        except Refusal as no:
            form.refuse(no)
    ask = Ask(actor=actor, filters=filters, is_masked=True, at=at, language=language_of())
    rows = kind.count(ask, COUNTED_MAX + 1)
    return draw_form(
        request,
        form,
        title=gettext("Export: %(list)s") % {"list": gettext(kind.title)},
        purpose=_purpose(rows, filters),
        verb=gettext("Make the file"),
        back_href=reverse("console-exports"),
        crumbs=(Crumb(gettext("Exports"), reverse("console-exports")),),
        template="console/export_new.html",
        extra={"filters": sorted(filters.items())},
    )


@page("exports.make")
@require_safe
def list_exports(request: HttpRequest) -> HttpResponse:
    """List the files one asked for; who may see everybody's jobs sees everybody's files."""
    at, actor = clock.met(request), actor_of(request)
    state = read_state(SPEC, request.GET.dict())
    mine = None if actor.may("jobs.read") else actor.id
    found, after = exporting.list_exports(
        staff_id=mine, cursor=state.cursor or None, limit=state.size
    )
    names = access.names_of({each.staff_id for each in found})
    return draw_list(
        request,
        SPEC,
        state,
        [_row(each, names.get(each.staff_id, ""), actor, at) for each in found],
        next_cursor=after,
        zone=house_zone(),
        at=at,
        empty=Empty(
            gettext("No file has been made yet"),
            gettext("Every list has an export button. Files are kept for 24 hours."),
        ),
    )


@page("exports.make", step_up=True)
@require_safe
def fetch_export(request: HttpRequest, export_id: UUID) -> HttpResponse:
    """Hand a file to whoever asked for it, as an attachment, on the record."""
    export = services.open_export(
        export_id=export_id, actor=actor_of(request), at=clock.met(request)
    )
    response = FileResponse(
        export_files.path_of(export).open("rb"), as_attachment=True, filename=export.file_name
    )
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "no-store, private"
    return cast("HttpResponse", response)


def _wish(kind: Exportable, filters: dict[str, str], form: ExportForm) -> Wish:
    said = form.cleaned_data
    return Wish(
        what=kind.code,
        filters=filters,
        columns=tuple(said["columns"]),
        form=said["form"],
        is_masked=not said.get("unmasked"),
        reason_code=said["reason"],
        language=language_of(),
    )


def _went(request: HttpRequest, asked: Asked) -> HttpResponse:
    """Lead to the work, or say that a second person is asked."""
    if asked.work is not None:
        return HttpResponseRedirect(reverse("console-job", args=[asked.work]))
    text = gettext("So long a list needs a second person's yes.")
    return proposed(request, asked.approval, text=text)


def _purpose(rows: int, filters: dict[str, str]) -> str:
    count = f"{COUNTED_MAX:,}+" if rows > COUNTED_MAX else f"{rows:,}"
    if not filters:
        return gettext("%(count)s rows: the whole list within your scope.") % {"count": count}
    return gettext("%(count)s rows: the list as it is filtered, within your scope.") % {
        "count": count
    }


def _row(export: Export, name: str, actor: Actor, at: datetime) -> ListRow:
    kind = exporting.EXPORTABLES.get(export.what)
    is_mine = export.staff_id == actor.id
    actions: tuple[RowAction, ...] = ()
    if is_mine and export.is_there(at):
        fetch = reverse("console-export-file", args=[export.id])
        actions = (RowAction(gettext("Download"), fetch, icon="download"),)
    masked = Cell.text(gettext("masked")) if export.is_masked else _unmasked()
    return ListRow(
        id=str(export.id),
        href=reverse("console-job", args=[export.id]),
        cells={
            "what": Cell.text(
                gettext(kind.title) if kind else export.what, urlencode(export.filters)
            ),
            "state": _state(export, at),
            "rows": Cell.number(export.rows),
            "who": Cell.text(name),
            "reason": Cell.text(gettext(REASONS.get(export.reason_code, export.reason_code))),
            "masked": masked,
            "asked": Cell.moment(export.asked_at),
            "until": Cell.moment(export.expires_at),
            "opened": Cell.number(export.opened),
            "mark": Cell.code(export.mark),
        },
        actions=actions,
    )


def _unmasked() -> Cell:
    return Cell.status("warn", gettext("unmasked"))


def _state(export: Export, at: datetime) -> Cell:
    if export.is_there(at):
        return Cell.status("ok", gettext("ready"))
    if export.gone_because:
        return Cell.status("mute", gettext("gone"), gettext(GONE[export.gone_because]))
    if export.made_at is not None:
        return Cell.status("mute", gettext("gone"), gettext(GONE["expired"]))
    return Cell.status("info", gettext("not made"))


ROUTES: tuple[URLPattern, ...] = (
    path("console/exports", list_exports, name="console-exports"),
    path("console/exports/new", new_export, name="console-export-new"),
    path("console/exports/<uuid:export_id>/file", fetch_export, name="console-export-file"),
)
