"""Read tiers as the pages show them: names in the reader's language, places from the bottom."""

from dataclasses import dataclass
from datetime import datetime

from regulars.console.domain.members import TierMark, TierProgress, ladder
from regulars.console.domain.movements import TierChange
from regulars.kit.messages import message
from regulars.loyalty import selectors as loyalty
from regulars.loyalty.domain import Cause, Ladder, Programme, Progress, Tier, progress

LOWEST = ""
CAUSES = {
    Cause.GROWTH: message("Growth reached the threshold"),
    Cause.REVIEW: message("Too little growth at the monthly review"),
}


@dataclass(frozen=True, slots=True)
class Rung:
    """A tier as a filter: its code, its name, its place."""

    code: str
    mark: TierMark


def list_rungs(programme: Programme, *, at: datetime, language: str) -> list[Rung]:
    """List the tiers of the ladder in force, lowest first."""
    return [
        Rung(code=tier.code, mark=_mark(tier, language)) for tier in programme.ladder_at(at).tiers
    ]


def marks(rungs: list[Rung]) -> dict[str, TierMark]:
    """Answer the mark of each tier by code; the lowest also where a member has no tier yet."""
    found = {rung.code: rung.mark for rung in rungs}
    return found | ({LOWEST: rungs[0].mark} if rungs else {})


def progress_of(
    programme: Programme, *, member_id: int, at: datetime, language: str
) -> TierProgress:
    """Answer where a member stands on the ladder."""
    entries = loyalty.list_growth(member_ids=[member_id]).get(member_id, [])
    return _progress(progress(entries, programme, at), programme.ladder_at(at), language)


def list_changes(*, member_id: int, programme: Programme, language: str) -> list[TierChange]:
    """List a member's changes of tier, newest first."""
    return [
        TierChange(
            at=step.changed_at,
            before=step.from_tier.name(language),
            before_level=step.from_tier.level + 1,
            after=step.to_tier.name(language),
            after_level=step.to_tier.level + 1,
            reason=CAUSES[step.cause],
            growth=step.growth,
        )
        for step in loyalty.list_tier_history(member_id=member_id, programme=programme)
    ]


def _progress(found: Progress, rungs: Ladder, language: str) -> TierProgress:
    above = found.next_tier
    return TierProgress(
        current=_mark(found.tier, language),
        since=found.since,
        growth=found.growth,
        growth_pending=found.growth_pending,
        next_name=above.name(language) if above else None,
        missing=found.growth_missing,
        keep_missing=found.growth_missing_to_keep,
        review_at=found.next_review_at,
        steps=ladder(
            tuple((tier.name(language), tier.growth_min) for tier in rungs.tiers),
            growth=found.growth,
            current=found.tier.name(language),
        ),
    )


def _mark(tier: Tier, language: str) -> TierMark:
    return TierMark(name=tier.name(language), level=tier.level + 1)
