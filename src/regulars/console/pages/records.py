"""The pages of one member: the record with its tabs, and the record revealed for a moment."""

from datetime import datetime
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_POST, require_safe

from regulars.access.domain import Actor
from regulars.console.domain import wording
from regulars.console.pages.drawing import actor_of, draw, language_of, teller_of
from regulars.console.pages.tabs import CONTEXTS, TABS, Context, Reading
from regulars.console.selectors import records
from regulars.ledger import selectors as ledger
from regulars.loyalty import selectors as loyalty
from regulars.members import domain, services
from regulars.members import selectors as members
from regulars.members.domain import Profile
from regulars.web import clock
from regulars.web.pages import page
from regulars.web.permissions import demand

REVEAL_SECONDS = 30


@page("members.read")
@require_safe
def member(request: HttpRequest, public_id: UUID, tab: str = "overview") -> HttpResponse:
    """Show a member's record, masked; a merged one leads to the member who stands for both."""
    at, actor = clock.now(), actor_of(request)
    chosen = next((each for each in TABS if each.code == tab), None)
    if chosen is None:
        raise domain.MemberNotFound
    demand(request, chosen.permission)
    scope = actor.scope_for("members.read")
    found = members.get_by_public(public_id=public_id, scope=scope)
    if found.public_id != public_id:
        return HttpResponseRedirect(_href(found.public_id, tab))
    profile = members.get_profile(member_id=found.id, scope=scope, at=at)
    return _record(request, profile, tab=tab, at=at)


@page("members.reveal")
@require_POST
def reveal(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Show a member's record unmasked for a moment; who looked and why is logged first."""
    at, actor = clock.now(), actor_of(request)
    reason = request.POST.get("reason", "")
    if reason not in wording.REVEAL_REASONS:
        raise domain.ReasonMissing
    scope = actor.scope_for("members.reveal")
    found = members.get_by_public(public_id=public_id, scope=scope)
    profile = services.reveal(
        member_id=found.id, scope=scope, reason_code=reason, at=at, actor=actor
    )
    tab = request.POST.get("tab", "")
    shown = tab if tab in {"overview", "profile"} else "overview"
    return _record(request, profile, tab=shown, at=at)


def _record(request: HttpRequest, profile: Profile, *, tab: str, at: datetime) -> HttpResponse:
    actor, language = actor_of(request), language_of()
    programme = loyalty.get_programme()
    zone, member_id = programme.tz, profile.member.id
    reading = Reading(
        request=request,
        actor=actor,
        at=at,
        profile=profile,
        aliases=members.aliases(member_id=member_id),
        lots=ledger.list_lots(member_id=member_id, at=at),
        teller=teller_of(programme, language=language, at=at),
    )
    head = records.get_head(
        profile=profile,
        aliases=reading.aliases,
        lots=reading.lots,
        programme=programme,
        at=at,
        language=language,
    )
    context: Context = {
        "head": head,
        "now": at,
        "tab": tab,
        "tab_template": f"console/_tab_{tab}.html",
        "tabs": _tabs(reading, orders=head.orders),
        "member_href": reading.href(tab),
        "back_to": reading.href(tab),
        "reveal_reasons": _reasons(actor),
        "reveal_seconds": REVEAL_SECONDS,
        "shows_points": actor.may("points.read"),
        **CONTEXTS[tab](reading),
    }
    return draw(request, "console/member.html", context, zone=zone)


def _tabs(reading: Reading, *, orders: int) -> list[dict[str, object]]:
    return [
        {
            "code": each.code,
            "title": gettext(each.title),
            "href": reading.href(each.code),
            "count": orders if each.code == "orders" else None,
        }
        for each in TABS
        if reading.actor.may(each.permission)
    ]


def _reasons(actor: Actor) -> list[dict[str, str]]:
    if not actor.may("members.reveal"):
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
