"""Read the home page: figures of the last month, and how the house is doing."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.core.cache import cache

from regulars.access.domain import Actor
from regulars.commerce.selectors import figures as purchases
from regulars.console.selectors.lists import DEFAULT_CURRENCY
from regulars.console.selectors.tiers import Rung
from regulars.events import selectors as events
from regulars.ingest import selectors as ingest
from regulars.ledger.selectors import figures as points
from regulars.ledger.selectors.figures import Outstanding
from regulars.members import selectors as members
from regulars.members.selectors import figures

WINDOW_DAYS = 30
KEPT_SECONDS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """The figures of the home page at a moment; None where the reader may not see one."""

    at: datetime
    members: int | None = None
    members_new: int | None = None
    by_tier: dict[str, int] | None = None
    sales: purchases.Sales | None = None
    by_day: dict[date, int] | None = None
    other_currencies: int = 0
    points: Outstanding | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """How the house is doing: what waits, what failed, who is behind."""

    dead_letters: int
    parked: int
    behind: int
    stuck: tuple[str, ...]
    sources: int
    failing: tuple[str, ...]
    seen_at: datetime | None


def get_figures(*, actor: Actor, at: datetime, zone: ZoneInfo, fresh: bool) -> Figures:
    """Answer the figures within the reader's scopes, remembered for a minute unless asked anew."""
    key = f"console.figures.{hash((actor.permissions, actor.reaches, actor.scope))}"
    found: Figures | None = None if fresh else cache.get(key)
    if found is None:
        found = _count(actor, at=at, zone=zone)
        cache.set(key, found, KEPT_SECONDS)
    return found


def get_health(*, at: datetime) -> Health:
    """Answer what waits and what failed."""
    consumers = events.list_consumers()
    sources = ingest.list_sources(at=at)
    failing = [
        each.source.name
        for each in sources
        if each.failed_at is not None and (each.seen_at is None or each.failed_at >= each.seen_at)
    ]
    return Health(
        dead_letters=events.count_dead_letters(),
        parked=ingest.count_parked(),
        behind=max((each.behind for each in consumers), default=0),
        stuck=tuple(each.consumer for each in consumers if each.error_code),
        sources=len(sources),
        failing=tuple(failing),
        seen_at=max((each.seen_at for each in sources if each.seen_at), default=None),
    )


def tier_shares(rungs: list[Rung], counts: dict[str, int], total: int) -> list[tuple[Rung, int]]:
    """Count members by tier, lowest first; who was never judged stands on the lowest."""
    above = {rung.code: counts.get(rung.code, 0) for rung in rungs[1:]}
    lowest = max(0, total - sum(above.values()))
    return [(rung, above.get(rung.code, lowest)) for rung in rungs]


def _count(actor: Actor, *, at: datetime, zone: ZoneInfo) -> Figures:
    since = at - timedelta(days=WINDOW_DAYS)
    sales: list[purchases.Sales] = []
    if actor.may("orders.read"):
        scope = actor.scope_for("orders.read")
        sales = purchases.sales_since(scope=scope, since=since) or [
            purchases.Sales(DEFAULT_CURRENCY, 0, 0, 0)
        ]
    by_day = _by_day(actor, sales[0].currency, at=at, zone=zone) if sales else None
    reach = actor.scope_for("members.read")
    sees_members = actor.may("members.read")
    sees_points = actor.may("points.read") and actor.scope_for("points.read").everything
    return Figures(
        at=at,
        members=members.count_members(scope=reach) if sees_members else None,
        members_new=figures.count_joined(scope=reach, since=since) if sees_members else None,
        by_tier=figures.count_by_tier(scope=reach) if sees_members else None,
        sales=sales[0] if sales else None,
        by_day=by_day,
        other_currencies=max(0, len(sales) - 1),
        points=points.get_outstanding(at=at) if sees_points else None,
    )


def _by_day(actor: Actor, currency: str, *, at: datetime, zone: ZoneInfo) -> dict[date, int]:
    """Sum sales by day over this window and the one before it."""
    return purchases.sales_by_day(
        scope=actor.scope_for("orders.read"),
        since=at - timedelta(days=2 * WINDOW_DAYS),
        currency=currency,
        zone=zone.key,
    )
