"""Decide what a batch of orders gives and takes: aim at what each order is worth now.

Nothing is added up from changes. For each order the rule says what its net amount is worth today;
what was given already is compared with that; the difference is given or taken back. So repeats,
disorder and refunds in parts all end in the same place, and no refund is rounded by itself. The
rule version and the multiplier of the first award stay with the order for ever.
"""

from collections.abc import Iterable, Mapping, Sequence

from regulars.loyalty.domain.awards import (
    Award,
    AwardPlan,
    OrderSnapshot,
    Reason,
    Surroundings,
    Verdict,
)
from regulars.loyalty.domain.giving import STICKY, Terms, give, nothing, worth
from regulars.loyalty.domain.resettling import Resettling

NOTHING_GIVEN: tuple[Award, ...] = ()


def plan_awards(
    snapshots: Iterable[OrderSnapshot],
    given: Mapping[int, Sequence[Award]],
    around: Surroundings,
) -> AwardPlan:
    """Bring every order of the batch to what it is worth now.

    `given` holds the rows written before, by order and step. Applied again to its own result the
    plan is empty. For each order and member, given + planned = the worth of the net amount.
    """
    plan = AwardPlan()
    for snapshot in snapshots:
        before = given.get(snapshot.order_id, NOTHING_GIVEN)
        if before:
            verdict = Resettling(snapshot, before, around, plan).settle()
        else:
            verdict = _plan_first(snapshot, around, plan)
        plan.verdicts.append(verdict)
    return plan


def _plan_first(snapshot: OrderSnapshot, around: Surroundings, plan: AwardPlan) -> Verdict:
    """Go the way of almost every order: nothing was given yet."""
    member_id = snapshot.member_id
    if member_id is None:
        return Verdict(snapshot.event_id, Reason.UNATTRIBUTED)
    if not snapshot.is_earning:
        return Verdict(snapshot.event_id, Reason.NOT_PAID)
    rule = around.programme.rule_at(snapshot.occurred_at)
    multiplier_bp = rule.multiplier_bp(around.levels.get(member_id, 0))
    terms = Terms(rule, multiplier_bp)
    points, growth, reason = worth(
        snapshot,
        terms,
        around,
        opening=around.openings.get(member_id),
        awards=snapshot.awards,
    )
    if points or growth:
        return give(snapshot, plan, around, terms, points, growth, step=0)
    if reason in STICKY:
        plan.awards.append(nothing(snapshot, rule, multiplier_bp, reason))
    return Verdict(snapshot.event_id, reason)
