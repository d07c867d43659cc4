"""Values for tests of loyalty, with good defaults."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from regulars.ledger.domain import OwedPolicy
from regulars.loyalty.domain import (
    BEGINNING,
    DEFAULT_MULTIPLIERS_BP,
    DEFAULT_TIERS,
    Award,
    AwardPlan,
    EarningRule,
    GrowthEntry,
    Ladder,
    Opening,
    OrderSnapshot,
    Programme,
    Surroundings,
    plan_awards,
)

NOON = datetime(2026, 3, 1, 4, tzinfo=UTC)  # noon in Shanghai
DAY = timedelta(days=1)


def a_rule(**changes: Any) -> EarningRule:
    given: dict[str, Any] = {
        "id": 1,
        "rule_id": 1,
        "key": "purchase",
        "version": 1,
        "from_at": BEGINNING,
        "rate_bp": {"CNY": 10_000},
        "growth_bp": {"CNY": 10_000},
        "multipliers_bp": DEFAULT_MULTIPLIERS_BP,
        "name_en": "Points for purchases",
        "name_zh": "消费积分",
    }
    return EarningRule(**(given | changes))


def a_ladder(**changes: Any) -> Ladder:
    given: dict[str, Any] = {"id": 1, "version": 1, "from_at": BEGINNING, "tiers": DEFAULT_TIERS}
    return Ladder(**(given | changes))


def a_programme(**changes: Any) -> Programme:
    given: dict[str, Any] = {
        "id": 1,
        "zone": "Asia/Shanghai",
        "currency": "CNY",
        "pending_days": 7,
        "expiry_years_ahead": 1,
        "refund_policy": OwedPolicy.OWE,
        "rules": (a_rule(),),
        "ladders": (a_ladder(),),
    }
    return Programme(**(given | changes))


PROGRAMME = a_programme()


def a_snapshot(**changes: Any) -> OrderSnapshot:
    given: dict[str, Any] = {
        "event_id": 1,
        "order_id": 1,
        "member_id": 1,
        "store_id": None,
        "currency": "CNY",
        "state": "paid",
        "net_minor": 10_000,
        "occurred_at": NOON,
        "changed_at": changes.get("occurred_at", NOON),
        "completed_at": None,
        "reports_completion": False,
        "awards": True,
    }
    return OrderSnapshot(**(given | changes))


def surroundings(
    *,
    at: datetime = NOON,
    levels: dict[int, int] | None = None,
    openings: dict[int, Opening] | None = None,
    programme: Programme = PROGRAMME,
) -> Surroundings:
    return Surroundings(
        programme=programme,
        at=at,
        levels=levels or {},
        openings=openings or {},
        origin_openings=openings or {},
    )


class Book:
    """A notebook for plans: keeps the rows, applies the dates, sums what is held."""

    def __init__(self) -> None:
        self.rows: dict[int, list[Award]] = {}
        self.postings: list[Any] = []

    def apply(self, snapshot: OrderSnapshot, around: Surroundings | None = None) -> AwardPlan:
        plan = plan_awards([snapshot], self.rows, around or surroundings())
        for row in plan.awards:
            self.rows.setdefault(row.order_id, []).append(row)
        for release in plan.releases:
            for row in self.rows[release.order_id]:
                if row.usable_from is None:
                    row.usable_from = release.usable_from
        self.postings += plan.postings
        return plan

    def apply_all(self, snapshots: Sequence[OrderSnapshot]) -> None:
        for snapshot in snapshots:
            self.apply(snapshot)

    def points(self, member_id: int = 1) -> int:
        return sum(
            r.points for rows in self.rows.values() for r in rows if r.member_id == member_id
        )

    def growth(self, member_id: int = 1) -> int:
        return sum(
            r.growth for rows in self.rows.values() for r in rows if r.member_id == member_id
        )

    def points_granted(self) -> int:
        return sum(r.points for rows in self.rows.values() for r in rows if r.points > 0)


def grown(amount: int, days: float, *, pending: float = 0) -> GrowthEntry:
    """Growth of so many days after noon of 1 March 2026, settled `pending` days later."""
    occurred_at = NOON + DAY * days
    return GrowthEntry(amount, occurred_at, occurred_at + DAY * pending)
