"""Read points and growth as statements: every movement with its reason and its source document."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from regulars.commerce.selectors import figures as purchases
from regulars.console.domain import wording
from regulars.console.domain.movements import (
    AwardLine,
    ExpiryLine,
    GrowthLine,
    Link,
    LotLine,
    Statement,
)
from regulars.console.domain.stories import Teller
from regulars.kit.messages import message
from regulars.ledger.domain import Currency, Entry, OpenLot
from regulars.ledger.selectors import figures
from regulars.loyalty import selectors as loyalty
from regulars.loyalty.domain import AwardKind, Programme, explain

PENDING = message("Pending")
WAITING = message("Waits for completion")
USABLE = message("Usable")


@dataclass(frozen=True, slots=True)
class StatementPage:
    """A page of a statement, newest first, and where the next one begins."""

    rows: tuple[Statement, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class GrowthPage:
    """A page of movements of growth, newest first."""

    rows: tuple[GrowthLine, ...]
    next_cursor: str | None


def list_statement(
    *, member_id: int, cursor: str | None, limit: int, at: datetime, teller: Teller
) -> StatementPage:
    """List the movements of a member's points, each with its reason and its source."""
    page = loyalty.list_statement(member_id=member_id, cursor=cursor, limit=limit)
    links = _links(line.order_id for line in page.lines)
    rows = tuple(
        Statement(
            at=line.entry.occurred_at,
            kind=_kind(line.entry, teller),
            status=teller.translate(PENDING) if _is_pending(line.entry, at=at) else "",
            amount=line.entry.amount,
            balance=line.entry.balance_after,
            expires_at=line.entry.expires_at,
            explanation=line.explanation.sentence(teller.translate, teller.language),
            link=links.get(line.order_id or 0),
        )
        for line in page.lines
    )
    return StatementPage(rows=rows, next_cursor=page.next_cursor)


def list_growth(*, member_id: int, cursor: str | None, limit: int, teller: Teller) -> GrowthPage:
    """List the movements of a member's growth, newest first."""
    page = loyalty.list_statement(
        member_id=member_id, cursor=cursor, limit=limit, currency=Currency.GROWTH
    )
    links = _links(line.order_id for line in page.lines)
    rows = tuple(
        GrowthLine(
            at=line.entry.occurred_at,
            kind=_kind(line.entry, teller),
            amount=line.entry.amount,
            explanation=line.explanation.sentence(teller.translate, teller.language),
            link=links.get(line.order_id or 0),
        )
        for line in page.lines
    )
    return GrowthPage(rows=rows, next_cursor=page.next_cursor)


def list_lots(
    *, member_id: int, lots: Sequence[OpenLot], at: datetime, teller: Teller
) -> list[LotLine]:
    """List the lots that still hold points, soonest to expire first."""
    ids = [lot.transfer_id for lot in lots]
    granted = figures.grants_of(transfer_ids=ids)
    awards = loyalty.list_awards_of_transfers(member_id=member_id, transfer_ids=ids)
    orders = {
        transfer_id: award.order_id
        for (transfer_id, currency), award in awards.items()
        if currency is Currency.POINTS
    }
    links = _links(orders.values())
    return [
        LotLine(
            earned_at=granted[lot.transfer_id][0] if lot.transfer_id in granted else None,
            state=teller.translate(_lot_state(lot, at=at)),
            tone="ok" if lot.is_usable(at) else "warn",
            original=lot.granted,
            remaining=lot.remaining,
            usable_from=lot.usable_from,
            expires_at=lot.expires_at,
            link=links.get(orders.get(lot.transfer_id, 0)),
        )
        for lot in lots
    ]


def list_expiries(lots: Sequence[OpenLot], *, at: datetime) -> list[ExpiryLine]:
    """Sum the usable points by the moment they end."""
    sums: dict[datetime | None, int] = {}
    for lot in lots:
        if lot.is_usable(at):
            sums[lot.expires_at] = sums.get(lot.expires_at, 0) + lot.remaining - lot.pinned
    return [ExpiryLine(expires_at=moment, points=points) for moment, points in sums.items()]


def list_awards(programme: Programme, *, order_id: int, teller: Teller) -> list[AwardLine]:
    """List what an order earned, step by step, with the reasons."""
    lines = []
    for award in loyalty.list_awards(order_ids=[order_id]).get(order_id, []):
        for currency, amount in (
            (Currency.POINTS, award.points),
            (Currency.GROWTH, award.growth),
        ):
            if amount or (award.kind is AwardKind.NOTHING and currency is Currency.POINTS):
                told = explain(award, currency, programme)
                lines.append(
                    AwardLine(
                        currency=wording.CURRENCIES[currency.name.lower()],
                        amount=amount,
                        explanation=told.sentence(teller.translate, teller.language),
                    )
                )
    return lines


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
