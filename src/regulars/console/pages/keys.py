"""API keys: the list, and one key; what is done to them stands in `key_acts`."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from regulars.access import selectors as access
from regulars.access.domain import Actor, ApiKey
from regulars.console.domain import formatting
from regulars.console.domain.listings import Listing, Opened, Part, Reader
from regulars.console.domain.lists import (
    Cell,
    Choice,
    Column,
    Empty,
    Fact,
    Filter,
    ListRow,
    ListSpec,
    PageAction,
    RowAction,
    read_state,
)
from regulars.console.domain.navigation import Crumb
from regulars.console.pages.drawing import actor_of, draw, house_zone
from regulars.console.pages.lists import draw_opened, reader_of
from regulars.console.pages.sections import house_page
from regulars.console.selectors.house import store_names
from regulars.kit.messages import message
from regulars.web import clock, paging
from regulars.web.permissions import PERMISSIONS

MANAGE = "keys.manage"
STATES = (
    Choice("live", message("Live")),
    Choice("waiting", message("To be fetched")),
    Choice("over", message("Ended")),
    Choice("revoked", message("Revoked")),
)
SPEC = ListSpec(
    name="keys",
    url_name="console-keys",
    title=message("API keys"),
    purpose=message("What programs may do here. A secret is shown once and kept nowhere."),
    columns=(
        Column("title", message("Used for")),
        Column("name", message("Key")),
        Column("state", message("State")),
        Column("permissions", message("Permissions"), numeric=True),
        Column("store", message("Store")),
        Column("networks", message("Networks"), hidden=True),
        Column("maker", message("Made by")),
        Column("used", message("Last used")),
        Column("ends", message("Ends")),
    ),
    filters=(Filter("state", message("State"), choices=STATES),),
    sort="-made",
    export="keys",
)


@house_page(MANAGE)
@require_safe
def list_keys(request: HttpRequest) -> HttpResponse:
    """List keys, newest first, ended ones too."""
    reader = reader_of(request)
    return draw_opened(
        request,
        _open(reader),
        reader,
        empty=Empty(
            gettext("No program has a key yet"),
            gettext("A till, a shop or a script calls the API with a key of its own."),
            (_make_action(),),
            icon="key-round",
        ),
        actions=(_make_action(),),
    )


def _open(reader: Reader) -> Opened:
    at, actor = reader.at, reader.actor
    state = read_state(SPEC, reader.params)

    def read(cursor: str | None, size: int) -> Part:
        before = paging.decode_number(cursor) if cursor else None
        found = access.list_keys_newest(
            at=at, state=state.filters.get("state", ""), before=before, limit=size + 1
        )
        shown = found[:size]
        stores = store_names(each.store_id for each in shown)
        people = access.names_of({each.created_by for each in shown if each.created_by})
        after = paging.encode(shown[-1].id) if len(found) > size else None
        return Part([_row(each, stores, people, actor, at) for each in shown], after)

    return Opened(state=state, read=read)


@house_page(MANAGE)
@require_safe
def show_key(request: HttpRequest, name: str) -> HttpResponse:
    """Show one key: all but its secret, which nobody has."""
    key, actor, at, zone = (
        access.get_key(name=name),
        actor_of(request),
        clock.met(request),
        house_zone(),
    )
    tone, label = _state(key, at)
    people = access.names_of([key.created_by] if key.created_by else [])
    stores = store_names([key.store_id])
    context = {
        "heading": key.title,
        "purpose": gettext("Made by %(name)s.") % {"name": _maker(key, people)},
        "status": Cell.status(tone, label),
        "crumbs": (Crumb(gettext("API keys"), reverse("console-keys")), Crumb(key.title)),
        "facts": (
            Fact(gettext("Key"), f"rg_live_{key.name}_…"),
            Fact(gettext("Store"), stores.get(key.store_id or 0, gettext("all stores"))),
            Fact(gettext("Last used"), formatting.moment(key.last_used_at, zone=zone)),
            Fact(gettext("Ends"), formatting.moment(key.expires_at, zone=zone)),
        ),
        "permissions": [(each, gettext(PERMISSIONS.get(each, each))) for each in _sorted(key)],
        "networks": key.networks,
        "actions": [
            PageAction(each.title, each.href, each.icon, why_not=each.why_not)
            for each in _acts(key, actor, at)
        ],
    }
    return draw(request, "console/key.html", context, zone=zone)


def _row(
    key: ApiKey, stores: dict[int, str], people: dict[int, str], actor: Actor, at: datetime
) -> ListRow:
    tone, label = _state(key, at)
    networks = ", ".join(key.networks) or gettext("anywhere")
    return ListRow(
        id=key.name,
        href=reverse("console-key", args=[key.name]),
        cells={
            "title": Cell.text(key.title),
            "name": Cell.code(key.name),
            "state": Cell.status(tone, label),
            "permissions": Cell.number(len(key.permissions)),
            "store": Cell.text(stores.get(key.store_id or 0, gettext("all stores"))),
            "networks": Cell.text(networks),
            "maker": Cell.text(_maker(key, people)),
            "used": Cell.moment(key.last_used_at),
            "ends": Cell.moment(key.expires_at),
        },
        actions=tuple(each for each in _acts(key, actor, at) if not each.why_not),
    )


def _acts(key: ApiKey, actor: Actor, at: datetime) -> list[RowAction]:
    """Answer what may be done with a key, and why the rest may not."""
    waits = key.is_collectable(at)
    ended = "" if key.is_live(at) else gettext("The key has ended. Make a new one.")
    unfetched = gettext("Its secret was not fetched yet: there is nothing to exchange.")
    fetched = gettext("A secret is shown once. Whoever has lost it exchanges the key.")
    theirs = gettext("Only whoever asked for the key fetches its secret.")
    fetch_not = ended or (fetched if not waits else "" if key.created_by == actor.id else theirs)

    def act(title: str, name: str, icon: str, why_not: str, *, danger: bool = False) -> RowAction:
        return RowAction(title, reverse(name, args=[key.name]), icon, danger, why_not)

    fetch = act(gettext("Fetch the secret"), "console-key-collect", "key-round", fetch_not)
    exchange_not = ended or (unfetched if waits else "")
    exchange = act(gettext("Exchange"), "console-key-rotate", "refresh-cw", exchange_not)
    revoke = act(gettext("Revoke"), "console-key-revoke", "ban", ended, danger=True)
    return [fetch, exchange, revoke]


def _state(key: ApiKey, at: datetime) -> tuple[Any, str]:
    if key.revoked_at is not None:
        return "bad", gettext("Revoked")
    if not key.is_live(at):
        return "mute", gettext("Ended")
    if key.collected_at is None:
        return "warn", gettext("To be fetched")
    return "ok", gettext("Live")


def _maker(key: ApiKey, people: dict[int, str]) -> str:
    return people.get(key.created_by or 0, gettext("the command line"))


def _sorted(key: ApiKey) -> list[str]:
    return [each for each in PERMISSIONS if each in key.permissions]


def _make_action() -> PageAction:
    return PageAction(gettext("New key"), reverse("console-key-new"), "plus", is_primary=True)


def crumbs() -> tuple[Crumb, ...]:
    return (Crumb(gettext("API keys"), reverse("console-keys")),)


LISTINGS = (Listing(spec=SPEC, permission=MANAGE, open=_open, is_whole=True),)
ROUTES: tuple[URLPattern, ...] = (
    path("console/keys", list_keys, name="console-keys"),
    path("console/keys/<slug:name>", show_key, name="console-key"),
)
