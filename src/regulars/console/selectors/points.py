"""Read points and growth as statements: every movement with its reason, source and operator."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from regulars.access.domain import Names
from regulars.commerce.selectors import figures as purchases
from regulars.console.domain import wording
from regulars.console.domain.movements import (
    AwardLine,
    ExpiryLine,
    GrowthLine,
    Link,
    LotLine,
    Reconciliation,
    Statement,
    Sum,
)
from regulars.console.domain.stories import Teller
from regulars.kit.messages import message
from regulars.ledger.domain import Balance, Currency, Entry, OpenLot
from regulars.loyalty import selectors as loyalty
from regulars.loyalty.domain import Award, AwardKind, Programme, explain
from regulars.loyalty.selectors import StatementLine

PENDING = message("Pending")
WAITING = message("Waits for completion")
USABLE = message("Usable")
LOTS_MAX = 200


@dataclass(frozen=True, slots=True)
class Movements:
    """A page of a statement as it was read, before the names behind its ids are known."""

    lines: tuple[StatementLine, ...]
    links: dict[int, Link]
    awards: Mapping[UUID, int]
    next_cursor: str | None

    @property
    def operator_ids(self) -> tuple[int | None, ...]:
        """Answer who moved them, as the ledger names them."""
        return tuple(line.entry.actor_id for line in self.lines)

    def link_of(self, order_id: int | None) -> Link | None:
        """Answer where the order of a movement is seen."""
        return self.links.get(order_id or 0)


def read_movements(
    *,
    member_id: int,
    programme: Programme,
    cursor: str | None,
    limit: int,
    currency: Currency = Currency.POINTS,
    lots: Sequence[OpenLot] = (),
) -> Movements:
    """Read a page of movements, and the orders behind them and behind these lots."""
    page = loyalty.list_statement(
        member_id=member_id,
        cursor=cursor,
        limit=limit,
        currency=currency,
        programme=programme,
        beside={lot.transfer_id for lot in lots},
    )
    orders = {line.order_id for line in page.lines} | set(page.orders.values())
    return Movements(page.lines, _links(orders), page.orders, page.next_cursor)


def statement_of(
    movements: Movements, *, names: Names, at: datetime, teller: Teller
) -> list[Statement]:
    """Tell the movements of points, newest first."""
    return [
        Statement(
            seq=line.entry.seq,
            at=line.entry.occurred_at,
            kind=_kind(line.entry, teller),
            status=teller.translate(PENDING) if _is_pending(line.entry, at=at) else "",
            amount=line.entry.amount,
            balance=line.entry.balance_after,
            expires_at=line.entry.expires_at,
            explanation=line.explanation.sentence(teller.translate, teller.language),
            operator=names.operator(line.entry.actor_id),
            link=movements.link_of(line.order_id),
        )
        for line in movements.lines
    ]


def sum_of(movements: Movements) -> Sum | None:
    """Sum a page of movements; nothing to sum is None."""
    entries = [line.entry for line in movements.lines]
    if not entries:
        return None
    return Sum(
        opening=entries[-1].balance_after - entries[-1].amount,
        gained=sum(entry.amount for entry in entries if entry.amount > 0),
        lost=sum(entry.amount for entry in entries if entry.amount < 0),
        closing=entries[0].balance_after,
    )


def growth_of(movements: Movements, *, names: Names, teller: Teller) -> list[GrowthLine]:
    """Tell the movements of growth, newest first."""
    return [
        GrowthLine(
            seq=line.entry.seq,
            at=line.entry.occurred_at,
            kind=_kind(line.entry, teller),
            amount=line.entry.amount,
            explanation=line.explanation.sentence(teller.translate, teller.language),
            operator=names.operator(line.entry.actor_id),
            link=movements.link_of(line.order_id),
        )
        for line in movements.lines
    ]


def lots_of(
    movements: Movements, *, lots: Sequence[OpenLot], at: datetime, teller: Teller
) -> list[LotLine]:
    """Tell the lots that still hold points, soonest to expire first."""
    return [
        LotLine(
            seq=lot.id,
            earned_at=lot.granted_at,
            kind=teller.word(wording.TRANSFER_KINDS, lot.kind.name.lower()),
            state=teller.translate(_lot_state(lot, at=at)),
            tone="ok" if lot.is_usable(at) else "warn",
            original=lot.granted,
            remaining=lot.remaining,
            pinned=lot.pinned,
            usable_from=lot.usable_from,
            expires_at=lot.expires_at,
            link=movements.link_of(movements.awards.get(lot.transfer_id)),
        )
        for lot in lots
    ]


def reconcile(balance: Balance, *, lots: Sequence[OpenLot]) -> Reconciliation:
    """Hold the lots against the balance: available, pending and held come out of them."""
    listed = sum(lot.remaining for lot in lots)
    living = balance.posted - balance.lapsed
    return Reconciliation(
        lots=listed,
        more=living - listed if len(lots) >= LOTS_MAX else 0,
        available=balance.available,
        pending=balance.pending,
        held=balance.held,
        owed=balance.owed,
        lapsed=balance.lapsed,
        booked=balance.posted,
    )


def list_expiries(lots: Sequence[OpenLot], *, at: datetime) -> list[ExpiryLine]:
    """Sum the usable points by the moment they end."""
    sums: dict[datetime | None, int] = {}
    for lot in lots:
        if lot.is_usable(at):
            sums[lot.expires_at] = sums.get(lot.expires_at, 0) + lot.remaining - lot.pinned
    return [ExpiryLine(expires_at=moment, points=points) for moment, points in sums.items()]


def list_awards(programme: Programme, *, order_id: int, teller: Teller) -> list[AwardLine]:
    """List what an order earned, step by step, with the reasons."""
    awards = loyalty.list_awards(order_ids=[order_id]).get(order_id, [])
    return [
        _award(award, currency, programme, teller)
        for award in awards
        for currency in (Currency.POINTS, Currency.GROWTH)
        if _is_told(award, currency)
    ]


def _award(award: Award, currency: Currency, programme: Programme, teller: Teller) -> AwardLine:
    told = explain(award, currency, programme)
    return AwardLine(
        currency=wording.CURRENCIES[currency.name.lower()],
        amount=_amount(award, currency),
        explanation=told.sentence(teller.translate, teller.language),
    )


def _amount(award: Award, currency: Currency) -> int:
    return award.points if currency is Currency.POINTS else award.growth


def _is_told(award: Award, currency: Currency) -> bool:
    said_once = award.kind is AwardKind.NOTHING and currency is Currency.POINTS
    return bool(_amount(award, currency)) or said_once


def _links(order_ids: Iterable[int | None]) -> dict[int, Link]:
    wanted = sorted({order_id for order_id in order_ids if order_id})
    if not wanted:
        return {}
    found = purchases.public_ids_of(order_ids=wanted)
    return {
        order_id: Link(text=number, order=public_id)
        for order_id, (public_id, number) in found.items()
    }


def _kind(entry: Entry, teller: Teller) -> str:
    return teller.word(wording.TRANSFER_KINDS, entry.kind.name.lower())


def _is_pending(entry: Entry, *, at: datetime) -> bool:
    if entry.amount <= 0:
        return False
    waits = entry.usable_from is None and entry.expires_at is not None
    return waits or (entry.usable_from is not None and entry.usable_from > at)


def _lot_state(lot: OpenLot, *, at: datetime) -> str:
    if lot.usable_from is None:
        return WAITING
    return USABLE if lot.is_usable(at) else PENDING
