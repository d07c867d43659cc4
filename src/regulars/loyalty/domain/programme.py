"""What a programme is: its zone and currency, its earning rule by version, its ladder of tiers.

Rules and ladders are never edited. A new version is published from a date, and what happened
before that date is judged by the version that was in force then.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import Protocol, TypeVar
from zoneinfo import ZoneInfo

from regulars.kit import amounts, periods
from regulars.kit.errors import Kind, Refusal
from regulars.kit.messages import message
from regulars.ledger.domain import OwedPolicy

DEFAULT_PROGRAMME_ID = 1
PENDING_DAYS = 7
EXPIRY_YEARS_AHEAD = 1
WINDOW_MONTHS = 12
REVIEW_DAY = 1
REVIEW_HOUR = 3
ANY_CURRENCY = "*"
FEBRUARY, NOVEMBER = 2, 11
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)  # the first version of a rule is in force since ever
TIER_KIND = "tier"  # the kind under which `members` keeps the projection


class ProgrammeMissing(Refusal):
    """No programme has been set up."""

    kind = Kind.NOT_FOUND
    reason = message("No programme has been set up yet.")


class VersionNotLater(Refusal):
    """A version is published from a date after the one before it."""

    kind = Kind.CONFLICT
    reason = message("Version {version} is in force from {from_at}; publish from a later date.")


class LadderCrooked(Refusal):
    """A ladder starts at zero and rises."""

    kind = Kind.INVALID
    reason = message("A ladder starts at 0 and every tier asks more growth than the one below.")


@dataclass(frozen=True, slots=True)
class Tier:
    """One rung: its place from 0 upward, its stable code, and the growth it asks."""

    level: int
    code: str
    growth_min: int
    name_en: str
    name_zh: str

    def name(self, language: str) -> str:
        """Name the tier in the reader's language."""
        return self.name_zh if language.startswith("zh") else self.name_en


@dataclass(frozen=True)
class Ladder:
    """The tiers of a programme in one version, lowest first, and how they are reviewed.

    Growth counts for `window_months`; going up is immediate; on `review_day` of each month at
    `review_hour` in the programme's zone, who no longer qualifies goes down one tier.
    """

    id: int
    version: int
    from_at: datetime
    tiers: tuple[Tier, ...]
    window_months: int = WINDOW_MONTHS
    review_day: int = REVIEW_DAY
    review_hour: int = REVIEW_HOUR

    def __post_init__(self) -> None:
        floors = [tier.growth_min for tier in self.tiers]
        if not floors or floors[0] != 0 or any(low >= high for low, high in pairwise(floors)):
            raise LadderCrooked

    @cached_property
    def growth_floor(self) -> int:
        """Find the least growth that lifts anyone above the lowest tier."""
        return self.tiers[1].growth_min if len(self.tiers) > 1 else 2**62

    def level_for(self, growth: int) -> int:
        """Find the highest level this growth qualifies for."""
        level = 0
        for tier in self.tiers:
            if tier.growth_min > growth:
                break
            level = tier.level
        return level

    def tier(self, level: int) -> Tier:
        """Find the tier of a level; a level above a shortened ladder is its top."""
        return self.tiers[min(level, len(self.tiers) - 1)]

    def next_review(self, moment: datetime, tz: ZoneInfo) -> datetime:
        """Find the first review at or after the moment."""
        local = moment.astimezone(tz)
        review = local.replace(
            day=self.review_day, hour=self.review_hour, minute=0, second=0, microsecond=0, fold=0
        ).astimezone(UTC)
        if review >= moment:
            return review
        year, month = divmod(local.year * 12 + local.month, 12)
        following = datetime(year, month + 1, self.review_day, self.review_hour, tzinfo=tz)
        return following.astimezone(UTC)

    def last_review(self, moment: datetime, tz: ZoneInfo) -> datetime:
        """Find the last review at or before the moment."""
        month_ago = moment - timedelta(days=32)
        review = self.next_review(month_ago, tz)
        while (following := self.next_review(review + timedelta(microseconds=1), tz)) <= moment:
            review = following
        return review


