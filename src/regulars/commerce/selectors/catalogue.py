"""Read the catalogue."""

from typing import Any

from regulars.commerce.domain import ProductMissing, ProductView
from regulars.web import paging, sql

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
