"""Sources as pages: their health, one with its address and secrets, what it delivered."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from regulars.access.domain import Actor
from regulars.console.domain import operations
from regulars.console.domain.cells import Cell, Empty, Fact, ListRow, PageAction
from regulars.console.domain.formatting import MISSING, ago, whole
from regulars.console.domain.listings import Listing, Opened, Part, Reader
from regulars.console.domain.lists import Choice, Column, Filter, ListSpec, read_state
from regulars.console.domain.navigation import Crumb
from regulars.console.domain.sections import Heading, Section
from regulars.console.pages.drawing import actor_of, house_zone, language_of
from regulars.console.pages.lists import draw_list, draw_opened, reader_of
from regulars.console.pages.sections import demand_whole_house, draw_sections, reason_of
from regulars.ingest import selectors as ingest
from regulars.ingest.domain import SourceKind, SourceState
from regulars.ingest.selectors import Backlog, DeliveryLine
from regulars.kit.messages import message
from regulars.web import clock
from regulars.web.pages import page

MANAGE = "sources.manage"
NEWEST = 10
SHOWN = ("received_at", "state", "rows", "outcome", "error")

SOURCES = ListSpec(
    name="sources",
    url_name="console-sources",
    title=message("Sources"),
    purpose=message("The systems that send facts here: files, callers of the API, webhooks."),
    columns=(
        Column("name", message("Source name")),
        Column("kind", message("Kind")),
        Column("health", message("Health")),
        Column("seen_at", message("Last heard")),
        Column("waiting", message("Waiting"), numeric=True, help=message("Taken, not applied yet")),
        Column("applied", message("Applied"), numeric=True),
        Column("refused", message("Refused"), numeric=True),
        Column("letters", message("Rejected"), numeric=True),
        Column("zone", message("Zone"), hidden=True),
        Column("currency", message("Currency"), hidden=True),
    ),
    filters=(
        Filter(
            "kind",
            message("Kind"),
            choices=tuple(Choice(code, title) for code, title in operations.SOURCE_KINDS.items()),
        ),
        Filter("failing", message("Last delivery failed"), kind="flag"),
    ),
    sort="name",
    export="sources",
)
DELIVERIES = ListSpec(
    name="deliveries",
    url_name="console-source-deliveries",
    title=message("Deliveries"),
    purpose=message("What the source sent, newest first, and what became of it."),
    columns=(
        Column("received_at", message("Received")),
        Column("state", message("State")),
        Column("rows", message("Rows"), numeric=True),
        Column("outcome", message("What became of them")),
        Column("error", message("Error")),
        Column("message", message("Message id")),
        Column("applied_at", message("Applied at"), hidden=True),
    ),
    filters=(
        Filter(
            "state",
            message("State"),
            choices=tuple(Choice(c, w.title) for c, w in operations.DELIVERY_STATES.items()),
        ),
    ),
    sort="-received_at",
)


@page(MANAGE)
@require_safe
def list_sources(request: HttpRequest) -> HttpResponse:
    """List the sources in use with their health."""
    reader = reader_of(request)
    demand_whole_house(reader.actor, MANAGE)
    new = reverse("console-source-new")
    return draw_opened(
        request,
        _open(reader),
        reader,
        empty=Empty(
            gettext("No source yet"),
            gettext("The first import makes one; connect a shop by a webhook or the API."),
            (PageAction(gettext("Create a source"), new),),
            "plug",
        ),
        actions=[PageAction(gettext("Create a source"), new, "plus", is_primary=True)],
    )


def _open(reader: Reader) -> Opened:
    state = read_state(SOURCES, reader.params)
    backlogs = ingest.backlogs()
    found = [
        each
        for each in ingest.list_sources(at=reader.at)
        if state.filters.get("kind", each.source.kind.value) == each.source.kind.value
        and (not state.is_on("failing") or _is_failing(each))
    ]
    rows = [_row(each, backlogs) for each in found]  # a house has a handful
    return Opened(state=state, read=lambda _cursor, _size: Part(rows), total=lambda: len(rows))


@page(MANAGE)
@require_safe
def show_source(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Show one source: health, address, secrets by their last characters, newest deliveries."""
    at, actor = clock.met(request), actor_of(request)
    demand_whole_house(actor, MANAGE)
    found = ingest.get_source_state(public_id=public_id, at=at)
    source = found.source
    is_webhook = source.kind is SourceKind.WEBHOOK
    backlog = ingest.backlogs().get(source.id, Backlog(0, None))
    language, zone = language_of(), house_zone()
    sections = [_counts(found, actor)]
    if is_webhook:
        sections = [
            _deliveries(found),
            *sections,
            _address(request, found),
            _secrets(found, at),
        ]
    sections.append(_settings(found))
    rotate = reverse("console-source-rotate", args=[public_id])
    why_not = "" if is_webhook else gettext("Only a source that calls us by webhook has a secret.")
    actions = [PageAction(gettext("Exchange the secret"), rotate, "key-round", why_not=why_not)]
    seen = ago(found.seen_at, now=at, zone=zone, language=language)
    lag = ago(backlog.oldest_at, now=at, zone=zone, language=language)
    failed = ago(found.failed_at, now=at, zone=zone, language=language) if found.failed_at else ""
    return draw_sections(
        request,
        heading=source.name,
        purpose=gettext(operations.SOURCE_KINDS[source.kind.value]),
        status=_health(found),
        crumbs=[Crumb(gettext("Sources"), reverse("console-sources"))],
        facts=[
            Fact(gettext("Last heard"), seen),
            Fact(gettext("Waiting"), whole(backlog.waiting)),
            Fact(gettext("Oldest that waits"), lag),
            Fact(gettext("Last error"), _error(found) or MISSING, failed),
        ],
        actions=actions,
        sections=sections,
        at=at,
        zone=zone,
    )


