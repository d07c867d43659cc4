"""The list of members: who they are, what they bought, what they have earned."""

from datetime import datetime
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from regulars.access import selectors as access
from regulars.access.domain import Scope
from regulars.console import services
from regulars.console.domain import formatting
from regulars.console.domain.lists import (
    Approximate,
    Cell,
    Choice,
    Empty,
    ListRow,
    ListState,
    PageAction,
    TabLink,
    read_state,
)
from regulars.console.domain.member_list import MEMBERS, criteria_of
from regulars.console.domain.members import MemberRow
from regulars.console.domain.stretches import DEFAULT_PERIOD
from regulars.console.pages.drawing import actor_of, address_of, language_of
from regulars.console.pages.lists import draw_list
from regulars.console.selectors import narrowing, tiers
from regulars.console.selectors.tiers import Rung
from regulars.loyalty import selectors as loyalty
from regulars.web import clock
from regulars.web.pages import page

APPROXIMATE_FROM = 10_000


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
    store_ids = {each.code: each.id for each in stores}
    shown = narrowing.list_part(
        scope=scope,
        criteria=criteria_of(state, store_ids=store_ids, at=at, zone=programme.tz),
        cursor=state.cursor or None,
        size=state.size,
        at=at,
        rungs=rungs,
    )
    counts = _counts(scope, at=at, zone=programme.tz)
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
        actions=_actions(may_import=actor.may("imports.run")),
        template="console/members.html",
        extra={"looked": shown.looked},
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
            "status": Cell.status("warn", gettext("Frozen"))
            if row.is_frozen
            else Cell.status("ok", gettext("Active")),
        },
    )


def _total(state: ListState, counts: dict[str, int]) -> int | Approximate | None:
    """Answer the count where it is known without counting: all members, or those of a tier."""
    known = counts.get(state.filters.get("tier", ""))
    if known is None or set(state.filters) - {"tier"}:
        return None
    return known if known < APPROXIMATE_FROM else Approximate(known)


def _counts(scope: Scope, *, at: datetime, zone: ZoneInfo) -> dict[str, int]:
    """Answer how many members there are by tier, and all under the empty code, as counted last."""
    kept = services.get_figures(
        wanted=[("members", scope)], period=DEFAULT_PERIOD, at=at, zone=zone, is_fresh=False
    ).get("members")
    if kept is None:
        return {}
    by_tier, total = kept.figures["by_tier"], kept.figures["total"]
    assert isinstance(by_tier, dict)
    assert isinstance(total, int)
    return {**by_tier, "": total}


def _tabs(state: ListState, rungs: list[Rung], counts: dict[str, int]) -> list[TabLink]:
    here, chosen = reverse("console-members"), state.filters.get("tier", "")
    tabs = [
        TabLink(
            title,
            f"{here}?{state.query(without=('view',), tier=code) or 'view=all'}",
            is_current=code == chosen and not state.view,
            count=counts.get(code, 0) if code and counts else None,
        )
        for code, title in [
            ("", gettext("All")),
            *((rung.code, rung.mark.name) for rung in rungs),
        ]
    ]
    return tabs if rungs else []


def _actions(*, may_import: bool) -> tuple[PageAction, ...]:
    wizard = address_of("console-import-new") if may_import else ""
    if not wizard:
        return ()
    return (PageAction(gettext("Import members"), wizard, "upload", is_primary=True),)


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
    return Empty(
        gettext("Nobody is here yet"),
        gettext(
            "Bring in a member file and an order file, or send them over the API. Members, points"
            " and tiers appear here at once."
        ),
        _actions(may_import=may_import),
    )


ROUTES: tuple[URLPattern, ...] = (path("console/members", list_members, name="console-members"),)
