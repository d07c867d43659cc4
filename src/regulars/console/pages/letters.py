"""Rejected rows: listed with the reason, looked into, said again, booked as returns, dropped."""

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_POST, require_safe

from regulars.access.domain import Actor
from regulars.console.domain import operations, wording
from regulars.console.domain.cells import Cell, Empty, Fact, ListRow
from regulars.console.domain.formatting import whole
from regulars.console.domain.listings import Listing, Opened, Part, Reader
from regulars.console.domain.lists import (
    Bulk,
    Choice,
    Column,
    Filter,
    ListSpec,
    ListState,
    read_state,
)
from regulars.console.domain.navigation import Crumb
from regulars.console.domain.sections import Section
from regulars.console.pages.drawing import actor_of
from regulars.console.pages.lists import draw_opened, reader_of
from regulars.console.pages.sections import (
    demand_whole_house,
    draw_sections,
    members_in,
    people_of,
    person_cell,
    reason_of,
    way_cell,
)
from regulars.events import selectors as log
from regulars.events.domain import DeadLetterMissing
from regulars.events.selectors import DeadLetter, LetterQuery
from regulars.ingest import selectors as ingest
from regulars.ingest import services
from regulars.kit.messages import message
from regulars.members.domain import ReasonMissing
from regulars.members.selectors import Named
from regulars.web import clock
from regulars.web.pages import page
from regulars.web.permissions import demand

READ = "dead_letters.read"
ACT = "dead_letters.replay"
HAPPY = frozenset({"applied", "exists", "parked", "queued", "dropped"})

LETTERS = ListSpec(
    name="dead_letters",
    url_name="console-dead-letters",
    title=message("Rejected rows"),
    purpose=message("What came in and could not be applied, kept until somebody settles it."),
    columns=(
        Column("created_at", message("Since")),
        Column("reason", message("Why")),
        Column("kind", message("Kind")),
        Column("source", message("Data source")),
        Column("member", message("Member")),
        Column("attempts", message("Attempts"), numeric=True),
        Column("state", message("State")),
        Column("code", message("Code"), hidden=True),
        Column("id", message("Number"), numeric=True, hidden=True),
    ),
    filters=(
        Filter(
            "state",
            message("State"),
            choices=tuple(Choice(c, w.title) for c, w in operations.LETTER_STATES.items()),
        ),
        Filter(
            "kind",
            message("Kind"),
            choices=tuple(Choice(c, t) for c, t in operations.LETTER_KINDS.items()),
        ),
        Filter("source", message("Data source")),
        Filter("code", message("Why")),
        Filter("since", message("Since"), kind="days"),
    ),
    sort="-created_at",
    export="dead_letters",
    bulk=(
        Bulk("replay", message("Replay"), "console-dead-letters-replay", ACT, icon="refresh-cw"),
        Bulk("book", message("Book as returns"), "console-dead-letters-book", ACT, icon="undo-2"),
        Bulk(
            "drop", message("Drop"), "console-dead-letters-drop", ACT, danger=True, icon="trash-2"
        ),
    ),
)


@page(READ)
@require_safe
def list_letters(request: HttpRequest) -> HttpResponse:
    """List rejected rows, newest first; without more said, those that are open."""
    reader = reader_of(request)
    demand_whole_house(reader.actor, READ)
    return draw_opened(
        request,
        _open(reader),
        reader,
        empty=Empty(
            gettext("Nothing was rejected"),
            gettext("Everything that came in was applied."),
            icon="circle-check",
        ),
    )


def _open(reader: Reader) -> Opened:
    spec, sources = spec_of(reader.at)
    state = read_state(spec, reader.params)
    query = query_of(state, sources, at=reader.at, zone=reader.zone)
    names = {source_id: name for name, source_id in sources.items()}

    def read(cursor: str | None, size: int) -> Part:
        found = log.list_letters(query=query, cursor=cursor, limit=size)
        people = people_of(reader.actor, (letter.member_id for letter in found.letters))
        rows = [_row(each, names, people.get(each.member_id or 0)) for each in found.letters]
        return Part(rows, found.next_cursor)

    return Opened(state=state, read=read, total=lambda: log.count_letters(query=query))


@page(READ)
@require_safe
def show_letter(request: HttpRequest, letter_id: int) -> HttpResponse:
    """Show one rejected row: why, the facts of the error, where it came from; not what it holds."""
    demand_whole_house(actor_of(request), READ)
    return _draw(request, _get(letter_id), body=None)


@page("members.reveal", step_up=True)
@require_POST
def reveal_letter(request: HttpRequest, letter_id: int) -> HttpResponse:
    """Show what a rejected row holds, for a moment; who looked and why is logged first."""
    at, actor = clock.met(request), actor_of(request)
    demand_whole_house(actor, "members.reveal")
    demand(request, READ)
    reason = request.POST.get("reason", "")
    if reason not in operations.LOOK_REASONS:
        raise ReasonMissing
    letter = _get(letter_id)
    body = services.reveal_letter(letter_id=letter.id, reason_code=reason, actor=actor, at=at)
    return _draw(request, letter, body=body)


def spec_of(at: datetime) -> tuple[ListSpec, dict[str, int]]:
    sources = {each.source.name: each.source.id for each in ingest.list_sources(at=at)}
    codes = log.count_letters_by(column="error_code")
    spec = LETTERS.with_choices(
        source=[Choice(name, name, is_data=True) for name in sources],
        code=[
            Choice(code, reason_of(code, {}), count, is_data=True) for code, count in codes.items()
        ],
    )
    return spec, sources


