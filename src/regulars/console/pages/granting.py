"""What a role is given in: the roles and places to choose from, and how a place is said."""

from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext

from regulars.access import selectors as access
from regulars.access import services
from regulars.access.domain import DEFAULT_CODE, Actor
from regulars.console.selectors.proposals import role_title

MANAGE = "staff.manage"


def role_choices(actor: Actor, at: datetime) -> list[tuple[str, str]]:
    """List the roles an actor could give somewhere, for a form."""
    separated = access.policy(at).separated_administrators
    return [
        (role.name, role_title(role.name))
        for role in access.all_roles().values()
        if services.may_give(actor, role=role, separated=separated)
    ]


def scope_choices(actor: Actor) -> list[tuple[str, str]]:
    """List the places a role can be given in, widest first."""
    scope = actor.scope_for(MANAGE)
    regions = [
        (f"region:{each.code}", _region_words(each.code, each.name))
        for each in access.list_regions(scope)
    ]
    stores = [(f"store:{each.code}", each.name) for each in access.list_stores(scope)]
    return [
        ("all", scope_words("all")),
        ("own", scope_words("own")),
        *regions,
        *((code, gettext("Store {name}").format(name=name)) for code, name in stores),
    ]


def scope_words(scope: str) -> str:
    """Say a scope as it is written for people."""
    kind, _, code = scope.partition(":")
    match kind:
        case "all":
            return gettext("The whole house")
        case "own":
            return gettext("Members they look after")
        case "region":
            return _region_words(code, code)
        case _:
            return gettext("Store {name}").format(name=code)


def _region_words(code: str, name: str) -> str:
    if code == DEFAULT_CODE:
        return gettext("Stores without a region")
    return gettext("Region {name}").format(name=name)


def until_of(day: Any, zone: ZoneInfo) -> datetime | None:
    """Answer the moment a grant ends whose last day this is."""
    if day is None:
        return None
    return datetime.combine(day + timedelta(days=1), time(), zone).astimezone(UTC)
