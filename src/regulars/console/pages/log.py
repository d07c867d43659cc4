"""The event log as pages: explored by type, time, source and member; one event with its causes."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_POST, require_safe

from regulars.access import selectors as access
from regulars.access.domain import Actor
from regulars.console import services
from regulars.console.domain import wording
from regulars.console.domain.cells import Cell, Empty, Fact, ListRow
from regulars.console.domain.listings import Listing, Opened, Part, Reader
from regulars.console.domain.lists import Choice, Column, Filter, ListSpec, ListState, read_state
from regulars.console.domain.navigation import Crumb
from regulars.console.domain.searching import plan_search
from regulars.console.domain.sections import Heading, Section
from regulars.console.domain.stories import Teller, tell
from regulars.console.pages.drawing import actor_of, language_of, teller_of
from regulars.console.pages.lists import draw_opened, reader_of
from regulars.console.pages.orders import total_of
from regulars.console.pages.sections import (
    draw_sections,
    members_in,
    people_of,
    person_cell,
    way_cell,
)
from regulars.console.selectors import house
from regulars.events import selectors as log
from regulars.events import services as events
from regulars.events.domain import Event, EventMissing
from regulars.events.selectors import LogQuery
from regulars.ingest import selectors as ingest
from regulars.kit.messages import message
from regulars.ledger import selectors as ledger
from regulars.loyalty import selectors as loyalty
from regulars.members import selectors as members
from regulars.members.domain import MemberNotFound
from regulars.members.selectors import Named
from regulars.web import clock
from regulars.web.pages import page

CAUSES_MAX = 8

EVENTS = ListSpec(
    name="events",
    url_name="console-events",
    title=message("Events"),
    purpose=message("Everything that happened, as it was written down. Nothing here is changed."),
    columns=(
        Column("recorded_at", message("Recorded")),
        Column("type", message("Type")),
        Column("told", message("What happened")),
        Column("member", message("Member")),
        Column("source", message("Data source")),
        Column("store", message("Store"), hidden=True),
        Column("occurred_at", message("Happened")),
        Column("id", message("Number"), numeric=True, hidden=True),
    ),
    filters=(
        Filter("type", message("Type")),
        Filter("source", message("Data source")),
        Filter("recorded", message("Recorded"), kind="days"),
        Filter("member", message("Member id"), kind="text"),
        Filter("import", message("Import id"), kind="text"),
    ),
    sort="-recorded_at",
    export="events",
)


@page("operations.read")
@require_safe
def list_events(request: HttpRequest) -> HttpResponse:
    """Explore the log, newest recorded first, also among ten million events."""
    reader = reader_of(request)
    return draw_opened(
        request,
        _open(reader),
        reader,
        empty=Empty(
            gettext("Nothing happened yet"),
            gettext("Every fact that comes in, and every decision taken here, becomes an event."),
            icon="activity",
        ),
        extra={"finds": reader.actor.may("members.lookup")},
        template="console/events.html",
    )


def _open(reader: Reader) -> Opened:
    at, actor = reader.at, reader.actor
    ids = {each.source.name: each.source.id for each in ingest.list_sources(at=at)}
    spec = EVENTS.with_choices(
        type=[Choice(name, name, is_data=True) for name in sorted(events.catalogue().types)],
        source=[Choice(name, name, is_data=True) for name in ids],
    )
    state = read_state(spec, reader.params)
    query = _query(state, ids, actor, at=at, zone=reader.zone)
    if query is None:
        return Opened(state=state, read=lambda _cursor, _size: Part(()), total=lambda: 0)
    names = {source_id: name for name, source_id in ids.items()}
    teller = teller_of(loyalty.get_programme(), language=language_of(), at=at)

    def read(cursor: str | None, size: int) -> Part:
        found = log.list_log(query=query, cursor=cursor, limit=size)
        people = people_of(actor, (event.member_id for event in found.events))
        rows = list(_rows(found.events, people, names, teller))
        return Part(rows, found.next_cursor, found.stopped)

    return Opened(state=state, read=read, total=lambda: total_of(log.count_log(query=query), state))


@page("operations.read")
@require_POST
def find_member_events(request: HttpRequest) -> HttpResponse:
    """Find a member by what is typed, by POST, and lead to the events of that member."""
    at, actor = clock.met(request), actor_of(request)
    text = request.POST.get("q", "").strip()
    public_id = _uuid(text)
    if public_id is None:
        found = services.look_up(search=plan_search(text), actor=actor, at=at)
        if found is None:
            raise MemberNotFound
        public_id = found.public_id
    query = urlencode({"member": str(public_id)})
    return HttpResponseRedirect(f"{reverse('console-events')}?{query}")


@page("operations.read")
@require_safe
def show_event(request: HttpRequest, event_id: int) -> HttpResponse:
    """Show one event: its facts, where it came from, what caused it and what it caused."""
    at, actor = clock.met(request), actor_of(request)
    scope = actor.scope_for("operations.read")
    found = _get(event_id)
    if not scope.covers_store(found.store_id):
        raise EventMissing
    programme = loyalty.get_programme()
    teller = teller_of(programme, language=language_of(), at=at)
    causes = _causes(found)
    effects = log.list_effects(event_id=event_id)
    people = people_of(actor, [found.member_id])
    told = tell(found, teller)
    sections = [
        Section(
            title=gettext("Facts"),
            purpose=gettext("As they were written down, version %(version)s")
            % {"version": found.version},
            pairs=[(name, Cell.code(_plain(value))) for name, value in found.facts.items()],
            text="" if found.facts else gettext("The event carries no facts."),
        ),
        _chain(gettext("What caused it"), causes, teller, gettext("Nothing here: it came in.")),
        _chain(gettext("What it caused"), effects, teller, gettext("No other event.")),
        *_outcomes(found, actor),
        _origin(found, actor, people, at=at),
    ]
    return draw_sections(
        request,
        heading=told.title or found.type,
        purpose=found.type,
        crumbs=[Crumb(gettext("Events"), reverse("console-events"))],
        facts=[Fact(gettext("Number"), str(found.id))],
        sections=sections,
        at=at,
        zone=programme.tz,
    )


def _get(event_id: int) -> Event:
    if not 0 < event_id < 2**63:
        raise EventMissing
    return log.get_event(event_id=event_id)


def _query(
    state: ListState, sources: Mapping[str, int], actor: Actor, *, at: datetime, zone: ZoneInfo
) -> LogQuery | None:
    """Answer what is asked of the log; None where it names a member or import there is not."""
    said = state.filters
    scope = actor.scope_for("operations.read")
    span = state.span("recorded", at=at, zone=zone)
    member_ids: tuple[int, ...] = ()
    if "member" in said:
        member_ids = _member_ids(said["member"])
        if not member_ids:
            return None
    batch_id = None
    if "import" in said:
        batch_id = ingest.find_batch(public_id=said["import"]).id
    return LogQuery(
        type=said.get("type", ""),
        member_ids=member_ids,
        source_id=sources.get(said.get("source", "")),
        batch_id=batch_id,
        since=span.since,
        until=span.until,
        store_ids=None if scope.everything else tuple(scope.store_ids),
    )


def _member_ids(text: str) -> tuple[int, ...]:
    public_id = _uuid(text)
    found = members.find_by_public(public_id=public_id) if public_id else None
    if found is None:
        return ()
    survivor = members.survivors(member_ids=[found])[found]
    return members.aliases(member_id=survivor)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _rows(
    found: Sequence[Event],
    people: Mapping[int, Named],
    sources: Mapping[int, str],
    teller: Teller,
) -> Iterable[ListRow]:
    hidden = gettext("a member of another store")
    stores = house.store_names(event.store_id for event in found)
    for each in found:
        person = people.get(each.member_id or 0)
        yield ListRow(
            str(each.id),
            {
                "recorded_at": Cell.moment(each.recorded_at),
                "type": Cell.code(each.type),
                "told": Cell.text(tell(each, teller).title),
                "member": person_cell(person, each.member_id, hidden),
                "source": Cell.text(sources.get(each.source_id or 0, "")),
                "store": Cell.text(stores.get(each.store_id or 0, "")),
                "occurred_at": Cell.moment(each.occurred_at),
                "id": Cell.code(str(each.id)),
            },
            reverse("console-event", args=[each.id]),
            member_ids=members_in(person, each.member_id),
        )


def _causes(event: Event) -> list[Event]:
    """Walk back to what came in from outside; waves are at most eight deep."""
    found: list[Event] = []
    cause = event.cause_id
    while cause is not None and len(found) < CAUSES_MAX:
        try:
            found.append(log.get_event(event_id=cause))
        except EventMissing:
            return found
        cause = found[-1].cause_id
    return found


def _chain(title: str, found: Sequence[Event], teller: Teller, nothing: str) -> Section:
    return Section(
        title=title,
        headings=(Heading(gettext("Event")), Heading(gettext("Type")), Heading(gettext("Number"))),
        rows=[
            (
                Cell.link(
                    tell(each, teller).title or each.type,
                    reverse("console-event", args=[each.id]),
                ),
                Cell.code(each.type),
                Cell.code(str(each.id)),
            )
            for each in found
        ],
        text="" if found else nothing,
    )


def _outcomes(event: Event, actor: Actor) -> list[Section]:
    """Answer what the event moved in the ledger, to who may see points."""
    if not actor.may("points.read"):
        return []
    scope = actor.scope_for("points.read")
    found = ledger.list_movements_of(event_id=event.id, recorded_at=event.recorded_at, scope=scope)
    if not found:
        return []
    return [
        Section(
            title=gettext("What it moved"),
            headings=(
                Heading(gettext("Movement")),
                Heading(gettext("Currency")),
                Heading(gettext("Amount"), numeric=True),
            ),
            rows=[
                (
                    Cell.link(
                        gettext(wording.TRANSFER_KINDS[each.kind.name.lower()]),
                        reverse("console-ledger-movement", args=[each.seq]),
                    ),
                    Cell.text(gettext(wording.CURRENCIES[each.currency.name.lower()])),
                    Cell.points(each.amount, signed=True),
                )
                for each in found
            ],
        )
    ]


def _origin(event: Event, actor: Actor, people: Mapping[int, Named], *, at: datetime) -> Section:
    sources = {each.source.id: each.source for each in ingest.list_sources(at=at)}
    source = sources.get(event.source_id or 0)
    stores = access.stores_by_id([event.store_id] if event.store_id else [])
    store = stores.get(event.store_id or 0)
    batches = ingest.public_ids_of(batch_ids=[event.batch_id] if event.batch_id else [])
    batch = batches.get(event.batch_id or 0)
    hidden = gettext("a member of another store")
    person = person_cell(people.get(event.member_id or 0), event.member_id, hidden)
    return Section(
        title=gettext("Where it comes from"),
        pairs=(
            (gettext("Happened"), Cell.moment(event.occurred_at)),
            (gettext("Recorded"), Cell.moment(event.recorded_at)),
            (gettext("Member"), person),
            (gettext("Store"), Cell.text(store.name if store else "")),
            (
                gettext("Data source"),
                way_cell(actor, "sources.manage", source.name, "console-source", source.public_id)
                if source
                else Cell.dash(),
            ),
            (
                gettext("Import"),
                way_cell(actor, "imports.run", str(batch), "console-import", batch)
                if batch
                else Cell.dash(),
            ),
        ),
        aside=True,
    )


def _plain(value: object) -> str:
    """Write a fact as it stands; lists and objects in short."""
    if isinstance(value, list | tuple):
        return ", ".join(_plain(each) for each in value)
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_plain(each)}" for name, each in value.items())
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    return "—" if value is None else str(value)


LISTINGS = (Listing(spec=EVENTS, permission="operations.read", open=_open),)
ROUTES: tuple[URLPattern, ...] = (
    path("console/events", list_events, name="console-events"),
    path("console/events/find", find_member_events, name="console-events-find"),
    path("console/events/<int:event_id>", show_event, name="console-event"),
)
