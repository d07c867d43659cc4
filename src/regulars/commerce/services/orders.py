"""Record orders: a batch of messages is locked, joined to what is known, written and told once.

Every changed order is told by one event with its whole snapshot, so listeners aim at a state
and never add deltas up.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from uuid import UUID

from django.db import transaction

from regulars.commerce import domain, selectors
from regulars.commerce.domain import (
    Line,
    Order,
    OrderInput,
    OrderRecorded,
    Payment,
    Reckoning,
    RefundInput,
)
from regulars.commerce.selectors import HeldOrder
from regulars.commerce.services import writing
from regulars.events import services as events
from regulars.events.domain import Fact
from regulars.kit.ids import time_ordered_uuids
from regulars.members import selectors as members
from regulars.web import sql

Key = tuple[int, str]
_NOBODY: Mapping[int, int] = MappingProxyType({})


class Draft:
    """An order while a batch is joined to it."""

    __slots__ = (
        *("after", "before", "buyers", "held", "id", "lines", "payments", "public_id"),
        *("refunded_at", "reports_completion", "_reckoned"),
    )

    def __init__(self, held: HeldOrder | None) -> None:
        self.held = held
        self.id = 0 if held is None else held.id
        self.public_id: UUID | None = None if held is None else held.public_id
        self.before: Order | None = None if held is None else held.order
        self.after: Order | None = self.before
        self._reckoned: tuple[Order, Reckoning] | None = None
        self.lines: tuple[Line, ...] | None = None
        self.payments: tuple[Payment, ...] | None = None
        self.buyers: tuple[bytes, ...] = ()
        self.refunded_at: datetime | None = None
        self.reports_completion = True if held is None else held.reports_completion

    def join(self, said: OrderInput) -> None:
        """Join one message; lines and payments are kept where this message is their last writer."""
        known = self.after
        after = self.after = domain.merge(known, said)
        if said.buyers:
            self.buyers += said.buyers
        if known is None:
            self.lines, self.payments = said.lines, said.payments
            self.reports_completion = said.reports_completion
            return
        if said.lines is not None and after.lines_version != known.lines_version:
            self.lines = said.lines
        if said.payments is not None and after.payments_version != known.payments_version:
            self.payments = said.payments

    def join_refunds(self, refunds: Sequence[RefundInput]) -> None:
        """Join refunds that are new to the order."""
        assert self.after is not None
        self.after = domain.with_refunds(self.after, refunds)
        moments = [refund.refunded_at for refund in refunds]
        self.refunded_at = max([*moments, *([self.refunded_at] if self.refunded_at else [])])

    @property
    def order(self) -> Order:
        assert self.after is not None
        return self.after

    @property
    def reckoned(self) -> Reckoning:
        """Answer state and sums of what the order has become, reckoned once."""
        kept, order = self._reckoned, self.order
        if kept is None or kept[0] is not order:
            kept = self._reckoned = (order, domain.reckon(order))
        return kept[1]


@transaction.atomic(savepoint=False)
def record_orders(
    *,
    orders: Sequence[OrderInput],
    at: datetime,
    award: bool = True,
    batch_id: int | None = None,
) -> list[OrderRecorded]:
    """Record a batch of messages about orders; answers one value per message, in their order.

    Every arrival order of the same messages, and every repetition, ends in the same orders.
    `award` and the source's word about completion hold for orders that are new. One
    `order.recorded` is appended per order that changed to a reader's eye.

    Raises OrdersBusy where another transaction was first with one of the new orders: the caller
    goes back to its savepoint and says all again, which then finds that order.
    """
    drafts = _joined(orders, selectors.lock_orders((o.source_id, o.external_id) for o in orders))
    _link_returns(drafts)
    _insert_new(drafts, award=award, batch_id=batch_id, at=at)
    _attach_returns(drafts)
    every = list(drafts.values())
    write_changed(every, batch_id=batch_id, at=at)
    changes = append_changes(
        every, award=award, batch_id=batch_id, at=at, survivors=_said_survivors(orders)
    )
    return [_recorded(drafts[said.source_id, said.external_id], changes) for said in orders]


def write_changed(drafts: Sequence[Draft], *, batch_id: int | None, at: datetime) -> None:
    """Write what changed of orders that were there, then lines, payments and waiting buyers."""
    held = {each.id: each for each in drafts if each.held is not None}
    changed = {key: each.order for key, each in held.items() if each.order != each.before}
    if changed and batch_id is not None:
        writing.keep_before(list(changed), batch_id=batch_id, at=at)
    if changed:
        writing.update_orders(changed, batch_id=batch_id, at=at)
    lines = {each.id: each.lines for each in drafts if each.lines is not None}
    if lines:
        writing.replace_lines(lines, known=[key for key in lines if key in held])
    payments = {each.id: each.payments for each in drafts if each.payments is not None}
    if payments:
        writing.replace_payments(payments, known=[key for key in payments if key in held])
    waiting = [
        (buyer, each.id)
        for each in drafts
        if each.buyers and each.order.member_id is None
        for buyer in sorted(set(each.buyers))
    ]
    if waiting:
        writing.await_buyers(waiting)


def append_changes(
    drafts: Sequence[Draft],
    *,
    award: bool,
    batch_id: int | None,
    at: datetime,
    survivors: Mapping[int, int] = _NOBODY,
) -> dict[int, str]:
    """Append one event per order that changed; answers the change by order id.

    `survivors` says who stands for members where that is known already.
    """
    changes: dict[int, str] = {}
    for each in drafts:
        change = domain.change_between(each.before, each.order)
        if change is not None:
            changes[each.id] = change
    told = [each for each in drafts if each.id in changes]
    standing = _standing(told, survivors)
    facts = [
        _fact(each, changes[each.id], standing, award=award, batch_id=batch_id, at=at)
        for each in told
    ]
    if facts:
        events.append(facts, at=at)
    return changes


def _joined(orders: Sequence[OrderInput], held: dict[Key, HeldOrder]) -> dict[Key, Draft]:
    drafts: dict[Key, Draft] = {}
    for said in orders:
        key = (said.source_id, said.external_id)
        draft = drafts.get(key)
        if draft is None:
            draft = drafts[key] = Draft(held.get(key))
        draft.join(said)
    return drafts


def _link_returns(drafts: dict[Key, Draft]) -> None:
    waiting = selectors.list_unlinked_returns(drafts)
    for key, refunds in waiting.items():
        drafts[key].join_refunds([refund for _, refund in refunds])


def _insert_new(
    drafts: dict[Key, Draft], *, award: bool, batch_id: int | None, at: datetime
) -> None:
    """Insert the orders that are not here, sorted, so that two batches meet in one order."""
    fresh = sorted(key for key, each in drafts.items() if each.held is None)
    if not fresh:
        return
    ids = sql.take_ids("commerce_order_id_seq", len(fresh))
    new = []
    for order_id, public_id, key in zip(ids, time_ordered_uuids(at, len(ids)), fresh, strict=True):
        draft = drafts[key]
        draft.id, draft.public_id = order_id, public_id
        new.append(
            writing.NewOrder(
                order_id, public_id, draft.reports_completion, draft.order, draft.reckoned
            )
        )
    writing.insert_orders(new, award=award, batch_id=batch_id, at=at)


def _attach_returns(drafts: dict[Key, Draft]) -> None:
    joined = {key: each.id for key, each in drafts.items() if each.refunded_at is not None}
    if joined:
        sql.run(
            "UPDATE commerce_refund r SET order_id = u.id"
            " FROM unnest(%s::bigint[], %s::bigint[], %s::text[]) AS u(id, source_id, number)"
            " WHERE r.order_id IS NULL AND r.source_id = u.source_id"
            " AND r.order_external_id = u.number",
            [
                list(joined.values()),
                [source for source, _ in joined],
                [number for _, number in joined],
            ],
        )


def _said_survivors(orders: Sequence[OrderInput]) -> dict[int, int]:
    return {
        said.member_id: said.survivor_id
        for said in orders
        if said.member_id is not None and said.survivor_id is not None
    }


def _standing(drafts: Sequence[Draft], said: Mapping[int, int]) -> Mapping[int, int]:
    """Find who stands now for the members of these orders; asks only where no message said."""
    owners = {each.order.member_id for each in drafts} - {None, *said}
    asked = sorted(owner for owner in owners if owner is not None)
    return {**said, **members.survivors(member_ids=asked)} if asked else said


def _fact(
    draft: Draft,
    change: str,
    survivors: Mapping[int, int],
    *,
    award: bool,
    batch_id: int | None,
    at: datetime,
) -> Fact:
    order, held = draft.order, draft.held
    assert draft.public_id is not None
    member_id = order.member_id
    return Fact(
        type=domain.ORDER_RECORDED,
        occurred_at=domain.changed_at(change, order, refunded_at=draft.refunded_at, at=at),
        member_id=None if member_id is None else survivors.get(member_id, member_id),
        store_id=order.store_id,
        source_id=order.source_id,
        batch_id=batch_id,
        facts=domain.order_facts(
            order,
            reckoned=draft.reckoned,
            order_id=draft.id,
            public_id=draft.public_id,
            change=change,
            is_new=held is None,
            reports_completion=draft.reports_completion,
            award=award if held is None else held.award,
        ),
    )


def _recorded(draft: Draft, changes: dict[int, str]) -> OrderRecorded:
    assert draft.public_id is not None
    change = "same" if draft.id not in changes else "new" if draft.held is None else "updated"
    return OrderRecorded(
        order_id=draft.id,
        public_id=draft.public_id,
        change=change,
        member_id=draft.order.member_id,
    )
