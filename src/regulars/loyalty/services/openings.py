"""Openings: balances brought over, which orders until then no longer add to."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from django.db import transaction

from regulars.commerce import selectors as commerce
from regulars.kit.batches import chunked
from regulars.kit.ids import uuid_from
from regulars.ledger import services as ledger
from regulars.ledger.domain import Clawback, Currency, Open, OwedPolicy, Posted, PostedAs
from regulars.loyalty import selectors
from regulars.loyalty.domain import Declaration, Verdict
from regulars.loyalty.domain.openings import OpeningLot
from regulars.loyalty.services.awards import TOLERATED
from regulars.loyalty.services.retelling import retell_orders
from regulars.loyalty.services.tiers import judge_tiers
from regulars.web import sql

ORDERS_PER_STEP = 500
_LOTS: Final = re.compile(r"[:,](\d+)@([^,@]+)")  # the dated parts in a shape
# What a declaration replaced passes to the one that replaced it in turn.
_HAND_OVER: Final = (
    "UPDATE loyalty_opening o SET ended_event_id = h.ended_event_id,"
    " ended_batch_id = h.ended_batch_id FROM loyalty_opening h"
    " WHERE o.ended_batch_id = %s::bigint AND h.event_id = o.ended_event_id"
    " AND h.ended_at IS NOT NULL"
)
_REVIVE: Final = (
    "UPDATE loyalty_opening SET ended_at = NULL, ended_event_id = NULL, ended_batch_id = NULL"
    " WHERE ended_batch_id = %s::bigint AND batch_id IS DISTINCT FROM ended_batch_id"
    " RETURNING id, member_id, as_of, event_id, currency, amount, shape"
)
# Nobody brings back what is undone.
_FORGET: Final = (
    "UPDATE loyalty_opening SET ended_event_id = NULL, ended_batch_id = NULL"
    " WHERE batch_id = %s::bigint AND ended_event_id IS NOT NULL"
)


@transaction.atomic(savepoint=False)
def declare_openings(*, declarations: Sequence[Declaration], at: datetime) -> list[Verdict]:
    """Take up declared balances: growth is booked here, points by the ledger.

    Orders paid until `as_of` no longer award: what they gave is taken back. With `replaces`, an
    earlier declaration in that currency ends. The same balance said again changes
    nothing.
    Answers what was taken back or given by the orders concerned.
    """
    if not declarations:
        return []
    # Held before it is read what stands: two imports of one balance do not both go live.
    ledger.lock_accounts(keys={(each.currency, each.member_id) for each in declarations}, at=at)
    declarations = _news(declarations)
    if not declarations:
        return []
    replaced = [each for each in declarations if each.replaces]
    if replaced:
        live = _list_live(replaced)
        _end(live, at)
        _note_ended(live, replaced)
    fresh = _insert(declarations, at)
    declared = [each for each in declarations if each.event_id in fresh]
    grown = [each for each in declared if each.currency is Currency.GROWTH and each.amount > 0]
    _book_growth(grown, fresh, at)
    causes = {each.member_id: each.event_id for each in declarations}
    verdicts = _judge_orders(causes, max(each.as_of for each in declarations), at)
    judge_tiers(member_ids=causes, at=at)
    return verdicts


@transaction.atomic(savepoint=False)
def revert_openings(*, batch_id: int, event_id: int, at: datetime) -> int:
    """Undo the declarations of an import: their growth goes, the orders award again.

    What they had replaced counts again, unless a later declaration replaced them. Answers how
    many declarations ended.
    """
    sql.run(_HAND_OVER, [batch_id])
    live = sql.rows(
        "SELECT id, member_id, as_of FROM loyalty_opening WHERE batch_id = %s::bigint"
        " AND ended_at IS NULL ORDER BY id FOR UPDATE",
        [batch_id],
    )
    for some in chunked(live, ORDERS_PER_STEP):
        _end([opening_id for opening_id, _, _ in some], at)
    back = _revive(batch_id, event_id, at)
    for some in chunked([*live, *back], ORDERS_PER_STEP):
        causes = {member_id: event_id for _, member_id, _ in some}
        _judge_orders(causes, max(as_of for _, _, as_of in some), at)
        judge_tiers(member_ids=causes, at=at)
    sql.run(_FORGET, [batch_id])
    return len(live)


def _revive(batch_id: int, event_id: int, at: datetime) -> list[tuple[int, int, datetime]]:
    """Let the openings that this import replaced count again, with their growth."""
    found = sql.rows(_REVIVE, [batch_id])
    grown = [
        Declaration(
            event_id=declared_by,
            member_id=member_id,
            batch_id=None,
            currency=Currency.GROWTH,
            amount=amount,
            as_of=as_of,
            replaces=True,
            lots=tuple(
                OpeningLot(int(part), datetime.fromisoformat(earned_at))
                for part, earned_at in _LOTS.findall(shape)
            ),
        )
        for _, member_id, as_of, declared_by, currency, amount, shape in found
        if currency == Currency.GROWTH and amount > 0
    ]
    _book_growth(grown, {row[3]: row[0] for row in found}, at, again=event_id)
    return [(opening_id, member_id, as_of) for opening_id, member_id, as_of, *_ in found]


def _note_ended(opening_ids: Sequence[int], declarations: Sequence[Declaration]) -> None:
    """Remember which declaration replaced these openings."""
    sql.run(
        "UPDATE loyalty_opening o SET ended_event_id = x.event_id,"
        " ended_batch_id = NULLIF(x.batch_id, 0) FROM unnest(%s::bigint[], %s::smallint[],"
        " %s::bigint[], %s::bigint[]) AS x(member_id, currency, event_id, batch_id)"
        " WHERE o.id = ANY(%s::bigint[]) AND o.member_id = x.member_id"
        " AND o.currency = x.currency",
        [
            [each.member_id for each in declarations],
            [int(each.currency) for each in declarations],
            [each.event_id for each in declarations],
            [each.batch_id or 0 for each in declarations],
            list(opening_ids),
        ],
    )


def _news(declarations: Sequence[Declaration]) -> list[Declaration]:
    """Leave out balances that stand already, whichever file declared them."""
    found = sql.rows(
        "SELECT member_id, currency, shape FROM loyalty_opening"
        " WHERE member_id = ANY(%s::bigint[]) AND ended_at IS NULL",
        [[each.member_id for each in declarations]],
    )
    standing = set(found)
    return [
        each
        for each in declarations
        if (each.member_id, int(each.currency), each.shape) not in standing
    ]


def _list_live(declarations: Sequence[Declaration]) -> list[int]:
    found = sql.rows(
        "SELECT o.id FROM loyalty_opening o JOIN unnest(%s::bigint[], %s::smallint[])"
        " AS x(member_id, currency) ON o.member_id = x.member_id AND o.currency = x.currency"
        " WHERE o.ended_at IS NULL AND o.event_id <> ALL(%s::bigint[])"
        " ORDER BY o.id FOR UPDATE OF o",
        [
            [each.member_id for each in declarations],
            [int(each.currency) for each in declarations],
            [each.event_id for each in declarations],
        ],
    )
    return [opening_id for (opening_id,) in found]


def _end(opening_ids: Sequence[int], at: datetime) -> None:
    """End openings: the growth they brought never counted, and the ledger takes it back."""
    if not opening_ids:
        return
    ids = list(opening_ids)
    sql.run(
        "UPDATE loyalty_opening SET ended_at = %s::timestamptz WHERE id = ANY(%s::bigint[])",
        [at, ids],
    )
    gone = sql.rows(
        "DELETE FROM loyalty_growthentry g USING loyalty_opening o"
        " WHERE o.id = ANY(%s::bigint[]) AND o.currency = 2 AND g.member_id = o.member_id"
        " AND g.opening_id = o.id RETURNING g.transfer_id, g.member_id",
        [ids],
    )
    _post([
        Clawback(
            id=uuid_from("loyalty.opening.end", transfer_id),
            reverses=transfer_id,
            member_id=member_id,
            currency=Currency.GROWTH,
            amount=None,
            occurred_at=at,
            policy=OwedPolicy.FORGIVE,
        )
        for transfer_id, member_id in sorted(set(gone))
    ], at)  # fmt: skip


def _insert(declarations: Sequence[Declaration], at: datetime) -> dict[int, int]:
    """Write the openings; answers the ids of those that were not known, by event."""
    found = sql.rows(
        "INSERT INTO loyalty_opening (member_id, origin_member_id, currency, amount, as_of,"
        " shape, event_id, batch_id, recorded_at) SELECT x.member_id, x.member_id, x.currency,"
        " x.amount, x.as_of, x.shape, x.event_id, x.batch_id, %s::timestamptz"
        " FROM unnest(%s::bigint[], %s::smallint[], %s::bigint[], %s::timestamptz[],"
        " %s::text[], %s::bigint[], %s::bigint[])"
        " AS x(member_id, currency, amount, as_of, shape, event_id, batch_id)"
        " ON CONFLICT DO NOTHING RETURNING event_id, id",
        [
            at,
            [each.member_id for each in declarations],
            [int(each.currency) for each in declarations],
            [each.amount for each in declarations],
            [each.as_of for each in declarations],
            [each.shape for each in declarations],
            [each.event_id for each in declarations],
            [each.batch_id for each in declarations],
        ],
    )
    return dict(found)


def _book_growth(
    grown: Sequence[Declaration],
    opening_ids: dict[int, int],
    at: datetime,
    *,
    again: int | None = None,
) -> None:
    """Post the growth and enter it into the history, each part when it was earned.

    `again` names the event that brings it back after it had ended.
    """
    if not grown:
        return
    more = () if again is None else ("again", again)
    transfers = {
        each.event_id: uuid_from("loyalty.opening", each.event_id, *more) for each in grown
    }
    _post([
        Open(
            id=transfers[each.event_id],
            member_id=each.member_id,
            currency=Currency.GROWTH,
            amount=each.amount,
            occurred_at=each.as_of,
            usable_from=at,
            expires_at=None,
            event_id=each.event_id,
        )
        for each in grown
    ], at)  # fmt: skip
    rows = [(each, lot) for each in grown for lot in each.lots]
    sql.run(
        "INSERT INTO loyalty_growthentry (id, member_id, origin_member_id, transfer_id,"
        " opening_id, amount, occurred_at, settles_at) SELECT x.id, x.member_id, x.member_id,"
        " x.transfer_id, x.opening_id, x.amount, x.occurred_at, x.occurred_at"
        " FROM unnest(%s::bigint[], %s::bigint[], %s::uuid[], %s::bigint[], %s::bigint[],"
        " %s::timestamptz[]) AS x(id, member_id, transfer_id, opening_id, amount, occurred_at)",
        [
            sql.take_ids("loyalty_growthentry_id_seq", len(rows)),
            [each.member_id for each, _ in rows],
            [transfers[each.event_id] for each, _ in rows],
            [opening_ids[each.event_id] for each, _ in rows],
            [lot.amount for _, lot in rows],
            [lot.earned_at for _, lot in rows],
        ],
    )


def _post(postings: Sequence[Open | Clawback], at: datetime) -> list[Posted]:
    posted = ledger.post(postings, at=at)
    for answer in posted:
        refused = answer.outcome is PostedAs.REFUSED
        if refused and answer.refusal is not None and not isinstance(answer.refusal, TOLERATED):
            raise answer.refusal
    return posted


def _judge_orders(causes: Mapping[int, int], until: datetime, at: datetime) -> list[Verdict]:
    """Bring the orders of these members that were paid by then to what they are worth now.

    `causes` names, for each member, the event because of which it is done.
    """
    awarded = selectors.list_awarded_orders(member_ids=list(causes), until=until)
    verdicts: list[Verdict] = []
    for some in chunked(awarded, ORDERS_PER_STEP):
        whose = dict(some)
        held = commerce.lock_orders_by_id(list(whose))
        verdicts += retell_orders(held=list(held.values()), owners=whose, causes=causes, at=at)
    return verdicts
