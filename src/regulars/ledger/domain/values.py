"""What the ledger hands out: balances, lots, entries of a statement, holds, findings."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from regulars.ledger.domain.accounts import Currency, HoldState, TransferKind


@dataclass(frozen=True, slots=True)
class Balance:
    """One member's points at a moment, and the other things counted for them.

    `available` may be spent now; `pending` waits for its date or for an action; `held` is set
    aside by live holds; `owed` is what a refund could not take back, as a positive number.
    `posted` is the balance as it is booked, with what is over and not yet booked as `lapsed`.
    """

    available: int = 0
    pending: int = 0
    held: int = 0
    owed: int = 0
    growth: int = 0
    stored_value: int = 0
    stored_gift: int = 0
    is_frozen: bool = False
    posted: int = 0
    lapsed: int = 0

    @property
    def free(self) -> int:
        """Count what is usable and not held, before any debt is thought of."""
        if self.available:
            return self.available + self.owed
        return self.posted - self.lapsed - self.pending - self.held

    def adjusted(self, amount: int) -> "Balance":
        """Answer the balance after points are given (a debt is repaid first) or taken by hand."""
        repaid = min(self.owed, max(0, amount))
        owed = self.owed - repaid
        free = self.free + amount - repaid
        posted = self.posted + amount - repaid
        return replace(self, available=max(0, free - owed), owed=owed, posted=posted)

    def joined(self, other: "Balance") -> "Balance":
        """Answer what one member holds who takes over everything of another."""
        owed = self.owed + other.owed
        return Balance(
            available=max(0, self.free + other.free - owed),
            pending=self.pending + other.pending,
            held=self.held + other.held,
            owed=owed,
            growth=self.growth + other.growth,
            stored_value=self.stored_value + other.stored_value,
            stored_gift=self.stored_gift + other.stored_gift,
            is_frozen=self.is_frozen,
            posted=self.posted + other.posted,
            lapsed=self.lapsed + other.lapsed,
        )


@dataclass(frozen=True, slots=True)
class OpenLot:
    """A lot that still holds something."""

    id: int
    transfer_id: UUID
    granted: int
    remaining: int
    pinned: int
    usable_from: datetime | None
    expires_at: datetime | None
    origin_member_id: int | None
    granted_at: datetime
    kind: TransferKind

    def is_usable(self, at: datetime) -> bool:
        """Tell whether the lot may be spent from at that moment."""
        begun = self.usable_from is not None and self.usable_from <= at
        return begun and (self.expires_at is None or at < self.expires_at)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a member's statement; `amount` is signed, `balance_after` follows from it.

    `actor_id` is whoever asked for it: a member of staff, or an API key by its negative id.
    """

    seq: int
    transfer_id: UUID
    business_id: UUID
    kind: TransferKind
    currency: Currency
    amount: int
    balance_after: int
    occurred_at: datetime
    recorded_at: datetime
    event_id: int | None
    rule_version_id: int | None
    store_id: int | None
    reason_code: int
    reverses: UUID | None
    hold_id: UUID | None
    usable_from: datetime | None
    expires_at: datetime | None
    actor_id: int | None = None


@dataclass(frozen=True, slots=True)
class EntryPage:
    """Entries, newest first, and where the next page begins (None at the end)."""

    entries: tuple[Entry, ...]
    next_before: tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class HeldPoints:
    """A hold as others see it; an open one that has run out shows as expired."""

    id: UUID
    member_id: int
    currency: Currency
    amount: int
    committed_amount: int
    state: HoldState
    expires_at: datetime

    def seen_at(self, at: datetime) -> "HeldPoints":
        """Answer the hold as it stands at a moment: what has run out counts as expired."""
        if self.state is HoldState.OPEN and self.expires_at <= at:
            return replace(self, state=HoldState.EXPIRED)
        return self


@dataclass(frozen=True, slots=True)
class Transfer:
    """One balanced transfer, as the ledger holds it."""

    id: UUID
    seq: int
    kind: TransferKind
    currency: Currency
    member_id: int | None
    debit_id: int
    credit_id: int
    amount: int
    reversed: int


@dataclass(frozen=True, slots=True)
class Finding:
    """The outcome of one check: how much was looked at, how much is wrong, and where."""

    check: str
    scanned: int
    bad: int
    ids: tuple[str, ...] = ()
    milliseconds: int = 0

    def as_json(self) -> dict[str, Any]:
        """Say it for machines."""
        return {
            "check": self.check,
            "scanned": self.scanned,
            "bad": self.bad,
            "ids": list(self.ids),
            "ms": self.milliseconds,
        }


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a run of all checks found, and from which sequence number the next may start."""

    findings: tuple[Finding, ...]
    watermark: int
    transfers: int = 0
    milliseconds: int = 0
    accounts: tuple[int, ...] = field(default=())

    @property
    def is_clean(self) -> bool:
        return all(finding.bad == 0 for finding in self.findings)

    def as_json(self) -> dict[str, Any]:
        """Say it for machines."""
        return {
            "ok": self.is_clean,
            "transfers": self.transfers,
            "watermark": self.watermark,
            "ms": self.milliseconds,
            "checks": [finding.as_json() for finding in self.findings],
        }
