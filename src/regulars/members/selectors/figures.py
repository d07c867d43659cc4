"""Read figures over members: how many there are, and how many are new."""

from datetime import datetime

from regulars.access.domain import Scope
from regulars.web import sql


def count_joined(*, scope: Scope, since: datetime) -> int:
    """Count the living members within the scope who joined since a moment."""
    within, params = scope.condition("m.home_store_id", "m.associate_id")
    found = sql.row(
        f"SELECT count(*) FROM members_member m WHERE {within}"
        " AND m.status IN ('active', 'frozen') AND m.joined_at >= %s::timestamptz",
        [*params, since],
    )
    assert found is not None
    return int(found[0])


def count_by_tier(*, scope: Scope) -> dict[str, int]:
    """Count the living members within the scope in each tier."""
    within, params = scope.condition("m.home_store_id", "m.associate_id")
    found = sql.rows(
        "SELECT g.code, count(*) FROM members_group g JOIN members_member m ON m.id = g.member_id"
        f" WHERE g.kind = 'tier' AND g.until IS NULL AND {within}"
        " AND m.status IN ('active', 'frozen') GROUP BY g.code",
        params,
    )
    return dict(found)
