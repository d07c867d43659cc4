"""Imports of files: their history, one import with its report, going on, and undoing it."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import cast
from uuid import UUID

from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from regulars.console.domain import operations
from regulars.console.domain.cells import Cell, Empty, ListRow, PageAction
from regulars.console.domain.listings import Listing, Opened, Part, Reader
from regulars.console.domain.lists import Choice, Column, Filter, ListSpec, ListState, read_state
from regulars.console.pages.confirming import Act, Question, ask
from regulars.console.pages.drawing import actor_of
from regulars.console.pages.import_report import (
    draw_batch,
    names_of,
    state_cell,
    undo_impacts,
    who_of,
)
from regulars.console.pages.import_upload import draw_upload
from regulars.console.pages.lists import draw_opened, reader_of
from regulars.console.pages.orders import total_of
from regulars.console.pages.sections import demand_whole_house
from regulars.ingest import selectors as ingest
from regulars.ingest import services
from regulars.ingest.domain.batches import Batch, BatchMissing, BatchQuery, BatchState
from regulars.ingest.domain.files import FileKind
from regulars.kit.messages import message
from regulars.web import clock
from regulars.web.pages import page

RUN = "imports.run"
MANY = 1_000  # from here on the name of the file is typed to undo it

IMPORTS = ListSpec(
    name="imports",
    url_name="console-imports",
    title=message("Imports"),
    purpose=message("Every file that was brought in: what came of it, by whom, and undoing it."),
    columns=(
        Column("started_at", message("Begun")),
        Column("file", message("File")),
        Column("kind", message("Kind")),
        Column("state", message("State")),
        Column("new", message("New"), numeric=True),
        Column("updated", message("Updated"), numeric=True),
        Column("skipped", message("Skipped"), numeric=True),
        Column("errors", message("In error"), numeric=True),
        Column("who", message("By")),
        Column("source", message("Data source")),
        Column("rows", message("Rows"), numeric=True, hidden=True),
        Column("parked", message("Waiting"), numeric=True, hidden=True),
        Column("finished_at", message("Ended at"), hidden=True),
    ),
    filters=(
        Filter(
            "kind",
            message("Kind"),
            choices=tuple(Choice(code, title) for code, title in operations.FILE_KINDS.items()),
        ),
        Filter(
            "state",
            message("State"),
            choices=tuple(Choice(c, w.title) for c, w in operations.BATCH_STATES.items()),
        ),
        Filter("source", message("Data source")),
    ),
    sort="-started_at",
    export="imports",
)


@page(RUN)
@require_safe
def list_imports(request: HttpRequest) -> HttpResponse:
    """List imports, newest first, with the reader's own files that wait above."""
    reader = reader_of(request)
    demand_whole_house(reader.actor, RUN)
    new = reverse("console-import-new")
    return draw_opened(
        request,
        _open(reader),
        reader,
        empty=Empty(
            gettext("Nothing was imported yet"),
            gettext("Bring in members, orders and balances from the system of before."),
            (PageAction(gettext("Import a file"), new),),
            "file-up",
        ),
        actions=[PageAction(gettext("Import a file"), new, "upload", is_primary=True)],
        extra={
            "uploads": [
                (
                    reverse("console-import", args=[each.public_id]),
                    each.file_name,
                    operations.FILE_KINDS[each.kind.value],
                    each.expires_at,
                )
                for each in ingest.list_uploads(owner=reader.actor.caller)
            ]
        },
        template="console/imports.html",
    )


def _open(reader: Reader) -> Opened:
    sources = {each.source.name: each.source.id for each in ingest.list_sources(at=reader.at)}
    spec = IMPORTS.with_choices(
        source=[Choice(name, name, is_data=True) for name in sources],
    )
    state = read_state(spec, reader.params)
    query = _query(state, sources)
    names = {source_id: name for name, source_id in sources.items()}

    def read(cursor: str | None, size: int) -> Part:
        found = ingest.list_batches(query=query, cursor=cursor, limit=size)
        return Part(_rows(found.batches, names), found.next_cursor)

    return Opened(
        state=state, read=read, total=lambda: total_of(ingest.count_batches(query=query), state)
    )


