"""Read points and growth as statements: every movement with its reason and its source document."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

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
from regulars.ledger import selectors as ledger
from regulars.ledger.domain import Currency, Entry, OpenLot
from regulars.ledger.selectors import figures
from regulars.loyalty import selectors as loyalty
from regulars.loyalty.domain import Award, AwardKind, Programme, explain

PENDING = message("Pending")
WAITING = message("Waits for completion")
USABLE = message("Usable")
SYSTEM = message("System")
Before = tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class StatementPage:
    """A page of a statement, newest first, and where the next one begins."""

    rows: tuple[Statement, ...]
    next_before: Before


@dataclass(frozen=True, slots=True)
class GrowthPage:
    """A page of movements of growth, newest first."""

    rows: tuple[GrowthLine, ...]
    next_before: Before


@dataclass(frozen=True, slots=True)
class _Sources:
    """What stands behind transfers: awards, and the orders they were for."""

    programme: Programme | None
    awards: Mapping[tuple[UUID, Currency], Award]
    orders: Mapping[int, tuple[UUID, str]]

    def link(self, transfer_id: UUID, currency: Currency) -> Link | None:
        award = self.awards.get((transfer_id, currency))
        order = self.orders.get(award.order_id) if award else None
        return Link(text=order[1], order=order[0]) if order else None

    def reason(self, transfer_id: UUID, currency: Currency, teller: Teller) -> str:
        award = self.awards.get((transfer_id, currency))
        if award is None or self.programme is None:
            return ""
        return explain(award, currency, self.programme).sentence(teller.translate, teller.language)


def list_statement(
    *, member_id: int, before: Before, limit: int, at: datetime, teller: Teller
) -> StatementPage:
    """List the movements of a member's points, each with its reason and its source."""
    page = ledger.list_entries(member_id=member_id, before=before, limit=limit)
    sources = _sources(member_id, [entry.transfer_id for entry in page.entries])
    rows = tuple(_statement(entry, sources, at=at, teller=teller) for entry in page.entries)
    return StatementPage(rows=rows, next_before=page.next_before)


def list_growth(*, member_id: int, before: Before, limit: int, teller: Teller) -> GrowthPage:
    """List the movements of a member's growth."""
    page = ledger.list_entries(
        member_id=member_id, before=before, limit=limit, currency=Currency.GROWTH
    )
    sources = _sources(member_id, [entry.transfer_id for entry in page.entries])
    rows = []
    for entry in page.entries:
        award = sources.awards.get((entry.transfer_id, Currency.GROWTH))
        reason = sources.reason(entry.transfer_id, Currency.GROWTH, teller)
        rows.append(
            GrowthLine(
                at=entry.occurred_at,
                amount=entry.amount,
                settles_at=award.usable_from if award else entry.occurred_at,
                explanation=reason or _kind(entry, teller),
                link=sources.link(entry.transfer_id, Currency.GROWTH),
            )
        )
    return GrowthPage(rows=tuple(rows), next_before=page.next_before)


def list_lots(
    *, member_id: int, lots: Sequence[OpenLot], at: datetime, teller: Teller
) -> list[LotLine]:
    """List the lots that still hold points, soonest to expire first."""
    ids = [lot.transfer_id for lot in lots]
    granted = figures.grants_of(transfer_ids=ids)
    sources = _sources(member_id, ids)
    return [
        LotLine(
            earned_at=granted[lot.transfer_id][0] if lot.transfer_id in granted else None,
            state=teller.translate(_lot_state(lot, at=at)),
            tone="ok" if lot.is_usable(at) else "warn",
            original=lot.granted,
            remaining=lot.remaining,
            usable_from=lot.usable_from,
            expires_at=lot.expires_at,
            link=sources.link(lot.transfer_id, Currency.POINTS),
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


def list_awards(*, order_id: int, teller: Teller) -> list[AwardLine]:
    """List what an order earned, step by step, with the reasons."""
    programme = loyalty.find_programme()
    if programme is None:
        return []
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


def _sources(member_id: int, transfer_ids: Sequence[UUID]) -> _Sources:
    programme = loyalty.find_programme()
    if programme is None or not transfer_ids:
        return _Sources(programme, {}, {})
    awards = loyalty.list_awards_of_transfers(member_id=member_id, transfer_ids=transfer_ids)
    orders = purchases.public_ids_of(order_ids=sorted({each.order_id for each in awards.values()}))
    return _Sources(programme, awards, orders)


def _statement(entry: Entry, sources: _Sources, *, at: datetime, teller: Teller) -> Statement:
    reason = sources.reason(entry.transfer_id, Currency.POINTS, teller)
    return Statement(
        at=entry.occurred_at,
        kind=_kind(entry, teller),
        status=teller.translate(PENDING) if _is_pending(entry, at=at) else "",
        amount=entry.amount,
        balance=entry.balance_after,
        expires_at=entry.expires_at,
        explanation=reason,
        link=sources.link(entry.transfer_id, Currency.POINTS),
    )


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
