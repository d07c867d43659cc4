"""The import wizard: template, upload, columns and preview, dry run, import."""

import csv
import io
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from regulars.console.domain import imports as wizard
from regulars.console.domain import operations
from regulars.console.domain.formatting import is_chinese, whole
from regulars.console.domain.navigation import Crumb
from regulars.console.forms.imports import OptionsForm, UploadForm
from regulars.console.pages.confirming import Act, Impact, Question, ask
from regulars.console.pages.drawing import actor_of, draw, house_zone, language_of
from regulars.console.pages.sections import demand_whole_house, reason_of
from regulars.ingest import selectors as ingest
from regulars.ingest import services
from regulars.ingest.domain.batches import Batch
from regulars.ingest.domain.files import FileKind
from regulars.ingest.domain.uploads import UPLOAD_BYTES_MAX, Upload, UploadState, UploadTooLarge
from regulars.kit.errors import Refusal
from regulars.kit.progress import Progress
from regulars.kit.sheets import safe_cell
from regulars.web import clock, progress
from regulars.web.pages import page
from regulars.web.uploads import is_too_large

RUN = "imports.run"
REFRESH_SECONDS = 2
AT_WORK = frozenset({UploadState.REHEARSING, UploadState.IMPORTING})


@page(RUN)
@require_http_methods(["GET", "HEAD", "POST"])
def new_import(request: HttpRequest) -> HttpResponse:
    """Take a file in: its kind and itself; what is refused says why and how to mend it."""
    at, actor = clock.met(request), actor_of(request)
    demand_whole_house(actor, RUN)
    if request.method != "POST":
        return _draw_new(request, UploadForm(initial={"kind": "members"}))
    form = UploadForm(request.POST, request.FILES)
    if is_too_large(request):
        form.errors.pop("file", None)
        form.refuse(UploadTooLarge(limit_mb=UPLOAD_BYTES_MAX // 1_000_000), "file")
    if not form.is_valid():
        return _draw_new(request, form)
    file = form.cleaned_data["file"]
    try:
        upload = services.receive_upload(
            name=file.name,
            pieces=file.chunks(),
            kind=FileKind(form.cleaned_data["kind"]),
            actor=actor,
            at=at,
        )
    except Refusal as no:
        form.refuse(no, "file")
        return _draw_new(request, form)
    return HttpResponseRedirect(reverse("console-import", args=[upload.public_id]))


@page(RUN)
@require_safe
def fetch_template(request: HttpRequest, kind: str) -> HttpResponse:
    """Hand out an empty file with the columns of a kind, in the reader's words."""
    del request
    synonyms = services.synonyms_of(kind=kind)
    headers = wizard.template_headers(synonyms, is_chinese=is_chinese(language_of()))
    text = io.StringIO()
    csv.writer(text).writerow([safe_cell(header) for header in headers])
    response = HttpResponse("\ufeff" + text.getvalue(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{kind}.csv"'
    return response


@page(RUN)
@require_POST
def map_upload(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Keep how the columns are read; with `go`, begin the dry run at once."""
    at, actor = clock.met(request), actor_of(request)
    demand_whole_house(actor, RUN)
    upload = ingest.get_upload(public_id=public_id, owner=actor.caller)
    form = OptionsForm(request.POST, kind=upload.kind)
    chosen = _chosen(request, upload)
    if not form.is_valid():
        return draw_upload(request, upload, at=at, form=form, chosen=chosen)
    try:
        known = list(services.synonyms_of(kind=upload.kind.value))
        said = {
            "columns": wizard.said_by(upload, known=known, chosen=chosen),
            "date_order": form.cleaned_data["date_order"] or "ymd",
        }
        services.adjust_upload(
            public_id=public_id, options={**form.options(), "said": said}, actor=actor, at=at
        )
        if request.POST.get("go") == "rehearse":
            services.ask_rehearsal(public_id=public_id, actor=actor, at=at)
    except Refusal as no:
        form.refuse(no)
        return draw_upload(request, upload, at=at, form=form, chosen=chosen)
    return HttpResponseRedirect(reverse("console-import", args=[public_id]))


@page(RUN, step_up=True)
@require_http_methods(["GET", "HEAD", "POST"])
def run_upload(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Import the file as it was rehearsed, after saying again what it writes."""
    at, actor = clock.met(request), actor_of(request)
    demand_whole_house(actor, RUN)
    upload = ingest.get_upload(public_id=public_id, owner=actor.caller)
    back = reverse("console-import", args=[public_id])
    rehearsal = None if upload.rehearsal is None else ingest.find_batch(public_id=upload.rehearsal)
    if rehearsal is None:
        return HttpResponseRedirect(back)
    count = rehearsal.tally.new + rehearsal.tally.updated
    title = gettext("Import %(count)s of %(kind)s") % {
        "count": whole(count),
        "kind": gettext(operations.FILE_KINDS[upload.kind.value]),
    }
    question = Question(
        act=Act(title, title),
        impacts=_impacts(rehearsal),
        effect=lambda: {"job": str(services.ask_import(public_id=public_id, actor=actor, at=at))},
        after=lambda _: HttpResponseRedirect(back),
        back_href=back,
    )
    return ask(request, question, at=at)


@page(RUN)
@require_POST
def stop_upload(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Call off the work on a file."""
    actor = actor_of(request)
    demand_whole_house(actor, RUN)
    services.stop_upload(public_id=public_id, at=clock.met(request), owner=actor.caller)
    return HttpResponseRedirect(reverse("console-import", args=[public_id]))


@page(RUN)
@require_POST
def drop_upload(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Throw a file away that is not imported; it can be uploaded again."""
    at, actor = clock.met(request), actor_of(request)
    demand_whole_house(actor, RUN)
    ingest.get_upload(public_id=public_id, owner=actor.caller)
    services.drop_upload(public_id=public_id, actor=actor, at=at)
    return HttpResponseRedirect(reverse("console-imports"))


def draw_upload(
    request: HttpRequest,
    upload: Upload,
    *,
    at: datetime,
    form: OptionsForm | None = None,
    chosen: Mapping[int, str] | None = None,
) -> HttpResponse:
    """Draw the wizard at the step the file is at."""
    mapping = services.mapping_of(upload=upload)
    read_as = dict(mapping.columns)
    if chosen is not None:
        read_as = {field: upload.headers[place] for place, field in chosen.items() if field}
    sample = ingest.read_sample(upload=upload)
    work = progress_of(upload.progress_id)
    rehearsal = None if upload.rehearsal is None else ingest.find_batch(public_id=upload.rehearsal)
    columns = wizard.columns_of(upload, read_as=read_as, sample=sample)
    preview = wizard.preview_of(upload, read_as=read_as, sample=sample)
    is_working = upload.state in AT_WORK
    step = wizard.step_of(upload)
    context = {
        "heading": upload.file_name,
        "crumbs": _crumbs(upload.file_name),
        "upload": upload,
        "kind_title": operations.FILE_KINDS[upload.kind.value],
        "steps": [
            (gettext(title), "done" if place < step else "current" if place == step else "")
            for place, title in enumerate(wizard.STEPS)
        ],
        "form": form or OptionsForm(initial=_initial(upload), kind=upload.kind),
        "columns": columns,
        "read_count": len([each for each in columns if each.field]),
        "fields": wizard.fields_of(services.synonyms_of(kind=upload.kind.value)),
        "preview": preview,
        "preview_titles": [operations.FIELDS.get(f, f) for f in preview.fields],
        "balances": mapping.balances,
        "work": work,
        "is_working": is_working,
        "failure": _failure(work),
        "refresh_seconds": REFRESH_SECONDS if is_working else 0,
        "rehearsal": rehearsal,
        "reasons": _reasons(rehearsal),
        "here": reverse("console-import", args=[upload.public_id]),
        "now": at,
        "personal": True,
    }
    status = 422 if form is not None else 200
    return draw(request, "console/import_upload.html", context, zone=house_zone(), status=status)


def progress_of(progress_id: UUID | None) -> Progress | None:
    """Answer how far a piece of work is, or None once it is forgotten."""
    if progress_id is None:
        return None
    try:
        return progress.get(progress_id=progress_id)
    except progress.ProgressNotFound:
        return None


def _draw_new(request: HttpRequest, form: UploadForm) -> HttpResponse:
    context = {
        "form": form,
        "heading": gettext("Import a file"),
        "crumbs": _crumbs(gettext("Import a file")),
        "steps": [
            (gettext(title), "current" if place == 0 else "")
            for place, title in enumerate(wizard.STEPS)
        ],
        "kinds": [
            (code, title, operations.FILE_PURPOSES[code], _template_href(code))
            for code, title in operations.FILE_KINDS.items()
        ],
        "chosen": form["kind"].value(),
    }
    status = 422 if form.is_bound else 200
    return draw(request, "console/import_new.html", context, zone=house_zone(), status=status)


def _crumbs(title: str) -> list[Crumb]:
    return [Crumb(gettext("Imports"), reverse("console-imports")), Crumb(title)]


def _template_href(kind: str) -> str:
    return reverse("console-import-template", args=[kind])


def _initial(upload: Upload) -> dict[str, Any]:
    said = upload.options
    return {
        "source": said.get("source", ""),
        "zone": said.get("zone") or "",
        "currency": said.get("currency") or "",
        "date_order": said.get("said", {}).get("date_order", "ymd"),
        "as_of": said.get("as_of"),
        "award": said.get("award", True),
    }


def _chosen(request: HttpRequest, upload: Upload) -> dict[int, str]:
    """Read what was chosen for each column: `column-3=phone`."""
    return {
        place: request.POST.get(f"column-{place}", "")[:40]
        for place in range(len(upload.headers))
        if request.POST.get(f"column-{place}")
    }


def _failure(work: Progress | None) -> str:
    if work is None or work.state != "failed":
        return ""
    return reason_of(str(work.result.get("code", "")), work.result.get("facts", {}))


def _reasons(rehearsal: Batch | None) -> list[tuple[str, str, int, int]]:
    if rehearsal is None or not rehearsal.tally.errors:
        return []
    return [
        (reason_of(each.code, each.facts), each.column, each.first_row, each.rows)
        for each in ingest.list_problem_reasons(batch_id=rehearsal.id)
    ]


def _impacts(rehearsal: Batch) -> list[Impact]:
    tally = rehearsal.tally
    same = gettext("as they were already")
    lines = [
        Impact(gettext("New"), after=whole(tally.new)),
        Impact(gettext("Updated"), after=whole(tally.updated)),
        Impact(gettext("Skipped"), after=whole(tally.skipped), note=same),
    ]
    if tally.parked:
        lines.append(Impact(gettext("Waiting"), after=whole(tally.parked)))
    if tally.errors:
        note = gettext("They stay out; the error file says why.")
        lines.append(Impact(gettext("In error"), after=whole(tally.errors), tone="warn", note=note))
    lines.append(Impact(gettext("Can be undone"), after=gettext("yes, as one, by counter-entries")))
    return lines


ROUTES: tuple[URLPattern, ...] = (
    path("console/imports/new", new_import, name="console-import-new"),
    path("console/imports/template/<slug:kind>", fetch_template, name="console-import-template"),
    path("console/imports/<uuid:public_id>/map", map_upload, name="console-import-map"),
    path("console/imports/<uuid:public_id>/run", run_upload, name="console-import-run"),
    path("console/imports/<uuid:public_id>/stop", stop_upload, name="console-import-stop"),
    path("console/imports/<uuid:public_id>/drop", drop_upload, name="console-import-drop"),
)
