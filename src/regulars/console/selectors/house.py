"""Read what every page needs of the house: its brand, its zone, the names of its stores."""

from collections.abc import Iterable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django.conf import settings

from regulars.access import selectors as access
from regulars.access.domain import Brand


@dataclass(frozen=True, slots=True)
class House:
    """Whose house it is, and in which zone its people read times."""

    brand: str
    zone: ZoneInfo


def get_house() -> House:
    """Answer the house; before it is set up it has no name and keeps the server's zone."""
    brands = access.list_brands()
    if not brands:
        return House(brand="", zone=ZoneInfo(settings.TIME_ZONE))
    return House(brand=brands[0].name, zone=ZoneInfo(_zone(brands)))


def store_names(store_ids: Iterable[int | None]) -> dict[int, str]:
    """Answer the names of stores by id."""
    wanted = {store_id for store_id in store_ids if store_id}
    if not wanted:
        return {}
    return {store_id: store.name for store_id, store in access.stores_by_id(wanted).items()}


def _zone(brands: list[Brand]) -> str:
    return brands[0].zone or settings.TIME_ZONE
