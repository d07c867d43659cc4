"""Give: what an order is worth under given terms, and the row and postings that give it."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from regulars.kit import ids
from regulars.ledger.domain import Currency, Earn
from regulars.loyalty.domain.awards import (
    Award,
    AwardKind,
    AwardPlan,
    Opening,
    OrderSnapshot,
    Reason,
    Surroundings,
    Verdict,
)
from regulars.loyalty.domain.programme import EarningRule

_TRANSFERS = ids.uuid_space("loyalty.award")
STICKY = frozenset({Reason.AWARD_OFF, Reason.OTHER_CURRENCY, Reason.BEFORE_OPENING})


class Terms(NamedTuple):
    """What an award is given under; frozen with its first row."""

    rule: EarningRule
    multiplier_bp: int


def transfer_id(order_id: int, step: int, currency: Currency) -> UUID:
    """Derive the id of an award row's ledger transfer: the same cause, the same id, for ever."""
    return ids.uuid_in(_TRANSFERS, order_id, step << 1 | (currency is Currency.GROWTH))


def worth(
    snapshot: OrderSnapshot,
    terms: Terms,
    around: Surroundings,
    *,
    opening: Opening | None,
    awards: bool,
) -> tuple[int, int, Reason]:
    """Say what the order is worth in points and growth, and why."""
    currency = snapshot.currency
    if not snapshot.is_earning:
        return 0, 0, Reason.REFUND
    if currency != around.programme.currency:
        return 0, 0, Reason.OTHER_CURRENCY
    if not awards:
        return 0, 0, Reason.AWARD_OFF
    net = snapshot.net_minor
    points = terms.rule.points(net, currency, terms.multiplier_bp)
    growth = terms.rule.growth(net, currency)
    reason = Reason.PURCHASE if points or growth else Reason.TOO_SMALL
    if opening is not None and (points or growth):
        if opening.covers_points(snapshot.occurred_at):
            points, reason = 0, Reason.BEFORE_OPENING
        if opening.covers_growth(snapshot.occurred_at):
            growth = 0
    return points, growth, reason


def give(
    snapshot: OrderSnapshot,
    plan: AwardPlan,
    around: Surroundings,
    terms: Terms,
    points: int,
    growth: int,
    *,
    step: int,
    kind: AwardKind = AwardKind.FIRST,
) -> Verdict:
    """Add one row that gives, with its postings."""
    member_id, occurred_at = snapshot.member_id, snapshot.occurred_at
    assert member_id is not None, "nobody, nothing"
    usable_from = usable_from_of(snapshot, around)
    points_id = growth_id = None
    if points:
        points_id = transfer_id(snapshot.order_id, step, Currency.POINTS)
        dies_at = around.programme.expires_at(occurred_at)
        earn = _earn(snapshot, terms, points_id, Currency.POINTS, points, usable_from, dies_at)
        plan.postings.append(earn)
    if growth:
        growth_id = transfer_id(snapshot.order_id, step, Currency.GROWTH)
        earn = _earn(snapshot, terms, growth_id, Currency.GROWTH, growth, usable_from, None)
        plan.postings.append(earn)
    reason = Reason.PURCHASE if kind is AwardKind.FIRST else Reason.RAISED
    plan.awards.append(
        Award(
            snapshot.order_id, step, kind, reason, member_id, snapshot.event_id, terms.rule.id,
            terms.multiplier_bp, snapshot.net_minor, points, points_id, growth, growth_id, None,
            occurred_at, usable_from, {"currency": snapshot.currency}, member_id,
        )
    )  # fmt: skip
    return Verdict(snapshot.event_id, reason, points, growth)


def _earn(
    snapshot: OrderSnapshot,
    terms: Terms,
    id_: UUID,
    currency: Currency,
    amount: int,
    usable_from: datetime | None,
    expires_at: datetime | None,
) -> Earn:
    assert snapshot.member_id is not None, "nobody, nothing"
    return Earn(
        id=id_,
        member_id=snapshot.member_id,
        currency=currency,
        amount=amount,
        occurred_at=snapshot.occurred_at,
        usable_from=usable_from,
        expires_at=expires_at,
        event_id=snapshot.posting_event_id,
        rule_version_id=terms.rule.id,
        store_id=snapshot.store_id,
    )


def nothing(
    snapshot: OrderSnapshot, rule: EarningRule, multiplier_bp: int, reason: Reason
) -> Award:
    """Make a row that says why an order gave nothing; `--no-award` stays with the order by it."""
    assert snapshot.member_id is not None, "nobody, nothing"
    return Award(
        snapshot.order_id,
        0,
        AwardKind.NOTHING,
        reason,
        snapshot.member_id,
        snapshot.event_id,
        rule.id,
        multiplier_bp,
        snapshot.net_minor,
        0,
        None,
        0,
        None,
        None,
        snapshot.occurred_at,
        None,
        {"currency": snapshot.currency},
        snapshot.member_id,
    )


def usable_from_of(snapshot: OrderSnapshot, around: Surroundings) -> datetime | None:
    """Answer completed + pending where the source reports completion, else paid + pending."""
    if not snapshot.reports_completion:
        return snapshot.occurred_at + around.programme.pending
    if snapshot.completed_at is None:
        return None
    return snapshot.completed_at + around.programme.pending
