"""Read the home page beside its figures: what waits for the reader, how the house is doing."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.cache import cache

from regulars.access import selectors as access
from regulars.access import services as access_services
from regulars.access.domain import Actor, Scope
from regulars.console.selectors.tiers import Rung
from regulars.events import selectors as events
from regulars.ingest import selectors as ingest
from regulars.ingest.domain.batches import BatchQuery
from regulars.ledger import selectors as ledger
from regulars.members import selectors as members
from regulars.members.selectors import requests
from regulars.web import progress

SEEN_MAX = 99
STAFF_SEEN = 20  # among so many accounts there are two that are on, or the house is one person's
HEALTH, HEALTH_SECONDS = "console.health", 30
FAILED_WITHIN = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """How the house is doing: what waits, what failed, who is behind, when it was last checked."""

    dead_letters: int
    parked: int
    behind: int
    stuck: tuple[str, ...]
    sources: int
    failing: tuple[str, ...]
    seen_at: datetime | None
    verified_at: datetime | None
    differences: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """Something that waits for the reader: how many, counted to a hundred."""

    code: str
    count: int

    @property
    def is_more(self) -> bool:
        """Tell whether there are more than were counted."""
        return self.count > SEEN_MAX


@dataclass(frozen=True, slots=True, kw_only=True)
class SetUp:
    """Which of the first steps are done."""

    has_stores: bool
    has_tiers: bool
    has_source: bool
    has_import: bool
    has_members: bool
    has_colleagues: bool
    has_factor: bool
    has_checked_programme: bool


def list_waiting(*, actor: Actor, at: datetime) -> list[Waiting]:
    """Answer what waits for this reader; what there is none of is left out."""
    waiting: list[Waiting] = []
    limit = SEEN_MAX + 1
    if actor.may("approvals.decide"):
        found = access_services.approvals.list_waiting_for(actor=actor, at=at, limit=limit)
        waiting.append(Waiting("approvals", len(found)))
    if actor.may("dead_letters.read"):
        waiting.append(Waiting("dead_letters", events.count_dead_letters()))
    failed, _ = progress.list_progress(owner=actor.caller, state="failed", limit=limit)
    waiting.append(Waiting("jobs", sum(one.asked_at >= at - FAILED_WITHIN for one in failed)))
    if actor.may("members.merge"):
        scope = actor.scope_for("members.merge")
        pairs = members.list_suggestions(scope=scope, limit=limit)
        waiting.append(Waiting("suggestions", len(pairs)))
    if actor.may("privacy.manage"):
        scope = actor.scope_for("privacy.manage")
        waiting.append(Waiting("privacy", requests.count_open(scope=scope, at=at)[0]))
    return [each for each in waiting if each.count]


def get_health(*, at: datetime) -> Health:
    """Answer what waits and what failed, remembered for half a minute."""
    found: Health | None = cache.get(HEALTH)
    if found is None:
        found = _health(at)
        cache.set(HEALTH, found, HEALTH_SECONDS)
    return found


def get_set_up(*, actor: Actor, at: datetime, rungs: list[Rung], members_total: int) -> SetUp:
    """Answer which of the first steps of a house are done, the second factor by this reader."""
    return SetUp(
        has_stores=bool(access.list_stores(Scope.all(), limit=1)),
        has_tiers=len(rungs) > 1,
        has_source=bool(ingest.list_sources(at=at)),
        has_import=bool(ingest.list_batches(query=BatchQuery(), limit=1).batches),
        has_members=members_total > 0,
        has_colleagues=sum(each.is_active for each in access.list_staff(limit=STAFF_SEEN)) > 1,
        has_factor=bool(access.get_factors(staff_id=actor.id).held),
        has_checked_programme=bool(access.list_audit(action="programme.configured", limit=1)),
    )


def tier_shares(rungs: list[Rung], counts: Mapping[str, int], total: int) -> list[tuple[Rung, int]]:
    """Count members by tier, lowest first; who was never judged stands on the lowest."""
    above = {rung.code: counts.get(rung.code, 0) for rung in rungs[1:]}
    lowest = max(0, total - sum(above.values()))
    return [(rung, above.get(rung.code, lowest)) for rung in rungs]


def _health(at: datetime) -> Health:
    consumers = events.list_consumers()
    sources = ingest.list_sources(at=at)
    runs = ledger.list_verify_runs(limit=1).runs
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
        verified_at=runs[0].finished_at if runs else None,
        differences=runs[0].bad if runs else 0,
    )
