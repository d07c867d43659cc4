"""Read a member's timeline: the newest events of all their records, told in words."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from regulars.access.domain import Names
from regulars.console.domain.movements import Happening
from regulars.console.domain.stories import Teller, tell
from regulars.events import selectors as events
from regulars.events.domain import Event, TimelineCursor
from regulars.kit.messages import message
from regulars.web import paging


@dataclass(frozen=True, slots=True)
class Filter:
    """A sort of events that a timeline can be narrowed to."""

    code: str
    title: str
    types: tuple[str, ...]


FILTERS = (
    Filter("orders", message("Orders"), ("order.recorded", "return.booked")),
    Filter(
        "points",
        message("Points and tier"),
        (
            "points.earned",
            "points.spent",
            "points.adjusted",
            "points.reversed",
            "points.given",
            "points.expired",
            "balance.declared",
            "tier.reached",
            "tier.lost",
        ),
    ),
    Filter(
        "record",
        message("Record"),
        (
            "member.enrolled",
            "member.updated",
            "member.linked",
            "member.unlinked",
            "member.merged",
            "member.unmerged",
            "member.frozen",
            "member.unfrozen",
            "member.tagged",
            "consent.recorded",
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class TimelinePage:
    """A page of a timeline as it was read, newest first, and where the next one begins."""

    events: tuple[Event, ...]
    next_cursor: str | None

    @property
    def store_ids(self) -> tuple[int | None, ...]:
        """Answer where it happened."""
        return tuple(event.store_id for event in self.events)


def read_timeline(
    *, member_ids: Sequence[int], chosen: str, cursor: str | None, limit: int
) -> TimelinePage:
    """Read what happened to a member, newest first; raises CursorMalformed."""
    types = next((each.types for each in FILTERS if each.code == chosen), None)
    found = events.list_timeline(
        member_ids=member_ids, types=types, before=_before(cursor), limit=limit + 1
    )
    shown = found[:limit]
    more = len(found) > limit
    following = paging.encode(shown[-1].occurred_at.isoformat(), shown[-1].id) if more else None
    return TimelinePage(tuple(shown), following)


def happenings_of(page: TimelinePage, *, names: Names, teller: Teller) -> tuple[Happening, ...]:
    """Tell a page in words."""
    speaking = replace(teller, stores=names.stores)
    return tuple(tell(event, speaking) for event in page.events)


def _before(cursor: str | None) -> TimelineCursor | None:
    if not cursor:
        return None
    occurred_at, event_id = paging.decode(cursor, parts=2)
    try:
        return TimelineCursor(datetime.fromisoformat(str(occurred_at)), int(event_id))
    except (TypeError, ValueError) as error:
        raise paging.CursorMalformed from error