@page(MANAGE)
@require_safe
def list_deliveries(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """List what a source delivered, newest first; with `state=failed`, what could not be read."""
    at, actor = clock.met(request), actor_of(request)
    demand_whole_house(actor, MANAGE)
    found = ingest.get_source_state(public_id=public_id, at=at)
    state = read_state(DELIVERIES, request.GET)
    lines = ingest.list_deliveries(
        source=found.source,
        state=state.filters.get("state", ""),
        cursor=state.cursor or None,
        limit=state.size,
    )
    here = reverse("console-source", args=[public_id])
    return draw_list(
        request,
        DELIVERIES,
        state,
        [ListRow(str(line.id), _delivery_cells(line)) for line in lines.lines],
        next_cursor=lines.next_cursor,
        zone=house_zone(),
        at=at,
        empty=Empty(
            gettext("Nothing was delivered yet"),
            gettext("Give the address and the secret to the system that sends."),
            icon="plug",
        ),
        crumbs=[
            Crumb(gettext("Sources"), reverse("console-sources")),
            Crumb(found.source.name, here),
            Crumb(gettext("Deliveries")),
        ],
        extra={"stopped": lines.stopped},
        template="console/list_sought.html",
    )


def address_of(request: HttpRequest, public_id: UUID) -> str:
    """Answer the address a webhook posts to, as the outside reaches us."""
    base = settings.PUBLIC_URL or request.build_absolute_uri("/")
    return f"{base.rstrip('/')}{reverse('ingest-webhook', args=[public_id])}"


def _is_failing(found: SourceState) -> bool:
    return found.failed_at is not None and found.failed_at == found.seen_at


def _health(found: SourceState) -> Cell:
    if found.seen_at is None:
        return Cell.status("mute", gettext("never heard"))
    if _is_failing(found):
        return Cell.status("bad", gettext("last delivery failed"))
    return Cell.status("ok", gettext("delivers"))


def _error(found: SourceState) -> str:
    return reason_of(found.error_code, {}) if found.error_code else ""


def _row(found: SourceState, backlogs: Mapping[int, Backlog]) -> ListRow:
    source, counts = found.source, found.counts
    backlog = backlogs.get(source.id, Backlog(0, None))
    return ListRow(
        str(source.public_id),
        {
            "name": Cell.text(source.name),
            "kind": Cell.text(gettext(operations.SOURCE_KINDS[source.kind.value])),
            "health": _health(found),
            "seen_at": Cell.moment(found.seen_at),
            "waiting": Cell.number(backlog.waiting),
            "applied": Cell.number(counts["applied"] + counts["exists"]),
            "refused": Cell.number(counts["refused"]),
            "letters": Cell.number(counts["dead_letter"]),
            "zone": Cell.text(source.zone),
            "currency": Cell.text(source.currency),
        },
        reverse("console-source", args=[source.public_id]),
    )


def _counts(found: SourceState, actor: Actor) -> Section:
    actions = []
    if actor.may("dead_letters.read"):
        href = f"{reverse('console-dead-letters')}?source={found.source.name}"
        actions.append(PageAction(gettext("Rejected rows of this source"), href, "mail-x"))
    return Section(
        title=gettext("Rows so far"),
        pairs=[
            (gettext(operations.OUTCOMES[code]), Cell.number(count))
            for code, count in found.counts.items()
        ],
        actions=actions,
        aside=found.source.kind is SourceKind.WEBHOOK,
    )


def _settings(found: SourceState) -> Section:
    source = found.source
    completion = (
        gettext("yes") if source.reports_completion else gettext("no, points wait from payment")
    )
    return Section(
        title=gettext("What it means"),
        pairs=(
            (gettext("Zone of times without one"), Cell.text(source.zone)),
            (gettext("Currency of amounts without one"), Cell.text(source.currency)),
            (gettext("Reports completion"), Cell.text(completion)),
            (gettext("Public id"), Cell.code(str(source.public_id))),
        ),
        aside=True,
    )


def _address(request: HttpRequest, found: SourceState) -> Section:
    return Section(
        title=gettext("Address"),
        purpose=gettext("Signed by the Standard Webhooks rules"),
        pre=address_of(request, found.source.public_id),
    )


def _secrets(found: SourceState, at: datetime) -> Section:
    secrets = ingest.list_secrets(source=found.source, at=at)
    return Section(
        title=gettext("Secrets"),
        purpose=gettext("Shown once, when made; here only by their last characters"),
        headings=(
            Heading(gettext("Ends in")),
            Heading(gettext("Since")),
            Heading(gettext("Valid until")),
        ),
        rows=[
            (
                Cell.code(f"…{each.tail}"),
                Cell.moment(each.created_at),
                _until(each.retires_at),
            )
            for each in secrets
        ],
        text="" if secrets else gettext("No secret signs now: nothing is accepted."),
    )


def _until(at: datetime | None) -> Cell:
    return Cell.text(gettext("until exchanged")) if at is None else Cell.moment(at)


def _deliveries(found: SourceState) -> Section:
    lines = ingest.list_deliveries(source=found.source, limit=NEWEST).lines
    href = reverse("console-source-deliveries", args=[found.source.public_id])
    return Section(
        title=gettext("Newest deliveries"),
        headings=(
            Heading(gettext("Received")),
            Heading(gettext("State")),
            Heading(gettext("Rows"), numeric=True),
            Heading(gettext("What became of them")),
            Heading(gettext("Error")),
        ),
        rows=[
            tuple(
                _delivery_cells(line)[c]
                for c in ("received_at", "state", "rows", "outcome", "error")
            )
            for line in lines
        ],
        text="" if lines else gettext("Nothing was delivered yet."),
        actions=[
            PageAction(gettext("Failures"), f"{href}?state=failed", "circle-alert"),
            PageAction(gettext("All deliveries"), href, "list"),
        ],
    )


def _delivery_cells(line: DeliveryLine) -> dict[str, Cell]:
    word = operations.DELIVERY_STATES[line.state]
    told = [
        f"{gettext(operations.OUTCOMES.get(code, code))} {whole(count)}"
        for code, count in line.counts.items()
        if count
    ]
    return {
        "received_at": Cell.moment(line.received_at),
        "state": Cell.status(word.tone, gettext(word.title)),  # type: ignore[arg-type]
        "rows": Cell.number(line.rows_done),
        "outcome": Cell.text(" · ".join(told)),
        "error": Cell.text(reason_of(line.error_code, {}) if line.error_code else ""),
        "message": Cell.code(line.message_id),
        "applied_at": Cell.moment(line.applied_at),
    }


LISTINGS = (Listing(spec=SOURCES, permission=MANAGE, open=_open, is_whole=True),)
ROUTES: tuple[URLPattern, ...] = (
    path("console/sources", list_sources, name="console-sources"),
    path("console/sources/<uuid:public_id>", show_source, name="console-source"),
    path(
        "console/sources/<uuid:public_id>/deliveries",
        list_deliveries,
        name="console-source-deliveries",
    ),
)
