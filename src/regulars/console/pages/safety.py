"""The safety of a colleague's account: open sessions, second factors, looking as they do."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from regulars.access import selectors as access
from regulars.access import services
from regulars.access.domain import Staff
from regulars.access.domain.factors import Factor, FactorKind
from regulars.console.domain.navigation import Crumb
from regulars.console.pages.account import session_lines
from regulars.console.pages.confirming import Act, Impact, Question, ask
from regulars.console.pages.drawing import actor_of, draw, house_zone
from regulars.console.pages.sections import house_page
from regulars.web import clock
from regulars.web.permissions import public
from regulars.web.sentences import listed


@house_page("staff.manage")
@require_safe
def safety(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Show where a colleague is signed in and which second factors they hold."""
    at = clock.met(request)
    staff = access.get_staff_by_public(public_id=public_id)
    context = {
        "staff": staff,
        "factors": access.get_factors(staff_id=staff.id),
        "sessions": session_lines(access.list_sessions(staff_id=staff.id, at=at)),
        "is_own": staff.id == actor_of(request).id,
        "now": at,
        "back_to": _here(staff),
        "crumbs": [
            Crumb(gettext("Staff"), reverse("console-staff")),
            Crumb(staff.name, reverse("console-staff-member", args=[staff.public_id])),
            Crumb(gettext("Sessions and second factors")),
        ],
    }
    return draw(request, "console/staff_safety.html", context, zone=house_zone())


@house_page("staff.manage", step_up=True)
@require_http_methods(["GET", "HEAD", "POST"])
def reset_factors(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Say what resetting means, then remove all second factors of a colleague."""
    at, actor = clock.met(request), actor_of(request)
    staff = access.get_staff_by_public(public_id=public_id)
    factors = access.get_factors(staff_id=staff.id)
    held = listed(map(_name_of, factors.held)) or gettext("none")

    def after(_: dict[str, Any]) -> HttpResponse:
        said = gettext("The second factors of %(name)s are reset.")
        messages.success(request, said % {"name": staff.name})
        return HttpResponseRedirect(_here(staff))

    question = Question(
        act=Act(
            title=gettext("Reset the second factors of %(name)s") % {"name": staff.name},
            verb=gettext("Reset second factors"),
            danger=True,
            irreversible=True,
        ),
        impacts=[
            Impact(gettext("Second factors"), before=held, after=gettext("none")),
            Impact(gettext("Recovery codes"), before=str(factors.recovery_codes_left), after="0"),
            Impact(gettext("Open sessions"), after=gettext("all end at once")),
        ],
        effect=lambda: {"factors": services.reset_factors(staff_id=staff.id, actor=actor, at=at)},
        after=after,
        back_href=_here(staff),
    )
    return ask(request, question, at=at)


@house_page("staff.manage", step_up=True)
@require_POST
def view_as(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Look as a colleague does: read only, for half an hour at most."""
    staff = access.get_staff_by_public(public_id=public_id)
    services.begin_viewing(staff_id=staff.id, actor=actor_of(request), at=clock.met(request))
    return HttpResponseRedirect(reverse("console-home"))


@public
@require_POST
def end_viewing(request: HttpRequest) -> HttpResponse:
    """Look with one's own eyes again; open to all, because whoever looks may send nothing else."""
    actor = getattr(request, "actor", None)
    if actor is not None and actor.is_read_only:
        services.end_viewing(actor=actor, at=clock.met(request))
    return HttpResponseRedirect(reverse("console-home"))


def _name_of(factor: Factor) -> str:
    return gettext("Authenticator app") if factor.kind is FactorKind.TOTP else factor.name


def _here(staff: Staff) -> str:
    return reverse("console-staff-safety", args=[staff.public_id])


ROUTES: tuple[URLPattern, ...] = (
    path("console/viewing/end", end_viewing, name="console-viewing-end"),
    path("console/staff/<uuid:public_id>/safety", safety, name="console-staff-safety"),
    path(
        "console/staff/<uuid:public_id>/factors/reset",
        reset_factors,
        name="console-staff-factors-reset",
    ),
    path("console/staff/<uuid:public_id>/view-as", view_as, name="console-staff-view-as"),
)