@dataclass(frozen=True)
class EarningRule:
    """One version of an earning rule: what a paid order is worth.

    Rates are basis points by currency, `*` standing for any: 10,000 is one point for one unit of
    money. `multipliers_bp` holds a factor for each level, lowest first. `conditions` is empty in
    the default rule, which hears every paid order.
    """

    id: int
    rule_id: int
    key: str
    version: int
    from_at: datetime
    rate_bp: dict[str, int]
    growth_bp: dict[str, int]
    multipliers_bp: tuple[int, ...]
    name_en: str
    name_zh: str
    conditions: tuple[str, ...] = ()

    def name(self, language: str) -> str:
        """Name the rule in the reader's language."""
        return self.name_zh if language.startswith("zh") else self.name_en

    def multiplier_bp(self, level: int) -> int:
        """Find the factor of a level; a level the rule does not name takes the highest it does."""
        return self.multipliers_bp[min(level, len(self.multipliers_bp) - 1)]

    def points(self, net_minor: int, currency: str, multiplier_bp: int) -> int:
        """floor(net × rate × multiplier), never below zero."""
        if net_minor <= 0:
            return 0
        product = net_minor * rate_of(self.rate_bp, currency) * multiplier_bp
        return product // _scale(currency)

    def growth(self, net_minor: int, currency: str) -> int:
        """floor(net × growth rate), never below zero; no tier multiplies growth."""
        return amounts.points_for(net_minor, rate_of(self.growth_bp, currency), currency)


@dataclass(frozen=True)
class Programme:
    """A programme with everything needed to judge an order or a tier, whatever its date."""

    id: int
    zone: str
    currency: str
    pending_days: int
    expiry_years_ahead: int
    refund_policy: OwedPolicy
    rules: tuple[EarningRule, ...]  # oldest first
    ladders: tuple[Ladder, ...]  # oldest first

    @cached_property
    def tz(self) -> ZoneInfo:
        """Look up the shop's zone."""
        return periods.zone(self.zone)

    @cached_property
    def pending(self) -> timedelta:
        """How long points and growth wait."""
        return timedelta(days=self.pending_days)

    def rule_at(self, occurred_at: datetime) -> EarningRule:
        """Find the version of the earning rule in force when something happened."""
        return in_force(self.rules, occurred_at)

    def ladder_at(self, occurred_at: datetime) -> Ladder:
        """Find the version of the ladder in force when something happened."""
        return in_force(self.ladders, occurred_at)

    def rule_version(self, id_: int | None) -> EarningRule | None:
        """Find the rule version of this id, if it is one of ours."""
        return next((rule for rule in self.rules if rule.id == id_), None)

    def expires_at(self, earned_at: datetime) -> datetime:
        """When points earned then are gone: the end of next year in the shop's zone."""
        if FEBRUARY <= earned_at.month <= NOVEMBER:  # no zone moves these over New Year
            return _expiry_of_year(earned_at.year, self.expiry_years_ahead, self.tz)
        return periods.end_of_year(earned_at, self.tz, self.expiry_years_ahead)


class Versioned(Protocol):
    """Anything published from a date."""

    @property
    def from_at(self) -> datetime:
        """When it comes into force."""


Version = TypeVar("Version", bound=Versioned)


def in_force(versions: Sequence[Version], occurred_at: datetime) -> Version:
    """Choose the version in force at a moment; the first one reaches back to the beginning."""
    if len(versions) > 1:
        for version in reversed(versions):
            if version.from_at <= occurred_at:
                return version
    return versions[0]


def rate_of(rates_bp: Mapping[str, int], currency: str) -> int:
    """Find the rate for a currency; what the rule does not name earns nothing."""
    found = rates_bp.get(currency)
    return rates_bp.get(ANY_CURRENCY, 0) if found is None else found


@lru_cache(maxsize=64)
def _scale(currency: str) -> int:
    """Compute the divisor of net × rate × multiplier: two basis points and minor units."""
    one = amounts.RATE_BP_ONE
    return one * one * int(10 ** amounts.exponent(currency))


@lru_cache(maxsize=512)
def _expiry_of_year(year: int, years_ahead: int, tz: ZoneInfo) -> datetime:
    return periods.end_of_year(datetime(year, 6, 1, tzinfo=UTC), tz, years_ahead)
