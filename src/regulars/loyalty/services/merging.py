"""Follow members who become one, come apart again, or are erased."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction

from regulars.commerce import selectors as commerce
from regulars.loyalty import selectors
from regulars.loyalty.services.retelling import retell_orders
from regulars.loyalty.services.tiers import judge_tiers
from regulars.members import selectors as people
from regulars.members import services as members
from regulars.members.domain import GroupKind, GroupRow
from regulars.web import sql

# An order's `at` is read at its entrance, perhaps before the merge that the order then waited for.
ENTRANCE_LAG_MAX = timedelta(days=1)
_TABLES = ("loyalty_award", "loyalty_growthentry", "loyalty_opening")


@transaction.atomic(savepoint=False)
def merge_histories(*, winner_id: int, loser_id: int, at: datetime) -> None:
    """Unite the awards and the growth of two members; the tier follows from the united history."""
    for table in _TABLES:
        sql.run(
            f"UPDATE {table} SET member_id = %s::bigint WHERE member_id = %s::bigint",
            [winner_id, loser_id],
        )
    _leave_tier(loser_id, at)
    judge_tiers(member_ids=[winner_id], at=at)


@transaction.atomic(savepoint=False)
def unmerge_histories(
    *, winner_id: int, loser_id: int, merge_id: int, event_id: int, at: datetime
) -> None:
    """Give back the awards and the growth that came with the loser, and judge both again.

    Orders recorded since the merge under one of the loser's identities are the loser's: the
    winner gives their points back and the loser is awarded.
    """
    origins = list(people.aliases(member_id=loser_id))
    for table in _TABLES:
        sql.run(
            f"UPDATE {table} SET member_id = %s::bigint WHERE member_id = %s::bigint"
            " AND origin_member_id = ANY(%s::bigint[])",
            [loser_id, winner_id, origins],
        )
    since = people.get_merge(merge_id=merge_id).merged_at - ENTRANCE_LAG_MAX
    held = commerce.lock_orders_by_id(
        selectors.list_orders_awarded_since(member_id=winner_id, since=since)
    )
    theirs = [each for each in held.values() if each.order.member_id in origins]
    owners = dict.fromkeys((each.id for each in theirs), loser_id)
    retell_orders(held=theirs, owners=owners, causes={loser_id: event_id}, at=at)
    judge_tiers(member_ids=[winner_id, loser_id], at=at)


@transaction.atomic(savepoint=False)
def erase_histories(*, member_ids: Sequence[int]) -> None:
    """Forget tiers and growth of erased members; award rows stay with the ledger they explain."""
    for table in ("loyalty_growthentry", "loyalty_tierstatus", "loyalty_tierchange"):
        sql.run(f"DELETE FROM {table} WHERE member_id = ANY(%s::bigint[])", [list(member_ids)])
    sql.run(
        "UPDATE loyalty_award SET growth_counts = false WHERE member_id = ANY(%s::bigint[])",
        [list(member_ids)],
    )


def _leave_tier(member_id: int, at: datetime) -> None:
    tier = selectors.tier_of(member_ids=[member_id])[member_id]
    if tier.level > 0:
        row = GroupRow(member_id, GroupKind.TIER, tier.code, at, until=at)
        members.set_groups(rows=[row])
    for table in ("loyalty_tierstatus", "loyalty_tierchange"):
        sql.run(f"DELETE FROM {table} WHERE member_id = %s::bigint", [member_id])
