"""Roles: which may do what, where it is given, how many hold it; and roles of one's own."""

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_safe

from regulars.access import selectors as access
from regulars.access import services
from regulars.access.domain import ADMINISTERING, STRONG, Role, UnknownRole, is_asleep
from regulars.console.domain import formatting
from regulars.console.domain.navigation import Crumb
from regulars.console.domain.roles import AREAS, ROLE_PURPOSES, WIDTHS, area_of
from regulars.console.forms.administration import AskForm, RoleForm
from regulars.console.pages.confirming import (
    Act,
    Impact,
    Question,
    ask,
    done,
    draw_confirm,
    draw_form,
    perform,
    step_of,
)
from regulars.console.pages.drawing import actor_of, draw, house_zone
from regulars.console.pages.granting import MANAGE
from regulars.console.pages.sections import house_page
from regulars.console.selectors.proposals import role_title
from regulars.kit.errors import Refusal
from regulars.web import clock
from regulars.web.permissions import PERMISSIONS
from regulars.web.sentences import listed


@house_page(MANAGE)
@require_safe
def show_roles(request: HttpRequest) -> HttpResponse:
    """Show the matrix of roles and permissions, explained."""
    at = clock.met(request)
    separated = access.policy(at).separated_administrators
    holders, catalogue = access.count_holders(at), frozenset(PERMISSIONS)
    known = access.all_roles().values()
    roles = [role for role in known if not is_asleep(role.name, separated=separated)]
    given = {role.name: role.permissions_in(catalogue) for role in roles}
    areas: dict[str, list[tuple[str, bool, list[bool]]]] = {}
    for code, title in PERMISSIONS.items():
        line = (gettext(title), code in STRONG, [code in given[role.name] for role in roles])
        areas.setdefault(gettext(AREAS[area_of(code)]), []).append(line)
    context = {
        "heading": gettext("Roles"),
        "purpose": gettext("A role says what; the scope it is given in says where."),
        "roles": [
            {
                "name": role.name,
                "title": role_title(role.name),
                "purpose": _purpose(role),
                "retire_href": _retire(role),
                "widths": listed(gettext(WIDTHS[width.value]) for width in role.scopes),
                "count": holders.get(role.name, 0),
                "permissions": len(given[role.name]),
                "href": f"{reverse('console-staff')}?role={role.name}",
            }
            for role in roles
        ],
        "areas": list(areas.items()),
        "columns": len(roles) + 1,
        "separated": separated,
    }
    return draw(request, "console/roles.html", context, zone=house_zone())


@house_page(MANAGE, step_up=True)
@require_http_methods(["GET", "HEAD", "POST"])
def new_role(request: HttpRequest) -> HttpResponse:
    """Make a role of the house's own, within what the maker holds."""
    at, actor = clock.met(request), actor_of(request)
    held = [
        (code, gettext(title))
        for code, title in PERMISSIONS.items()
        if actor.may(code) and code not in ADMINISTERING
    ]
    form = RoleForm(request.POST if request.method == "POST" else None, permissions=held)
    step = step_of(request)
    if step == "form" or not form.is_valid():
        return _role_form(request, form)
    said = {name: form.cleaned_data[name] for name in ("name", "permissions", "scopes")}
    try:
        wanted = services.check_role(**said, actor=actor)
        if step == "do":
            return _made(request, said, at)
    except Refusal as no:
        form.refuse(no)
        return _role_form(request, form)
    title = gettext("Make the role “%(name)s”") % {"name": wanted.name}
    return draw_confirm(
        request,
        act=Act(title=title, verb=gettext("Make the role")),
        form=form,
        impacts=_impacts(wanted),
        back_href=reverse("console-roles"),
        crumbs=_crumbs(),
    )


@house_page(MANAGE, step_up=True)
@require_http_methods(["GET", "HEAD", "POST"])
def retire_role(request: HttpRequest) -> HttpResponse:
    """Take a role of the house's own out of use, and from everybody who holds it."""
    at, actor, name = clock.met(request), actor_of(request), request.GET.get("role", "")
    role = access.all_roles().get(name)
    if role is None or not role.is_custom:
        raise UnknownRole(role=name, roles=", ".join(access.all_roles()))
    href, count = reverse("console-roles"), access.count_holders(at).get(name, 0)
    question = Question(
        act=Act(
            title=gettext("Retire the role “%(name)s”") % {"name": name},
            verb=gettext("Retire the role"),
            danger=True,
            irreversible=True,
        ),
        impacts=[
            Impact(gettext("Held by"), str(count), "0", "bad"),
            Impact(gettext("Open sessions of those who held it"), after=gettext("end now")),
        ],
        effect=lambda: {"held": services.retire_role(name=name, actor=actor, at=at)},
        after=lambda _: done(request, gettext("Role retired."), href=href, title=name, to=href),
        back_href=href,
        crumbs=_crumbs(),
        form=AskForm(),
    )
    return ask(request, question, at=at)


def _impacts(wanted: Role) -> list[Impact]:
    given = sorted(wanted.permissions)
    strong = listed(gettext(PERMISSIONS[each]) for each in given if each in STRONG)
    widths = listed(gettext(WIDTHS[width.value]) for width in wanted.scopes)
    words = listed(gettext(PERMISSIONS[each]) for each in given)
    return [
        Impact(gettext("Permissions"), after=words),
        Impact(gettext("Strong permissions"), after=strong or formatting.MISSING),
        Impact(gettext("Given in"), after=widths),
        Impact(gettext("Later"), after=gettext("it is not edited, only retired")),
    ]


def _purpose(role: Role) -> str:
    if role.is_custom:
        return gettext("Made by this house.")
    return gettext(ROLE_PURPOSES.get(role.name, ""))


def _retire(role: Role) -> str:
    if not role.is_custom:
        return ""
    return f"{reverse('console-role-retire')}?{urlencode({'role': role.name})}"


def _role_form(request: HttpRequest, form: RoleForm) -> HttpResponse:
    return draw_form(
        request,
        form,
        title=gettext("New role"),
        purpose=gettext(
            "Out of what you hold yourself. What administers stays in ready-made roles."
        ),
        verb=gettext("Look at it"),
        back_href=reverse("console-roles"),
        crumbs=_crumbs(),
        next_step="preview",
    )


def _made(request: HttpRequest, said: dict[str, Any], at: datetime) -> HttpResponse:
    actor = actor_of(request)

    def effect() -> dict[str, Any]:
        return {"role": services.make_role(**said, actor=actor, at=at).name}

    result = perform(request, at=at, effect=effect)
    href = reverse("console-roles")
    return done(request, gettext("Role made."), href=href, title=result["role"], to=href)


def _crumbs() -> tuple[Crumb, ...]:
    return (Crumb(gettext("Roles"), reverse("console-roles")),)


ROUTES: tuple[URLPattern, ...] = (
    path("console/roles", show_roles, name="console-roles"),
    path("console/roles/new", new_role, name="console-role-new"),
    path("console/roles/retire", retire_role, name="console-role-retire"),
)
