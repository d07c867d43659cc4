"""The member list as a file."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from regulars.access import selectors as access
from regulars.access.domain import Scope
from regulars.console.domain.exports import (
    Ask,
    Exportable,
    ExportColumn,
    ExportFilterGone,
    ExportRow,
    Money,
    Value,
)
from regulars.console.domain.lists import Choice, read_state
from regulars.console.domain.member_list import MEMBERS as MEMBERS_LIST
from regulars.console.domain.member_list import Criteria, Narrowing, criteria_of
from regulars.console.domain.members import MemberRow
from regulars.console.selectors import lists, tiers
from regulars.console.selectors.narrowing import keep_ids
from regulars.kit.messages import message
from regulars.loyalty import selectors as loyalty
from regulars.members import selectors as members
from regulars.members.domain import MemberRow as People

BATCH = 2_000

_COLUMN_LIST = (
    ExportColumn("number", message("Member number")),
    ExportColumn("name", message("Name"), is_personal=True),
    ExportColumn("phone", message("Phone"), is_personal=True),
    ExportColumn("tier", message("Tier")),
    ExportColumn("points", message("Points available")),
    ExportColumn("owed", message("Points owed")),
    ExportColumn("orders", message("Orders")),
    ExportColumn("spent", message("Spend, 12 months")),
    ExportColumn("currency", message("Currency")),
    ExportColumn("last_order", message("Last order")),
    ExportColumn("home_store", message("Home store")),
    ExportColumn("joined", message("Joined")),
)


def _scope(ask: Ask) -> Scope:
    return ask.actor.scope_for("members.read")


def criteria_for(ask: Ask) -> Criteria:
    """Read the member list's filters as the list itself does; unknown stores match nobody."""
    programme, scope = loyalty.get_programme(), _scope(ask)
    rungs = tiers.list_rungs(programme, at=ask.at, language=ask.language)
    store_ids = {one.code: one.id for one in access.list_stores(scope)}
    asked = ask.filters.get("store", "")
    spec = MEMBERS_LIST.with_choices(
        tier=[Choice(rung.code, rung.mark.name, is_data=True) for rung in rungs],
        store=[Choice(code, code, is_data=True) for code in {*store_ids, asked} if code],
    )
    state = read_state(spec, ask.filters)
    if (ask.filters.keys() & spec.filter_keys) - state.filters.keys():
        raise ExportFilterGone
    return criteria_of(state, store_ids=store_ids, at=ask.at, zone=programme.tz)


def _count(ask: Ask, at_most: int) -> int:
    criteria = criteria_for(ask)  # what others know narrows further: the count is an upper bound
    return members.count_matching(scope=_scope(ask), query=criteria.query, at_most=at_most)


def _batches(ask: Ask) -> Iterator[Sequence[ExportRow]]:
    scope = _scope(ask)
    rungs = tiers.list_rungs(loyalty.get_programme(), at=ask.at, language=ask.language)
    criteria = criteria_for(ask)
    query = replace(criteria.query, order="-id")
    for everyone in members.iter_members(
        scope=scope, query=query, size=BATCH, reveal=not ask.is_masked
    ):
        found = _kept(criteria.narrowing, everyone, at=ask.at)
        shown = lists.rows_of(found, at=ask.at, rungs=rungs)
        yield [_row(one.id, row) for one, row in zip(found, shown, strict=True)]


def _kept(narrowing: Narrowing, found: list[People], *, at: datetime) -> list[People]:
    if not narrowing.is_on:
        return found
    kept = keep_ids(narrowing, member_ids=[one.id for one in found], at=at)
    return [one for one in found if one.id in kept]


def _row(member_id: int, row: MemberRow) -> ExportRow:
    values: dict[str, Value] = {
        "number": row.number,
        "name": row.name,
        "phone": row.phone,
        "tier": row.tier.name if row.tier else "",
        "points": row.points,
        "owed": row.owed,
        "orders": row.orders,
        "spent": Money(row.spent_minor, row.currency),
        "currency": row.currency,
        "last_order": row.last_order_at,
        "home_store": row.home_store,
        "joined": row.joined_at,
    }
    return ExportRow(member_ids=(member_id,), values=values)


MEMBERS = Exportable(
    code="members",
    title=message("Members"),
    permission="members.read",
    filters=MEMBERS_LIST.filters,
    columns=_COLUMN_LIST,
    count=_count,
    batches=_batches,
)
