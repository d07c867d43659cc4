"""The pages of stores: the list, one store, and changing it."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_safe

from regulars.access import selectors as access
from regulars.access import services
from regulars.access.domain import Actor, Brand, Region, Scope, Store, StoreRow
from regulars.console.domain import operations
from regulars.console.domain.cells import Cell, Empty, Fact, ListRow, PageAction
from regulars.console.domain.listings import Listing, Opened, Part, Reader
from regulars.console.domain.lists import Choice, Column, Filter, ListSpec, ListState, read_state
from regulars.console.domain.navigation import Crumb
from regulars.console.domain.sections import Section
from regulars.console.forms.stores import StoreForm
from regulars.console.pages.confirming import (
    Act,
    Impact,
    Question,
    ask,
    done,
    draw_form,
    step_of,
)
from regulars.console.pages.drawing import actor_of
from regulars.console.pages.lists import draw_opened, reader_of
from regulars.console.pages.sections import draw_sections, region_title
from regulars.kit.messages import message
from regulars.web import clock
from regulars.web.pages import page
from regulars.web.paging import CursorMalformed, decode, encode

STORES = ListSpec(
    name="stores",
    url_name="console-stores",
    title=message("Stores"),
    purpose=message(
        "Where it is sold: shops, counters, web shops. The scopes of staff are made of them."
    ),
    columns=(
        Column("code", message("Code")),
        Column("name", message("Store name")),
        Column("kind", message("Kind")),
        Column("region", message("Region")),
        Column("brand", message("Brand")),
        Column("zone", message("Zone")),
    ),
    filters=(
        Filter(
            "kind",
            message("Kind"),
            choices=tuple(Choice(code, title) for code, title in operations.STORE_KINDS.items()),
        ),
        Filter("region", message("Region")),
    ),
    sort="code",
    export="stores",
)
STORES_READ_MAX = 5_000


@page("stores.read")
@require_safe
def list_stores(request: HttpRequest) -> HttpResponse:
    """List the stores in scope by code."""
    reader = reader_of(request)
    return draw_opened(
        request,
        _open(reader),
        reader,
        empty=Empty(
            gettext("No stores yet"),
            gettext("Stores come in by file or by API, or with the first order that names one."),
            icon="store",
        ),
    )


@page("stores.read")
@require_safe
def store(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Show one store; out of scope there is none."""
    at, actor = clock.met(request), actor_of(request)
    found = access.get_store(code=str(public_id), scope=actor.scope_for("stores.read"))
    region, brand = _place(found)
    return draw_sections(
        request,
        heading=found.name,
        purpose=found.code,
        crumbs=[Crumb(gettext("Stores"), reverse("console-stores"))],
        facts=[
            Fact(gettext("Kind"), gettext(operations.STORE_KINDS[found.kind.value])),
            Fact(gettext("Region"), region),
            Fact(gettext("Brand"), brand),
            Fact(gettext("Zone"), found.zone),
        ],
        actions=_actions(actor, found),
        sections=[
            Section(
                title=gettext("Store"),
                pairs=(
                    (gettext("Code"), Cell.code(found.code)),
                    (gettext("Public id"), Cell.code(str(found.public_id))),
                    (gettext("Orders"), _orders_link(actor, found)),
                ),
            )
        ],
        at=at,
    )


