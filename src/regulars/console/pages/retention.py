"""Retention: every class of data with its limit, what would go now, the runs on record."""

from collections.abc import Iterable, Sequence

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext, ngettext
from django.views.decorators.http import require_http_methods, require_safe

from regulars.access import selectors as access
from regulars.console import services
from regulars.console.domain.cells import Cell, Fact, PageAction
from regulars.console.domain.formatting import whole
from regulars.console.domain.navigation import Crumb
from regulars.console.domain.retaining import ORIGINS, ClassReport, RetentionRun
from regulars.console.domain.sections import Heading, Section
from regulars.console.pages.confirming import Act, Impact, Question, ask
from regulars.console.pages.drawing import actor_of
from regulars.console.pages.sections import draw_sections, house_page
from regulars.console.selectors.retaining import get_retention_run, list_retention_runs
from regulars.web import clock

READ = "fields.read"
RUN = "retention.run"
RUNS_SHOWN = 20


@house_page(READ)
@require_safe
def show_retention(request: HttpRequest) -> HttpResponse:
    """Show every class, what a run would end now, and the newest runs."""
    at, actor = clock.met(request), actor_of(request)
    classes = services.report_retention(at=at)
    runs, _ = list_retention_runs(limit=RUNS_SHOWN)
    actions = []
    if actor.may(RUN):
        href = reverse("console-retention-now")
        actions.append(PageAction(gettext("Run now"), href, "eraser", is_primary=True))
    return draw_sections(
        request,
        heading=gettext("Retention"),
        purpose=gettext("What is kept how long and what for; what is over its limit goes nightly."),
        facts=[
            Fact(gettext("Over their limit"), whole(sum(each.rows for each in classes))),
            Fact(gettext("Held back"), whole(sum(each.held for each in classes))),
        ],
        actions=actions,
        sections=[_classes(classes), _runs(runs)],
        at=at,
    )


@house_page(READ)
@require_safe
def show_retention_run(request: HttpRequest, run_id: int) -> HttpResponse:
    """Show one run: what it ended of every class, and what it held back."""
    at = clock.met(request)
    run = get_retention_run(run_id=run_id)
    return draw_sections(
        request,
        heading=gettext("Retention run %(number)s") % {"number": run.id},
        purpose=gettext("What was over its limit when the run began, and ended with it."),
        status=_state(run),
        crumbs=[Crumb(gettext("Retention"), reverse("console-retention"))],
        facts=[
            Fact(gettext("Rows"), whole(run.rows)),
            Fact(gettext("Asked"), gettext(ORIGINS[run.origin])),
            Fact(gettext("By"), _names([run])[run.id]),
        ],
        sections=[_ended(services.reports_of(run))],
        at=at,
    )


@house_page(RUN, step_up=True)
@require_http_methods(["GET", "HEAD", "POST"])
def run_retention_now(request: HttpRequest) -> HttpResponse:
    """Say what a run would end, then ask for one, as a job."""
    at, actor = clock.met(request), actor_of(request)
    impacts = [
        Impact(gettext(each.title), whole(each.rows), "0", "warn", _ending(each))
        for each in services.report_retention(at=at)
        if each.rows
    ]
    nothing = Impact(gettext("Over their limit"), after=gettext("nothing"))
    question = Question(
        act=Act(
            gettext("End what is over its limit"),
            gettext("Run retention now"),
            danger=True,
            irreversible=True,
        ),
        impacts=impacts or [nothing],
        effect=lambda: {"job": str(services.ask_retention(actor=actor, at=at))},
        after=lambda done: HttpResponseRedirect(reverse("console-job", args=[done["job"]])),
        back_href=reverse("console-retention"),
        crumbs=(Crumb(gettext("Retention"), reverse("console-retention")),),
    )
    return ask(request, question, at=at)


def _classes(classes: Iterable[ClassReport]) -> Section:
    return Section(
        title=gettext("Classes of data"),
        purpose=gettext(
            "Nothing is taken from people who asked for a right, or about whom a second person has "
            "yet to decide: it is held back."
        ),
        headings=(
            Heading(gettext("Class of data")),
            Heading(gettext("Kept")),
            Heading(gettext("Then")),
            Heading(gettext("Would go now"), numeric=True),
            Heading(gettext("Oldest")),
            Heading(gettext("Held back"), numeric=True),
        ),
        rows=[
            (
                Cell.text(gettext(each.title), gettext(each.purpose)),
                Cell.text(_limit(each)),
                Cell.text(_ending(each)),
                Cell.number(each.rows),
                Cell.moment(each.oldest_at) if each.oldest_at else Cell.dash(),
                Cell.number(each.held),
            )
            for each in classes
        ],
    )


def _ended(classes: Iterable[ClassReport]) -> Section:
    return Section(
        title=gettext("Classes of data"),
        headings=(
            Heading(gettext("Class of data")),
            Heading(gettext("Then")),
            Heading(gettext("Rows"), numeric=True),
            Heading(gettext("Oldest")),
            Heading(gettext("Held back"), numeric=True),
        ),
        rows=[
            (
                Cell.text(gettext(each.title)),
                Cell.text(_ending(each)),
                Cell.number(each.rows),
                Cell.moment(each.oldest_at) if each.oldest_at else Cell.dash(),
                Cell.number(each.held),
            )
            for each in classes
        ],
    )


def _runs(runs: Sequence[RetentionRun]) -> Section:
    names = _names(runs)
    return Section(
        title=gettext("Last runs"),
        headings=(
            Heading(gettext("Run")),
            Heading(gettext("Begun")),
            Heading(gettext("State")),
            Heading(gettext("Rows"), numeric=True),
            Heading(gettext("Asked")),
            Heading(gettext("By")),
        ),
        rows=[
            (
                Cell.link(str(run.id), reverse("console-retention-run", args=[run.id])),
                Cell.moment(run.started_at),
                _state(run),
                Cell.number(run.rows),
                Cell.text(gettext(ORIGINS[run.origin])),
                Cell.text(names[run.id]),
            )
            for run in runs
        ],
        text="" if runs else gettext("Nothing was deleted by the policy yet"),
    )


def _names(runs: Sequence[RetentionRun]) -> dict[int, str]:
    """Name who asked for each run."""
    staff = access.names_of({run.actor_id for run in runs if run.actor_kind == "staff"})
    house = gettext("Regulars itself")
    return {
        run.id: staff.get(run.actor_id, house) if run.actor_kind == "staff" else house
        for run in runs
    }


def _state(run: RetentionRun) -> Cell:
    if run.finished_at is None:
        return Cell.status("warn", gettext("Not ended yet"))
    return Cell.status("ok", gettext("Done"))


def _ending(each: ClassReport) -> str:
    return gettext("emptied") if each.is_emptied else gettext("deleted")


def _limit(each: ClassReport) -> str:
    since = gettext(each.since)
    if each.limit is None:
        return gettext("as long as the membership lasts")
    if not each.limit.days:
        return gettext("until %(moment)s") % {"moment": since}
    said = ngettext(
        "%(count)s day after %(moment)s", "%(count)s days after %(moment)s", each.limit.days
    )
    return said % {"count": whole(each.limit.days), "moment": since}


ROUTES: tuple[URLPattern, ...] = (
    path("console/retention", show_retention, name="console-retention"),
    path("console/retention/now", run_retention_now, name="console-retention-now"),
    path("console/retention/<int:run_id>", show_retention_run, name="console-retention-run"),
)
