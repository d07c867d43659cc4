"""Read brands, regions and stores."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from regulars.access.domain import (
    Brand,
    Region,
    RegionNotFound,
    Scope,
    Store,
    StoreKind,
    StoreNotFound,
)
from regulars.web import sql

_STORE = "s.id, s.public_id, s.code, s.name, s.kind, s.zone, s.region_id, s.brand_id"


def list_stores(
    scope: Scope, *, after: str = "", limit: int = 1000, region_id: int | None = None
) -> list[Store]:
    """List the stores in scope by code, those after a code first, at most `limit`."""
    within, values = scope.condition("s.id")
    found = sql.rows(
        f"SELECT {_STORE} FROM access_store s WHERE {within} AND s.code > %s::text"
        " AND (%s::bigint IS NULL OR s.region_id = %s::bigint) ORDER BY s.code LIMIT %s::int",
        [*values, after, region_id, region_id, limit],
    )
    return [_store(row) for row in found]


def get_store(*, code: str, scope: Scope) -> Store:
    """Find one store in scope by its code or public id; raises StoreNotFound."""
    within, values = scope.condition("s.id")
    found = sql.row(
        f"SELECT {_STORE} FROM access_store s"
        f" WHERE {within} AND (s.code = %s::text OR s.public_id::text = %s::text)",
        [*values, code, code.lower()],
    )
    if found is None:
        raise StoreNotFound(store=code)
    return _store(found)


def stores_by_code(codes: Iterable[str]) -> dict[str, Store]:
    """Find stores by code; codes that are nobody's are left out."""
    found = sql.rows(
        f"SELECT {_STORE} FROM access_store s WHERE s.code = ANY(%s::text[])", [list(codes)]
    )
    return {row[2]: _store(row) for row in found}


def stores_by_id(store_ids: Iterable[int]) -> dict[int, Store]:
    """Find stores by id."""
    found = sql.rows(
        f"SELECT {_STORE} FROM access_store s WHERE s.id = ANY(%s::bigint[])", [list(store_ids)]
    )
    return {row[0]: _store(row) for row in found}


def store_ids_by_code(codes: Iterable[str]) -> dict[str, int]:
    """Find the ids of stores by code; codes that are nobody's are left out."""
    found = sql.rows(
        "SELECT code, id FROM access_store WHERE code = ANY(%s::text[])", [list(codes)]
    )
    return dict(found)


def store_ids_of_regions(region_ids: Sequence[int]) -> dict[int, tuple[int, ...]]:
    """List the store ids of each region."""
    found = sql.rows(
        "SELECT region_id, array_agg(id ORDER BY id) FROM access_store"
        " WHERE region_id = ANY(%s::bigint[]) GROUP BY region_id",
        [list(region_ids)],
    )
    return {region_id: tuple(store_ids) for region_id, store_ids in found}


def list_regions(scope: Scope, *, after: str = "", limit: int = 1000) -> list[Region]:
    """List the regions that have a store in scope, by code, those after a place first.

    The place is the code and public id of the last one seen, joined by a unit separator.
    """
    within, values = scope.condition("s.id")
    reached = f"EXISTS (SELECT 1 FROM access_store s WHERE s.region_id = r.id AND {within})"
    found = sql.rows(
        "SELECT r.id, r.public_id, r.code, r.name, r.brand_id FROM access_region r"
        f" WHERE {'TRUE' if scope.everything else reached}"
        " AND (r.code, r.public_id::text) > (%s::text, %s::text)"
        " ORDER BY r.code, r.public_id::text LIMIT %s::int",
        [*values, *_code_and_id(after), limit],
    )
    return [Region(*row) for row in found]


def get_region(*, code: str) -> Region:
    """Find a region by its code or public id; raises RegionNotFound."""
    found = sql.row(
        "SELECT id, public_id, code, name, brand_id FROM access_region"
        " WHERE code = %s::text OR public_id::text = %s::text ORDER BY id LIMIT 1",
        [code, code.lower()],
    )
    if found is None:
        raise RegionNotFound(region=code)
    return Region(*found)


def region_codes(region_ids: Iterable[int]) -> dict[int, str]:
    """Answer the codes of regions by id."""
    found = sql.rows(
        "SELECT id, code FROM access_region WHERE id = ANY(%s::bigint[])", [list(region_ids)]
    )
    return dict(found)


def list_brands() -> list[Brand]:
    """List all brands by code."""
    return [
        Brand(*row)
        for row in sql.rows(
            "SELECT id, public_id, code, name, zone FROM access_brand ORDER BY code"
        )
    ]


def _code_and_id(after: str) -> tuple[str, str]:
    code, _, public_id = after.rpartition("\x1f")
    return code, public_id


def _store(row: tuple[int, UUID, str, str, str, str, int, int]) -> Store:
    store_id, public_id, code, name, kind, zone, region_id, brand_id = row
    return Store(store_id, public_id, code, name, StoreKind(kind), zone, region_id, brand_id)
