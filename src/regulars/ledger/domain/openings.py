"""Balances that an earlier system declares: what they say, and how they differ from what stands."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from regulars.ledger.domain.accounts import Currency

DECLARED: Final = {
    "points": Currency.POINTS,
    "stored_value": Currency.STORED_VALUE,
    "stored_gift": Currency.STORED_GIFT,
}
Shape = tuple[int, datetime | None]  # amount, expires_at


@dataclass(frozen=True, slots=True)
class DeclaredLot:
    """A part of a declared balance with dates of its own."""

    amount: int
    earned_at: datetime
    expires_at: datetime | None

    @property
    def shape(self) -> Shape:
        """Say what makes two lots the same."""
        return self.amount, self.expires_at


@dataclass(frozen=True, slots=True)
class Declaration:
    """What an earlier system says a member had at a moment."""

    event_id: int
    member_id: int
    currency: Currency
    lots: tuple[DeclaredLot, ...]
    as_of: datetime
    batch_id: int | None = None
    replaces: bool = True


@dataclass(frozen=True, slots=True)
class StandingLot:
    """A lot that an earlier declaration brought in, and that nobody has taken back."""

    transfer_id: UUID
    shape: Shape


@dataclass(frozen=True, slots=True)
class Difference:
    """What a declaration asks for beyond what stands: lots to open, by place, and to take back."""

    opened: tuple[tuple[int, DeclaredLot], ...]
    taken_back: tuple[StandingLot, ...]


def read_declaration(
    facts: Mapping[str, Any], *, event_id: int, member_id: int, batch_id: int | None, tz: ZoneInfo
) -> Declaration | None:
    """Read a declared balance; None for a currency the ledger keeps no lots of.

    A day of expiry is the last day of use: the lot is over when the next day begins in the
    shop's zone. What the lots leave of the amount has no date of expiry.
    """
    currency = DECLARED.get(facts["currency"])
    if currency is None:
        return None
    as_of = _moment(facts["as_of"], tz)
    lots = [
        DeclaredLot(
            amount=int(lot["amount"]),
            earned_at=min(as_of, _midnight(lot["earned_on"], tz)) if lot["earned_on"] else as_of,
            expires_at=_midnight(lot["expires_on"], tz, days=1) if lot["expires_on"] else None,
        )
        for lot in facts["lots"]
        if int(lot["amount"]) > 0
    ]
    rest = int(facts["amount"]) - sum(lot.amount for lot in lots)
    if rest > 0:
        lots.append(DeclaredLot(amount=rest, earned_at=as_of, expires_at=None))
    return Declaration(
        event_id=event_id,
        member_id=member_id,
        currency=currency,
        lots=tuple(lots),
        as_of=as_of,
        batch_id=batch_id,
        replaces=bool(facts["replaces"]),
    )


def plan_declaration(declaration: Declaration, standing: Sequence[StandingLot]) -> Difference:
    """Compare lots by amount and expiry: which are new, and which are no longer declared."""
    there = Counter(lot.shape for lot in standing)
    opened: list[tuple[int, DeclaredLot]] = []
    for place, lot in enumerate(declaration.lots):
        if there[lot.shape] > 0:
            there[lot.shape] -= 1
        else:
            opened.append((place, lot))
    taken_back: list[StandingLot] = []
    for known in standing if declaration.replaces else ():
        if there[known.shape] > 0:
            there[known.shape] -= 1
            taken_back.append(known)
    return Difference(tuple(opened), tuple(taken_back))


def _midnight(day: str, tz: ZoneInfo, *, days: int = 0) -> datetime:
    local = date.fromisoformat(day[:10]) + timedelta(days=days)
    return datetime.combine(local, time(), tzinfo=tz).astimezone(UTC)


def _moment(text: str, tz: ZoneInfo) -> datetime:
    found = datetime.fromisoformat(text)
    return found if found.tzinfo is not None else found.replace(tzinfo=tz)
