"""The pages of the catalogue: the list with its tree, and one product."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from regulars.access.domain import Actor
from regulars.commerce import selectors as commerce
from regulars.commerce.domain import ProductQuery, ProductView
from regulars.console.domain.cells import Cell, Empty, Fact, ListRow
from regulars.console.domain.formatting import money, percent
from regulars.console.domain.listings import Listing, Opened, Part, Reader, Total
from regulars.console.domain.lists import Choice, Column, Filter, ListSpec, ListState, read_state
from regulars.console.domain.navigation import Crumb
from regulars.console.domain.sections import Heading, Section
from regulars.console.pages.drawing import actor_of
from regulars.console.pages.lists import draw_opened, reader_of
from regulars.console.pages.orders import total_of
from regulars.console.pages.sections import draw_sections
from regulars.kit.messages import message
from regulars.web import clock
from regulars.web.pages import page

COST = "catalogue.write"  # what goods cost the house is for those who keep the catalogue

PRODUCTS = ListSpec(
    name="products",
    url_name="console-products",
    title=message("Products"),
    purpose=message("What is sold, by code, in the tree of categories."),
    columns=(
        Column("sku", message("Code"), sorts=False),
        Column("name", message("Product name")),
        Column("category", message("Category")),
        Column("brand", message("Brand")),
        Column("price", message("Price"), numeric=True),
        Column("cost", message("Cost"), numeric=True),
        Column("currency", message("Currency"), hidden=True),
    ),
    filters=(
        Filter("category", message("Category")),
        Filter("brand", message("Brand")),
        Filter("bare", message("Without cost"), kind="flag"),
    ),
    sort="sku",
    export="products",
)


@page("orders.read")
@require_safe
def list_products(request: HttpRequest) -> HttpResponse:
    """List the catalogue by code."""
    reader = reader_of(request)
    return draw_opened(
        request,
        _open(reader),
        reader,
        empty=Empty(
            gettext("No products yet"),
            gettext("Products come in by file or by API. Orders are kept without them, too."),
            icon="package",
        ),
    )


@page("orders.read")
@require_safe
def product(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Show one product: where it hangs in the tree, its price, and its cost to who may know."""
    at, actor = clock.met(request), actor_of(request)
    found = commerce.get_product_by_id(public_id=public_id)
    facts = [Fact(gettext("Price"), money(found.price_minor, found.currency))]
    if actor.may(COST):
        facts += _cost_facts(found)
    return draw_sections(
        request,
        heading=found.name,
        purpose=found.sku,
        crumbs=[Crumb(gettext("Products"), reverse("console-products"))],
        facts=facts,
        sections=[_facts_of(found), _place_of(found)],
        at=at,
    )


def _open(reader: Reader) -> Opened:
    spec = PRODUCTS.with_choices(
        category=[
            Choice("/".join(node.path), _indented(node.path), node.products, is_data=True)
            for node in commerce.list_categories()
        ],
        brand=[Choice(brand, brand, is_data=True) for brand in commerce.list_brands()],
    )
    state = read_state(spec, reader.params)
    query = _query(state, reader.actor)

    def read(cursor: str | None, size: int) -> Part:
        items, after = commerce.list_products_matching(query=query, cursor=cursor, limit=size)
        return Part([_row(item, reader.actor) for item in items], after)

    def total() -> Total:
        return total_of(commerce.count_products(query=query), state)

    return Opened(state=state, read=read, total=total)


def _query(state: ListState, actor: Actor) -> ProductQuery:
    category = state.filters.get("category", "")
    return ProductQuery(
        category=tuple(category.split("/")) if category else (),
        brand=state.filters.get("brand", ""),
        without_cost=state.is_on("bare") and actor.may(COST),
    )


def _row(item: ProductView, actor: Actor) -> ListRow:
    return ListRow(
        str(item.public_id),
        {
            "sku": Cell.code(item.sku),
            "name": Cell.text(item.name),
            "category": Cell.text(" / ".join(item.category)),
            "brand": Cell.text(item.brand),
            "price": Cell.money(item.price_minor, item.currency),
            "cost": Cell.money(item.cost_minor, item.currency)
            if actor.may(COST)
            else Cell.text("****"),
            "currency": Cell.text(item.currency),
        },
        reverse("console-product", args=[item.public_id]),
    )


def _cost_facts(found: ProductView) -> list[Fact]:
    cost = Fact(gettext("Cost"), money(found.cost_minor, found.currency))
    if found.cost_minor is None or not found.price_minor:
        return [cost]
    margin = found.price_minor - found.cost_minor
    share = percent(margin, found.price_minor)
    return [cost, Fact(gettext("Margin"), money(margin, found.currency), share)]


def _facts_of(found: ProductView) -> Section:
    return Section(
        title=gettext("Product"),
        pairs=(
            (gettext("Code"), Cell.code(found.sku)),
            (gettext("Product name"), Cell.text(found.name)),
            (gettext("Brand"), Cell.text(found.brand)),
            (gettext("Currency"), Cell.text(found.currency)),
        ),
    )


def _place_of(found: ProductView) -> Section:
    paths = [found.category[: depth + 1] for depth in range(len(found.category))]
    href = reverse("console-products")
    state = read_state(
        PRODUCTS.with_choices(category=[Choice("/".join(p), p[-1], is_data=True) for p in paths]),
        {},
    )
    return Section(
        title=gettext("Category tree"),
        headings=(Heading(gettext("Category")),),
        rows=[
            (Cell.link(_indented(p), f"{href}?{state.query(category='/'.join(p))}"),) for p in paths
        ],
        text="" if paths else gettext("The product hangs in no category."),
        aside=True,
    )


def _indented(path: tuple[str, ...]) -> str:
    """Write a node below its parents, so that a list of them reads as a tree."""
    return "\u2003" * (len(path) - 1) + path[-1]


LISTINGS = (Listing(spec=PRODUCTS, permission="orders.read", open=_open),)
ROUTES: tuple[URLPattern, ...] = (
    path("console/products", list_products, name="console-products"),
    path("console/products/<uuid:public_id>", product, name="console-product"),
)
