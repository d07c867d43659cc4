"""Stores, regions and approvals over HTTP: reads only; stores are sent in by `ingest`."""

from datetime import datetime
from typing import cast
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import ConfigDict, Field, JsonValue

from regulars.access import domain, selectors, services
from regulars.access.domain import Actor, Scope
from regulars.web import clock, paging
from regulars.web.permissions import requires

router = Router(tags=["stores"])

_STORE_EXAMPLE: dict[str, JsonValue] = {
    "id": "0197a5a0-6c00-7000-8000-000000000001",
    "code": "S01",
    "name": "Riverside",
    "kind": "shop",
    "zone": "Asia/Shanghai",
    "region": "south",
    "brand": "default",
}
_REGION_EXAMPLE: dict[str, JsonValue] = {
    "id": "0197a5a0-6c00-7000-8000-000000000002",
    "code": "south",
    "name": "South",
    "brand": "default",
}


_APPROVAL_EXAMPLE: dict[str, JsonValue] = {
    "id": "0197a5a0-6c00-7000-8000-000000000003",
    "kind": "points.adjust",
    "state": "executed",
    "object_kind": "member",
    "object_id": "0197a5a0-6c00-7000-8000-000000000004",
    "size": 20000,
    "proposed_at": "2026-03-01T12:00:00Z",
    "expires_at": "2026-03-04T12:00:00Z",
    "decided_at": "2026-03-01T12:30:00Z",
    "outcome": {"transfer_id": "0197a5a0-6c00-7000-8000-000000000005", "amount": 20000, "owed": 0},
}


class StoreOut(Schema):
    """A place that sells."""

    model_config = ConfigDict(json_schema_extra={"example": _STORE_EXAMPLE})

    id: str
    code: str
    name: str
    kind: str
    zone: str
    region: str
    brand: str


class StorePage(Schema):
    """Stores, and where the next page begins."""

    items: list[StoreOut]
    next_cursor: str | None


class RegionOut(Schema):
    """A group of stores."""

    model_config = ConfigDict(json_schema_extra={"example": _REGION_EXAMPLE})

    id: str
    code: str
    name: str
    brand: str


class RegionPage(Schema):
    """Regions, and where the next page begins."""

    items: list[RegionOut]
    next_cursor: str | None


class PageQuery(Schema):
    """Which page of a list is asked for."""

    cursor: str | None = Field(None, description="`next_cursor` of the page before")
    limit: int = Field(paging.LIMIT_DEFAULT, ge=1, le=paging.LIMIT_MAX)


class StoreQuery(PageQuery):
    """Which stores are asked for."""

    region: str | None = Field(None, max_length=200, description="code or id of a region")


@router.get("/stores", response=StorePage, summary="List stores", operation_id="list_stores")
@requires("stores.read")
def list_stores(request: HttpRequest, query: Query[StoreQuery]) -> StorePage:
    """List the stores you may see, by code."""
    after = str(paging.decode(query.cursor, parts=1)[0]) if query.cursor else ""
    region_id = selectors.get_region(code=query.region).id if query.region else None
    stores = selectors.list_stores(
        _scope(request), after=after, limit=query.limit + 1, region_id=region_id
    )
    page = stores[: query.limit]
    more = paging.encode(page[-1].code) if len(stores) > query.limit else None
    return StorePage(items=_stores_out(page), next_cursor=more)


@router.get("/stores/{store}", response=StoreOut, summary="Get one store", operation_id="get_store")
@requires("stores.read")
def get_store(request: HttpRequest, store: str) -> StoreOut:
    """Get one store by its code or id."""
    return _stores_out([selectors.get_store(code=store, scope=_scope(request))])[0]


@router.get("/regions", response=RegionPage, summary="List regions", operation_id="list_regions")
@requires("stores.read")
def list_regions(request: HttpRequest, query: Query[PageQuery]) -> RegionPage:
    """List the regions of the stores you may see, by code."""
    after = "\x1f".join(map(str, paging.decode(query.cursor, parts=2))) if query.cursor else ""
    regions = selectors.list_regions(_scope(request), after=after, limit=query.limit + 1)
    page = regions[: query.limit]
    brands = _brand_codes()
    items = [
        RegionOut(
            id=str(each.public_id), code=each.code, name=each.name, brand=brands[each.brand_id]
        )
        for each in page
    ]
    more = paging.encode(page[-1].code, page[-1].public_id) if len(regions) > query.limit else None
    return RegionPage(items=items, next_cursor=more)


class ApprovalOut(Schema):
    """Something proposed, and what became of it."""

    model_config = ConfigDict(json_schema_extra={"example": _APPROVAL_EXAMPLE})

    id: str
    kind: str
    state: str
    object_kind: str
    object_id: str
    size: int
    proposed_at: datetime
    expires_at: datetime
    decided_at: datetime | None
    outcome: dict[str, JsonValue] | None


@router.get(
    "/approvals/{approval_id}",
    response=ApprovalOut,
    summary="Get one approval",
    operation_id="get_approval",
    tags=["approvals"],
)
@requires("approvals.read")
def get_approval(request: HttpRequest, approval_id: UUID) -> ApprovalOut:
    """Get what became of something you proposed, or may decide about.

    States: waiting, executed, failed (approved, and refused when it was done), rejected,
    withdrawn, expired. People decide, in the console.
    """
    found = selectors.get_approval(public_id=approval_id)
    actor = cast("Actor", request.actor)  # type: ignore[attr-defined]
    if not services.approvals.may_see([found], actor):
        raise domain.ApprovalNotFound
    return ApprovalOut(
        id=str(found.public_id),
        kind=found.kind,
        state=found.state_at(clock.now()).value,
        object_kind=found.object_kind,
        object_id=found.object_id,
        size=found.size,
        proposed_at=found.proposed_at,
        expires_at=found.expires_at,
        decided_at=found.decided_at,
        outcome=dict(found.outcome) if found.outcome is not None else None,
    )


def _stores_out(stores: list[domain.Store]) -> list[StoreOut]:
    regions = selectors.region_codes({store.region_id for store in stores})
    brands = _brand_codes()
    return [
        StoreOut(
            id=str(store.public_id),
            code=store.code,
            name=store.name,
            kind=store.kind.value,
            zone=store.zone,
            region=regions[store.region_id],
            brand=brands[store.brand_id],
        )
        for store in stores
    ]


def _brand_codes() -> dict[int, str]:
    return {brand.id: brand.code for brand in selectors.list_brands()}


def _scope(request: HttpRequest) -> Scope:
    return cast("Actor", request.actor).scope_for("stores.read")  # type: ignore[attr-defined]
