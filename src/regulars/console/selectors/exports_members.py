"""The member list as a file."""

from collections.abc import Iterator, Mapping, Sequence

from regulars.access import selectors as access
from regulars.access.domain import Scope
from regulars.console.domain.exports import (
    Ask,
    Exportable,
    ExportColumn,
    ExportRow,
    Money,
    Value,
)
from regulars.console.domain.members import MemberRow
from regulars.console.selectors import lists, tiers
from regulars.kit.messages import message
from regulars.loyalty import selectors as loyalty
from regulars.members import selectors as members
from regulars.members.domain import MemberQuery

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


def query_of(filters: Mapping[str, str], *, scope: Scope) -> MemberQuery:
    """Read the member list's filters; a store the reader may not see matches nobody."""
    store = filters.get("store", "")
    ids = tuple(one.id for one in access.list_stores(scope) if one.code == store) if store else ()
    return MemberQuery(
        tier=filters.get("tier", ""),
        tag=filters.get("tag", ""),
        store_ids=ids or ((-1,) if store else ()),
    )


def _count(ask: Ask, at_most: int) -> int:
    scope = _scope(ask)
    query = query_of(ask.filters, scope=scope)
    return members.count_matching(scope=scope, query=query, at_most=at_most)


def _batches(ask: Ask) -> Iterator[Sequence[ExportRow]]:
    scope = _scope(ask)
    rungs = tiers.list_rungs(loyalty.get_programme(), at=ask.at, language=ask.language)
    query = query_of(ask.filters, scope=scope)
    for found in members.iter_members(
        scope=scope, query=query, size=BATCH, reveal=not ask.is_masked
    ):
        shown = lists.rows_of(found, at=ask.at, rungs=rungs)
        yield [_row(one.id, row) for one, row in zip(found, shown, strict=True)]


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
    return ExportRow(member_id=member_id, values=values)


MEMBERS = Exportable(
    code="members",
    title=message("Members"),
    permission="members.read",
    columns=_COLUMN_LIST,
    count=_count,
    batches=_batches,
)
