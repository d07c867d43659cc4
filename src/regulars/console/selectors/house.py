"""Read what pages need of the house: its name, and the names of its stores."""

from collections.abc import Iterable

from regulars.access import selectors as access


def get_brand() -> str:
    """Answer the name of the first brand; nothing before the house is set up."""
    brands = access.list_brands()
    return brands[0].name if brands else ""


def store_names(store_ids: Iterable[int | None]) -> dict[int, str]:
    """Answer the names of stores by id."""
    wanted = {store_id for store_id in store_ids if store_id}
    if not wanted:
        return {}
    return {store_id: store.name for store_id, store in access.stores_by_id(wanted).items()}
