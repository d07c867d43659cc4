"""Judge tiers: replay the growth of members who may have one, write what changed, and say so."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from django.db import transaction

from regulars.events import services as events
from regulars.events.domain import Fact
from regulars.loyalty.domain import (
    BEGINNING,
    TIER_LOST,
    TIER_REACHED,
    Cause,
    Programme,
    Standing,
    TierChange,
    diverges_at,
    judge,
)
from regulars.loyalty.selectors import get_programme
from regulars.loyalty.selectors import tiers as selectors
from regulars.loyalty.selectors.programme import get_reviewed_until, get_settled_until
from regulars.loyalty.selectors.tiers import Status
from regulars.members import services as members
from regulars.members.domain import GroupKind, GroupRow
from regulars.web import sql

BATCH = 500
OVERLAP = timedelta(minutes=10)  # growth written by a slow transaction is looked at once more


@transaction.atomic(savepoint=False)
def judge_tiers(
    *, member_ids: Iterable[int], at: datetime, programme: Programme | None = None
) -> int:
    """Bring the tiers of these survivors to what their growth history comes to.

    Answers how many hold another tier than before. The tier is judged anew from all entries, so
    neither the order of facts nor of calls matters; judged again, nothing changes.
    """
    programme = programme or get_programme()
    risers = selectors.list_risers(member_ids=member_ids, programme=programme, at=at)
    if not risers:
        return 0
    _ensure_statuses(risers, programme, at)
    statuses = selectors.lock_statuses(member_ids=risers, programme=programme)
    histories = selectors.list_growth(member_ids=risers)
    paths = selectors.list_changes(member_ids=risers, programme=programme)
    standings = {
        member_id: judge(histories.get(member_id, ()), programme, max(at, status.judged_at))
        for member_id, status in statuses.items()
    }
    _write_statuses(standings, programme, at)
    _write_paths(standings, paths, programme, at)
    moved = {
        member_id: standing
        for member_id, standing in standings.items()
        if standing.level != statuses[member_id].level
    }
    if moved:
        _project(moved, statuses, programme, at)
        _say(moved, statuses, programme, at)
    return len(moved)


def settle_growth(*, at: datetime) -> int:
    """Judge everyone whose growth has settled since the last time; answers how many moved.

    Works in transactions of some hundred entries and remembers how far it came.
    """
    programme = get_programme()
    reached = (get_settled_until() or BEGINNING + OVERLAP) - OVERLAP
    moved = 0
    while reached < at:
        with transaction.atomic():
            settling, reached = selectors.list_settling(from_at=reached, until=at, limit=BATCH)
            moved += judge_tiers(member_ids=settling, programme=programme, at=at)
            sql.run(
                "UPDATE loyalty_programme SET settled_until = GREATEST(settled_until,"
                " %s::timestamptz) WHERE id = %s::int",
                [reached, programme.id],
            )
    return moved


def review_tiers(*, at: datetime) -> int:
    """Hold the monthly review if one is due; answers how many moved.

    Late or interrupted it ends as one held on time, because the replay holds the review at its
    own moment.
    """
    programme = get_programme()
    due = programme.ladder_at(at).last_review(at, programme.tz)
    held = get_reviewed_until()
    if held is not None and held >= due:
        return 0
    moved = last_id = 0
    while batch := selectors.list_above_bottom(after_id=last_id, programme=programme, limit=BATCH):
        moved += judge_tiers(member_ids=batch, programme=programme, at=at)
        last_id = batch[-1]
    sql.run(
        "UPDATE loyalty_programme SET reviewed_until = %s::timestamptz WHERE id = %s::int",
        [due, programme.id],
    )
    return moved


def _ensure_statuses(member_ids: Sequence[int], programme: Programme, at: datetime) -> None:
    sql.run(
        "INSERT INTO loyalty_tierstatus (member_id, programme_id, level, since, growth, ladder_id,"
        " judged_at) SELECT m.id, %s::int, 0, NULL, 0, %s::bigint, %s::timestamptz"
        " FROM unnest(%s::bigint[]) m(id) ON CONFLICT DO NOTHING",
        [programme.id, programme.ladder_at(at).id, at, list(member_ids)],
    )


def _write_statuses(standings: Mapping[int, Standing], programme: Programme, at: datetime) -> None:
    sql.run(
        "UPDATE loyalty_tierstatus s SET level = x.level, since = x.since, growth = x.growth,"
        " ladder_id = %s::bigint, judged_at = GREATEST(s.judged_at, %s::timestamptz)"
        " FROM unnest(%s::bigint[], %s::smallint[], %s::timestamptz[], %s::bigint[])"
        " AS x(member_id, level, since, growth)"
        " WHERE s.member_id = x.member_id AND s.programme_id = %s::int",
        [
            programme.ladder_at(at).id,
            at,
            list(standings),
            [standing.level for standing in standings.values()],
            [standing.since for standing in standings.values()],
            [standing.growth for standing in standings.values()],
            programme.id,
        ],
    )


def _write_paths(
    standings: Mapping[int, Standing],
    paths: Mapping[int, Sequence[TierChange]],
    programme: Programme,
    at: datetime,
) -> None:
    """Rewrite the path of each member from where the new reading parts from the written one."""
    cut: list[tuple[int, datetime]] = []
    added: list[tuple[int, TierChange]] = []
    for member_id, standing in standings.items():
        written = paths.get(member_id, ())
        common = diverges_at(written, standing.changes)
        if common < len(written):
            cut.append((member_id, written[common].changed_at))
        added.extend((member_id, change) for change in standing.changes[common:])
    if cut:
        sql.run(
            "DELETE FROM loyalty_tierchange c USING unnest(%s::bigint[], %s::timestamptz[])"
            " AS x(member_id, from_at) WHERE c.member_id = x.member_id"
            " AND c.programme_id = %s::int AND c.changed_at >= x.from_at",
            [[one for one, _ in cut], [from_at for _, from_at in cut], programme.id],
        )
    if added:
        _insert_changes(added, programme, at)


def _insert_changes(
    added: Sequence[tuple[int, TierChange]], programme: Programme, at: datetime
) -> None:
    sql.run(
        "INSERT INTO loyalty_tierchange (member_id, programme_id, changed_at, from_level,"
        " to_level, growth, cause, ladder_id, recorded_at) SELECT x.member_id, %s::int,"
        " x.changed_at, x.from_level, x.to_level, x.growth, x.cause, x.ladder_id, %s::timestamptz"
        " FROM unnest(%s::bigint[], %s::timestamptz[], %s::smallint[], %s::smallint[],"
        " %s::bigint[], %s::text[], %s::bigint[]) AS x(member_id, changed_at, from_level,"
        " to_level, growth, cause, ladder_id)",
        [
            programme.id,
            at,
            [member_id for member_id, _ in added],
            [change.changed_at for _, change in added],
            [change.from_level for _, change in added],
            [change.to_level for _, change in added],
            [change.growth for _, change in added],
            [change.cause.value for _, change in added],
            [programme.ladder_at(change.changed_at).id for _, change in added],
        ],
    )


def _project(
    moved: Mapping[int, Standing],
    statuses: Mapping[int, Status],
    programme: Programme,
    at: datetime,
) -> None:
    """Write the projection everybody reads; the lowest tier is to be in none."""
    ladder = programme.ladder_at(at)
    rows = []
    for member_id, standing in moved.items():
        since = standing.since or at
        if standing.level > 0:
            code = ladder.tier(standing.level).code
            rows.append(GroupRow(member_id, GroupKind.TIER, code, since))
        else:
            left = ladder.tier(statuses[member_id].level).code
            rows.append(GroupRow(member_id, GroupKind.TIER, left, since, until=since))
    members.set_groups(rows=rows)


def _say(
    moved: Mapping[int, Standing],
    statuses: Mapping[int, Status],
    programme: Programme,
    at: datetime,
) -> None:
    ladder = programme.ladder_at(at)
    facts = []
    for member_id, standing in moved.items():
        before = statuses[member_id].level
        last = standing.changes[-1] if standing.changes else None
        recounted = standing.level < before and not (last and last.cause is Cause.REVIEW)
        facts.append(
            Fact(
                type=TIER_REACHED if standing.level > before else TIER_LOST,
                occurred_at=at if recounted else standing.since or at,
                member_id=member_id,
                facts={
                    "tier": ladder.tier(standing.level).code,
                    "from_tier": ladder.tier(before).code,
                    "level": standing.level,
                    "from_level": before,
                    "growth": standing.growth,
                    "cause": (last.cause if last else Cause.GROWTH).value,
                    "ladder_version": ladder.version,
                },
            )
        )
    events.append(facts, at=at)