@page("stores.write")
@require_http_methods(["GET", "HEAD", "POST"])
def change_store(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Change a store's name, kind, region and zone: a form, what changes, then once."""
    at, actor = clock.met(request), actor_of(request)
    scope = actor.scope_for("stores.write")
    found = access.get_store(code=str(public_id), scope=scope)
    here = reverse("console-store", args=[public_id])
    region, _ = _place(found, code=True)
    before = {
        "name": found.name,
        "kind": found.kind.value,
        "region": region,
        "zone": found.zone,
    }
    step = step_of(request)
    form = StoreForm(request.POST if step != "form" else None, initial=before)
    title = gettext("Change store %(name)s") % {"name": found.name}
    crumbs = [Crumb(gettext("Stores"), reverse("console-stores")), Crumb(found.name, here)]
    if step == "form" or not form.is_valid():
        return draw_form(
            request,
            form,
            title=title,
            purpose=gettext("The code stays: tills and files call the store by it."),
            verb=gettext("Show what changes"),
            back_href=here,
            crumbs=[*crumbs, Crumb(title)],
            next_step="preview",
        )
    said = form.cleaned_data
    text = gettext("The store was changed:")
    question = Question(
        act=Act(title, gettext("Change the store")),
        impacts=_impacts(before, said),
        effect=lambda: _write(found, said, scope=scope, actor=actor, at=at),
        after=lambda _: done(request, text, href=here, title=said["name"], to=here),
        back_href=here,
        form=form,
    )
    return ask(request, question, at=at)


def _write(
    found: Store, said: dict[str, str], *, scope: Scope, actor: Actor, at: datetime
) -> dict[str, str]:
    row = StoreRow(row=1, code=found.code, **said)
    services.change_store(row, at=at, scope=scope, actor=actor)
    return {"store": str(found.public_id)}


def _impacts(before: dict[str, str], said: dict[str, str]) -> list[Impact]:
    titles = {
        "name": gettext("Store name"),
        "kind": gettext("Kind"),
        "region": gettext("Region"),
        "zone": gettext("Zone"),
    }
    worded = {code: gettext(title) for code, title in operations.STORE_KINDS.items()}
    changed = [
        Impact(title, worded.get(before[name], before[name]), worded.get(said[name], said[name]))
        for name, title in titles.items()
        if before[name] != said[name]
    ]
    return changed or [Impact(gettext("Nothing"), after=gettext("stays as it is"))]


def _open(reader: Reader) -> Opened:
    scope = reader.actor.scope_for("stores.read")
    regions = access.list_regions(scope)
    spec = STORES.with_choices(
        region=[Choice(each.code, region_title(each), is_data=True) for each in regions]
    )
    state = read_state(spec, reader.params)
    stores = _matching(scope, state, regions)
    brands = {brand.id: brand for brand in access.list_brands()}
    places = {region.id: region for region in regions}

    def read(cursor: str | None, size: int) -> Part:
        shown, after = _page_of(stores, cursor, size)
        return Part([_row(store, places, brands) for store in shown], after)

    return Opened(state=state, read=read, total=lambda: len(stores))


def _matching(scope: Scope, state: ListState, regions: Sequence[Region]) -> list[Store]:
    """Answer the stores that match: a house has hundreds, so they are read at once."""
    region = next((each.id for each in regions if each.code == state.filters.get("region")), None)
    found = access.list_stores(scope, limit=STORES_READ_MAX, region_id=region)
    kind = state.filters.get("kind")
    return [each for each in found if kind is None or each.kind.value == kind]


def _page_of(stores: list[Store], cursor: str | None, size: int) -> tuple[list[Store], str | None]:
    after = decode(cursor, parts=1)[0] if cursor else ""
    if not isinstance(after, str):
        raise CursorMalformed
    rest = [each for each in stores if each.code > after]
    shown = rest[:size]
    return shown, encode(shown[-1].code) if len(rest) > size else None


def _row(found: Store, regions: dict[int, Region], brands: dict[int, Brand]) -> ListRow:
    region, brand = regions.get(found.region_id), brands.get(found.brand_id)
    return ListRow(
        str(found.public_id),
        {
            "code": Cell.code(found.code),
            "name": Cell.text(found.name),
            "kind": Cell.text(gettext(operations.STORE_KINDS[found.kind.value])),
            "region": Cell.text(region_title(region) if region else ""),
            "brand": Cell.text(brand.name if brand else ""),
            "zone": Cell.text(found.zone),
        },
        reverse("console-store", args=[found.public_id]),
    )


def _place(found: Store, *, code: bool = False) -> tuple[str, str]:
    regions = access.list_regions(Scope(store_ids=(found.id,)))
    region = next((each for each in regions if each.id == found.region_id), None)
    brand = next((each for each in access.list_brands() if each.id == found.brand_id), None)
    named = "" if region is None else (region.code if code else region_title(region))
    return named, brand.name if brand else ""


def _actions(actor: Actor, found: Store) -> list[PageAction]:
    if not actor.may("stores.write") or not actor.scope_for("stores.write").covers_store(found.id):
        return []
    href = reverse("console-store-change", args=[found.public_id])
    return [PageAction(gettext("Change the store"), href, "pencil", is_primary=True)]


def _orders_link(actor: Actor, found: Store) -> Cell:
    if not actor.may("orders.read"):
        return Cell.dash()
    href = f"{reverse('console-orders')}?store={found.code}"
    return Cell.link(gettext("Orders of this store"), href)


LISTINGS = (Listing(spec=STORES, permission="stores.read", open=_open),)
ROUTES: tuple[URLPattern, ...] = (
    path("console/stores", list_stores, name="console-stores"),
    path("console/stores/<uuid:public_id>", store, name="console-store"),
    path("console/stores/<uuid:public_id>/change", change_store, name="console-store-change"),
)
