"""Read the catalogue."""

from typing import Any
from uuid import UUID

from regulars.commerce.domain import CategoryView, ProductMissing, ProductQuery, ProductView
from regulars.web import paging, seeking, sql
from regulars.web.seeking import Condition, Counted, Seek

_COLUMNS = (
    "p.id, p.public_id, p.sku, p.name, c.path, p.brand, p.currency, p.price_minor, p.cost_minor"
)
_FROM = "FROM commerce_product p LEFT JOIN commerce_category c ON c.id = p.category_id"


def list_products(
    *,
    category: str | None = None,
    brand: str | None = None,
    cursor: str | None = None,
    limit: int | None = None,
) -> tuple[tuple[ProductView, ...], str | None]:
    """List products by SKU, with the cursor of the next page; `category` includes what is below."""
    size = paging.clamp(limit)
    after = _after(cursor) if cursor is not None else ""
    found = sql.rows(
        f"SELECT {_COLUMNS} {_FROM} WHERE p.sku > %s::text"
        " AND (%s::text IS NULL OR c.path = %s::text OR starts_with(c.path, %s::text || '/'))"
        " AND (%s::text IS NULL OR p.brand = %s::text) ORDER BY p.sku LIMIT %s::int",
        [after, category, category, category, brand, brand, size + 1],
    )
    items = tuple(_view(row) for row in found[:size])
    return items, paging.encode(items[-1].sku) if len(found) > size else None


def get_product(*, sku: str) -> ProductView:
    """Answer one product by its SKU; raises ProductMissing."""
    found = sql.row(f"SELECT {_COLUMNS} {_FROM} WHERE p.sku = %s::text", [sku])
    if found is None:
        raise ProductMissing
    return _view(found)


def get_product_by_id(*, public_id: UUID) -> ProductView:
    """Answer one product by its public id; raises ProductMissing."""
    found = sql.row(f"SELECT {_COLUMNS} {_FROM} WHERE p.public_id = %s::uuid", [public_id])
    if found is None:
        raise ProductMissing
    return _view(found)


def list_products_matching(
    *, query: ProductQuery, cursor: str | None = None, limit: int | None = None
) -> tuple[tuple[ProductView, ...], str | None]:
    """List the products that match by SKU, with the cursor of the next page."""
    found = seeking.page(_seek(query), cursor=cursor, limit=limit)
    return tuple(_view(row) for row in found.rows), found.next_cursor


def count_products(*, query: ProductQuery) -> Counted:
    """Count the products that match."""
    return seeking.count(_seek(query))


def list_categories(*, limit: int = 1_000) -> list[CategoryView]:
    """List the product tree by path, each node with the products in it and below it."""
    found = sql.rows(
        "WITH own AS (SELECT d.path, count(p.id) AS products FROM commerce_category d"
        " JOIN commerce_product p ON p.category_id = d.id GROUP BY d.path)"
        " SELECT c.path, COALESCE(sum(own.products), 0)::bigint FROM commerce_category c"
        " LEFT JOIN own ON own.path = c.path OR starts_with(own.path, c.path || '/')"
        " GROUP BY c.path ORDER BY c.path LIMIT %s::int",
        [limit],
    )
    return [CategoryView(tuple(path.split("/")), products) for path, products in found]


def list_brands(*, limit: int = 500) -> list[str]:
    """List the brands that products carry."""
    found = sql.rows(
        "SELECT DISTINCT brand FROM commerce_product WHERE brand <> '' ORDER BY brand"
        " LIMIT %s::int",
        [limit],
    )
    return [brand for (brand,) in found]


def _seek(query: ProductQuery) -> Seek:
    among: list[Condition] = []
    if query.category:
        path = "/".join(query.category)
        among.append(("c.path = %s::text OR starts_with(c.path, %s::text || '/')", [path, path]))
    if query.brand:
        among.append(("p.brand = %s::text", [query.brand]))
    if query.without_cost:
        among.append(("p.cost_minor IS NULL", []))
    return Seek(
        columns=_COLUMNS,
        table=_FROM.removeprefix("FROM "),
        keys=(("p.sku", "text"),),
        among=tuple(among),
        descending=False,
    )


def _after(cursor: str) -> str:
    (last,) = paging.decode(cursor, parts=1)
    if not isinstance(last, str):
        raise paging.CursorMalformed
    return last


def _view(row: tuple[Any, ...]) -> ProductView:
    return ProductView(
        id=row[0],
        public_id=row[1],
        sku=row[2],
        name=row[3],
        category=tuple(row[4].split("/")) if row[4] else (),
        brand=row[5],
        currency=row[6],
        price_minor=row[7],
        cost_minor=row[8],
    )
