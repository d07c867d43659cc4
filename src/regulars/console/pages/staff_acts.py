"""What is done to a colleague's account: give and take roles, links, sessions, on and off."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from regulars.access import selectors as access
from regulars.access import services
from regulars.access.domain import STRONG, Actor, Staff
from regulars.console.domain import formatting
from regulars.console.domain.navigation import Crumb
from regulars.console.forms.administration import AskForm, GrantForm
from regulars.console.pages.confirming import (
    Act,
    Impact,
    Question,
    ask,
    done,
    draw_confirm,
    draw_form,
    perform,
    proposed,
    step_of,
)
from regulars.console.pages.drawing import actor_of, house_zone
from regulars.console.pages.granting import (
    MANAGE,
    role_choices,
    scope_choices,
    scope_words,
    until_of,
)
from regulars.console.pages.sections import house_page
from regulars.console.pages.staff import link_once
from regulars.console.selectors.proposals import role_title
from regulars.kit.errors import Refusal
from regulars.web import clock
from regulars.web.permissions import PERMISSIONS
from regulars.web.sentences import listed


@dataclass(frozen=True, slots=True)
class Deed:
    """A simple act on an account: its words, what changes, and what does it."""

    act: Act
    impacts: tuple[Impact, ...]
    effect: Callable[[], Any]
    said: str


@house_page(MANAGE, step_up=True)
@require_http_methods(["GET", "HEAD", "POST"])
def grant(request: HttpRequest, staff_id: UUID) -> HttpResponse:
    """Give a role, or propose it where a second person is to look."""
    staff, actor = access.get_staff_by_public(public_id=staff_id), actor_of(request)
    at, zone = clock.met(request), house_zone()
    form = GrantForm(
        request.POST if request.method == "POST" else None,
        roles=role_choices(actor, at),
        scopes=scope_choices(actor),
        today=at.astimezone(zone).date(),
    )
    step = step_of(request)
    if step == "form" or not form.is_valid():
        return _grant_form(request, form, staff)
    said = form.cleaned_data
    asked = {
        "staff_id": staff.id,
        "role": said["role"],
        "scope": said["scope"],
        "expires_at": until_of(said["until"], zone),
        "actor": actor,
        "at": at,
    }
    try:
        needs = services.check_grant(**asked)
        if step == "do":
            return _granted(request, staff, asked, said["note"], needs=needs)
    except Refusal as no:
        form.refuse(no)
        return _grant_form(request, form, staff)
    return draw_confirm(
        request,
        act=Act(
            title=gettext("Give %(name)s the role %(role)s")
            % {"name": staff.name, "role": role_title(said["role"])},
            verb=gettext("Propose the role") if needs else gettext("Give the role"),
        ),
        form=form,
        impacts=_grant_impacts(staff, said),
        back_href=_href(staff),
        needs_approval=_why_two(said["role"]) if needs else None,
        crumbs=_crumbs(staff),
    )


@house_page(MANAGE, step_up=True)
@require_http_methods(["GET", "HEAD", "POST"])
def revoke(request: HttpRequest, staff_id: UUID) -> HttpResponse:
    """Take a role away; open sessions end."""
    staff, actor, at = _about(request, staff_id)
    role, scope = request.GET.get("role", ""), request.GET.get("scope", "")
    title = {"name": staff.name, "role": role_title(role)}
    deed = Deed(
        Act(
            title=gettext("Take the role %(role)s from %(name)s") % title,
            verb=gettext("Take the role away"),
            danger=True,
        ),
        (
            Impact(role_title(role), scope_words(scope), gettext("taken away"), "bad"),
            Impact(gettext("Open sessions"), after=gettext("end now")),
        ),
        lambda: services.revoke_role(staff_id=staff.id, role=role, scope=scope, actor=actor, at=at),
        gettext("Role taken away."),
    )
    return _asked(request, staff, deed, at=at)


@house_page(MANAGE, step_up=True)
@require_http_methods(["GET", "HEAD", "POST"])
def deactivate(request: HttpRequest, staff_id: UUID) -> HttpResponse:
    """Switch an account off."""
    staff, actor, at = _about(request, staff_id)
    deed = Deed(
        Act(
            title=gettext("Switch off the account of %(name)s") % {"name": staff.name},
            verb=gettext("Switch the account off"),
            danger=True,
        ),
        (
            Impact(gettext("Sign-in"), gettext("possible"), gettext("refused"), "bad"),
            Impact(gettext("Open sessions"), after=gettext("end now")),
            Impact(gettext("Their API keys"), after=gettext("go on; revoke them if need be")),
            Impact(gettext("What they proposed"), after=gettext("can no longer be approved")),
        ),
        lambda: services.deactivate_staff(staff_id=staff.id, actor=actor, at=at),
        gettext("Account switched off."),
    )
    return _asked(request, staff, deed, at=at)


@house_page(MANAGE, step_up=True)
@require_http_methods(["GET", "HEAD", "POST"])
def activate(request: HttpRequest, staff_id: UUID) -> HttpResponse:
    """Switch an account on again."""
    staff, actor, at = _about(request, staff_id)
    roles = listed(role_title(each.role) for each in staff.grants if each.is_live(at))
    deed = Deed(
        Act(
            title=gettext("Switch on the account of %(name)s") % {"name": staff.name},
            verb=gettext("Switch the account on"),
        ),
        (
            Impact(gettext("Sign-in"), gettext("refused"), gettext("possible"), "ok"),
            Impact(gettext("Roles"), after=roles or formatting.MISSING),
        ),
        lambda: services.activate_staff(staff_id=staff.id, actor=actor, at=at),
        gettext("Account switched on."),
    )
    return _asked(request, staff, deed, at=at)


@house_page(MANAGE, step_up=True)
@require_http_methods(["GET", "HEAD", "POST"])
def end_sessions(request: HttpRequest, staff_id: UUID) -> HttpResponse:
    """Sign a colleague out everywhere."""
    staff, actor, at = _about(request, staff_id)
    open_now = access.count_sessions(staff_id=staff.id, at=at)
    deed = Deed(
        Act(
            title=gettext("Sign %(name)s out everywhere") % {"name": staff.name},
            verb=gettext("End all sessions"),
        ),
        (Impact(gettext("Open sessions"), str(open_now), gettext("end now")),),
        lambda: services.reset_sessions(staff_id=staff.id, actor=actor, at=at),
        gettext("Signed out everywhere."),
    )
    return _asked(request, staff, deed, at=at)


@house_page(MANAGE, step_up=True)
@require_http_methods(["GET", "HEAD", "POST"])
def issue_link(request: HttpRequest, staff_id: UUID) -> HttpResponse:
    """Make a one-time link and show it once."""
    staff, actor, at = _about(request, staff_id)
    shown: dict[str, str] = {}

    def effect() -> dict[str, str]:
        shown["link"] = services.issue_sign_in_link(staff_id=staff.id, actor=actor, at=at)
        return {"staff": str(staff.public_id)}

    question = Question(
        act=Act(
            title=gettext("One-time link for %(name)s") % {"name": staff.name},
            verb=gettext("Make the link"),
        ),
        impacts=(
            Impact(gettext("Whoever has the link"), after=gettext("signs in once as this person")),
            Impact(gettext("It ends"), after=gettext("in 24 hours, or when it is used")),
        ),
        effect=effect,
        after=lambda _: link_once(request, staff, shown.get("link", ""), _href(staff)),
        back_href=_href(staff),
        crumbs=_crumbs(staff),
        form=AskForm(),
    )
    return ask(request, question, at=at)


def _about(request: HttpRequest, staff_id: UUID) -> tuple[Staff, Actor, datetime]:
    """Answer whose account it is about, who acts, and when."""
    return access.get_staff_by_public(public_id=staff_id), actor_of(request), clock.met(request)


def _asked(request: HttpRequest, staff: Staff, deed: Deed, *, at: datetime) -> HttpResponse:
    """Show what an act will do, or do it and say so."""
    href = _href(staff)

    def effect() -> dict[str, Any]:
        deed.effect()
        return {"staff": str(staff.public_id)}

    question = Question(
        act=deed.act,
        impacts=deed.impacts,
        effect=effect,
        after=lambda _: done(request, deed.said, href=href, title=staff.name, to=href),
        back_href=href,
        crumbs=_crumbs(staff),
        form=AskForm(),
    )
    return ask(request, question, at=at)


def _grant_form(request: HttpRequest, form: GrantForm, staff: Staff) -> HttpResponse:
    return draw_form(
        request,
        form,
        title=gettext("Give %(name)s a role") % {"name": staff.name},
        purpose=gettext(
            "You give only what you hold, or what your work is to give; never yourself."
        ),
        verb=gettext("Look at it"),
        back_href=_href(staff),
        crumbs=_crumbs(staff),
        next_step="preview",
    )


def _grant_impacts(staff: Staff, said: dict[str, Any]) -> list[Impact]:
    role = access.all_roles()[said["role"]]
    given = role.permissions_in(frozenset(PERMISSIONS))
    before = listed(f"{role_title(g.role)} · {scope_words(g.scope)}" for g in staff.grants)
    strong = listed(gettext(PERMISSIONS[each]) for each in sorted(given & STRONG))
    until = str(said["until"]) if said["until"] else gettext("no end")
    return [
        Impact(
            gettext("Roles"),
            before or formatting.MISSING,
            f"+ {role_title(role.name)} · {scope_words(said['scope'])}",
        ),
        Impact(gettext("Ends"), after=until),
        Impact(gettext("Permissions"), after=str(len(given))),
        Impact(
            gettext("Strong permissions"),
            after=strong or formatting.MISSING,
            tone="warn" if strong else "",
        ),
        Impact(gettext("Open sessions"), after=gettext("end now")),
    ]


def _granted(
    request: HttpRequest, staff: Staff, asked: dict[str, Any], note: str, *, needs: bool
) -> HttpResponse:
    def effect() -> dict[str, Any]:
        if needs:
            made = services.propose_role(**asked, note=note or None)
            return {"approval": str(made.public_id)}
        services.grant_role(**asked)
        return {}

    result = perform(request, at=asked["at"], effect=effect)
    if "approval" in result:
        return proposed(request, result["approval"])
    href = _href(staff)
    return done(request, gettext("Role given."), href=href, title=staff.name, to=href)


def _why_two(role: str) -> str:
    given = access.all_roles()[role].permissions_in(frozenset(PERMISSIONS)) & STRONG
    words = listed(gettext(PERMISSIONS[each]) for each in sorted(given))
    return gettext("A second person looks at roles with strong permissions: %(what)s.") % {
        "what": words
    }


def _href(staff: Staff) -> str:
    return reverse("console-staff-member", args=[staff.public_id])


def _crumbs(staff: Staff) -> tuple[Crumb, ...]:
    return (Crumb(gettext("Staff"), reverse("console-staff")), Crumb(staff.name, _href(staff)))


ROUTES: tuple[URLPattern, ...] = (
    path("console/staff/<uuid:staff_id>/grant", grant, name="console-staff-grant"),
    path("console/staff/<uuid:staff_id>/revoke", revoke, name="console-staff-revoke"),
    path("console/staff/<uuid:staff_id>/deactivate", deactivate, name="console-staff-deactivate"),
    path("console/staff/<uuid:staff_id>/activate", activate, name="console-staff-activate"),
    path("console/staff/<uuid:staff_id>/sessions", end_sessions, name="console-staff-sessions"),
    path("console/staff/<uuid:staff_id>/link", issue_link, name="console-staff-link"),
)
