"""Openings: balances brought over, which orders until then no longer add to."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db import transaction
from msgspec import Struct

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


class Live(Struct, gc=False):
    """An opening: a row, which counts or has ended, or a declaration about to become one."""

    id: int
    member_id: int
    origin_member_id: int
    currency: int
    shape: str
    as_of: datetime
    event_id: int
    is_live: bool = True
    declaration: Declaration | None = None


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
    ended, begun = _plan(declarations)
    if not ended and not begun:
        return []
    end_openings([each.id for each, _ in ended], at)
    fresh = begin_openings(begun, at)
    causes = {each.member_id: event_id for each, event_id in ended}
    causes |= {each.member_id: each.event_id for each in begun if each.event_id in fresh}
    until = max([*(each.as_of for each, _ in ended), *(each.as_of for each in begun)])
    verdicts = judge_orders(causes, until, at)
    judge_tiers(member_ids=causes, at=at)
    return verdicts


def list_openings(member_ids: Sequence[int], *, live: bool = False) -> list[Live]:
    """Lock and list the openings of these members, oldest first; `live`: only those that count."""
    found = sql.rows(
        "SELECT id, member_id, origin_member_id, currency, shape, as_of, event_id,"
        " ended_at IS NULL FROM loyalty_opening WHERE member_id = ANY(%s::bigint[])"
        f" {'AND ended_at IS NULL' if live else ''} ORDER BY id FOR UPDATE",
        [list(member_ids)],
    )
    return [Live(*row) for row in found]


def _plan(
    declarations: Sequence[Declaration],
) -> tuple[list[tuple[Live, int]], list[Declaration]]:
    """Say one declaration after the other: which openings end, by which event, and which begin.

    A balance that stands already is not begun again, whichever file declared it.
    """
    live: dict[tuple[int, int], list[Live]] = {}
    for each in list_openings([said.member_id for said in declarations], live=True):
        live.setdefault((each.member_id, each.currency), []).append(each)
    ended: list[tuple[Live, int]] = []
    for said in declarations:
        there = live.setdefault((said.member_id, int(said.currency)), [])
        same = [each for each in there if each.shape == said.shape]
        if said.replaces:
            ended += [
                (each, said.event_id)
                for each in there
                if each not in same and each.declaration is None
            ]
            there[:] = same
        if not same:
            who = said.member_id
            there.append(
                Live(
                    *(0, who, who, int(said.currency), said.shape, said.as_of, said.event_id),
                    declaration=said,
                )
            )
    begun = [each.declaration for some in live.values() for each in some if each.declaration]
    return ended, begun


def begin_openings(
    declarations: Sequence[Declaration], at: datetime, *, again: int | None = None
) -> dict[int, int]:
    """Let declarations count, with their growth; answers the openings by the events' ids."""
    fresh = _insert(declarations, at)
    grown = [each for each in declarations if each.event_id in fresh]
    book_growth(grown, fresh, at, again=again)
    return fresh


def end_openings(opening_ids: Sequence[int], at: datetime) -> None:
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
    if not declarations:
        return {}
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


def book_growth(
    declarations: Sequence[Declaration],
    opening_ids: dict[int, int],
    at: datetime,
    *,
    again: int | None = None,
) -> None:
    """Post the growth and enter it into the history, each part when it was earned.

    `again` names the event that brings it back after it had ended.
    """
    grown = [d for d in declarations if d.currency is Currency.GROWTH and d.amount > 0]
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


def judge_orders(causes: Mapping[int, int], until: datetime, at: datetime) -> list[Verdict]:
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
