"""The roles page: which role may do what, where it is given, and how many hold it."""

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from regulars.access import selectors as access
from regulars.access.domain import ROLES, STRONG, is_asleep
from regulars.console.domain.roles import AREAS, ROLE_PURPOSES, WIDTHS, area_of
from regulars.console.pages.drawing import draw, house_zone
from regulars.console.pages.staff import MANAGE
from regulars.console.selectors.proposals import role_title
from regulars.web import clock
from regulars.web.pages import page
from regulars.web.permissions import PERMISSIONS


@page(MANAGE)
@require_safe
def show_roles(request: HttpRequest) -> HttpResponse:
    """Show the matrix of roles and permissions, explained."""
    at = clock.now()
    separated = access.policy(at).separated_administrators
    holders, catalogue = access.count_holders(at), frozenset(PERMISSIONS)
    roles = [role for role in ROLES.values() if not is_asleep(role.name, separated=separated)]
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
                "purpose": gettext(ROLE_PURPOSES.get(role.name, "")),
                "widths": ", ".join(gettext(WIDTHS[width.value]) for width in role.scopes),
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


ROUTES: tuple[URLPattern, ...] = (path("console/roles", show_roles, name="console-roles"),)
