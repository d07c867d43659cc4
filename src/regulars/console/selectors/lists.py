"""Read lists of members: a page of the list, and what a search finds."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from regulars.access import selectors as access
from regulars.access.domain import Scope
from regulars.commerce.selectors import figures as purchases
from regulars.console.domain.members import MemberPage, MemberRow, TierMark
from regulars.console.selectors import tiers
from regulars.console.selectors.tiers import Rung
from regulars.ledger import selectors as ledger
from regulars.ledger.domain import Balance
from regulars.members import domain as people
from regulars.members import selectors as members
from regulars.members.domain import MemberQuery

YEAR = timedelta(days=365)
DEFAULT_CURRENCY = "CNY"


def list_rows(
    *,
    scope: Scope,
    query: MemberQuery,
    cursor: str | None,
    size: int,
    at: datetime,
    rungs: list[Rung],
) -> MemberPage:
    """Answer a page of the member list with what each bought, holds and is."""
    page = members.list_members(scope=scope, query=query, cursor=cursor, limit=size)
    rows = rows_of(page.items, at=at, rungs=rungs)
    return MemberPage(rows=rows, next_cursor=page.next_cursor)


def rows_of(
    found: Sequence[people.MemberRow], *, at: datetime, rungs: list[Rung]
) -> tuple[MemberRow, ...]:
    """Join members with their purchases, balances, tiers and home stores: one query each."""
    ids = [row.id for row in found]
    if not ids:
        return ()
    owners = {alias: row.id for row in found for alias in row.ids}
    bought = purchases.purchases_of(owners=owners, since=at - YEAR)
    balances = ledger.balances(member_ids=ids, at=at)
    stores = access.stores_by_id({row.home_store_id for row in found if row.home_store_id})
    marks = tiers.marks(rungs)
    return tuple(
        _row(
            row,
            bought.get(row.id),
            balances.get(row.id, Balance()),
            home_store=stores[row.home_store_id].name if row.home_store_id in stores else "",
            tier=marks.get(row.tier) or marks.get(tiers.LOWEST),
        )
        for row in found
    )


def _row(
    row: people.MemberRow,
    bought: purchases.Purchases | None,
    balance: Balance,
    *,
    home_store: str,
    tier: TierMark | None,
) -> MemberRow:
    return MemberRow(
        public_id=row.public_id,
        number=row.number,
        name=row.name,
        phone=row.phone,
        tier=tier,
        points=balance.available,
        owed=balance.owed,
        orders=bought.orders if bought else 0,
        spent_minor=bought.net_since_minor if bought else 0,
        currency=bought.currency if bought else DEFAULT_CURRENCY,
        last_order_at=bought.last_at if bought else None,
        home_store=home_store,
        joined_at=row.joined_at,
        is_frozen=row.status is people.Status.FROZEN,
    )
