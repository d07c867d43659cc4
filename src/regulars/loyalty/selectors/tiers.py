"""Read tiers: who holds which, the way to the next, the path so far."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from regulars.loyalty import domain
from regulars.loyalty.domain import (
    DEFAULT_PROGRAMME_ID,
    Cause,
    GrowthEntry,
    Programme,
    Progress,
    Tier,
    TierChange,
)
from regulars.loyalty.selectors.programme import get_programme
from regulars.web import sql

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Held:
    """The tier a member holds, and since when (None: from the start)."""

    tier: Tier
    since: datetime | None


@dataclass(frozen=True, slots=True)
class PathStep:
    """One step of a member's path through the tiers, newest first in a list."""

    changed_at: datetime
    from_tier: Tier
    to_tier: Tier
    growth: int
    cause: Cause


@dataclass(frozen=True, slots=True)
class Status:
    """The row of a member that is judged: what was written last."""

    member_id: int
    level: int
    judged_at: datetime


def tier_of(*, member_ids: Iterable[int]) -> dict[int, Tier]:
    """Answer the tier of each of these survivors; everyone holds one."""
    return {member_id: held.tier for member_id, held in held_by(member_ids=member_ids).items()}


def held_by(*, member_ids: Iterable[int]) -> dict[int, Held]:
    """Answer the tier of each of these survivors with the date it is held since."""
    ids = list(member_ids)
    ladders = get_programme().ladders
    by_id = {ladder.id: ladder for ladder in ladders}
    found = sql.rows(
        "SELECT member_id, level, since, ladder_id FROM loyalty_tierstatus"
        " WHERE member_id = ANY(%s::bigint[]) AND programme_id = %s::int",
        [ids, DEFAULT_PROGRAMME_ID],
    )
    held = {member_id: Held(ladders[-1].tiers[0], None) for member_id in ids}
    for member_id, level, since, ladder_id in found:
        held[member_id] = Held(by_id.get(ladder_id, ladders[-1]).tier(level), since)
    return held


def get_progress(*, member_id: int, at: datetime) -> Progress:
    """Say where a survivor stands, what is missing to rise, and to stay at the next review."""
    entries = list_growth(member_ids=[member_id]).get(member_id, [])
    return domain.progress(entries, get_programme(), at)


def list_tier_history(
    *, member_id: int, limit: int = 200, programme: Programme | None = None
) -> list[PathStep]:
    """List the steps of a survivor's path, newest first, as all that is known today tells it."""
    programme = programme or get_programme()
    found = sql.rows(
        "SELECT changed_at, from_level, to_level, growth, cause FROM loyalty_tierchange"
        " WHERE member_id = %s::bigint AND programme_id = %s::int"
        " ORDER BY changed_at DESC, id DESC LIMIT %s::int",
        [member_id, programme.id, limit],
    )
    steps = []
    for changed_at, from_level, to_level, growth, cause in found:
        ladder = programme.ladder_at(changed_at)
        pair = ladder.tier(from_level), ladder.tier(to_level)
        steps.append(PathStep(changed_at, *pair, growth, Cause(cause)))
    return steps


def list_growth(*, member_ids: Sequence[int]) -> dict[int, list[GrowthEntry]]:
    """Answer the growth history of these survivors."""
    found = sql.rows(
        f"SELECT member_id, array_agg(amount), array_agg({_micros('occurred_at')}),"
        f" array_agg({_micros('settles_at')}) FROM loyalty_growth"
        " WHERE member_id = ANY(%s::bigint[]) GROUP BY member_id",
        [list(member_ids)],
    )
    return {
        member_id: list(map(GrowthEntry, amounts, map(_moment, occurred), map(_date, settles)))
        for member_id, amounts, occurred, settles in found
    }


def list_changes(*, member_ids: Sequence[int], programme: Programme) -> dict[int, list[TierChange]]:
    """Answer the written paths of these survivors, oldest first."""
    found = sql.rows(
        f"SELECT member_id, {_micros('changed_at')}, from_level, to_level, growth, cause"
        " FROM loyalty_tierchange WHERE member_id = ANY(%s::bigint[]) AND programme_id = %s::int"
        " ORDER BY changed_at, id",
        [list(member_ids), programme.id],
    )
    paths: dict[int, list[TierChange]] = {}
    for member_id, changed_at, from_level, to_level, growth, cause in found:
        change = TierChange(_moment(changed_at), from_level, to_level, growth, Cause(cause))
        paths.setdefault(member_id, []).append(change)
    return paths


