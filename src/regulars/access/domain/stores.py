"""Brands, regions and stores, and what a batch of store rows does to them.

A store is named by its code. A row says what it knows: what it leaves out stays as it was.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from uuid import UUID

from regulars.access.domain.scopes import Scope
from regulars.kit import periods
from regulars.kit.errors import Kind, Refusal
from regulars.kit.messages import message

CODE_LENGTH_MAX = 64
NAME_LENGTH_MAX = 200
DEFAULT_CODE = "default"


class StoreKind(StrEnum):
    """What sort of place sells here."""

    SHOP = "shop"
    COUNTER = "counter"
    FRANCHISE = "franchise"
    WEB = "web"
    MINI_PROGRAM = "mini_program"
    WAREHOUSE = "warehouse"
    OTHER = "other"


class StoreNotFound(Refusal):
    """No store in reach has this code or id."""

    kind = Kind.NOT_FOUND
    reason = message("There is no store “{store}”.")


class RegionNotFound(Refusal):
    """No region has this code."""

    kind = Kind.NOT_FOUND
    reason = message("There is no region “{region}”.")


class StoreUnreadable(Refusal):
    """A store row lacks its code or name, or one is far too long."""

    kind = Kind.INVALID
    reason = message("A store has a code of 1 to 64 and a name of 1 to 200 characters.")


class UnknownStoreKind(Refusal):
    """The kind of store is not in the list."""

    kind = Kind.INVALID
    reason = message("“{store_kind}” is not a kind of store. Choose one of: {store_kinds}.")


class StoreOutOfScope(Refusal):
    """The caller may write stores, though not this one."""

    kind = Kind.NOT_FOUND
    reason = message("There is no store “{store}” that you may write.")


@dataclass(frozen=True, slots=True)
class Brand:
    """A brand, with the zone its new stores keep time in."""

    id: int
    public_id: UUID
    code: str
    name: str
    zone: str


@dataclass(frozen=True, slots=True)
class Region:
    """A group of stores under one manager."""

    id: int
    public_id: UUID
    code: str
    name: str
    brand_id: int


@dataclass(frozen=True, slots=True)
class Store:
    """A place that sells: its code is what cash registers and files call it."""

    id: int
    public_id: UUID
    code: str
    name: str
    kind: StoreKind
    zone: str
    region_id: int
    brand_id: int


@dataclass(frozen=True, slots=True)
class StoreRow:
    """A store as told from outside; None means not said."""

    row: int
    code: str
    name: str | None = None
    region: str | None = None
    brand: str | None = None
    kind: str | None = None
    zone: str | None = None


@dataclass(frozen=True, slots=True)
class StoreOutcome:
    """What became of a row: applied, exists or refused; and new, updated or the same."""

    row: int
    outcome: str
    change: str
    id: str | None = None
    code: str | None = None
    facts: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Places:
    """Brands and regions by the words that rows call them, with the ones to use when silent."""

    brands: Mapping[str, Brand]
    regions: Mapping[tuple[int, str], Region]

    def place_of(self, row: StoreRow, known: Store | None) -> tuple[Brand, Region]:
        """Answer where a store stands after this row."""
        if row.brand is not None or known is None:
            brand = self.brands[row.brand or DEFAULT_CODE]
        else:
            brand = next(each for each in self.brands.values() if each.id == known.brand_id)
        if row.region is None and known is not None and brand.id == known.brand_id:
            stays = [each for each in self.regions.values() if each.id == known.region_id]
            return brand, stays[0]
        return brand, self.regions[brand.id, row.region or DEFAULT_CODE]


@dataclass(frozen=True, slots=True)
class StorePlan:
    """The stores to write, and what to answer for each row."""

    writes: tuple[Store, ...]
    outcomes: tuple[StoreOutcome, ...]


def plan_stores(
    rows: Sequence[StoreRow],
    *,
    known: Mapping[str, Store],
    places: Places,
    new_ids: Mapping[str, UUID],
    scope: Scope,
) -> StorePlan:
    """Decide what a batch does; a code said twice in it is applied in order.

    A new store has id 0 in the plan: the table gives it one.
    """
    now = dict(known)
    written: dict[str, Store] = {}
    outcomes: list[StoreOutcome] = []
    for row in rows:
        before = now.get(row.code)
        try:
            after = _store_after(row, before, places=places, new_ids=new_ids, scope=scope)
        except Refusal as refusal:
            facts = dict(refusal.facts)
            outcomes.append(StoreOutcome(row.row, "refused", "same", None, refusal.code, facts))
            continue
        public_id = str(after.public_id)
        if after == before:
            outcomes.append(StoreOutcome(row.row, "exists", "same", public_id))
            continue
        now[row.code] = written[row.code] = after
        change = "new" if before is None else "updated"
        outcomes.append(StoreOutcome(row.row, "applied", change, public_id))
    return StorePlan(tuple(written.values()), tuple(outcomes))


def clean(row: StoreRow) -> StoreRow:
    """Trim what was said; an empty text says nothing."""
    return replace(
        row,
        code=row.code.strip(),
        name=_said(row.name),
        region=_said(row.region),
        brand=_said(row.brand),
        kind=_said(row.kind),
        zone=_said(row.zone),
    )


def check_row(row: StoreRow) -> None:
    """Refuse a row whose words cannot be a store, whatever is known."""
    texts = [(row.code, CODE_LENGTH_MAX)]
    texts += [(text, NAME_LENGTH_MAX) for text in (row.name, row.region, row.brand) if text]
    if any(not 1 <= len(text) <= longest or "\x00" in text for text, longest in texts):
        raise StoreUnreadable
    if row.kind is not None and row.kind not in {kind.value for kind in StoreKind}:
        raise UnknownStoreKind(store_kind=row.kind, store_kinds=", ".join(StoreKind))
    if row.zone is not None:
        periods.zone(row.zone)


def _store_after(
    row: StoreRow,
    before: Store | None,
    *,
    places: Places,
    new_ids: Mapping[str, UUID],
    scope: Scope,
) -> Store:
    check_row(row)
    if not scope.covers_store(before.id if before else None):
        raise StoreOutOfScope(store=row.code)
    brand, region = places.place_of(row, before)
    if before is None:
        if row.name is None:
            raise StoreUnreadable
        kind, zone = StoreKind(row.kind or StoreKind.SHOP), row.zone or brand.zone
        return Store(0, new_ids[row.code], row.code, row.name, kind, zone, region.id, brand.id)
    return replace(
        before,
        name=row.name or before.name,
        kind=StoreKind(row.kind or before.kind),
        zone=row.zone or before.zone,
        region_id=region.id,
        brand_id=brand.id,
    )


def _said(text: str | None) -> str | None:
    return (text or "").strip() or None
