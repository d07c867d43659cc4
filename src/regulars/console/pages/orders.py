"""The pages of orders: the list, and one order with all its parts."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from regulars.access import selectors as access
from regulars.access.domain import Actor
from regulars.commerce import selectors as commerce
from regulars.commerce.domain import OrderView
from regulars.console.domain import wording
from regulars.console.domain.cells import Approximate, Cell, Empty, ListRow, PageAction
from regulars.console.domain.lists import ListState, read_state
from regulars.console.pages.drawing import actor_of, draw, house_zone, language_of, teller_of
from regulars.console.pages.lists import draw_list
from regulars.console.pages.sections import STORES_MAX, href_of, people_of, person_cell
from regulars.console.selectors import orders
from regulars.loyalty import selectors as loyalty
from regulars.members.selectors import Named
from regulars.web import clock
from regulars.web.pages import page
from regulars.web.seeking import Counted

CHANNELS_SECONDS = 60


@page("orders.read")
@require_safe
def list_orders(request: HttpRequest) -> HttpResponse:
    """List the orders of the stores in scope, newest first."""
    at, actor, zone = clock.met(request), actor_of(request), house_zone()
    scope = actor.scope_for("orders.read")
    stores = access.list_stores(scope, limit=STORES_MAX)
    spec = orders.spec_for(stores, channels=_channels())
    state = read_state(spec, request.GET)
    query = orders.query_of(state, stores, at=at, zone=zone)
    found = commerce.list_orders_matching(
        scope=scope, query=query, cursor=state.cursor or None, limit=state.size
    )
    people = people_of(actor, (order.member_id for order in found.items))
    return draw_list(
        request,
        spec,
        state,
        _rows(found.items, people, {store.id: store.name for store in stores}),
        next_cursor=found.next_cursor,
        total=total_of(commerce.count_orders_matching(scope=scope, query=query), state),
        zone=zone,
        at=at,
        empty=_empty(actor),
        extra={"stopped": found.stopped},
        template="console/list_sought.html",
    )


@page("orders.read")
@require_safe
def order(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Show an order with its lines, amounts, payments, refunds, and what it earned."""
    at, actor = clock.met(request), actor_of(request)
    programme = loyalty.get_programme()
    found = orders.get_order(
        public_id=public_id,
        scope=actor.scope_for("orders.read"),
        members_scope=actor.scope_for("members.read"),
        at=at,
        programme=programme,
        teller=teller_of(programme, language=language_of(), at=at),
    )
    shows_awards = actor.may("points.read")
    context = {
        "order": found,
        "shows_awards": shows_awards,
        "now": at,
        "personal": True,
        "source_href": href_of("console-source", found.source_id)
        if actor.may("sources.manage") and found.source_id
        else "",
        "import_href": href_of("console-import", found.batch)
        if actor.may("imports.run") and found.batch
        else "",
    }
    return draw(request, "console/order.html", context, zone=programme.tz)


def total_of(counted: Counted, state: ListState) -> int | Approximate | None:
    """Answer the total a list shows: exact, or about as many where nothing narrows it."""
    if counted.is_exact:
        return counted.rows
    return None if state.filters else Approximate(counted.rows)


def _channels() -> list[str]:
    """Answer the channels there are, looked up now and then: a new one is rare."""
    return cache.get_or_set("console.channels", commerce.list_channels, CHANNELS_SECONDS) or []


def _rows(
    found: Sequence[OrderView], people: dict[int, Named], stores: dict[int, str]
) -> Iterable[ListRow]:
    hidden = gettext("a member of another store")
    for each in found:
        word = wording.ORDER_STATES[each.state]
        tone = "mute" if word.tone == "off" else word.tone
        channel = wording.CHANNELS.get(each.channel, each.channel)
        yield ListRow(
            str(each.public_id),
            {
                "number": Cell.text(each.number),
                "paid_at": Cell.moment(each.paid_at),
                "state": Cell.status(tone, gettext(word.title)),  # type: ignore[arg-type]
                "member": person_cell(people.get(each.member_id or 0), each.member_id, hidden),
                "store": Cell.text(stores.get(each.store_id or 0, each.store_code)),
                "channel": Cell.text(gettext(channel) if channel else ""),
                "goods": Cell.money(each.goods_paid_minor, each.currency),
                "refunded": Cell.money(-each.refunded_minor, each.currency)
                if each.refunded_minor
                else Cell.dash(),
                "net": Cell.money(each.net_minor, each.currency),
                "lines": Cell.number(each.lines_count),
                "recorded_at": Cell.moment(each.recorded_at),
            },
            reverse("console-order", args=[each.public_id]),
        )


def _empty(actor: Actor) -> Empty:
    actions: tuple[PageAction, ...] = ()
    href = href_of("console-import-new")
    if href and actor.may("imports.run"):
        actions = (PageAction(gettext("Import a file"), href, "upload"),)
    return Empty(
        gettext("No orders yet"),
        gettext("Orders come in by file, by API or by a source that calls us."),
        actions,
        "receipt",
    )


ROUTES: tuple[URLPattern, ...] = (
    path("console/orders", list_orders, name="console-orders"),
    path("console/orders/<uuid:public_id>", order, name="console-order"),
)
