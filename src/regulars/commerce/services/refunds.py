"""Record refunds: a set per order, so that repeats, disorder and two tellers agree."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import orjson
from django.db import transaction

from regulars.commerce import selectors
from regulars.commerce.domain import (
    RETURN_BOOKED,
    OtherCurrency,
    RefundChanged,
    RefundInput,
    RefundRecorded,
)
from regulars.commerce.selectors import HeldOrder
from regulars.commerce.services.orders import Draft, append_changes, write_changed
from regulars.events import services as events
from regulars.events.domain import Fact
from regulars.kit.ids import time_ordered_uuid
from regulars.web import sql

Key = tuple[int, str]
RefundKey = tuple[int, str, str]

_INSERT = """
INSERT INTO commerce_refund (id, public_id, order_id, source_id, order_external_id, member_id, key,
    external_id, currency, amount_minor, shipping_minor, refunded_at, undated, lines, batch_id,
    recorded_at)
SELECT u.id, u.public_id, u.order_id, u.source_id, u.number, u.member_id, u.key, u.external_id,
    u.currency, u.amount_minor, u.shipping_minor, u.refunded_at, u.undated, u.lines::jsonb,
    %s::bigint, %s::timestamptz
FROM unnest(%s::bigint[], %s::uuid[], %s::bigint[], %s::bigint[], %s::text[], %s::bigint[],
    %s::text[], %s::text[], %s::text[], %s::bigint[], %s::bigint[], %s::timestamptz[],
    %s::boolean[], %s::text[]) AS u(id, public_id, order_id, source_id, number, member_id, key,
    external_id, currency, amount_minor, shipping_minor, refunded_at, undated, lines)
