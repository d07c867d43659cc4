"""Read figures over members: how many there are, and how many are new."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from regulars.access.domain import Scope
from regulars.web import sql

SAMPLE: Final = 20_000  # members; more would not tell more


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


def count_joined_between(*, scope: Scope, spans: Sequence[tuple[datetime, datetime]]) -> list[int]:
    """Count the living members within the scope who joined in each [since, until)."""
    within, params = scope.condition("m.home_store_id", "m.associate_id")
    found = sql.rows(
        "SELECT w.place, count(m.id) FROM unnest(%s::timestamptz[], %s::timestamptz[])"
        " WITH ORDINALITY AS w(since, until, place) LEFT JOIN members_member m"
        " ON m.joined_at >= w.since AND m.joined_at < w.until AND m.status IN ('active', 'frozen')"
        f" AND {within} GROUP BY w.place ORDER BY w.place",
        [[since for since, _ in spans], [until for _, until in spans], *params],
    )
    return [int(count) for _, count in found]


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


@dataclass(frozen=True, slots=True)
class FieldUse:
    """For how many of so many members each profile field is filled; newest members first."""

    members: int
    fields: dict[str, int]
    is_sample: bool


def count_field_use() -> FieldUse:
    """Count which fields are used, among the newest members where there are very many."""
    found = sql.rows(
        "WITH newest AS (SELECT id FROM members_member WHERE status IN ('active', 'frozen')"
        " ORDER BY id DESC LIMIT %s::int)"
        " SELECT '', count(*) FROM newest UNION ALL SELECT v.field, count(DISTINCT v.member_id)"
        " FROM members_profilevalue v JOIN newest n ON n.id = v.member_id GROUP BY v.field",
        [SAMPLE],
    )
    counts = {field: int(count) for field, count in found}
    members = counts.pop("", 0)
    return FieldUse(members, counts, is_sample=members == SAMPLE)
