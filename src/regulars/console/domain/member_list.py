"""The member list as it is asked for: columns, filters, and what they mean.

Some filters are answered by the members' own indexes; the others (last order, points, points
that expire) by what other apps know, looked up for the members of a part of the list at a time.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, cast
from zoneinfo import ZoneInfo

from regulars.console.domain.lists import Bulk, Choice, Column, Filter, ListSpec, ListState
from regulars.console.domain.periods import Span
from regulars.kit.messages import message
from regulars.members.domain import MemberQuery, Status, clean_tag
from regulars.members.domain.marks import TagInvalid

NOBODY = (-1,)
ANY_TIME = Span(None, None)

MEMBERS = ListSpec(
    name="members",
    url_name="console-members",
    title=message("Members"),
    purpose=message(
        "Find a member, and see who they are, what they bought and what they have earned."
    ),
    columns=(
        Column("member", message("Member")),
        Column("tier", message("Tier")),
        Column("last_order", message("Last order")),
        Column("spend", message("Spend, 12 months"), numeric=True),
        Column("orders", message("Orders"), numeric=True),
        Column("points", message("Points available"), numeric=True),
        Column("home_store", message("Home store")),
        Column("joined", message("Joined"), sorts=True),
        Column("number", message("Member number"), hidden=True),
        Column("status", message("Standing"), hidden=True),
    ),
    filters=(
        Filter("tier", message("Tier")),
        Filter("store", message("Home store")),
        Filter(
            "status",
            message("Standing"),
            choices=(
                Choice("active", message("Active")),
                Choice("frozen", message("Frozen")),
            ),
        ),
        Filter("joined", message("Joined"), kind="days"),
        Filter("last_order", message("Last order"), kind="days"),
        Filter("points", message("Points available"), kind="numbers"),
        Filter("expiring", message("Points expire within 30 days"), kind="flag"),
        Filter("tag", message("Tag"), kind="text"),
    ),
    sort="-joined",
    bulk=(
        Bulk("tag", message("Tag members"), "console-members-tag", "tags.write", icon="tag"),
        Bulk("untag", message("Take a tag off"), "console-members-untag", "tags.write"),
    ),
    export="members",
    is_personal=True,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Narrowing:
    """What narrows the list by what other apps know of a member."""

    last_order: Span = ANY_TIME
    points_least: int | None = None
    points_most: int | None = None
    has_expiring: bool = False

    @property
    def asks_orders(self) -> bool:
        """Tell whether the last order matters."""
        return self.last_order != ANY_TIME

    @property
    def asks_points(self) -> bool:
        """Tell whether the balance matters."""
        return self.points_least is not None or self.points_most is not None

    @property
    def is_on(self) -> bool:
        """Tell whether anything is asked of other apps."""
        return self.asks_orders or self.asks_points or self.has_expiring

    def keeps(self, *, last_at: datetime | None, points: int, expiring: int) -> bool:
        """Tell whether a member with these figures is in the list."""
        if self.asks_orders and (last_at is None or not self.last_order.covers(last_at)):
            return False
        if self.points_least is not None and points < self.points_least:
            return False
        if self.points_most is not None and points > self.points_most:
            return False
        return not self.has_expiring or expiring > 0


@dataclass(frozen=True, slots=True)
class Criteria:
    """What the list asks: of the members themselves, and of what others know."""

    query: MemberQuery
    narrowing: Narrowing


def criteria_of(
    state: ListState, *, store_ids: Mapping[str, int], at: datetime, zone: ZoneInfo
) -> Criteria:
    """Read the filters and the order of the list; a store out of reach matches nobody."""
    filters = state.filters
    joined = state.span("joined", at=at, zone=zone)
    least, most = state.numbers("points")
    store = filters.get("store", "")
    query = MemberQuery(
        tier=filters.get("tier", ""),
        tag=_tag(filters.get("tag", "")),
        status=Status(filters["status"]) if "status" in filters else None,
        store_ids=(store_ids[store],) if store in store_ids else NOBODY if store else (),
        joined_since=joined.since,
        joined_until=joined.until,
        order=cast("Literal['joined', '-joined']", state.sort),
    )
    narrowing = Narrowing(
        last_order=state.span("last_order", at=at, zone=zone),
        points_least=least,
        points_most=most,
        has_expiring=state.is_on("expiring"),
    )
    return Criteria(query, narrowing)


def _tag(text: str) -> str:
    try:
        return clean_tag(text) if text else ""
    except TagInvalid:
        return ""
