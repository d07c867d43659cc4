"""The list of members: who they are, what they bought, what they have earned."""

from datetime import datetime
from zoneinfo import ZoneInfo

from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from regulars.access import selectors as access
from regulars.access.domain import Scope
from regulars.console.domain import formatting
from regulars.console.domain.lists import (
    Approximate,
    Cell,
    Choice,
    Column,
    Empty,
    Filter,
    ListRow,
    ListSpec,
    ListState,
    PageAction,
    TabLink,
    read_state,
)
from regulars.console.domain.members import MemberRow
from regulars.console.pages.drawing import actor_of, address_of, language_of
from regulars.console.pages.lists import draw_list
from regulars.console.selectors import lists, tiers
from regulars.console.selectors.tiers import Rung
from regulars.kit.messages import message
from regulars.loyalty import selectors as loyalty
from regulars.members import selectors as members
from regulars.members.domain import MemberQuery
from regulars.members.selectors import figures
from regulars.web import clock
from regulars.web.pages import page

COUNT_SECONDS = 60
APPROXIMATE_FROM = 10_000

MEMBERS = ListSpec(
    name="members",
    url_name="console-members",
    title=message("Members"),
    purpose=message(
        "Find a member, and see who they are, what they bought and what they have earned."
    ),
    columns=(
        Column("member", message("Member")),
        Column("tier", message("Tier")),
        Column("last_order", message("Last order")),
        Column("spend", message("Spend, 12 months"), numeric=True),
        Column("orders", message("Orders"), numeric=True),
        Column("points", message("Points available"), numeric=True),
        Column("home_store", message("Home store")),
        Column("joined", message("Joined")),
        Column("number", message("Member number"), hidden=True),
    ),
    filters=(
        Filter("tier", message("Tier")),
        Filter("store", message("Home store")),
    ),
    sort="-joined",
    export="members",
    is_personal=True,
)


@page("members.read")
@require_safe
def list_members(request: HttpRequest) -> HttpResponse:
    """List members within the reader's scope, narrowed and ordered by the address."""
    at, language, actor = clock.met(request), language_of(), actor_of(request)
    scope = actor.scope_for("members.read")
    programme = loyalty.get_programme()
    rungs = tiers.list_rungs(programme, at=at, language=language)
    stores = access.list_stores(scope)
    spec = MEMBERS.with_choices(
        tier=[Choice(rung.code, rung.mark.name, is_data=True) for rung in rungs[1:]],
        store=[Choice(each.code, each.name, is_data=True) for each in stores],
    )
    state = read_state(spec, request.GET)
    shown = lists.list_rows(
        scope=scope,
        query=_query(state, {each.code: each.id for each in stores}),
        cursor=state.cursor or None,
        size=state.size,
        at=at,
        rungs=rungs,
    )
    counts = _counts(scope)
    return draw_list(
        request,
        spec,
        state,
        [_row(row, at=at, language=language, zone=programme.tz) for row in shown.rows],
        next_cursor=shown.next_cursor,
        total=_total(state, counts),
        zone=programme.tz,
        at=at,
        empty=_empty(scope, may_import=actor.may("imports.run")),
        tabs=_tabs(state, rungs[1:], counts),
        template="console/members.html",
    )


def _row(row: MemberRow, *, at: datetime, language: str, zone: ZoneInfo) -> ListRow:
    href = reverse("console-member", args=[row.public_id])
    owes = gettext("owes %(points)s") % {"points": formatting.whole(row.owed)}
    return ListRow(
        id=str(row.public_id),
        href=href,
        cells={
            "member": Cell.person(row.name or row.number, row.phone, href),
            "tier": Cell.tier(row.tier.level, row.tier.name) if row.tier else Cell.dash(),
            "last_order": Cell.text(
                formatting.ago(row.last_order_at, now=at, zone=zone, language=language)
            ),
            "spend": Cell.money(row.spent_minor, row.currency),
            "orders": Cell.number(row.orders),
            "points": Cell.text(owes) if row.owed else Cell.points(row.points),
            "home_store": Cell.text(row.home_store),
            "joined": Cell.day(row.joined_at),
            "number": Cell.code(row.number),
        },
    )


def _query(state: ListState, store_ids: dict[str, int]) -> MemberQuery:
    store = state.filters.get("store", "")
    return MemberQuery(
        tier=state.filters.get("tier", ""),
        store_ids=(store_ids[store],) if store else (),
    )


def _total(state: ListState, counts: dict[str, int]) -> int | Approximate | None:
    """Answer the count where it is known without counting: all members, or those of a tier."""
    if set(state.filters) - {"tier"}:
        return None
    known = counts.get(state.filters.get("tier", ""), 0)
    return known if known < APPROXIMATE_FROM else Approximate(known)


def _counts(scope: Scope) -> dict[str, int]:
    """Count members by tier, and all under the empty code; remembered for a minute."""
    key = f"console.counts.{hash(scope)}"
    counts: dict[str, int] | None = cache.get(key)
    if counts is None:
        counts = figures.count_by_tier(scope=scope)
        counts[""] = members.count_members(scope=scope)
        cache.set(key, counts, COUNT_SECONDS)
    return counts


def _tabs(state: ListState, rungs: list[Rung], counts: dict[str, int]) -> list[TabLink]:
    here, chosen = reverse("console-members"), state.filters.get("tier", "")
    tabs = [
        TabLink(
            title,
            f"{here}?{state.query(without=('view',), tier=code) or 'view=all'}",
            is_current=code == chosen and not state.view,
            count=counts.get(code, 0) if code else None,
        )
        for code, title in [
            ("", gettext("All")),
            *((rung.code, rung.mark.name) for rung in rungs),
        ]
    ]
    return tabs if rungs else []


def _empty(scope: Scope, *, may_import: bool) -> Empty:
    if not scope.everything:
        return Empty(
            gettext("No member in your stores yet"),
            gettext(
                "You see the members of your stores and your own. A member of another store is"
                " found by exact phone or card."
            ),
            icon="store",
        )
    wizard = address_of("console-import-new") if may_import else ""
    actions = (PageAction(gettext("Import members"), wizard, "upload"),) if wizard else ()
    return Empty(
        gettext("Nobody is here yet"),
        gettext(
            "Bring in a member file and an order file, or send them over the API. Members, points"
            " and tiers appear here at once."
        ),
        actions,
    )


ROUTES: tuple[URLPattern, ...] = (path("console/members", list_members, name="console-members"),)
