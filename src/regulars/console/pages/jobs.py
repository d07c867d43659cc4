"""The pages of long work: all of it, one piece with its bar, and the bell."""

from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import NoReverseMatch, URLPattern, path, reverse
from django.utils.translation import gettext, ngettext
from django.views.decorators.http import require_POST, require_safe

from regulars.access import selectors as access
from regulars.access.domain import Actor
from regulars.console import services
from regulars.console.domain.exports import Export, ExportNotFound
from regulars.console.domain.listings import Listing, Opened, Part, Reader
from regulars.console.domain.lists import (
    Cell,
    Choice,
    Column,
    Empty,
    Filter,
    ListRow,
    ListSpec,
    read_state,
)
from regulars.console.domain.navigation import Crumb
from regulars.console.pages.drawing import actor_of, draw, house_zone
from regulars.console.pages.lists import draw_opened, reader_of
from regulars.console.selectors import exporting
from regulars.kit.messages import message
from regulars.kit.progress import Progress, ProgressState
from regulars.web import clock, notices, progress
from regulars.web.pages import page
from regulars.web.sentences import words_of

KINDS: Mapping[str, str] = MappingProxyType(
    {
        "export": message("Export"),
        "import": message("Import"),
        "import_dry_run": message("Dry run of an import"),
        "import_undo": message("Undo of an import"),
        "verify": message("Verify run"),
        "retention": message("Retention run"),
        "bulk": message("Act on many rows"),
        "replay": message("Replay of rejected rows"),
        "audit_check": message("Check of the audit chain"),
    }
)
STATES: Mapping[ProgressState, tuple[str, str]] = MappingProxyType(
    {
        ProgressState.WAITING: ("mute", message("waiting")),
        ProgressState.RUNNING: ("info", message("running")),
        ProgressState.DONE: ("ok", message("done")),
        ProgressState.FAILED: ("bad", message("failed")),
        ProgressState.CANCELLED: ("mute", message("stopped")),
    }
)
REFRESH_SECONDS = 3
NOTICES_MAX = 50

SPEC = ListSpec(
    name="jobs",
    url_name="console-jobs",
    title=message("Jobs"),
    purpose=message("Work that runs in the background: how far it is, and how it ended."),
    columns=(
        Column("kind", message("Job")),
        Column("state", message("State")),
        Column("done", message("Progress")),
        Column("who", message("Asked by")),
        Column("asked", message("Asked at")),
        Column("ended", message("Ended at")),
    ),
    filters=(
        Filter("kind", message("Job"), choices=tuple(Choice(c, t) for c, t in KINDS.items())),
        Filter(
            "state",
            message("State"),
            choices=tuple(Choice(state.value, title) for state, (_, title) in STATES.items()),
        ),
    ),
    sort="-asked",
    export="jobs",
)


@page("console.use")
@require_safe
def list_jobs(request: HttpRequest) -> HttpResponse:
    """List the work one asked for; with `jobs.read`, everybody's."""
    reader = reader_of(request)
    return draw_opened(
        request,
        _open(reader),
        reader,
        empty=Empty(
            gettext("No job yet"), gettext("Exports, imports and checks of the ledger run as jobs.")
        ),
    )


def _open(reader: Reader) -> Opened:
    state = read_state(SPEC, reader.params)
    asked: dict[str, Any] = {
        "owner": _owner(reader.actor),
        "kind": state.filters.get("kind", ""),
        "state": state.filters.get("state", ""),
    }

    def read(cursor: str | None, size: int) -> Part:
        found, after = progress.list_progress(**asked, cursor=cursor, limit=size)
        names = _names(found)
        return Part([_row(each, names) for each in found], after)

    return Opened(state=state, read=read, total=lambda: progress.count_progress(**asked))


@page("console.use")
@require_safe
def show_job(request: HttpRequest, job_id: UUID) -> HttpResponse:
    """Show one piece of work; while it runs the page looks again every few seconds."""
    at, actor = clock.met(request), actor_of(request)
    job = progress.get(progress_id=job_id, owner=_owner(actor))
    export = _export(job)
    tone, title = STATES[job.state]
    return draw(
        request,
        "console/job.html",
        {
            "job": job,
            "now": at,
            "title": gettext(KINDS.get(job.kind, job.kind)),
            "tone": tone,
            "state": gettext("stopping") if job.is_stopping else gettext(title),
            "owner": _names([job]).get(job.owner, ""),
            "left": _left(job.time_left(at)),
            "refusal": _words(job),
            "refresh_seconds": 0 if job.is_over else REFRESH_SECONDS,
            "export": export,
            "is_there": export is not None and export.is_there(at) and _is_mine(job, actor),
            "subject_href": _subject(job),
            "crumbs": (Crumb(gettext("Jobs"), reverse("console-jobs")),),
            "may_stop": not job.is_over and not job.is_stopping,
        },
        zone=house_zone(),
    )


