"""The values of an award: what an order says of itself, what was given for it, and why.

An award is never edited. A refund, a rise or a change of owner adds a row that gives or takes the
difference; the sum of the rows of one order and member is what the order is worth to them now.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Any
from uuid import UUID

from msgspec import Struct

from regulars.ledger.domain import Clawback, Earn
from regulars.loyalty.domain.programme import Programme

EARNING_STATES = frozenset({"paid", "completed", "refunded", "partially_refunded"})


class AwardKind(IntEnum):
    """What one row of an order's awards does."""

    NOTHING = 0  # says why nothing was given
    FIRST = 1  # opens the award and freezes its multiplier and rule version
    RAISED = 2  # gives the difference after the net amount rose
    TAKEN_BACK = 3  # takes a difference back from an earlier row


class Reason(StrEnum):
    """Why an award came out as it did; each has a sentence in `explaining`."""

    PURCHASE = "purchase"
    RAISED = "raised"
    REFUND = "refund"
    REASSIGNED = "reassigned"
    BEFORE_OPENING = "before_opening"
    OTHER_CURRENCY = "other_currency"
    AWARD_OFF = "award_off"
    UNATTRIBUTED = "unattributed"
    NOT_PAID = "not_paid"
    TOO_SMALL = "too_small"


class OrderSnapshot(Struct, gc=False):
    """An order as commerce last knew it; everything an award needs."""

    event_id: int
    order_id: int
    member_id: int | None
    store_id: int | None
    currency: str
    state: str
    net_minor: int
    occurred_at: datetime  # when it was paid: what was earned dates from here
    changed_at: datetime  # when this state came about
    completed_at: datetime | None
    reports_completion: bool
    awards: bool
    is_new: bool = False
    is_retold: bool = False  # judged again because of something else than the order

    @property
    def posting_event_id(self) -> int | None:
        """Name the event of the order, which earns once; what is judged again has none."""
        return None if self.is_retold else self.event_id

    @property
    def is_earning(self) -> bool:
        """Tell whether money has come in for it."""
        return self.state in EARNING_STATES


class Award(Struct, gc=False):
    """One row of what an order gave or took back; amounts are signed."""

    order_id: int
    step: int  # counts the rows of one order, from 0
    kind: AwardKind
    reason: Reason
    member_id: int
    event_id: int
    rule_version_id: int
    multiplier_bp: int
    net_minor: int
    points: int
    points_transfer_id: UUID | None
    growth: int
    growth_transfer_id: UUID | None
    reverses_step: int | None
    occurred_at: datetime
    usable_from: datetime | None  # growth settles with the points
    facts: dict[str, Any]
    origin_member_id: int  # whose it was before any merge

    @property
    def is_gift(self) -> bool:
        """Tell rows that give from rows that take or only say why."""
        return self.kind in (AwardKind.FIRST, AwardKind.RAISED)

    @property
    def says_something(self) -> bool:
        """Tell a row worth keeping from one whose postings were all refused."""
        return self.kind is AwardKind.NOTHING or self.points != 0 or self.growth != 0


@dataclass(frozen=True, slots=True)
class Opening:
    """Up to when a member's balances were brought over from an older system."""

    points_as_of: datetime | None = None
    growth_as_of: datetime | None = None

    def covers_points(self, occurred_at: datetime) -> bool:
        """Tell whether points earned then are part of what was brought over."""
        return self.points_as_of is not None and occurred_at <= self.points_as_of

    def covers_growth(self, occurred_at: datetime) -> bool:
        """Tell whether growth earned then is part of what was brought over."""
        return self.growth_as_of is not None and occurred_at <= self.growth_as_of


@dataclass(frozen=True, slots=True)
class Release:
    """Points and growth that waited for completion and now have their date."""

    order_id: int
    usable_from: datetime
    points_transfers: tuple[UUID, ...]
    growing: tuple[int, ...]  # the members whose growth it is


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is known of the members of a batch: their levels and their opening balances.

    `openings` is by member; `origin_openings` by who declared it, for orders that were judged
    before two members became one.
    """

    programme: Programme
    at: datetime
    levels: Mapping[int, int] = field(default_factory=dict)
    openings: Mapping[int, Opening] = field(default_factory=dict)
    origin_openings: Mapping[int, Opening] = field(default_factory=dict)


class Verdict(Struct, gc=False):
    """What came of one snapshot: the net effect, and the reason."""

    event_id: int
    reason: Reason | None  # None: nothing changed
    points: int = 0
    growth: int = 0


@dataclass(slots=True)
class AwardPlan:
    """The effects of a batch, in order: rows to write, postings to make, dates to set."""

    awards: list[Award] = field(default_factory=list)
    postings: list[Earn | Clawback] = field(default_factory=list)
    releases: list[Release] = field(default_factory=list)
    verdicts: list[Verdict] = field(default_factory=list)