def list_risers(*, member_ids: Iterable[int], programme: Programme, at: datetime) -> list[int]:
    """Choose who may have a tier to be judged: growth enough for one, or a status already.

    Everyone else is at the lowest tier whatever the order of their growth, and needs no replay.
    """
    floor = min(ladder.growth_floor for ladder in programme.ladders)
    found = sql.rows(
        "SELECT m.id FROM unnest(%s::bigint[]) m(id) WHERE EXISTS (SELECT 1 FROM"
        " loyalty_tierstatus s WHERE s.member_id = m.id AND s.programme_id = %s::int)"
        " OR (SELECT sum(g.amount) FROM loyalty_growth g WHERE g.member_id = m.id"
        "     AND g.amount > 0 AND g.settles_at <= %s::timestamptz) >= %s::bigint"
        " ORDER BY m.id",
        [sorted(set(member_ids)), programme.id, at, floor],
    )
    return [member_id for (member_id,) in found]


def lock_statuses(*, member_ids: Sequence[int], programme: Programme) -> dict[int, Status]:
    """Lock the status rows of these members, in order, until the transaction ends."""
    found = sql.rows(
        f"SELECT member_id, level, {_micros('judged_at')} FROM loyalty_tierstatus"
        " WHERE member_id = ANY(%s::bigint[]) AND programme_id = %s::int"
        " ORDER BY member_id FOR NO KEY UPDATE",
        [list(member_ids), programme.id],
    )
    return {row[0]: Status(row[0], row[1], _moment(row[2])) for row in found}


def list_settling(*, from_at: datetime, until: datetime, limit: int) -> tuple[list[int], datetime]:
    """Answer who has growth that settled after `from_at`, and up to when the answer reaches."""
    found = sql.row(
        "SELECT count(*), max(settles_at) FROM (SELECT settles_at FROM loyalty_growth"
        " WHERE settles_at > %s::timestamptz AND settles_at <= %s::timestamptz"
        " ORDER BY settles_at LIMIT %s::int) g",
        [from_at, until, limit],
    )
    count, last = found or (0, None)
    reached = until if count < limit or last is None else last
    members = sql.rows(
        "SELECT DISTINCT member_id FROM loyalty_growth WHERE settles_at > %s::timestamptz"
        " AND settles_at <= %s::timestamptz ORDER BY member_id",
        [from_at, reached],
    )
    return [member_id for (member_id,) in members], reached


def list_above_bottom(*, after_id: int, programme: Programme, limit: int) -> list[int]:
    """List members above the lowest tier by id, for a review."""
    found = sql.rows(
        "SELECT member_id FROM loyalty_tierstatus WHERE level > 0 AND member_id > %s::bigint"
        " AND programme_id = %s::int ORDER BY member_id LIMIT %s::int",
        [after_id, programme.id, limit],
    )
    return [member_id for (member_id,) in found]


def count_tiers(*, at: datetime) -> dict[str, int]:
    """Count the members above the lowest tier, by the code of their tier."""
    ladder = get_programme().ladder_at(at)
    counted = dict(
        sql.rows(
            "SELECT level, count(*) FROM loyalty_tierstatus WHERE level > 0"
            " AND programme_id = %s::int GROUP BY level",
            [DEFAULT_PROGRAMME_ID],
        )
    )
    return {tier.code: counted.get(tier.level, 0) for tier in ladder.tiers if tier.level > 0}


def _micros(column: str) -> str:
    """Ask for an instant as microseconds: the driver reads numbers many times faster than dates."""
    return f"(extract(epoch FROM {column}) * 1000000)::bigint"


def _moment(micros: int) -> datetime:
    return _EPOCH + timedelta(microseconds=micros)


def _date(micros: int | None) -> datetime | None:
    return None if micros is None else _moment(micros)
