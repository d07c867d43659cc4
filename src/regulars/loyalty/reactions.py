"""Hear what happened to orders, balances and members, and let points and tiers follow."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from regulars.events.domain import Event, Outcome
from regulars.loyalty import selectors, services
from regulars.loyalty.domain import OrderSnapshot, Reason, Verdict, read_declaration

APP = "loyalty"


def when_orders_recorded(events: Sequence[Event], *, at: datetime) -> Sequence[Outcome]:
    """Award what the orders are worth now; says for each what was given or taken, and why."""
    verdicts = services.award_orders(snapshots=[_snapshot(event) for event in events], at=at)
    return [_outcome(verdict) for verdict in verdicts if verdict.reason is not None]


def when_balances_declared(events: Sequence[Event], *, at: datetime) -> Sequence[Outcome]:
    """Take up growth brought over, and take back what orders up to its date had given."""
    tz = selectors.get_programme().tz
    declarations = [
        declaration
        for event in events
        if event.member_id is not None
        and (
            declaration := read_declaration(
                event.facts,
                event_id=event.id,
                member_id=event.member_id,
                batch_id=event.batch_id,
                tz=tz,
            )
        )
    ]
    verdicts = services.declare_openings(declarations=declarations, at=at)
    taken: dict[int, list[Verdict]] = {}
    for verdict in verdicts:
        if verdict.reason is not None:
            taken.setdefault(verdict.event_id, []).append(verdict)
    return [
        Outcome(event_id, APP, "awards_taken_back", _sum(some)) for event_id, some in taken.items()
    ]


def when_imports_reverted(events: Sequence[Event], *, at: datetime) -> Sequence[Outcome]:
    """Undo balances that an import had declared; orders tell of their own undoing themselves."""
    outcomes = []
    for event in events:
        batch_id = event.facts.get("batch_id", event.batch_id)
        if batch_id is None:
            continue
        ended = services.revert_openings(batch_id=batch_id, event_id=event.id, at=at)
        if ended:
            outcomes.append(Outcome(event.id, APP, "openings_ended", {"openings": ended}))
    return outcomes


def when_members_merged(events: Sequence[Event], *, at: datetime) -> Sequence[Outcome]:
    """Unite two histories after the ledger has united the points."""
    for event in events:
        services.merge_histories(
            winner_id=event.facts["winner_id"], loser_id=event.facts["loser_id"], at=at
        )
    return ()


def when_members_unmerged(events: Sequence[Event], *, at: datetime) -> Sequence[Outcome]:
    """Part two histories again; each tier follows from what is its own."""
    for event in events:
        services.unmerge_histories(
            winner_id=event.facts["winner_id"],
            loser_id=event.facts["loser_id"],
            merge_id=event.facts["merge_id"],
            event_id=event.id,
            at=at,
        )
    return ()


def when_members_erased(events: Sequence[Event], *, at: datetime) -> Sequence[Outcome]:  # noqa: ARG001 erasing needs no clock
    """Forget the tiers of members who are erased."""
    gone: set[int] = set()
    for event in events:
        gone.update(event.facts.get("member_ids", ()))
        if event.member_id is not None:
            gone.add(event.member_id)
    services.erase_histories(member_ids=sorted(gone))
    return ()


def _snapshot(event: Event) -> OrderSnapshot:
    facts = event.facts
    paid_at, completed_at = facts["paid_at"], facts["completed_at"]
    completed = None if completed_at is None else datetime.fromisoformat(completed_at)
    return OrderSnapshot(
        event.id,
        facts["order_id"],
        event.member_id,
        event.store_id,
        facts["currency"],
        facts["state"],
        facts["net_minor"],
        event.occurred_at if paid_at is None else datetime.fromisoformat(paid_at),
        event.occurred_at,
        completed,
        facts["reports_completion"],
        facts["award"],
        facts["is_new"],
    )


def _outcome(verdict: Verdict) -> Outcome:
    reason = verdict.reason
    assert reason is not None, "only what has a reason is told"
    if verdict.points > 0 or verdict.growth > 0:
        code = "awarded"
    elif verdict.points < 0 or verdict.growth < 0:
        code = "taken_back"
    else:
        code = "nothing"
    return Outcome(
        verdict.event_id,
        APP,
        code,
        {"points": verdict.points, "growth": verdict.growth, "reason": reason.value},
    )


def _sum(verdicts: Sequence[Verdict]) -> dict[str, Any]:
    return {
        "orders": len(verdicts),
        "points": sum(verdict.points for verdict in verdicts),
        "growth": sum(verdict.growth for verdict in verdicts),
        "reason": Reason.BEFORE_OPENING.value,
    }
