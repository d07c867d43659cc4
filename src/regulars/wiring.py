"""Who hears what: the one place that joins the apps at start.

Order in the list of inline reactions is the order in which they run within a wave.
"""

import importlib
from importlib.util import find_spec

from django.apps import apps

from regulars.events import services as events
from regulars.events.domain import Catalogue, EventType, Inline
from regulars.web.middleware import install_identification

_INLINE = (
    ("member.enrolled member.linked", "commerce", "when_members_linked"),
    ("member.merged", "commerce", "when_members_merged"),
    ("member.unmerged", "commerce", "when_members_unmerged"),
    ("member.erased", "ingest", "when_members_erased"),
    ("member.merged", "ledger", "when_members_merged"),
    ("member.unmerged", "ledger", "when_members_unmerged"),
    ("member.erased", "ledger", "when_members_erased"),
    ("member.frozen", "ledger", "when_members_frozen"),
    ("member.unfrozen", "ledger", "when_members_unfrozen"),
    ("balance.declared", "ledger", "when_balances_declared"),
    ("import.reverted", "ledger", "when_imports_reverted"),
    ("balance.declared", "loyalty", "when_balances_declared"),
    ("import.reverted", "loyalty", "when_imports_reverted"),
    ("member.merged", "loyalty", "when_members_merged"),
    ("member.unmerged", "loyalty", "when_members_unmerged"),
    ("member.erased", "loyalty", "when_members_erased"),
    ("order.recorded", "loyalty", "when_orders_recorded"),
)


def _types() -> dict[str, EventType]:
    found: dict[str, EventType] = {}
    for app in ("access", "members", "commerce", "ingest", "ledger", "loyalty"):
        name = f"regulars.{app}.domain.facts"
        if apps.is_installed(f"regulars.{app}") and find_spec(name):
            for kind in importlib.import_module(name).EVENT_TYPES:
                found[kind.name] = kind
    return found


def _inline() -> tuple[Inline, ...]:
    found = []
    for types, app, name in _INLINE:
        module = f"regulars.{app}.reactions"
        if apps.is_installed(f"regulars.{app}") and find_spec(module):
            react = getattr(importlib.import_module(module), name, None)
            if react:
                found.append(Inline(frozenset(types.split()), react))
    return tuple(found)


def join() -> None:
    """Install types and reactions; called once when Django is ready."""
    events.install(Catalogue(types=_types(), inline=_inline()))
    if apps.is_installed("regulars.access"):
        access = importlib.import_module("regulars.access.services")
        install_identification(access.authenticate)
