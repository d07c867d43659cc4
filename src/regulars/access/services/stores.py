"""Write brands, regions and stores, a batch at a time."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db import transaction

from regulars.access import domain
from regulars.access.domain import (
    DEFAULT_CODE,
    Actor,
    Brand,
    Places,
    Region,
    Scope,
    Store,
    StoreOutcome,
    StoreRow,
)
from regulars.access.selectors import stores as selectors
from regulars.access.services.audit import audit
from regulars.kit import periods
from regulars.kit.errors import Refusal
from regulars.kit.ids import time_ordered_uuid
from regulars.web import sql

_LOCK = "SELECT pg_advisory_xact_lock(hashtext('access.stores'))"


@transaction.atomic
def record_stores(
    rows: Sequence[StoreRow], *, at: datetime, scope: Scope | None = None
) -> list[StoreOutcome]:
    """Write down what rows say about stores; one outcome per row, in the order of the rows.

    Regions and brands that nobody has named before are made. Saying the same again changes
    nothing and answers `exists`. A bad row is refused alone; the rest is written.
    """
    told = [domain.clean(row) for row in rows]
    sql.row(_LOCK)
    good = [row for row in told if _is_readable(row)]
    known = selectors.stores_by_code({row.code for row in good})
    places = _ensure_places(good, known, at=at, scope=scope or Scope.all())

    plan = domain.plan_stores(
        told,
        known=known,
        places=places,
        new_ids={row.code: time_ordered_uuid(at) for row in good},
        scope=scope or Scope.all(),
    )

    _write(plan.writes, at=at)
    return list(plan.outcomes)


@transaction.atomic
def change_store(row: StoreRow, *, at: datetime, scope: Scope, actor: Actor) -> None:
    """Change one store as a person says it, on the record; what is left out stays.

    Raises StoreUnreadable, UnknownStoreKind, UnknownZone, StoreOutOfScope.
    """
    said = domain.clean(row)
    domain.check_row(said)
    (outcome,) = record_stores([said], at=at, scope=scope)
    if outcome.outcome == "refused":
        raise domain.StoreOutOfScope(store=said.code)
    audit(
        actor=actor,
        action="store.changed",
        object_kind="store",
        object_id=str(outcome.id),
        at=at,
        details={
            "code": said.code,
            "change": outcome.change,
            **{
                name: value
                for name in ("name", "kind", "region", "zone")
                if (value := getattr(said, name)) is not None
            },
        },
    )


@transaction.atomic
def rename_brand(*, brand_id: int, name: str, zone: str | None = None) -> None:
    """Give a brand its name, and the zone its new stores will keep time in."""
    if zone is not None:
        periods.zone(zone)
    sql.run(
        "UPDATE access_brand SET name = %s::text, zone = COALESCE(%s::text, zone)"
        " WHERE id = %s::bigint",
        [name, zone, brand_id],
    )


def _is_readable(row: StoreRow) -> bool:
    try:
        domain.check_row(row)
    except Refusal:
        return False
    return True


def _ensure_places(
    rows: Sequence[StoreRow], known: Mapping[str, Store], *, at: datetime, scope: Scope
) -> Places:
    """Read all brands and regions, making those that writable rows name for the first time."""
    writable = [
        row for row in rows if scope.covers_store(known[row.code].id if row.code in known else None)
    ]
    brands = _ensure_brands({row.brand for row in writable if row.brand}, at=at)
    by_id = {brand.id: brand for brand in brands.values()}
    wanted = {(brand.id, DEFAULT_CODE) for brand in by_id.values()}
    for row in writable:
        brand = brands[row.brand or DEFAULT_CODE]
        if row.brand is None and row.code in known:
            brand = by_id[known[row.code].brand_id]
        wanted.add((brand.id, row.region or DEFAULT_CODE))
    return Places(brands=brands, regions=_ensure_regions(wanted, at=at))


def _ensure_brands(words: set[str], *, at: datetime) -> dict[str, Brand]:
    found = _brands_by_word()
    missing = sorted(words - found.keys())
    if not missing:
        return found
    sql.run(
        "INSERT INTO access_brand (public_id, code, name, zone)"
        " SELECT *, %s::text FROM unnest(%s::uuid[], %s::text[], %s::text[])"
        " ON CONFLICT DO NOTHING",
        [found[DEFAULT_CODE].zone, [time_ordered_uuid(at) for _ in missing], missing, missing],
    )
    return _brands_by_word()


def _brands_by_word() -> dict[str, Brand]:
    brands = selectors.list_brands()
    by_name = {brand.name: brand for brand in brands}
    return by_name | {brand.code: brand for brand in brands}


def _ensure_regions(wanted: set[tuple[int, str]], *, at: datetime) -> dict[tuple[int, str], Region]:
    found = _regions_by_word()
    missing = sorted(wanted - found.keys())
    if not missing:
        return found
    words = [word for _, word in missing]
    sql.run(
        "INSERT INTO access_region (public_id, brand_id, code, name)"
        " SELECT * FROM unnest(%s::uuid[], %s::bigint[], %s::text[], %s::text[])"
        " ON CONFLICT DO NOTHING",
        [
            [time_ordered_uuid(at) for _ in missing],
            [brand_id for brand_id, _ in missing],
            words,
            words,
        ],
    )
    return _regions_by_word()


def _regions_by_word() -> dict[tuple[int, str], Region]:
    regions = selectors.list_regions(Scope.all(), limit=100_000)
    by_name = {(region.brand_id, region.name): region for region in regions}
    return by_name | {(region.brand_id, region.code): region for region in regions}


def _write(stores: Sequence[Store], *, at: datetime) -> None:
    if not stores:
        return
    sql.run(
        "INSERT INTO access_store (public_id, code, name, kind, zone, region_id, brand_id,"
        " created_at, changed_at)"
        " SELECT *, %s::timestamptz, %s::timestamptz FROM unnest(%s::uuid[], %s::text[],"
        " %s::text[], %s::text[], %s::text[], %s::bigint[], %s::bigint[])"
        " ON CONFLICT (code) DO UPDATE SET name = EXCLUDED.name, kind = EXCLUDED.kind,"
        " zone = EXCLUDED.zone, region_id = EXCLUDED.region_id, brand_id = EXCLUDED.brand_id,"
        " changed_at = EXCLUDED.changed_at",
        [
            at,
            at,
            [store.public_id for store in stores],
            [store.code for store in stores],
            [store.name for store in stores],
            [store.kind.value for store in stores],
            [store.zone for store in stores],
            [store.region_id for store in stores],
            [store.brand_id for store in stores],
        ],
    )
