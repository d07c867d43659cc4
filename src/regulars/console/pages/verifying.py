"""Runs of the checks of the books: on record, one with every check, and one asked for now."""

from collections.abc import Mapping

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_safe

from regulars.console.domain import operations
from regulars.console.domain.cells import Cell, Empty, Fact, ListRow, PageAction
from regulars.console.domain.formatting import whole
from regulars.console.domain.lists import Column, ListSpec, read_state
from regulars.console.domain.navigation import Crumb
from regulars.console.domain.sections import Heading, Section
from regulars.console.pages.confirming import Act, Impact, Question, ask
from regulars.console.pages.drawing import actor_of, house_zone
from regulars.console.pages.lists import draw_list
from regulars.console.pages.sections import demand_whole_house, draw_sections
from regulars.kit.messages import message
from regulars.ledger import selectors as ledger
from regulars.ledger import services
from regulars.ledger.domain import Finding, VerifyRun
from regulars.web import clock
from regulars.web.pages import page

RUN = "verify.run"

RUNS = ListSpec(
    name="verify",
    url_name="console-verify",
    title=message("Verify runs"),
    purpose=message(
        "Proof that the books add up: every check of every app, by the clock and when asked."
    ),
    columns=(
        Column("started_at", message("Begun")),
        Column("kind", message("Over")),
        Column("result", message("Result")),
        Column("origin", message("Asked")),
        Column("checks", message("Checks"), numeric=True),
        Column("transfers", message("Transfers"), numeric=True),
        Column("seconds", message("Duration"), numeric=True),
        Column("watermark", message("Watermark"), numeric=True, hidden=True),
    ),
    sort="-started_at",
)


@page("points.read")
@require_safe
def list_runs(request: HttpRequest) -> HttpResponse:
    """List the runs on record, newest first."""
    at, actor = clock.met(request), actor_of(request)
    demand_whole_house(actor, "points.read")
    state = read_state(RUNS, request.GET)
    found = ledger.list_verify_runs(cursor=state.cursor or None, limit=state.size)
    actions = []
    if actor.may(RUN):
        href = reverse("console-verify-now")
        actions.append(PageAction(gettext("Verify now"), href, "badge-check", is_primary=True))
    return draw_list(
        request,
        RUNS,
        state,
        [_row(run) for run in found.runs],
        next_cursor=found.next_cursor,
        zone=house_zone(),
        at=at,
        empty=Empty(
            gettext("No run on record yet"),
            gettext("The clock checks what moved every five minutes, and everything each night."),
            icon="badge-check",
        ),
        actions=actions,
    )


@page("points.read")
@require_safe
def show_run(request: HttpRequest, run_id: int) -> HttpResponse:
    """Show one run: every check in a sentence, how much it looked at, and where it is wrong."""
    at, actor = clock.met(request), actor_of(request)
    demand_whole_house(actor, "points.read")
    run = ledger.get_verify_run(run_id=run_id)
    says = ledger.list_checks()
    bad = [each for each in run.findings if each.bad]
    good = [each for each in run.findings if not each.bad]
    sections = []
    if bad:
        sections.append(_bad(bad, says))
    sections.append(_good(good, says))
    return draw_sections(
        request,
        heading=gettext("Verify run %(number)s") % {"number": run.id},
        purpose=gettext(operations.VERIFY_KINDS[run.kind.value]),
        status=_result(run),
        crumbs=[Crumb(gettext("Verify runs"), reverse("console-verify"))],
        facts=[
            Fact(gettext("Checks"), whole(run.checks)),
            Fact(gettext("Transfers"), whole(run.transfers or None)),
            Fact(gettext("Accounts moved"), whole(run.accounts or None)),
            Fact(gettext("Duration"), _seconds(run)),
            Fact(gettext("Asked"), gettext(operations.VERIFY_ORIGINS[run.origin.value])),
        ],
        sections=sections,
        at=at,
    )


@page(RUN)
@require_http_methods(["GET", "HEAD", "POST"])
def verify_now(request: HttpRequest) -> HttpResponse:
    """Ask for a run over everything, as a job."""
    at, actor = clock.met(request), actor_of(request)
    demand_whole_house(actor, RUN)
    span = gettext("about a minute for ten million movements; others work on meanwhile")
    question = Question(
        act=Act(gettext("Verify the whole ledger"), gettext("Verify now")),
        impacts=(
            Impact(
                gettext("What is checked"), after=gettext("every balance, lot, hold and reversal")
            ),
            Impact(gettext("What is changed"), after=gettext("nothing: it only reads")),
            Impact(gettext("How long"), after=span),
        ),
        effect=lambda: {"job": str(services.ask_verify(actor=actor, at=at))},
        after=lambda done: HttpResponseRedirect(reverse("console-job", args=[done["job"]])),
        back_href=reverse("console-verify"),
    )
    return ask(request, question, at=at)


def _row(run: VerifyRun) -> ListRow:
    return ListRow(
        str(run.id),
        {
            "started_at": Cell.moment(run.started_at),
            "kind": Cell.text(gettext(operations.VERIFY_KINDS[run.kind.value])),
            "result": _result(run),
            "origin": Cell.text(gettext(operations.VERIFY_ORIGINS[run.origin.value])),
            "checks": Cell.number(run.checks),
            "transfers": Cell.number(run.transfers or None),
            "seconds": Cell.text(_seconds(run)),
            "watermark": Cell.number(run.watermark),
        },
        reverse("console-verify-run", args=[run.id]),
    )


def _result(run: VerifyRun) -> Cell:
    if run.is_clean:
        return Cell.status("ok", gettext("Everything adds up"))
    return Cell.status("bad", gettext("%(count)s wrong") % {"count": whole(run.bad)})


def _seconds(run: VerifyRun) -> str:
    return gettext("%(seconds)s s") % {"seconds": f"{run.milliseconds / 1000:,.1f}"}


def _bad(findings: list[Finding], says: Mapping[str, str]) -> Section:
    return Section(
        title=gettext("Wrong"),
        purpose=gettext(
            "Nothing was changed. Put right by inverse postings that people decide on."
        ),
        headings=(
            Heading(gettext("Check")),
            Heading(gettext("Looked at"), numeric=True),
            Heading(gettext("Wrong"), numeric=True),
            Heading(gettext("Where")),
        ),
        rows=[
            (
                Cell.text(_said(each, says), each.check),
                Cell.number(each.scanned),
                Cell.number(each.bad),
                Cell.code(", ".join(each.ids)),
            )
            for each in findings
        ],
    )


def _good(findings: list[Finding], says: Mapping[str, str]) -> Section:
    return Section(
        title=gettext("Holds"),
        headings=(
            Heading(gettext("Check")),
            Heading(gettext("Looked at"), numeric=True),
            Heading(gettext("Milliseconds"), numeric=True),
        ),
        rows=[
            (
                Cell.text(_said(each, says), each.check),
                Cell.number(each.scanned),
                Cell.number(each.milliseconds),
            )
            for each in findings
        ],
    )


def _said(finding: Finding, says: Mapping[str, str]) -> str:
    sentence = says.get(finding.check)
    return gettext(sentence) if sentence else finding.check


ROUTES: tuple[URLPattern, ...] = (
    path("console/verify", list_runs, name="console-verify"),
    path("console/verify/now", verify_now, name="console-verify-now"),
    path("console/verify/<int:run_id>", show_run, name="console-verify-run"),
)
