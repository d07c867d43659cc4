"""Record products and the category tree they hang in."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction

from regulars.commerce.domain import ProductInput, ProductRecorded
from regulars.kit.ids import time_ordered_uuid
from regulars.web import sql

_UPSERT = """
INSERT INTO commerce_product AS p (public_id, sku, name, category_id, brand, currency, price_minor,
    cost_minor, batch_id, recorded_at, changed_at)
SELECT u.public_id, u.sku, u.name, u.category_id, COALESCE(u.brand, ''), u.currency,
    u.price_minor, u.cost_minor, %s::bigint, %s::timestamptz, %s::timestamptz
FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::bigint[], %s::text[], %s::text[], %s::bigint[],
    %s::bigint[]) AS u(public_id, sku, name, category_id, brand, currency, price_minor, cost_minor)
ORDER BY u.sku
ON CONFLICT (sku) DO UPDATE SET name = EXCLUDED.name,
    category_id = COALESCE(EXCLUDED.category_id, p.category_id),
    brand = COALESCE(NULLIF(EXCLUDED.brand, ''), p.brand),
    currency = EXCLUDED.currency,
    price_minor = COALESCE(EXCLUDED.price_minor, p.price_minor),
    cost_minor = COALESCE(EXCLUDED.cost_minor, p.cost_minor),
    changed_at = EXCLUDED.changed_at
WHERE (p.name, p.category_id, p.brand, p.price_minor, p.cost_minor) IS DISTINCT FROM
    (EXCLUDED.name, COALESCE(EXCLUDED.category_id, p.category_id),
     COALESCE(NULLIF(EXCLUDED.brand, ''), p.brand),
     COALESCE(EXCLUDED.price_minor, p.price_minor), COALESCE(EXCLUDED.cost_minor, p.cost_minor))
RETURNING p.id, p.public_id, p.sku, (xmax = 0)
"""


@transaction.atomic
def record_products(
    *,
    products: Sequence[ProductInput],
    currency: str,
    at: datetime,
    batch_id: int | None = None,
) -> list[ProductRecorded]:
    """Record products by SKU; answers one value per row, in their order.

    What a row does not say stays as it was; of two rows of one SKU the later one counts.
    Categories on the way to a product are made as needed.
    """
    last = {product.sku: product for product in products}
    if not last:
        return []
    categories = _ensure_categories({p.category for p in last.values() if p.category})
    written = _upsert(list(last.values()), categories, currency, batch_id, at)
    kept = _find([sku for sku in last if sku not in written])
    return [(written | kept)[product.sku] for product in products]


def _upsert(
    products: Sequence[ProductInput],
    categories: dict[tuple[str, ...], int],
    currency: str,
    batch_id: int | None,
    at: datetime,
) -> dict[str, ProductRecorded]:
    found = sql.rows(
        _UPSERT,
        [
            *(batch_id, at, at),
            [time_ordered_uuid(at) for _ in products],
            [product.sku for product in products],
            [product.name for product in products],
            [
                categories.get(product.category) if product.category else None
                for product in products
            ],
            [product.brand for product in products],
            [product.currency or currency for product in products],
            [product.price_minor for product in products],
            [product.cost_minor for product in products],
        ],
    )
    return {
        sku: ProductRecorded(
            product_id=product_id, public_id=public_id, change="new" if is_new else "updated"
        )
        for product_id, public_id, sku, is_new in found
    }


def _find(skus: Sequence[str]) -> dict[str, ProductRecorded]:
    if not skus:
        return {}
    found: list[tuple[int, UUID, str]] = sql.rows(
        "SELECT id, public_id, sku FROM commerce_product WHERE sku = ANY(%s::text[])", [list(skus)]
    )
    return {
        sku: ProductRecorded(product_id=product_id, public_id=public_id, change="same")
        for product_id, public_id, sku in found
    }


def _ensure_categories(paths: set[tuple[str, ...]]) -> dict[tuple[str, ...], int]:
    """Make the missing nodes of these paths, roots first; answers the id of each path."""
    nodes = {path[:depth] for path in paths for depth in range(1, len(path) + 1)}
    ids: dict[tuple[str, ...], int] = {}
    for depth in range(1, max(map(len, nodes), default=0) + 1):  # a tree is a few levels deep
        ids.update(_ensure_level(sorted(node for node in nodes if len(node) == depth), ids))
    return ids


def _ensure_level(
    nodes: Sequence[tuple[str, ...]], parents: dict[tuple[str, ...], int]
) -> dict[tuple[str, ...], int]:
    paths = {"/".join(node): node for node in nodes}
    sql.run(
        "INSERT INTO commerce_category (name, path, parent_id)"
        " SELECT * FROM unnest(%s::text[], %s::text[], %s::bigint[]) ON CONFLICT (path) DO NOTHING",
        [
            [node[-1] for node in paths.values()],
            list(paths),
            [parents.get(node[:-1]) for node in paths.values()],
        ],
    )
    found = sql.rows(
        "SELECT path, id FROM commerce_category WHERE path = ANY(%s::text[])", [list(paths)]
    )
    return {paths[path]: category_id for path, category_id in found}