@page(RUN)
@require_safe
def show_import(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Show an import with its report, or the wizard for a file that is not imported yet."""
    at, actor = clock.met(request), actor_of(request)
    demand_whole_house(actor, RUN)
    batch = _find(public_id)
    if batch is not None:
        return draw_batch(request, batch, actor, at=at)
    upload = ingest.get_upload(public_id=public_id, owner=actor.caller)
    if upload.batch is not None:
        return HttpResponseRedirect(reverse("console-import", args=[upload.batch]))
    return draw_upload(request, upload, at=at)


@page(RUN, step_up=True)
@require_safe
def fetch_errors(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Hand out the rows in error as a file with a reason each, on the record, while it is kept."""
    at, actor = clock.met(request), actor_of(request)
    demand_whole_house(actor, RUN)
    batch = ingest.find_batch(public_id=str(public_id))
    services.note_errors_fetched(batch=batch, actor=actor, at=at)
    name = f"{batch.kind.value}-{public_id}-errors.csv"
    response = FileResponse(
        Path(batch.error_file).open("rb"),  # noqa: SIM115 the response closes it
        as_attachment=True,
        filename=name,
        content_type="text/csv",
    )
    response["Cache-Control"] = "no-store, private"
    return cast("HttpResponse", response)


@page(RUN, step_up=True)
@require_http_methods(["GET", "HEAD", "POST"])
def undo_import(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Take an import back, after showing what goes and what stays."""
    at, actor = clock.met(request), actor_of(request)
    demand_whole_house(actor, RUN)
    batch = ingest.find_batch(public_id=str(public_id))
    back = reverse("console-import", args=[public_id])
    is_large = batch.tally.new + batch.tally.updated > MANY
    question = Question(
        act=Act(
            gettext("Undo the import of %(file)s") % {"file": batch.file_name},
            gettext("Undo the import"),
            danger=True,
            type_to_confirm=batch.file_name if is_large else "",
        ),
        impacts=undo_impacts(batch),
        effect=lambda: {"job": str(services.ask_undo(batch=batch.public_id, actor=actor, at=at))},
        after=lambda _: HttpResponseRedirect(back),
        back_href=back,
    )
    return ask(request, question, at=at)


@page(RUN)
@require_POST
def resume_import(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Go on with an import that was stopped."""
    at, actor = clock.met(request), actor_of(request)
    demand_whole_house(actor, RUN)
    services.ask_resume(batch=str(public_id), actor=actor, at=at)
    return HttpResponseRedirect(reverse("console-import", args=[public_id]))


def _find(public_id: UUID) -> Batch | None:
    try:
        return ingest.find_batch(public_id=str(public_id))
    except BatchMissing:
        return None


def _query(state: ListState, sources: Mapping[str, int]) -> BatchQuery:
    said = state.filters
    return BatchQuery(
        kind=FileKind(said["kind"]) if "kind" in said else None,
        state=BatchState(said["state"]) if "state" in said else None,
        source_id=sources.get(said.get("source", "")),
    )


def _rows(found: Iterable[Batch], sources: Mapping[int, str]) -> list[ListRow]:
    batches = list(found)
    names = names_of(batches)
    return [
        ListRow(
            each.public_id,
            {
                "started_at": Cell.moment(each.started_at),
                "file": Cell.text(each.file_name),
                "kind": Cell.text(gettext(operations.FILE_KINDS[each.kind.value])),
                "state": state_cell(each),
                "new": Cell.number(each.tally.new),
                "updated": Cell.number(each.tally.updated),
                "skipped": Cell.number(each.tally.skipped),
                "errors": Cell.number(each.tally.errors),
                "who": Cell.text(who_of(each, names)),
                "source": Cell.text(sources.get(each.source_id, "")),
                "rows": Cell.number(each.rows),
                "parked": Cell.number(each.tally.parked),
                "finished_at": Cell.moment(each.finished_at),
            },
            reverse("console-import", args=[each.public_id]),
        )
        for each in batches
    ]


LISTINGS = (Listing(spec=IMPORTS, permission=RUN, open=_open, is_whole=True),)
ROUTES: tuple[URLPattern, ...] = (
    path("console/imports", list_imports, name="console-imports"),
    path("console/imports/<uuid:public_id>", show_import, name="console-import"),
    path("console/imports/<uuid:public_id>/errors", fetch_errors, name="console-import-errors"),
    path("console/imports/<uuid:public_id>/undo", undo_import, name="console-import-undo"),
    path("console/imports/<uuid:public_id>/resume", resume_import, name="console-import-resume"),
)
