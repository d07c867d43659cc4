"""What the ledger does when others say that members or balances changed, in the same commit."""

from collections.abc import Sequence
from datetime import datetime

from regulars.events.domain import Event, Outcome
from regulars.kit.periods import zone
from regulars.ledger import selectors, services
from regulars.ledger.domain import read_declaration

APP = "ledger"


def when_members_merged(events: Sequence[Event], *, at: datetime) -> Sequence[Outcome]:
    """Move all that the losers hold to the winners; a refusal aborts the merge."""
    return [
        Outcome(
            event.id,
            APP,
            "points_moved",
            {
                "points": services.merge_members(
                    winner_id=event.facts["winner_id"],
                    loser_id=event.facts["loser_id"],
                    merge_id=event.facts["merge_id"],
                    at=at,
                )
            },
        )
        for event in events
    ]


def when_members_unmerged(events: Sequence[Event], *, at: datetime) -> Sequence[Outcome]:
    """Give the losers back what is left of their own."""
    return [
        Outcome(
            event.id,
            APP,
            "points_returned",
            {
                "points": services.unmerge_members(
                    winner_id=event.facts["winner_id"],
                    loser_id=event.facts["loser_id"],
                    merge_id=event.facts["merge_id"],
                    at=at,
                )
            },
        )
        for event in events
    ]


def when_members_erased(events: Sequence[Event], *, at: datetime) -> Sequence[Outcome]:
    """Close the remaining balances by explicit entries; the transfers stay, without a person."""
    outcomes = []
    for event in events:
        members = set(event.facts.get("member_ids", ()))
        if event.member_id is not None:
            members.add(event.member_id)
        ended = services.close_members(member_ids=members, at=at, event_id=event.id)
        outcomes.append(Outcome(event.id, APP, "accounts_closed", {"points": ended}))
    return outcomes


def when_members_frozen(events: Sequence[Event], *, at: datetime) -> Sequence[Outcome]:
    """Keep the members' points where they are."""
    services.freeze_members(member_ids=_members(events), at=at)
    return ()


def when_members_unfrozen(
    events: Sequence[Event],
    *,
    at: datetime,  # noqa: ARG001 every reaction gets the time
) -> Sequence[Outcome]:
    """Let the members dispose of their points again."""
    services.release_members(member_ids=_members(events))
    return ()


def when_balances_declared(events: Sequence[Event], *, at: datetime) -> Sequence[Outcome]:
    """Bring declared balances in as lots; says how many points came and went, or why not."""
    tz = zone(selectors.get_zone_name())
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
    if not declarations:
        return ()
    outcomes = []
    for declared in services.declare_balances(declarations, at=at):
        if declared.refused is not None and declared.refused.refusal is not None:
            no = declared.refused.refusal
            outcomes.append(Outcome(declared.event_id, APP, no.code, dict(no.facts)))
        else:
            facts = {"opened": declared.opened, "taken_back": declared.taken_back}
            outcomes.append(Outcome(declared.event_id, APP, "balance_opened", facts))
    return outcomes


def when_imports_reverted(events: Sequence[Event], *, at: datetime) -> Sequence[Outcome]:
    """Take back the balances that the undone imports had declared."""
    outcomes = []
    for event in events:
        batch_id: int = event.facts["batch_id"]
        totals = services.revert_openings(batch_id=batch_id, at=at)
        if totals:
            facts = {"members": len(totals), "points": sum(totals.values())}
            outcomes.append(Outcome(event.id, APP, "balances_taken_back", facts))
    return outcomes


def _members(events: Sequence[Event]) -> set[int]:
    return {event.member_id for event in events if event.member_id is not None}