def query_of(
    state: ListState, sources: Mapping[str, int], *, at: datetime, zone: ZoneInfo
) -> LetterQuery:
    said = state.filters
    span = state.span("since", at=at, zone=zone)
    return LetterQuery(
        state=said.get("state", "open"),
        kind=said.get("kind", ""),
        source_id=sources.get(said.get("source", "")),
        error_code=said.get("code", ""),
        since=span.since,
        until=span.until,
    )


def _row(each: DeadLetter, sources: Mapping[int, str], person: Named | None) -> ListRow:
    hidden = gettext("a member of another store")
    word = operations.LETTER_STATES[each.state]
    return ListRow(
        str(each.id),
        {
            "created_at": Cell.moment(each.created_at),
            "reason": Cell.text(reason_of(each.error_code, each.error_facts)),
            "kind": Cell.text(gettext(operations.LETTER_KINDS[each.kind]), each.consumer),
            "source": Cell.text(sources.get(each.source_id or 0, "")),
            "member": person_cell(person, each.member_id, hidden),
            "attempts": Cell.number(each.attempts),
            "state": Cell.status(word.tone, gettext(word.title)),  # type: ignore[arg-type]
            "code": Cell.code(each.error_code),
            "id": Cell.code(str(each.id)),
        },
        reverse("console-dead-letter", args=[each.id]),
        member_ids=members_in(person, each.member_id),
    )


def _get(letter_id: int) -> DeadLetter:
    if not 0 < letter_id < 2**63:
        raise DeadLetterMissing
    return log.get_dead_letter(letter_id=letter_id)


def _draw(request: HttpRequest, letter: DeadLetter, *, body: str | None) -> HttpResponse:
    at, actor = clock.met(request), actor_of(request)
    word = operations.LETTER_STATES[letter.state]
    here = reverse("console-dead-letter", args=[letter.id])
    may_reveal = actor.may("members.reveal") and letter.kind != "event" and letter.state == "open"
    sections = [
        Section(
            title=gettext("Why it was rejected"),
            text=reason_of(letter.error_code, letter.error_facts),
            tone="bad",
            pairs=[(name, Cell.code(str(value))) for name, value in letter.error_facts.items()],
        )
    ]
    if body is not None:
        sections.append(
            Section(title=gettext("What it holds"), pre=body, purpose=gettext("shown for a moment"))
        )
    sections.append(_origin(letter, actor, at=at))
    return draw_sections(
        request,
        heading=gettext("Rejected row %(number)s") % {"number": letter.id},
        purpose=gettext(operations.LETTER_KINDS[letter.kind]),
        status=Cell.status(word.tone, gettext(word.title)),  # type: ignore[arg-type]
        crumbs=[Crumb(gettext("Rejected rows"), reverse("console-dead-letters"))],
        facts=[
            Fact(gettext("Code"), letter.error_code),
            Fact(gettext("Attempts"), whole(letter.attempts)),
        ],
        sections=sections,
        at=at,
        template="console/letter.html",
        extra={
            "letter": letter,
            "acts": letter.state == "open" and actor.may(ACT),
            "is_refund": letter.error_code == "ingest.order_missing",
            "look_reasons": operations.LOOK_REASONS.items() if may_reveal else (),
            "reveal_seconds": wording.REVEAL_SECONDS,
            "is_revealed": body is not None,
            "here": here,
            "personal": body is not None,
        },
    )


def _origin(letter: DeadLetter, actor: Actor, *, at: datetime) -> Section:
    sources = {each.source.id: each.source for each in ingest.list_sources(at=at)}
    source = sources.get(letter.source_id or 0)
    batches = ingest.public_ids_of(batch_ids=[letter.batch_id] if letter.batch_id else [])
    person = people_of(actor, [letter.member_id]).get(letter.member_id or 0)
    batch, event = batches.get(letter.batch_id or 0), letter.event_id
    hidden = gettext("a member of another store")
    return Section(
        title=gettext("Where it comes from"),
        pairs=[
            (gettext("Since"), Cell.moment(letter.created_at)),
            (gettext("Settled"), Cell.moment(letter.settled_at)),
            (
                gettext("Data source"),
                way_cell(actor, "sources.manage", source.name, "console-source", source.public_id)
                if source
                else Cell.dash(),
            ),
            (
                gettext("Import"),
                way_cell(actor, "imports.run", gettext("Open the import"), "console-import", batch)
                if batch
                else Cell.dash(),
            ),
            (
                gettext("Event"),
                way_cell(actor, "operations.read", str(event or ""), "console-event", event),
            ),
            (gettext("Member"), person_cell(person, letter.member_id, hidden)),
        ],
        aside=True,
    )


LISTINGS = (Listing(spec=LETTERS, permission=READ, open=_open, is_whole=True),)
ROUTES: tuple[URLPattern, ...] = (
    path("console/dead-letters", list_letters, name="console-dead-letters"),
    path("console/dead-letters/<int:letter_id>", show_letter, name="console-dead-letter"),
    path(
        "console/dead-letters/<int:letter_id>/reveal",
        reveal_letter,
        name="console-dead-letter-reveal",
    ),
)
