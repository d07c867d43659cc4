"""The pages of one member: the record with its tabs, and the record revealed for a moment."""

from datetime import datetime
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_POST, require_safe

from regulars.access import selectors as access
from regulars.console.domain import wording
from regulars.console.pages import record_actions
from regulars.console.pages.drawing import actor_of, draw, language_of, teller_of
from regulars.console.pages.tabs import SHEETS, TABS, Context, Reading
from regulars.console.selectors import records
from regulars.ledger import selectors as ledger
from regulars.loyalty import selectors as loyalty
from regulars.members import domain, services
from regulars.members import selectors as members
from regulars.members.domain import Profile
from regulars.web import clock
from regulars.web.pages import page
from regulars.web.permissions import demand


@page("members.read")
@require_safe
def member(request: HttpRequest, public_id: UUID, tab: str = "overview") -> HttpResponse:
    """Show a member's record, masked; a merged one leads to the member who stands for both."""
    at, actor = clock.met(request), actor_of(request)
    chosen = next((each for each in TABS if each.code == tab), None)
    if chosen is None:
        raise domain.MemberNotFound
    demand(request, chosen.permission)
    scope = actor.scope_for("members.read") & actor.scope_for(chosen.permission)
    profile = members.get_profile_by_public(public_id=public_id, scope=scope, at=at)
    if profile.member.public_id != public_id:
        return HttpResponseRedirect(_href(profile.member.public_id, tab))
    return _record(request, profile, tab=tab, at=at)


@page("members.reveal", step_up=True)
@require_POST
def reveal(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Show a member's record unmasked for a moment; who looked and why is logged first."""
    at, actor = clock.met(request), actor_of(request)
    reason = request.POST.get("reason", "")
    if reason not in wording.REVEAL_REASONS:
        raise domain.ReasonMissing
    scope = actor.scope_for("members.reveal")
    found = members.get_by_public(public_id=public_id, scope=scope)
    profile = services.reveal(
        member_id=found.id, scope=scope, reason_code=reason, at=at, actor=actor
    )
    tab = request.POST.get("tab", "")
    shown = tab if tab in {"overview", "identities"} else "overview"
    return _record(request, profile, tab=shown, at=at)


def _record(request: HttpRequest, profile: Profile, *, tab: str, at: datetime) -> HttpResponse:
    reading = _read(request, profile, at=at)
    sheet = SHEETS[tab](reading)
    member = profile.member
    names = access.names_in_use(
        store_ids=[member.home_store_id, *sheet.store_ids],
        staff_ids=[member.associate_id, *sheet.staff_ids],
        key_ids=sheet.key_ids,
        operator_ids=sheet.operator_ids,
    )
    head = records.get_head(
        profile=profile,
        names=names,
        balance=reading.balance,
        lots=reading.lots,
        programme=reading.programme,
        at=at,
        teller=reading.teller,
    )
    context: Context = {
        "head": head,
        "now": at,
        "personal": True,
        "tab": tab,
        "tab_template": f"console/_tab_{tab}.html",
        "tabs": _tabs(reading, orders=head.orders),
        "member_href": reading.href(tab),
        "back_to": reading.href(tab),
        "reveal_reasons": _reasons(reading),
        "reveal_seconds": wording.REVEAL_SECONDS,
        "shows_points": reading.may("points.read"),
        "visible": record_actions.visible_actions(reading, head),
        "menu": record_actions.menu_actions(reading, head),
        "may": record_actions.tab_actions(reading, head),
        "offers": record_actions.tab_offers(reading, head),
        **sheet.finish(names),
    }
    return draw(request, "console/member.html", context, zone=reading.programme.tz)


def _read(request: HttpRequest, profile: Profile, *, at: datetime) -> Reading:
    programme = loyalty.get_programme()
    member_id = profile.member.id
    return Reading(
        request=request,
        actor=actor_of(request),
        at=at,
        profile=profile,
        balance=ledger.get_balance(member_id=member_id, at=at),
        lots=ledger.list_lots(member_id=member_id, at=at),
        programme=programme,
        teller=teller_of(programme, language=language_of(), at=at),
    )


def _tabs(reading: Reading, *, orders: int) -> list[dict[str, object]]:
    return [
        {
            "code": each.code,
            "title": gettext(each.title),
            "href": reading.href(each.code),
            "count": orders if each.code == "orders" else None,
        }
        for each in TABS
        if reading.may(each.permission)
    ]


def _reasons(reading: Reading) -> list[dict[str, str]]:
    if not reading.may("members.reveal"):
        return []
    return [{"code": code, "title": title} for code, title in wording.REVEAL_REASONS.items()]


def _href(public_id: UUID, tab: str) -> str:
    if tab == "overview":
        return reverse("console-member", args=[public_id])
    return reverse("console-member-tab", args=[public_id, tab])


ROUTES: tuple[URLPattern, ...] = (
    path("console/members/<uuid:public_id>", member, name="console-member"),
    path("console/members/<uuid:public_id>/reveal", reveal, name="console-reveal"),
    path("console/members/<uuid:public_id>/<slug:tab>", member, name="console-member-tab"),
)
