"""The pages of the console, one function each, and their addresses.

Each module of this package names its addresses in `ROUTES`; here they are joined. A literal
address comes before one with a part to fill in, whatever module each stands in.
"""

from importlib import import_module
from pkgutil import iter_modules

from django.urls import URLPattern

from regulars.console.pages.errors import broken, forbidden, not_found, stale_form


def _literal_first(pattern: URLPattern) -> tuple[tuple[bool, str], ...]:
    parts = str(pattern.pattern).split("/")
    return tuple((part.startswith("<"), part) for part in parts)


def _join() -> tuple[URLPattern, ...]:
    modules = (import_module(f"{__name__}.{each.name}") for each in iter_modules(__path__))
    routes: list[URLPattern] = [
        route for module in modules for route in getattr(module, "ROUTES", ())
    ]
    return tuple(sorted(routes, key=_literal_first))


ROUTES: tuple[URLPattern, ...] = _join()

__all__ = ["ROUTES", "broken", "forbidden", "not_found", "stale_form"]
