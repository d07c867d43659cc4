"""Bring an order that has rows already to what it is worth now: release, take back, give more."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from regulars.ledger.domain import Clawback, Currency
from regulars.loyalty.domain.awards import (
    Award,
    AwardKind,
    AwardPlan,
    Opening,
    OrderSnapshot,
    Reason,
    Release,
    Surroundings,
    Verdict,
)
from regulars.loyalty.domain.giving import (
    STICKY,
    Terms,
    give,
    transfer_id,
    usable_from_of,
    worth,
)


class Resettling:
    """One order that has rows already, being brought to what it is worth now."""

    def __init__(
        self,
        snapshot: OrderSnapshot,
        given: Sequence[Award],
        around: Surroundings,
        plan: AwardPlan,
    ) -> None:
        self.snapshot = snapshot
        self.given = given
        self.around = around
        self.plan = plan
        self.step = max(row.step for row in given) + 1

    def settle(self) -> Verdict:
        verdict = Verdict(self.snapshot.event_id, None)
        member_id = self.snapshot.member_id
        if member_id is None:
            return verdict
        self._release()
        for other in sorted({row.member_id for row in self.given} - {member_id}):
            rows = [row for row in self.given if row.member_id == other]
            self._take_back(rows, points=0, growth=0, reason=Reason.REASSIGNED, verdict=verdict)
        self._aim([row for row in self.given if row.member_id == member_id], member_id, verdict)
        return verdict

    def _aim(self, own: Sequence[Award], member_id: int, verdict: Verdict) -> None:
        first = next((row for row in own if row.kind is AwardKind.FIRST), None)
        programme = self.around.programme
        if first is not None:
            rule = programme.rule_version(first.rule_version_id) or programme.rules[0]
            multiplier_bp, awards = first.multiplier_bp, True
        else:
            rule = programme.rule_at(self.snapshot.occurred_at)
            multiplier_bp = rule.multiplier_bp(self.around.levels.get(member_id, 0))
            was_off = any(row.reason is Reason.AWARD_OFF for row in self.given)
            awards = self.snapshot.awards and not was_off
        points, growth, reason = worth(
            self.snapshot,
            Terms(rule, multiplier_bp),
            self.around,
            opening=self._opening(own, member_id),
            awards=awards,
        )
        held_points = sum(row.points for row in own)
        held_growth = sum(row.growth for row in own)
        if points < held_points or growth < held_growth:
            why = reason if reason in STICKY else Reason.REFUND
            self._take_back(own, points=points, growth=growth, reason=why, verdict=verdict)
        if points > held_points or growth > held_growth:
            more_points, more_growth = max(0, points - held_points), max(0, growth - held_growth)
            kind = AwardKind.FIRST if first is None else AwardKind.RAISED
            give(
                self.snapshot,
                self.plan,
                self.around,
                Terms(rule, multiplier_bp),
                more_points,
                more_growth,
                step=self._next_step(),
                kind=kind,
            )
            verdict.reason = Reason.PURCHASE if first is None else Reason.RAISED
            verdict.points += more_points
            verdict.growth += more_growth

    def _opening(self, own: Sequence[Award], member_id: int) -> Opening | None:
        """Find the opening that speaks for these rows: the one of whom the order was first."""
        if own:
            return self.around.origin_openings.get(own[0].origin_member_id)
        return self.around.openings.get(member_id)

    def _take_back(
        self, rows: Sequence[Award], *, points: int, growth: int, reason: Reason, verdict: Verdict
    ) -> None:
        """Take back what the rows hold above the aim, the latest gift first."""
        points_over = max(0, sum(row.points for row in rows) - points)
        growth_over = max(0, sum(row.growth for row in rows) - growth)
        for gift in sorted((row for row in rows if row.is_gift), key=_step, reverse=True):
            taken = [row for row in rows if row.reverses_step == gift.step]
            take_points = min(points_over, gift.points + sum(row.points for row in taken))
            take_growth = min(growth_over, gift.growth + sum(row.growth for row in taken))
            if take_points <= 0 and take_growth <= 0:
                continue
            points_over -= take_points
            growth_over -= take_growth
            verdict.reason = reason
            verdict.points -= take_points
            verdict.growth -= take_growth
            self._take_one(gift, take_points, take_growth, reason)

    def _take_one(self, gift: Award, points: int, growth: int, reason: Reason) -> None:
        snapshot, step = self.snapshot, self._next_step()
        usable_from = gift.usable_from or self._completion()
        row = Award(
            order_id=gift.order_id,
            step=step,
            kind=AwardKind.TAKEN_BACK,
            reason=reason,
            member_id=gift.member_id,
            event_id=snapshot.event_id,
            rule_version_id=gift.rule_version_id,
            multiplier_bp=gift.multiplier_bp,
            net_minor=snapshot.net_minor if snapshot.is_earning else 0,
            points=-points,
            points_transfer_id=None,
            growth=-growth,
            growth_transfer_id=None,
            reverses_step=gift.step,
            occurred_at=gift.occurred_at,
            usable_from=None if usable_from is None else max(usable_from, snapshot.changed_at),
            facts={
                "currency": snapshot.currency,
                "given": gift.points,
                "given_growth": gift.growth,
            },
            origin_member_id=gift.origin_member_id,
        )
        if points:
            row.points_transfer_id = transfer_id(row.order_id, step, Currency.POINTS)
            self._claw(row, gift.points_transfer_id, points, Currency.POINTS)
        if growth:
            row.growth_transfer_id = transfer_id(row.order_id, step, Currency.GROWTH)
            self._claw(row, gift.growth_transfer_id, growth, Currency.GROWTH)
        self.plan.awards.append(row)

    def _claw(self, row: Award, reverses: UUID | None, amount: int, currency: Currency) -> None:
        assert reverses is not None, "what was given has a transfer"
        self.plan.postings.append(
            Clawback(
                id=transfer_id(row.order_id, row.step, currency),
                reverses=reverses,
                member_id=row.member_id,
                currency=currency,
                amount=amount,
                policy=self.around.programme.refund_policy,
                occurred_at=self.snapshot.changed_at,
                event_id=self.snapshot.posting_event_id,
                rule_version_id=row.rule_version_id,
                store_id=self.snapshot.store_id,
            )
        )

    def _release(self) -> None:
        usable_from = self._completion()
        waiting = [row for row in self.given if row.usable_from is None and row.points | row.growth]
        if usable_from is None or not waiting:
            return
        points = (row.points_transfer_id for row in waiting if row.is_gift)
        growing = {row.member_id for row in waiting if row.growth}
        self.plan.releases.append(
            Release(
                order_id=self.snapshot.order_id,
                usable_from=usable_from,
                points_transfers=tuple(id_ for id_ in points if id_ is not None),
                growing=tuple(sorted(growing)),
            )
        )

    def _completion(self) -> datetime | None:
        return usable_from_of(self.snapshot, self.around)

    def _next_step(self) -> int:
        self.step += 1
        return self.step - 1


def _step(row: Award) -> int:
    return row.step
