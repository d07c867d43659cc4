"""Balances brought over: what a declaration says of growth and of the orders before it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from regulars.ledger.domain import Currency

DECLARED_CURRENCIES = {"points": Currency.POINTS, "growth": Currency.GROWTH}
DATE_LENGTH = len("2026-01-31")


@dataclass(frozen=True, slots=True)
class OpeningLot:
    """A part of a declared balance and when it was earned."""

    amount: int
    earned_at: datetime


@dataclass(frozen=True, slots=True)
class Declaration:
    """A balance that a member brings from an older system."""

    event_id: int
    member_id: int
    batch_id: int | None
    currency: Currency
    amount: int
    as_of: datetime  # orders paid until then are part of it
    replaces: bool
    lots: tuple[OpeningLot, ...]

    @property
    def shape(self) -> str:
        """Say amount, date and lots in one word, to know the same balance again."""
        lots = ",".join(f"{lot.amount}@{lot.earned_at.isoformat()}" for lot in self.lots)
        return f"{self.amount}@{self.as_of.isoformat()}:{lots}"


def read_declaration(
    facts: Mapping[str, Any], *, event_id: int, member_id: int, batch_id: int | None, tz: ZoneInfo
) -> Declaration | None:
    """Read a declaration of points or growth; None for a currency that earns no tier.

    A balance without dated lots counts as earned on the day it is declared as of.
    """
    currency = DECLARED_CURRENCIES.get(facts["currency"])
    if currency is None:
        return None
    as_of = day_end(facts["as_of"], tz)
    amount = int(facts["amount"])
    lots = [
        OpeningLot(int(lot["amount"]), min(as_of, day_end(lot["earned_on"], tz)))
        for lot in facts.get("lots") or ()
        if lot.get("earned_on") and int(lot["amount"]) > 0
    ]
    undated = amount - sum(lot.amount for lot in lots)
    if undated > 0:
        lots.append(OpeningLot(undated, as_of))
    return Declaration(
        event_id=event_id,
        member_id=member_id,
        batch_id=batch_id,
        currency=currency,
        amount=amount,
        as_of=as_of,
        replaces=bool(facts.get("replaces")),
        lots=tuple(lots),
    )


def day_end(text: str, tz: ZoneInfo) -> datetime:
    """Read an instant; of a bare date, the last moment of that day in the shop's zone."""
    moment = datetime.fromisoformat(text)
    if len(text) == DATE_LENGTH:
        midnight = datetime.combine(moment.date() + timedelta(days=1), time(), tzinfo=tz)
        return midnight.astimezone(UTC) - timedelta(microseconds=1)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=tz)
    return moment.astimezone(UTC)
