"""Award a batch of orders: read what was given, plan, post once, write by arrays."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

import orjson
from django.db import transaction

from regulars.ledger import services as ledger
from regulars.ledger.domain import (
    AccountClosed,
    AccountFrozen,
    ClawbackBlocked,
    Posted,
    PostedAs,
)
from regulars.loyalty import selectors
from regulars.loyalty.domain import (
    Award,
    AwardPlan,
    OrderSnapshot,
    Release,
    Verdict,
    plan_awards,
)
from regulars.loyalty.services.tiers import judge_tiers
from regulars.members import selectors as members
from regulars.web import sql

TOLERATED = (ClawbackBlocked, AccountClosed, AccountFrozen)  # the order stands, its points do not


@transaction.atomic
def award_orders(*, snapshots: Sequence[OrderSnapshot], at: datetime) -> list[Verdict]:
    """Bring every order to what it is worth now, in points and growth, and judge who may rise.

    Answers what came of each snapshot. Said again, nothing happens. Of several snapshots of one
    order the last one counts. A posting refused because points are gone (policy block), frozen or
    closed leaves the order as it is, to be tried at its next change; any other refusal is raised.
    """
    programme = selectors.get_programme()
    latest = _latest(snapshots)
    given = _given(latest.values())
    around = selectors.read_surroundings(
        member_ids={each.member_id for each in latest.values() if each.member_id is not None},
        programme=programme,
        at=at,
    )
    plan = plan_awards(latest.values(), given, around)
    if plan.postings:
        posted = ledger.post(plan.postings, at=at, programme_id=programme.id)
        _undo_refused(plan, posted, dict(zip(latest, plan.verdicts, strict=True)))
    settled = _carry_out(plan, at)
    if settled:
        judge_tiers(member_ids=settled, programme=programme, at=at)
    return plan.verdicts


def _latest(snapshots: Sequence[OrderSnapshot]) -> dict[int, OrderSnapshot]:
    latest: dict[int, OrderSnapshot] = {}
    for snapshot in snapshots:
        known = latest.get(snapshot.order_id)
        if known is not None:
            snapshot.is_new = known.is_new or snapshot.is_new
        latest[snapshot.order_id] = snapshot
    return latest


def _given(snapshots: Iterable[OrderSnapshot]) -> dict[int, list[Award]]:
    """Read the rows of orders seen before, and let their owners stay who they are meanwhile."""
    known = [snapshot for snapshot in snapshots if not snapshot.is_new]
    if not known:
        return {}
    whose = {snapshot.member_id for snapshot in known if snapshot.member_id is not None}
    survivors = members.lock_survivors(member_ids=whose) if whose else {}
    for snapshot in known:
        if snapshot.member_id is not None:
            snapshot.member_id = survivors.get(snapshot.member_id, snapshot.member_id)
    return selectors.list_awards(order_ids=[snapshot.order_id for snapshot in known])


def _undo_refused(
    plan: AwardPlan, posted: Sequence[Posted], verdicts: Mapping[int, Verdict]
) -> None:
    """Take what the ledger refused out of the rows, so that they say what was done."""
    refused: set[UUID] = set()
    for answer in posted:
        if answer.outcome is PostedAs.REFUSED:
            if answer.refusal is not None and not isinstance(answer.refusal, TOLERATED):
                raise answer.refusal
            refused.add(answer.id)
    if not refused:
        return
    for award in plan.awards:
        verdict = verdicts[award.order_id]
        if award.points_transfer_id in refused:
            verdict.points -= award.points
            award.points, award.points_transfer_id = 0, None
        if award.growth_transfer_id in refused:
            verdict.growth -= award.growth
            award.growth, award.growth_transfer_id = 0, None
    plan.awards = [award for award in plan.awards if award.says_something]


def _carry_out(plan: AwardPlan, at: datetime) -> set[int]:
    """Write the plan; answers whose growth has settled by it."""
    settled: set[int] = set()
    if plan.releases:
        settled |= _release(plan.releases, at)
    if plan.awards:
        settled |= _insert(plan.awards, at)
    return settled


_AWARDS = """
WITH a AS (
    INSERT INTO loyalty_award (order_id, step, kind, reason, member_id, origin_member_id, event_id,
        rule_version_id, multiplier_bp, net_minor, points, points_transfer_id, growth,
        growth_transfer_id, reverses_step, occurred_at, usable_from, explanation, recorded_at)
    SELECT x.order_id, x.step, x.kind, x.reason, x.member_id, x.origin_member_id, x.event_id,
        x.rule_version_id, x.multiplier_bp, x.net_minor, x.points, x.points_transfer_id, x.growth,
        x.growth_transfer_id, x.reverses_step, x.occurred_at, x.usable_from, x.explanation::jsonb,
        %s::timestamptz
    FROM unnest(%s::bigint[], %s::smallint[], %s::smallint[], %s::text[], %s::bigint[],
        %s::bigint[], %s::bigint[], %s::bigint[], %s::int[], %s::bigint[], %s::bigint[],
        %s::uuid[], %s::bigint[], %s::uuid[], %s::smallint[], %s::timestamptz[],
        %s::timestamptz[], %s::text[])
        AS x(order_id, step, kind, reason, member_id, origin_member_id, event_id, rule_version_id,
             multiplier_bp, net_minor, points, points_transfer_id, growth, growth_transfer_id,
             reverses_step, occurred_at, usable_from, explanation)
)
INSERT INTO loyalty_growthentry (id, member_id, origin_member_id, transfer_id, amount,
    occurred_at, settles_at)
SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::uuid[], %s::bigint[],
    %s::timestamptz[], %s::timestamptz[])
"""


def _insert(awards: Sequence[Award], at: datetime) -> set[int]:
    grown = [award for award in awards if award.growth]
    sql.run(
        _AWARDS,
        [
            at,
            [award.order_id for award in awards],
            [award.step for award in awards],
            [int(award.kind) for award in awards],
            [award.reason.value for award in awards],
            [award.member_id for award in awards],
            [award.origin_member_id for award in awards],
            [award.event_id for award in awards],
            [award.rule_version_id for award in awards],
            [award.multiplier_bp for award in awards],
            [award.net_minor for award in awards],
            [award.points for award in awards],
            [award.points_transfer_id for award in awards],
            [award.growth for award in awards],
            [award.growth_transfer_id for award in awards],
            [award.reverses_step for award in awards],
            [award.occurred_at for award in awards],
            [award.usable_from for award in awards],
            [orjson.dumps(award.facts).decode() for award in awards],
            sql.take_ids("loyalty_growthentry_id_seq", len(grown)),
            [award.member_id for award in grown],
            [award.origin_member_id for award in grown],
            [award.growth_transfer_id for award in grown],
            [award.growth for award in grown],
            [award.occurred_at for award in grown],
            [award.usable_from for award in grown],
        ],
    )
    return {
        award.member_id
        for award in grown
        if award.usable_from is not None and award.usable_from <= at
    }


def _release(releases: Sequence[Release], at: datetime) -> set[int]:
    """Give points and growth that waited for completion their date."""
    dates = [(id_, each.usable_from) for each in releases for id_ in each.points_transfers]
    if dates:
        ledger.release_lots(dates, at=at)
    growth = [
        (member_id, id_, each.usable_from)
        for each in releases
        for member_id, id_ in each.growth_transfers
    ]
    sql.run(
        "WITH a AS (UPDATE loyalty_award a SET usable_from = x.usable_from"
        " FROM unnest(%s::bigint[], %s::timestamptz[]) AS x(order_id, usable_from)"
        " WHERE a.order_id = x.order_id AND a.usable_from IS NULL AND a.kind <> 0)"
        " UPDATE loyalty_growthentry g SET settles_at = x.settles_at"
        " FROM unnest(%s::bigint[], %s::uuid[], %s::timestamptz[])"
        " AS x(member_id, transfer_id, settles_at) WHERE g.member_id = x.member_id"
        " AND g.transfer_id = x.transfer_id AND g.settles_at IS NULL",
        [
            [each.order_id for each in releases],
            [each.usable_from for each in releases],
            [member_id for member_id, _, _ in growth],
            [id_ for _, id_, _ in growth],
            [settles_at for _, _, settles_at in growth],
        ],
    )
    return {member_id for member_id, _, settles_at in growth if settles_at <= at}
