"""Take a batch back, and forget members: what ingest keeps goes with those it was about."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from regulars.commerce import services as commerce
from regulars.events import services as events
from regulars.events.domain import Appended, Fact
from regulars.ingest import selectors
from regulars.ingest.domain import IMPORT_REVERTED
from regulars.members import selectors as members
from regulars.web import sql


@dataclass(frozen=True, slots=True)
class Reverted:
    """What one step of taking a batch back did; `more` says whether to call again."""

    removed: int
    restored: int
    kept: int
    more: bool


@transaction.atomic
def revert_chunk(*, batch_id: int, at: datetime, limit: int = 500) -> Reverted:
    """Take back up to `limit` orders and refunds of a batch; call again while `more`.

    Orders that only this batch made are removed and told as closed, so that points follow; those
    it changed become what they were. Its parked rows and dead letters go at once.
    """
    sql.run("DELETE FROM ingest_parked WHERE batch_id = %s::bigint", [batch_id])
    events.drop_batch(batch_id=batch_id, at=at)
    done = commerce.withdraw_orders(batch_id=batch_id, at=at, limit=limit)
    return Reverted(done.removed, done.restored, done.kept, done.more)


@transaction.atomic
def append_reverted(*, batch_id: int, kind: str, at: datetime) -> Appended:
    """Tell the log that an import was undone; ledger and loyalty take their part back inline."""
    fact = Fact(
        type=IMPORT_REVERTED,
        occurred_at=at,
        batch_id=batch_id,
        facts={"batch_id": batch_id, "kind": kind},
    )
    return events.append([fact], at=at)


@transaction.atomic
def forget_members(*, member_ids: Sequence[int]) -> int:
    """Drop the kept bodies and parked rows that were about these members; answers how many.

    A body names others too: one that is still being applied goes when its last row is done.
    Parked rows that came before the members were known here are found by what they hold.
    """
    ids = list(member_ids)
    held = members.identity_lookups(member_ids=ids)
    names = [lookup for lookups in held.values() for lookup in lookups]
    linked = (
        "id IN (SELECT delivery_id FROM ingest_deliverymember WHERE member_id = ANY(%s::bigint[]))"
    )
    dropped = sql.run(
        f"UPDATE ingest_delivery SET body = NULL WHERE state <> 'received' AND {linked}", [ids]
    )
    sql.run(
        f"UPDATE ingest_delivery SET error_code = %s WHERE state = 'received' AND {linked}",
        [selectors.DROP_WHEN_DONE, ids],
    )
    sql.run("DELETE FROM ingest_deliverymember WHERE member_id = ANY(%s::bigint[])", [ids])
    return dropped + sql.run(
        "DELETE FROM ingest_parked WHERE member_id = ANY(%s::bigint[]) OR names && %s::bytea[]",
        [ids, names],
    )
