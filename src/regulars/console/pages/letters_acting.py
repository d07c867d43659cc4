"""Acts on rejected rows: said again, booked as returns, dropped; some at once, many as a job."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext, ngettext
from django.views.decorators.http import require_POST, require_safe

from regulars.access.domain import Actor
from regulars.console.domain import operations
from regulars.console.domain.formatting import whole
from regulars.console.domain.outcomes import Outcome, Skipped
from regulars.console.forms.letters import DropForm
from regulars.console.pages.confirming import Act, Impact, draw_confirm, draw_form, perform, step_of
from regulars.console.pages.drawing import actor_of, house_zone
from regulars.console.pages.letters import ACT, READ, query_of, spec_of
from regulars.console.pages.sections import demand_whole_house, href_of, reason_of
from regulars.console.pages.selecting import Selection, draw_outcome, read_selection
from regulars.events import selectors as log
from regulars.events.selectors import LetterQuery
from regulars.ingest import services
from regulars.ingest.services import LetterAct
from regulars.web import clock, progress
from regulars.web.pages import page

HAPPY = frozenset({"applied", "exists", "parked", "queued", "dropped"})
ID_DIGITS_MAX = 18


@page(ACT)
@require_POST
def replay_letters(request: HttpRequest) -> HttpResponse:
    """Say the chosen rejected rows again, after showing how many."""
    return _act(request, LetterAct.REPLAY)


@page(ACT)
@require_POST
def book_letters(request: HttpRequest) -> HttpResponse:
    """Book the chosen refunds as returns without an order, after showing how many."""
    return _act(request, LetterAct.BOOK)


@page(ACT)
@require_POST
def drop_letters(request: HttpRequest) -> HttpResponse:
    """Drop the chosen rejected rows with a reason, after showing how many."""
    form = DropForm(request.POST if "reason" in request.POST else None)
    if not form.is_valid():
        demand_whole_house(actor_of(request), ACT)
        spec, _ = spec_of(clock.met(request))
        read_selection(request, spec)
        said = [(k, v) for k in ("all", "query", "ids") for v in request.POST.getlist(k)]
        return draw_form(
            request,
            form,
            title=gettext("Drop rejected rows"),
            purpose=gettext("What they hold is deleted. The reason goes to the audit log."),
            verb=gettext("Show what is dropped"),
            back_href=reverse("console-dead-letters"),
            next_step="preview",
            template="console/letters_drop.html",
            extra={"kept": said},
        )
    return _act(request, LetterAct.DROP, reason=form.cleaned_data["reason"])


@page(READ)
@require_safe
def show_report(request: HttpRequest, job_id: UUID) -> HttpResponse:
    """Show what came of an act on many rejected rows: how many, and why each other did not."""
    demand_whole_house(actor_of(request), READ)
    job = progress.get(progress_id=job_id)
    if job.kind != "replay" or not job.is_over:
        return HttpResponseRedirect(reverse("console-job", args=[job_id]))
    counts = job.result.get("counts", {})
    failed = [(each[0], each[1], each[2]) for each in job.result.get("failed", [])]
    done = sum(count for outcome, count in counts.items() if outcome in HAPPY)
    return draw_outcome(
        request,
        Outcome(done, 0, tuple(_skipped(*each) for each in failed)),
        title=gettext("What came of the rejected rows"),
        back_href=reverse("console-dead-letters"),
    )


def _act(request: HttpRequest, act: LetterAct, reason: str | None = None) -> HttpResponse:
    """Show how many are meant, then act: some at once, everything that matches as a job."""
    at, actor, zone = clock.met(request), actor_of(request), house_zone()
    demand_whole_house(actor, ACT)
    spec, sources = spec_of(at)
    chosen = read_selection(request, spec)
    query = query_of(chosen.state, sources, at=at, zone=zone)
    ids = [int(each) for each in chosen.ids if _is_id(each)]
    count = log.count_letters(query=query) if chosen.everything else len(ids)
    back = reverse("console-dead-letters")
    if step_of(request) != "do":
        return draw_confirm(
            request,
            act=_worded(act, count),
            form=None,
            impacts=_impacts(act, count, reason),
            back_href=back,
        )
    result = perform(
        request,
        at=at,
        effect=lambda: _do(act, chosen, ids, query, actor=actor, at=at, reason=reason),
    )
    if "job" in result:
        return HttpResponseRedirect(reverse("console-job", args=[result["job"]]))
    done = [(each[0], each[1], each[2]) for each in result["done"]]
    return draw_outcome(
        request,
        Outcome(
            sum(outcome in HAPPY for _, outcome, _ in done),
            0,
            tuple(_skipped(*each) for each in done if each[1] not in HAPPY),
        ),
        title=_worded(act, count).title,
        back_href=back,
    )


def _do(
    act: LetterAct,
    chosen: Selection,
    ids: Sequence[int],
    query: LetterQuery,
    *,
    actor: Actor,
    at: datetime,
    reason: str | None,
) -> dict[str, object]:
    if chosen.everything:
        job = services.ask_letters(act=act, query=query, actor=actor, at=at, reason_code=reason)
        return {"job": str(job)}
    done = services.act_on_letters(act=act, ids=ids, actor=actor, at=at, reason_code=reason)
    return {"done": [[each.letter_id, each.outcome, each.code] for each in done]}


def _worded(act: LetterAct, count: int) -> Act:
    number = {"count": whole(count)}
    match act:
        case LetterAct.REPLAY:
            words = ngettext("Replay %(count)s row", "Replay %(count)s rows", count) % number
            return Act(words, words)
        case LetterAct.BOOK:
            words = ngettext(
                "Book %(count)s refund as a return", "Book %(count)s refunds as returns", count
            )
            return Act(words % number, words % number)
        case LetterAct.DROP:
            words = ngettext("Drop %(count)s row", "Drop %(count)s rows", count) % number
            return Act(words, words, danger=True, irreversible=True)


def _impacts(act: LetterAct, count: int, reason: str | None) -> list[Impact]:
    meant = Impact(gettext("Rejected rows"), after=whole(count))
    match act:
        case LetterAct.REPLAY:
            what = gettext("Each is tried again on its own; one that fails again stays here.")
        case LetterAct.BOOK:
            what = gettext("Money given back counts against the member without an order.")
        case LetterAct.DROP:
            what = gettext("What they hold is deleted; that they were there stays on record.")
    lines = [meant, Impact(gettext("What happens"), after=what)]
    if reason:
        title = gettext(operations.DROP_REASONS.get(reason, reason))
        lines.append(Impact(gettext("Reason"), after=title))
    return lines


def _skipped(letter_id: int, outcome: str, code: str | None) -> Skipped:
    label = gettext("Row %(number)s") % {"number": letter_id}
    reason = reason_of(code, {}) if code else gettext(operations.OUTCOMES.get(outcome, outcome))
    return Skipped(label, reason, href_of("console-dead-letter", letter_id))


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= ID_DIGITS_MAX


ROUTES: tuple[URLPattern, ...] = (
    path("console/dead-letters/replay", replay_letters, name="console-dead-letters-replay"),
    path("console/dead-letters/book", book_letters, name="console-dead-letters-book"),
    path("console/dead-letters/drop", drop_letters, name="console-dead-letters-drop"),
    path(
        "console/dead-letters/report/<uuid:job_id>",
        show_report,
        name="console-dead-letters-report",
    ),
)
