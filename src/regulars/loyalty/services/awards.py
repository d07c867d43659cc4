"""Award a batch of orders: read what was given, plan, post once, write by arrays."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction
from msgspec.structs import replace

from regulars.ledger import services as ledger
from regulars.ledger.domain import (
    AccountClosed,
    AccountFrozen,
    Clawback,
    ClawbackBlocked,
    Currency,
    Earn,
    Posted,
    PostedAs,
    ReversalTooLarge,
)
from regulars.loyalty import selectors
from regulars.loyalty.domain import (
    Award,
    AwardPlan,
    OrderSnapshot,
    Verdict,
    plan_awards,
)
from regulars.loyalty.services.tiers import judge_tiers
from regulars.loyalty.services.writing import write_awards, write_releases
from regulars.members import selectors as members

# The order stands, its points do not.
TOLERATED = (ClawbackBlocked, ReversalTooLarge, AccountClosed, AccountFrozen)


@transaction.atomic(savepoint=False)
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
        posted = ledger.post(
            plan.postings,
            at=at,
            programme_id=programme.id,
            are_new=all(snapshot.is_new for snapshot in latest.values()),
        )
        verdicts = dict(zip(latest, plan.verdicts, strict=True))
        _undo_refused(plan, posted, verdicts, at=at, programme_id=programme.id)
    settled = write_releases(plan.releases, at=at) if plan.releases else set()
    if plan.awards:
        settled |= write_awards(plan.awards, at=at)
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
    plan: AwardPlan,
    posted: Sequence[Posted],
    verdicts: Mapping[int, Verdict],
    *,
    at: datetime,
    programme_id: int,
) -> None:
    """Take what the ledger refused out of the rows, so that they say what was done."""
    refused: dict[UUID, int] = {}
    for asked, answer in zip(plan.postings, posted, strict=True):
        if answer.outcome is PostedAs.REFUSED:
            if answer.refusal is not None and not isinstance(answer.refusal, TOLERATED):
                raise answer.refusal
            refused[answer.id] = _take_what_is_left(asked, answer, at, programme_id)
    if not refused:
        return
    for award in plan.awards:
        verdict = verdicts[award.order_id]
        if award.points_transfer_id in refused:
            taken = refused[award.points_transfer_id]
            verdict.points -= award.points + taken
            award.points = -taken
            award.points_transfer_id = award.points_transfer_id if taken else None
        if award.growth_transfer_id in refused:
            verdict.growth -= award.growth
            award.growth, award.growth_transfer_id = 0, None
    plan.awards = [award for award in plan.awards if award.says_something]


def _take_what_is_left(
    asked: Earn | Clawback, answer: Posted, at: datetime, programme_id: int
) -> int:
    """Take the rest of a grant of which staff have reversed a part by hand; answers how much."""
    no = answer.refusal
    left = no.facts["left"] if isinstance(no, ReversalTooLarge) else 0
    if not isinstance(left, int) or left == 0 or not isinstance(asked, Clawback):
        return 0
    if asked.currency is Currency.GROWTH:
        return 0
    [posted] = ledger.post([replace(asked, amount=left)], at=at, programme_id=programme_id)
    return left if posted.outcome is PostedAs.POSTED else 0
