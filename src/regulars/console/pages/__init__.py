"""The pages of the console, one function each, and their addresses.

Each module of this package names its addresses in `ROUTES`, and its lists that can leave the house
as files in `LISTINGS`; here they are joined. A literal address comes before one with a part to
fill in, whatever module each stands in.
"""

from importlib import import_module
from pkgutil import iter_modules

from django.urls import URLPattern

from regulars.console.domain.listings import Listing
from regulars.console.pages.errors import broken, forbidden, not_found, stale_form


def _literal_first(pattern: URLPattern) -> tuple[tuple[bool, str], ...]:
    parts = str(pattern.pattern).split("/")
    return tuple((part.startswith("<"), part) for part in parts)


_MODULES = [import_module(f"{__name__}.{each.name}") for each in iter_modules(__path__)]

ROUTES: tuple[URLPattern, ...] = tuple(
    sorted(
        (route for module in _MODULES for route in getattr(module, "ROUTES", ())),
        key=_literal_first,
    )
)
LISTINGS: tuple[Listing, ...] = tuple(
    listing for module in _MODULES for listing in getattr(module, "LISTINGS", ())
)

__all__ = ["LISTINGS", "ROUTES", "broken", "forbidden", "not_found", "stale_form"]
