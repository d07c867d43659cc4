"""Move points: earn, spend, give, correct, reverse."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Status as Answer

from regulars.ledger import selectors, services
from regulars.ledger.api import answers, bodies
from regulars.ledger.api.calling import (
    actor_of,
    member_of,
    moved,
    moved_done,
    named_by_key,
    once,
    router,
    sees,
    store_of,
    with_balance,
)
from regulars.ledger.domain import Posted, TransferMissing
from regulars.web.idempotency import Done
from regulars.web.permissions import requires


@router.post(
    "/members/{member_id}/points/earn",
    response={201: answers.MovedOut},
    summary="Grant points",
    operation_id="earn_points",
    openapi_extra=answers.example(answers.MOVED, 201),
)
@requires("points.earn")
def earn_points(request: HttpRequest, member_id: UUID, body: bodies.EarnIn) -> Any:
    """Grant points in a lot of their own; a debt is repaid from it at once."""
    member, store, actor = (
        member_of(request, member_id),
        store_of(request, body.store),
        actor_of(request),
    )

    def earn(at: datetime, transfer_id: UUID) -> Posted:
        return services.earn_points(
            transfer_id=transfer_id,
            member_id=member,
            amount=body.amount,
            at=at,
            occurred_at=body.occurred_at and min(body.occurred_at, at),
            usable_from=body.usable_from,
            expires_at=body.expires_at,
            reason_code=body.reason_code,
            store_id=store,
            actor_id=actor.operator_id,
        )

    return moved(request, member, body.id, earn)


@router.post(
    "/members/{member_id}/points/spend",
    response={201: answers.MovedOut},
    summary="Spend points",
    operation_id="spend_points",
    openapi_extra=answers.example(answers.MOVED, 201),
)
@requires("points.spend")
def spend_points(request: HttpRequest, member_id: UUID, body: bodies.SpendIn) -> Any:
    """Take points, soonest to expire first; refused where the usable ones fall short."""
    member, store, actor = (
        member_of(request, member_id),
        store_of(request, body.store),
        actor_of(request),
    )

    def spend(at: datetime, transfer_id: UUID) -> Posted:
        return services.spend_points(
            transfer_id=transfer_id,
            member_id=member,
            amount=body.amount,
            at=at,
            reason_code=body.reason_code,
            store_id=store,
            actor_id=actor.operator_id,
        )

    return moved(request, member, body.id, spend)


@router.post(
    "/members/{member_id}/points/give",
    response={201: answers.MovedOut},
    summary="Give points to another member",
    operation_id="give_points",
    openapi_extra=answers.example(answers.MOVED, 201),
)
@requires("points.spend")
def give_points(request: HttpRequest, member_id: UUID, body: bodies.GiveIn) -> Any:
    """Hand points to another member; they keep their expiry."""
    member, recipient = member_of(request, member_id), member_of(request, body.recipient)
    actor = actor_of(request)

    def give(at: datetime, transfer_id: UUID) -> Posted:
        return services.give_points(
            transfer_id=transfer_id,
            member_id=member,
            recipient_id=recipient,
            amount=body.amount,
            at=at,
            actor_id=actor.operator_id,
        )

    return moved(request, member, body.id, give)


@router.post(
    "/members/{member_id}/points/adjust",
    response={201: answers.MovedOut, 202: answers.ProposedOut},
    summary="Correct points by hand",
    operation_id="adjust_points",
    openapi_extra=answers.example(answers.MOVED, 201),
)
@requires("points.adjust")
def adjust_points(request: HttpRequest, member_id: UUID, body: bodies.AdjustIn) -> Any:
    """Correct a balance up or down. The reason is a code of your own list.

    Above the key's limit nothing moves yet: the answer is 202 with the approval that a second
    person decides. Follow it at `/approvals/{id}`; the transfer will have the id named there.
    """
    member, actor = member_of(request, member_id), actor_of(request)

    def adjust(at: datetime) -> Done:
        done = services.correct_points(
            transfer_id=body.id or named_by_key(request),
            member_id=member,
            amount=body.amount,
            reason_code=body.reason_code,
            at=at,
            expires_at=body.expires_at,
            actor=actor,
        )
        if isinstance(done, Posted):
            return moved_done(done)
        return Done(status=202, result=answers.proposed(done))

    done = once(request, adjust)
    if done.status == 202:
        return Answer(202, done.result)
    return with_balance(member, done)


@router.post(
    "/transfers/{transfer_id}/reverse",
    response={201: answers.MovedOut},
    summary="Reverse a movement",
    operation_id="reverse_transfer",
    openapi_extra=answers.example(answers.MOVED | {"owed": 40}, 201),
)
@requires("points.reverse")
def reverse_transfer(request: HttpRequest, transfer_id: UUID, body: bodies.ReverseIn) -> Any:
    """Undo a grant or a spend, in whole or in part, never beyond it.

    What a grant can no longer give back is owed, forgiven or refused, as `policy` says. A spend
    returns to its own lots; an expired one continues with `grace_days`.
    """
    transfer = selectors.get_transfer(transfer_id=transfer_id)
    if transfer.member_id is None or not sees(request, transfer.member_id):
        raise TransferMissing
    actor = actor_of(request)

    def reverse(at: datetime, reversal_id: UUID) -> Posted:
        return services.reverse_transfer(
            transfer_id=transfer_id,
            reversal_id=reversal_id,
            at=at,
            amount=body.amount,
            policy=body.policy,
            grace_days=body.grace_days,
            reason_code=body.reason_code,
            actor_id=actor.operator_id,
        )

    return moved(request, transfer.member_id, body.id, reverse)
