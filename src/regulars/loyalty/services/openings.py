"""Openings: balances brought over, which orders until then no longer add to."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db import transaction

from regulars.commerce import selectors as commerce
from regulars.kit.batches import chunked
from regulars.kit.ids import uuid_from
from regulars.ledger import services as ledger
from regulars.ledger.domain import Clawback, Currency, Open, OwedPolicy, Posted, PostedAs
from regulars.loyalty import selectors
from regulars.loyalty.domain import Declaration, Verdict
from regulars.loyalty.services.awards import TOLERATED
from regulars.loyalty.services.retelling import retell_orders
from regulars.loyalty.services.tiers import judge_tiers
from regulars.web import sql

ORDERS_PER_STEP = 500


@transaction.atomic(savepoint=False)
def declare_openings(*, declarations: Sequence[Declaration], at: datetime) -> list[Verdict]:
    """Take up declared balances: growth is booked here, points by the ledger.

    Orders paid until `as_of` no longer award: what they gave is taken back. With `replaces`, an
    earlier declaration in that currency ends. The same balance said again changes
    nothing.
    Answers what was taken back or given by the orders concerned.
    """
    declarations = _news(declarations)
    if not declarations:
        return []
    replaced = [each for each in declarations if each.replaces]
    if replaced:
        _end(_list_live(replaced), at)
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

    Answers how many declarations ended.
    """
    live = sql.rows(
        "SELECT id, member_id, as_of FROM loyalty_opening WHERE batch_id = %s::bigint"
        " AND ended_at IS NULL ORDER BY id FOR UPDATE",
        [batch_id],
    )
    for some in chunked(live, ORDERS_PER_STEP):
        _end([opening_id for opening_id, _, _ in some], at)
        causes = {member_id: event_id for _, member_id, _ in some}
        _judge_orders(causes, max(as_of for _, _, as_of in some), at)
        judge_tiers(member_ids=causes, at=at)
    return len(live)


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


def _book_growth(grown: Sequence[Declaration], opening_ids: dict[int, int], at: datetime) -> None:
    """Post the growth and enter it into the history, each part when it was earned."""
    if not grown:
        return
    transfers = {each.event_id: uuid_from("loyalty.opening", each.event_id) for each in grown}
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
