"""The ledger across members: every movement with its sums, and one movement with its two sides."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from regulars.access import selectors as access
from regulars.access.domain import Actor, Store
from regulars.console.domain import operations, wording
from regulars.console.domain.cells import Cell, Empty, Fact, ListRow
from regulars.console.domain.formatting import signed, whole
from regulars.console.domain.listings import Listing, Opened, Part, Reader, Total
from regulars.console.domain.lists import Choice, Column, Filter, ListSpec, ListState, read_state
from regulars.console.domain.navigation import Crumb
from regulars.console.domain.sections import Section
from regulars.console.pages.drawing import actor_of
from regulars.console.pages.lists import draw_opened, reader_of
from regulars.console.pages.sections import (
    STORES_MAX,
    draw_sections,
    href_of,
    members_in,
    people_of,
    person_cell,
)
from regulars.kit.messages import message
from regulars.ledger import selectors as ledger
from regulars.ledger.domain import (
    Currency,
    Movement,
    MovementQuery,
    MovementTotals,
    TransferKind,
    TransferMissing,
)
from regulars.members.selectors import Named
from regulars.web import clock
from regulars.web.pages import page

OPERATORS_SECONDS = 60
REASON_DIGITS_MAX = 4

STATEMENT = ListSpec(
    name="ledger",
    url_name="console-ledger",
    title=message("Points statement"),
    purpose=message("Every movement of every member, and what the movements add up to."),
    columns=(
        Column("recorded_at", message("Booked")),
        Column("kind", message("Movement")),
        Column("member", message("Member")),
        Column("amount", message("Amount"), numeric=True),
        Column("counterpart", message("Other side")),
        Column("store", message("Store")),
        Column("operator", message("Operator")),
        Column("reason", message("Reason code"), hidden=True),
        Column("occurred_at", message("Happened"), hidden=True),
        Column("seq", message("Number"), hidden=True),
    ),
    filters=(
        Filter(
            "currency",
            message("Currency"),
            choices=tuple(
                Choice(each.name.lower(), wording.CURRENCIES[each.name.lower()])
                for each in Currency
            ),
        ),
        Filter(
            "kind",
            message("Movement"),
            choices=tuple(
                Choice(each.name.lower(), wording.TRANSFER_KINDS[each.name.lower()])
                for each in TransferKind
            ),
        ),
        Filter("store", message("Store")),
        Filter("booked", message("Booked"), kind="days"),
        Filter("reason", message("Reason code"), kind="text"),
        Filter("operator", message("Operator")),
    ),
    sort="-recorded_at",
    export="ledger",
    is_personal=True,
)


@page("points.read")
@require_safe
def show_statement(request: HttpRequest) -> HttpResponse:
    """List the movements of the stores in scope, newest first, with their sums."""
    reader = reader_of(request)
    opened, query, sums = _open_with_sums(reader)
    totals = sums()
    return draw_opened(
        request,
        opened,
        reader,
        empty=Empty(
            gettext("No movement yet"),
            gettext("Points move with the first paid order, or with opening balances."),
            icon="coins",
        ),
        extra={
            "totals": totals,
            "total_lines": _lines(totals),
            "is_first": not opened.state.cursor,
            "currency_title": wording.CURRENCIES[query.currency.name.lower()],
        },
        template="console/statement.html",
    )


def _open(reader: Reader) -> Opened:
    return _open_with_sums(reader)[0]


def _open_with_sums(
    reader: Reader,
) -> tuple[Opened, MovementQuery, Callable[[], MovementTotals | None]]:
    """Open the list of movements, and say how they are summed: once, for the page and its total."""
    scope = reader.actor.scope_for("points.read")
    stores = access.list_stores(scope, limit=STORES_MAX)
    operators = _operators()
    spec = STATEMENT.with_choices(
        store=[Choice(store.code, store.name, is_data=True) for store in stores],
        operator=[Choice(str(each), name, is_data=True) for each, name in operators.items()],
    )
    state = read_state(spec, reader.params)
    query = _query(state, stores, at=reader.at, zone=reader.zone)
    names = {store.id: store.name for store in stores}

    def read(cursor: str | None, size: int) -> Part:
        found = ledger.list_movements(scope=scope, query=query, cursor=cursor, limit=size)
        people = people_of(reader.actor, (each.member_id for each in found.movements))
        rows = list(_rows(found.movements, people, names, operators))
        return Part(rows, found.next_cursor, found.stopped)

    @lru_cache(maxsize=1)
    def sums() -> MovementTotals | None:
        return ledger.sum_movements(scope=scope, query=query)

    def total() -> Total:
        totals = sums()
        return None if totals is None else totals.transfers

    return Opened(state=state, read=read, total=total), query, sums


@page("points.read")
@require_safe
def show_movement(request: HttpRequest, seq: int) -> HttpResponse:
    """Show one movement: its two sides, what caused it, what it takes back."""
    at, actor = clock.met(request), actor_of(request)
    scope = actor.scope_for("points.read")
    found = ledger.get_movement(seq=seq, scope=scope) if seq < 2**63 else None
    if found is None:
        raise TransferMissing
    person = people_of(actor, [found.member_id]).get(found.member_id or 0)
    hidden = gettext("a member of another store")
    kind = gettext(wording.TRANSFER_KINDS[found.kind.name.lower()])
    return draw_sections(
        request,
        heading=gettext("Movement %(number)s") % {"number": found.seq},
        purpose=kind,
        crumbs=[Crumb(gettext("Points statement"), reverse("console-ledger"))],
        facts=[
            Fact(gettext("Amount"), signed(found.amount) if found.amount else whole(found.moved)),
            Fact(gettext("Currency"), gettext(wording.CURRENCIES[found.currency.name.lower()])),
        ],
        sections=[
            Section(
                title=gettext("Two sides"),
                purpose=gettext("What one side gives, the other gets: nothing is made or lost."),
                pairs=(
                    (gettext("Member"), person_cell(person, found.member_id, hidden)),
                    (gettext("From"), Cell.text(_side(found.debit_id, found))),
                    (gettext("To"), Cell.text(_side(found.credit_id, found))),
                ),
            ),
            _circumstances(found, actor),
        ],
        at=at,
    )


def _circumstances(found: Movement, actor: Actor) -> Section:
    event = href_of("console-event", found.event_id) if found.event_id else ""
    stores = access.stores_by_id([found.store_id] if found.store_id else [])
    place = stores.get(found.store_id or 0)
    operator = found.actor_id
    operators = access.names_of([operator] if operator is not None and operator > 0 else [])
    may_look = bool(event) and actor.may("operations.read")
    return Section(
        title=gettext("Circumstances"),
        pairs=(
            (gettext("Happened"), Cell.moment(found.occurred_at)),
            (gettext("Booked"), Cell.moment(found.recorded_at)),
            (gettext("Store"), Cell.text(place.name if place else "")),
            (gettext("Operator"), Cell.text(_operator(found.actor_id, operators))),
            (gettext("Reason code"), _reason(found.reason_code)),
            (
                gettext("Event"),
                Cell.link(str(found.event_id), event)
                if may_look
                else Cell.text(str(found.event_id or "")),
            ),
            (gettext("Takes back"), Cell.code(str(found.reverses or ""))),
            (gettext("Transfer"), Cell.code(str(found.id))),
        ),
        aside=True,
    )


def _query(
    state: ListState, stores: Sequence[Store], *, at: datetime, zone: ZoneInfo
) -> MovementQuery:
    said = state.filters
    span = state.span("booked", at=at, zone=zone)
    ids = {store.code: store.id for store in stores}
    reason = said.get("reason", "")
    is_code = reason.isascii() and reason.isdigit() and len(reason) <= REASON_DIGITS_MAX
    return MovementQuery(
        currency=Currency[said.get("currency", "points").upper()],
        kind=TransferKind[said["kind"].upper()] if "kind" in said else None,
        store_id=ids.get(said.get("store", "")),
        reason_code=int(reason) if is_code else None,
        actor_id=int(said["operator"]) if "operator" in said else None,
        since=span.since,
        until=span.until,
    )


def _operators() -> dict[int, str]:
    """Answer the staff by id, for a filter; looked up now and then, a new name is rare."""
    return cache.get_or_set("console.operators", _read_operators, OPERATORS_SECONDS) or {}


def _read_operators() -> dict[int, str]:
    return {each.id: each.name for each in access.list_staff(limit=STORES_MAX)}


def _rows(
    found: Sequence[Movement],
    people: Mapping[int, Named],
    stores: Mapping[int, str],
    operators: Mapping[int, str],
) -> Iterable[ListRow]:
    hidden = gettext("a member of another store")
    for each in found:
        href = reverse("console-ledger-movement", args=[each.seq])
        person = people.get(each.member_id or 0)
        yield ListRow(
            str(each.seq),
            {
                "recorded_at": Cell.moment(each.recorded_at),
                "kind": Cell.text(gettext(wording.TRANSFER_KINDS[each.kind.name.lower()])),
                "member": person_cell(person, each.member_id, hidden),
                "amount": Cell.points(each.amount, signed=True)
                if each.counterpart is not None
                else Cell.number(each.moved, gettext("between members")),
                "counterpart": Cell.text(_counterpart(each)),
                "store": Cell.text(stores.get(each.store_id or 0, "")),
                "operator": Cell.text(_operator(each.actor_id, operators)),
                "reason": _reason(each.reason_code),
                "occurred_at": Cell.moment(each.occurred_at),
                "seq": Cell.code(str(each.seq)),
            },
            href,
            member_ids=members_in(person, each.member_id),
        )


def _counterpart(found: Movement) -> str:
    kind = found.counterpart
    if kind is None:
        return gettext("another member")
    return gettext(operations.HOUSE_ACCOUNTS[kind.name.lower()])


def _side(account_id: int, found: Movement) -> str:
    return gettext("Member") if account_id > 0 else _counterpart(found)


def _operator(actor_id: int | None, names: Mapping[int, str]) -> str:
    if actor_id is None:
        return ""
    if actor_id < 0:
        return gettext("API key %(number)s") % {"number": -actor_id}
    return names.get(actor_id, gettext("Staff %(number)s") % {"number": actor_id})


def _reason(code: int) -> Cell:
    """Say the reasons of the console in words; those of callers are numbers of their own."""
    if str(code) in wording.ADJUST_REASONS:
        return Cell.text(gettext(wording.ADJUST_REASONS[str(code)]), str(code))
    return Cell.number(code or None)


def _lines(totals: MovementTotals | None) -> list[tuple[str, int, int, int, int]]:
    if totals is None:
        return []
    return [
        (
            gettext(wording.TRANSFER_KINDS[each.kind.name.lower()]),
            each.transfers,
            each.received,
            each.given,
            each.net,
        )
        for each in totals.kinds
    ]


LISTINGS = (Listing(spec=STATEMENT, permission="points.read", open=_open),)
ROUTES: tuple[URLPattern, ...] = (
    path("console/ledger", show_statement, name="console-ledger"),
    path("console/ledger/<int:seq>", show_movement, name="console-ledger-movement"),
)
