"""Who hears what: the one place that joins the apps at start.

Order in the list of inline reactions is the order in which they run within a wave.
"""

import importlib
from importlib.util import find_spec

from django.apps import apps

from regulars.events import services as events
from regulars.events.domain import Catalogue, EventType


def _types() -> dict[str, EventType]:
    found: dict[str, EventType] = {}
    for app in ("access", "members", "commerce", "ingest", "ledger", "loyalty"):
        name = f"regulars.{app}.domain.facts"
        if apps.is_installed(f"regulars.{app}") and find_spec(name):
            for kind in importlib.import_module(name).EVENT_TYPES:
                found[kind.name] = kind
    return found


def join() -> None:
    """Install types and reactions; called once when Django is ready."""
    events.install(Catalogue(types=_types()))
