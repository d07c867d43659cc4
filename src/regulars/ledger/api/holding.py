"""Set points aside, then spend them or let them go."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Status as Answer

from regulars.ledger import selectors, services
from regulars.ledger.api import answers, bodies
from regulars.ledger.api.calling import (
    actor_of,
    hold_of,
    member_of,
    moved,
    named_by_key,
    once,
    router,
    store_of,
)
from regulars.ledger.domain import HOLD_DAYS_MAX, Posted
from regulars.web import clock
from regulars.web.idempotency import Done
from regulars.web.permissions import requires


@router.post(
    "/members/{member_id}/points/hold",
    response={201: answers.HoldOut},
    summary="Set points aside",
    description=f"Holds last until they are committed, voided, or {HOLD_DAYS_MAX} days at most.",
    operation_id="hold_points",
    openapi_extra=answers.example(answers.HELD, 201),
)
@requires("points.spend")
def hold_points(request: HttpRequest, member_id: UUID, body: bodies.HoldIn) -> Any:
    """Set points aside until they are committed, voided, or run out."""
    member = member_of(request, member_id)

    def hold(at: datetime) -> Done:
        hold_id = body.id or named_by_key(request)
        services.hold_points(
            hold_id=hold_id,
            member_id=member,
            amount=body.amount,
            expires_at=body.expires_at,
            at=at,
        )
        return Done(status=201, result={"hold_id": str(hold_id)})

    done = once(request, hold)
    found = selectors.get_hold(hold_id=UUID(done.result["hold_id"]), at=clock.now())
    return Answer(done.status, answers.hold_out(found))


@router.post(
    "/holds/{hold_id}/commit",
    response={201: answers.MovedOut},
    summary="Spend what is held",
    operation_id="commit_hold",
    openapi_extra=answers.example(answers.MOVED, 201),
)
@requires("points.spend")
def commit_hold(request: HttpRequest, hold_id: UUID, body: bodies.CommitIn) -> Any:
    """Spend a hold or a part of it, once; the rest is free again."""
    hold, store, actor = hold_of(request, hold_id), store_of(request, body.store), actor_of(request)

    def commit(at: datetime, _: UUID) -> Posted:
        return services.commit_hold(
            hold_id=hold_id, at=at, amount=body.amount, store_id=store, actor_id=actor.operator_id
        )

    return moved(request, hold.member_id, None, commit)


@router.post(
    "/holds/{hold_id}/void",
    response=answers.HoldOut,
    summary="Let go what is held",
    operation_id="void_hold",
    openapi_extra=answers.example(answers.HELD | {"state": "voided"}),
)
@requires("points.spend")
def void_hold(request: HttpRequest, hold_id: UUID) -> Any:
    """Let go a hold; said again it changes nothing."""
    hold_of(request, hold_id)

    def void(at: datetime) -> Done:
        services.void_hold(hold_id=hold_id, at=at)
        return Done(status=200)

    once(request, void)
    return answers.hold_out(selectors.get_hold(hold_id=hold_id, at=clock.now()))