@page("console.use")
@require_POST
def stop_job(request: HttpRequest, job_id: UUID) -> HttpResponse:
    """Ask a piece of work to stop."""
    services.stop_job(job_id=job_id, actor=actor_of(request), at=clock.met(request))
    return HttpResponseRedirect(reverse("console-job", args=[job_id]))


@page("console.use")
@require_safe
def list_notices(request: HttpRequest) -> HttpResponse:
    """Show what the reader was told, newest first."""
    at, actor = clock.met(request), actor_of(request)
    found, after = notices.list_notices(
        owner=actor.caller, cursor=request.GET.get("after") or None, limit=NOTICES_MAX
    )
    lines = [
        {
            "words": gettext(each.words).format(**each.facts),
            "href": each.href,
            "told_at": each.told_at,
            "is_new": each.seen_at is None,
        }
        for each in found
    ]
    context = {"lines": lines, "now": at, "next": after}
    return draw(request, "console/notices.html", context, zone=house_zone())


@page("console.use")
@require_POST
def see_notices(request: HttpRequest) -> HttpResponse:
    """Note that the reader has seen everything."""
    notices.mark_seen(owner=actor_of(request).caller, at=clock.met(request))
    return HttpResponseRedirect(reverse("console-notifications"))


def _owner(actor: Actor) -> str | None:
    return None if actor.may("jobs.read") else actor.caller


def _is_mine(job: Progress, actor: Actor) -> bool:
    return job.owner == actor.caller


def _names(jobs: list[Progress]) -> dict[str, str]:
    """Answer the names behind `staff:3`; other callers are named as they are."""
    ids = {int(job.owner[6:]) for job in jobs if job.owner.startswith("staff:")}
    names = access.names_of(sorted(ids))
    return {f"staff:{staff_id}": name for staff_id, name in names.items()}


def _row(job: Progress, names: Mapping[str, str]) -> ListRow:
    tone, title = STATES[job.state]
    return ListRow(
        id=str(job.id),
        href=reverse("console-job", args=[job.id]),
        cells={
            "kind": Cell.text(gettext(KINDS.get(job.kind, job.kind))),
            "state": Cell.status(tone, gettext(title)),  # type: ignore[arg-type]
            "done": _bar(job),
            "who": Cell.text(names.get(job.owner, job.owner)),
            "asked": Cell.moment(job.asked_at),
            "ended": Cell.moment(job.ended_at),
        },
    )


def _bar(job: Progress) -> Cell:
    rows = f"{job.done:,}" if job.total is None else f"{job.done:,} / {job.total:,}"
    return Cell.text(rows) if job.percent is None else Cell.progress(job.percent, rows)


def _export(job: Progress) -> Export | None:
    if job.kind != "export":
        return None
    try:
        return exporting.get_export(export_id=job.id)
    except ExportNotFound:
        return None


def _words(job: Progress) -> str:
    """Say why the work failed, in the reader's language."""
    if job.state is not ProgressState.FAILED:
        return ""
    return words_of(str(job.result.get("code", "")), job.result.get("facts", {}))


def _left(left: timedelta | None) -> str:
    """Say about how long the work still takes."""
    if left is None:
        return ""
    seconds = max(1, round(left.total_seconds()))
    if seconds < 90:
        return ngettext("%(n)s second", "%(n)s seconds", seconds) % {"n": seconds}
    minutes = round(seconds / 60)
    return ngettext("%(n)s minute", "%(n)s minutes", minutes) % {"n": minutes}


def _subject(job: Progress) -> str:
    """Answer the page of what the work was about, where it says so in its facts."""
    name, key = job.facts.get("page"), job.facts.get("id")
    if not name:
        return ""
    try:
        return reverse(str(name), args=[key] if key else None)
    except NoReverseMatch:
        return ""


LISTINGS = (Listing(spec=SPEC, permission="console.use", open=_open),)
ROUTES: tuple[URLPattern, ...] = (
    path("console/jobs", list_jobs, name="console-jobs"),
    path("console/jobs/<uuid:job_id>", show_job, name="console-job"),
    path("console/jobs/<uuid:job_id>/stop", stop_job, name="console-job-stop"),
    path("console/notifications", list_notices, name="console-notifications"),
    path("console/notifications/seen", see_notices, name="console-notifications-seen"),
)