ON CONFLICT (source_id, order_external_id, key) DO NOTHING RETURNING id
"""


@transaction.atomic
def record_refunds(
    *, refunds: Sequence[RefundInput], at: datetime, batch_id: int | None = None
) -> list[RefundRecorded]:
    """Record refunds of orders that are here; answers one value per refund, in their order.

    A refund said twice counts once. One whose order is not here is answered `missing`, one that
    contradicts what is known carries a refusal's code; neither is written.
    """
    held = selectors.lock_orders((refund.source_id, refund.order) for refund in refunds)
    firsts = _first_of_each(refunds, held)
    public_ids, fresh = _insert(
        [(refund, held[refund.source_id, refund.order].id, None) for refund in firsts.values()],
        held=held,
        batch_id=batch_id,
        at=at,
    )
    known = _known([key for key in firsts if key not in fresh])
    _tell(held, [firsts[key] for key in fresh], batch_id=batch_id, at=at)
    said = {key: (refund.amount_minor, public_ids[key]) for key, refund in firsts.items()}
    return [_answer(refund, held, fresh, {**said, **known}) for refund in refunds]


@transaction.atomic
def record_returns(
    *,
    returns: Sequence[tuple[RefundInput, int | None]],
    at: datetime,
    batch_id: int | None = None,
) -> list[RefundRecorded]:
    """Book refunds whose order never came, with the member if known; said twice, booked once.

    They take no points back, for none are known; should the order come after all, they are
    linked to it and count from then on.
    """
    firsts = {_key(refund): (refund, None, member_id) for refund, member_id in returns}
    public_ids, fresh = _insert(list(firsts.values()), held={}, batch_id=batch_id, at=at)
    facts = [
        Fact(
            type=RETURN_BOOKED,
            occurred_at=refund.refunded_at,
            member_id=member_id,
            source_id=refund.source_id,
            batch_id=batch_id,
            facts={
                "refund": str(public_ids[key]),
                "number": refund.order,
                "currency": refund.currency or "",
                "amount_minor": refund.amount_minor,
            },
        )
        for key, (refund, _, member_id) in firsts.items()
        if key in fresh
    ]
    if facts:
        events.append(facts, at=at)
    known = _known([key for key in firsts if key not in fresh])
    ids = public_ids | {key: public_id for key, (_, public_id) in known.items()}
    return [
        RefundRecorded(change=_first_is_new(_key(refund), fresh), public_id=ids[_key(refund)])
        for refund, _ in returns
    ]


def _first_of_each(
    refunds: Sequence[RefundInput], held: dict[Key, HeldOrder]
) -> dict[RefundKey, RefundInput]:
    firsts: dict[RefundKey, RefundInput] = {}
    for refund in refunds:
        order = held.get((refund.source_id, refund.order))
        if order is not None and refund.currency in {None, order.order.currency}:
            firsts.setdefault(_key(refund), refund)
    return dict(sorted(firsts.items()))


def _insert(
    rows: Sequence[tuple[RefundInput, int | None, int | None]],
    *,
    held: dict[Key, HeldOrder],
    batch_id: int | None,
    at: datetime,
) -> tuple[dict[RefundKey, UUID], set[RefundKey]]:
    """Insert refunds; answers the public id meant for each key, and the keys that were new."""
    if not rows:
        return {}, set()
    ids = sql.take_ids("commerce_refund_id_seq", len(rows))
    refunds = [refund for refund, _, _ in rows]
    public_ids = {_key(refund): time_ordered_uuid(at) for refund in refunds}
    found = sql.rows(
        _INSERT,
        [
            *(batch_id, at, ids, list(public_ids.values())),
            [order_id for _, order_id, _ in rows],
            [refund.source_id for refund in refunds],
            [refund.order for refund in refunds],
            [member_id for _, _, member_id in rows],
            [refund.key for refund in refunds],
            [refund.external_id for refund in refunds],
            [_currency(refund, held) for refund in refunds],
            [refund.amount_minor for refund in refunds],
            [refund.shipping_minor for refund in refunds],
            [refund.refunded_at for refund in refunds],
            [refund.undated for refund in refunds],
            [_lines(refund) for refund in refunds],
        ],
    )
    new_ids = {refund_id for (refund_id,) in found}
    keys = list(public_ids)
    return public_ids, {key for key, each in zip(keys, ids, strict=True) if each in new_ids}


def _known(keys: Sequence[RefundKey]) -> dict[RefundKey, tuple[int, UUID]]:
    """Read the amount and public id of refunds that were here before."""
    if not keys:
        return {}
    found = sql.rows(
        "SELECT r.source_id, r.order_external_id, r.key, r.amount_minor, r.public_id"
        " FROM commerce_refund r JOIN unnest(%s::bigint[], %s::text[], %s::text[])"
        " AS u(source_id, number, key) ON r.source_id = u.source_id"
        " AND r.order_external_id = u.number AND r.key = u.key",
        [list(column) for column in zip(*keys, strict=True)],
    )
    return {(row[0], row[1], row[2]): (row[3], row[4]) for row in found}


def _tell(
    held: dict[Key, HeldOrder],
    fresh: Sequence[RefundInput],
    *,
    batch_id: int | None,
    at: datetime,
) -> None:
    by_order: dict[Key, list[RefundInput]] = {}
    for refund in fresh:
        by_order.setdefault((refund.source_id, refund.order), []).append(refund)
    drafts = []
    for key, refunds in by_order.items():
        draft = Draft(held[key])
        draft.join_refunds(refunds)
        drafts.append(draft)
    if drafts:
        write_changed(drafts, batch_id=batch_id, at=at)
        append_changes(drafts, award=True, batch_id=batch_id, at=at)


def _answer(
    refund: RefundInput,
    held: dict[Key, HeldOrder],
    fresh: set[RefundKey],
    known: dict[RefundKey, tuple[int, UUID]],
) -> RefundRecorded:
    order = held.get((refund.source_id, refund.order))
    key = _key(refund)
    if order is None:
        return RefundRecorded(change="missing")
    if refund.currency not in {None, order.order.currency}:
        return RefundRecorded(change="same", refusal=OtherCurrency.name())
    amount, public_id = known[key]
    if amount != refund.amount_minor and refund.external_id is not None:
        return RefundRecorded(change="same", refusal=RefundChanged.name())
    change = _first_is_new(key, fresh)
    return RefundRecorded(change=change, public_id=public_id, order_id=order.id)


def _first_is_new(key: RefundKey, fresh: set[RefundKey]) -> str:
    """Answer `new` for the first refund of a fresh key, `same` for every repetition of it."""
    if key not in fresh:
        return "same"
    fresh.remove(key)
    return "new"


def _key(refund: RefundInput) -> RefundKey:
    return (refund.source_id, refund.order, refund.key)


def _currency(refund: RefundInput, held: dict[Key, HeldOrder]) -> str:
    order = held.get((refund.source_id, refund.order))
    return refund.currency or (order.order.currency if order is not None else "")


def _lines(refund: RefundInput) -> str:
    return orjson.dumps(
        [[line.sku, str(line.quantity), line.amount_minor] for line in refund.lines]
    ).decode()
