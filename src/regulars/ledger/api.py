"""Points over HTTP: what a member holds, and one movement at a time.

Every write carries an Idempotency-Key. Transfers and holds are named by their callers, or by the
key where they are not; either way the name counts for ever.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Schema
from ninja import Status as Answer
from pydantic import AwareDatetime, ConfigDict, Field, StrictInt

from regulars.access import selectors as access
from regulars.access.domain import Actor
from regulars.kit.ids import uuid_from
from regulars.ledger import selectors, services
from regulars.ledger.domain import (
    AMOUNT_MAX,
    GRACE_DAYS,
    HOLD_DAYS_MAX,
    HeldPoints,
    HoldMissing,
    OwedPolicy,
    Posted,
    TransferMissing,
)
from regulars.members import selectors as members
from regulars.web import clock, idempotency
from regulars.web.idempotency import Done
from regulars.web.permissions import requires

router = Router(tags=["points"])

ID = "0193a1b2-7c00-7000-8000-0000000000aa"
TRANSFER_ID = "0193a1b2-7c00-7000-8000-0000000000cc"
HOLD_ID = "0193a1b2-7c00-7000-8000-0000000000dd"
REASON_MAX = 32_000


class Body(Schema):
    """A request body: what is not declared is refused."""

    model_config = ConfigDict(extra="forbid", str_max_length=256)


class EarnIn(Body):
    """Points to grant; usable at once and for ever unless dated."""

    amount: StrictInt = Field(ge=1, le=AMOUNT_MAX)
    id: UUID | None = None
    usable_from: AwareDatetime | None = None
    expires_at: AwareDatetime | None = None
    occurred_at: AwareDatetime | None = None
    reason_code: StrictInt = Field(default=0, ge=0, le=REASON_MAX)
    store: str | None = None


class SpendIn(Body):
    """Points to take, soonest to expire first."""

    amount: StrictInt = Field(ge=1, le=AMOUNT_MAX)
    id: UUID | None = None
    reason_code: StrictInt = Field(default=0, ge=0, le=REASON_MAX)
    store: str | None = None


class GiveIn(Body):
    """Points to hand to another member; they keep their expiry."""

    amount: StrictInt = Field(ge=1, le=AMOUNT_MAX)
    recipient: UUID
    id: UUID | None = None


class HoldIn(Body):
    """Points to set aside."""

    amount: StrictInt = Field(ge=1, le=AMOUNT_MAX)
    expires_at: AwareDatetime
    id: UUID | None = None


class AdjustIn(Body):
    """A correction by hand, up or down, with a reason."""

    amount: StrictInt = Field(ge=-AMOUNT_MAX, le=AMOUNT_MAX)
    reason_code: StrictInt = Field(ge=1, le=REASON_MAX)
    id: UUID | None = None
    expires_at: AwareDatetime | None = None


class CommitIn(Body):
    """How much of a hold to spend; all of it where nothing is said."""

    amount: StrictInt | None = Field(default=None, ge=1, le=AMOUNT_MAX)
    store: str | None = None


class ReverseIn(Body):
    """What to undo; what is left of the movement where no amount is given."""

    amount: StrictInt | None = Field(default=None, ge=1, le=AMOUNT_MAX)
    policy: OwedPolicy = OwedPolicy.OWE
    grace_days: StrictInt = Field(default=GRACE_DAYS, ge=0, le=3660)
    reason_code: StrictInt = Field(default=0, ge=0, le=REASON_MAX)
    id: UUID | None = None


class LotOut(Schema):
    """A part of the points with dates of its own."""

    transfer_id: UUID
    granted: int
    remaining: int
    held: int
    usable_from: datetime | None
    expires_at: datetime | None


class PointsOut(Schema):
    """What a member holds now."""

    available: int
    pending: int
    held: int
    owed: int
    growth: int
    stored_value: int
    stored_gift: int
    frozen: bool
    lots: list[LotOut]


class MovedOut(Schema):
    """What a movement did. `owed` and `forgiven` could not be taken, `lapsed` had expired."""

    transfer_id: UUID
    amount: int
    repaid: int
    owed: int
    forgiven: int
    lapsed: int
    available: int


class HoldOut(Schema):
    """A hold as it stands."""

    id: UUID
    amount: int
    committed_amount: int
    state: str
    expires_at: datetime


def _example(value: Any, status: int = 200) -> dict[str, Any]:
    return {"responses": {status: {"content": {"application/json": {"example": value}}}}}


_MOVED = {
    "transfer_id": TRANSFER_ID, "amount": 60, "repaid": 0, "owed": 0, "forgiven": 0,
    "lapsed": 0, "available": 140,
}  # fmt: skip
_HELD = {
    "id": HOLD_ID, "amount": 60, "committed_amount": 0, "state": "open",
    "expires_at": "2026-03-01T12:15:00Z",
}  # fmt: skip
_POINTS = {
    "available": 140, "pending": 57, "held": 0, "owed": 0, "growth": 1250, "stored_value": 0,
    "stored_gift": 0, "frozen": False,
    "lots": [
        {"transfer_id": TRANSFER_ID, "granted": 200, "remaining": 140, "held": 0,
         "usable_from": "2026-03-01T12:00:00Z", "expires_at": "2027-12-31T16:00:00Z"}
    ],
}  # fmt: skip


@router.get(
    "/members/{member_id}/points",
    response=PointsOut,
    summary="See a member's points",
    operation_id="get_points",
    openapi_extra=_example(_POINTS),
)
@requires("points.read")
def get_points(request: HttpRequest, member_id: UUID) -> Any:
    """Answer balance and lots, soonest to expire first. Never from a replica."""
    member = _member(request, member_id)
    at = clock.now()
    balance = selectors.get_balance(member_id=member, at=at)
    lots = selectors.list_lots(member_id=member, at=at)
    return {
        "available": balance.available,
        "pending": balance.pending,
        "held": balance.held,
        "owed": balance.owed,
        "growth": balance.growth,
        "stored_value": balance.stored_value,
        "stored_gift": balance.stored_gift,
        "frozen": balance.is_frozen,
        "lots": [
            {
                "transfer_id": lot.transfer_id,
                "granted": lot.granted,
                "remaining": lot.remaining,
                "held": lot.pinned,
                "usable_from": lot.usable_from,
                "expires_at": lot.expires_at,
            }
            for lot in lots
        ],
    }


@router.post(
    "/members/{member_id}/points/earn",
    response={201: MovedOut},
    summary="Grant points",
    operation_id="earn_points",
    openapi_extra=_example(_MOVED, 201),
)
@requires("points.earn")
def earn_points(request: HttpRequest, member_id: UUID, body: EarnIn) -> Any:
    """Grant points in a lot of their own; a debt is repaid from it at once."""
    member, store, actor = _member(request, member_id), _store(request, body.store), _actor(request)

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
            actor_id=actor.id,
        )

    return _moved(request, member, body.id, earn)


@router.post(
    "/members/{member_id}/points/spend",
    response={201: MovedOut},
    summary="Spend points",
    operation_id="spend_points",
    openapi_extra=_example(_MOVED, 201),
)
@requires("points.spend")
def spend_points(request: HttpRequest, member_id: UUID, body: SpendIn) -> Any:
    """Take points, soonest to expire first; refused where the usable ones fall short."""
    member, store, actor = _member(request, member_id), _store(request, body.store), _actor(request)

    def spend(at: datetime, transfer_id: UUID) -> Posted:
        return services.spend_points(
            transfer_id=transfer_id,
            member_id=member,
            amount=body.amount,
            at=at,
            reason_code=body.reason_code,
            store_id=store,
            actor_id=actor.id,
        )

    return _moved(request, member, body.id, spend)


@router.post(
    "/members/{member_id}/points/give",
    response={201: MovedOut},
    summary="Give points to another member",
    operation_id="give_points",
    openapi_extra=_example(_MOVED, 201),
)
@requires("points.spend")
def give_points(request: HttpRequest, member_id: UUID, body: GiveIn) -> Any:
    """Hand points to another member; they keep their expiry."""
    member, recipient = _member(request, member_id), _member(request, body.recipient)
    actor = _actor(request)

    def give(at: datetime, transfer_id: UUID) -> Posted:
        return services.give_points(
            transfer_id=transfer_id,
            member_id=member,
            recipient_id=recipient,
            amount=body.amount,
            at=at,
            actor_id=actor.id,
        )

    return _moved(request, member, body.id, give)


@router.post(
    "/members/{member_id}/points/adjust",
    response={201: MovedOut},
    summary="Correct points by hand",
    operation_id="adjust_points",
    openapi_extra=_example(_MOVED, 201),
)
@requires("points.adjust")
def adjust_points(request: HttpRequest, member_id: UUID, body: AdjustIn) -> Any:
    """Correct a balance up or down. The reason is a code of your own list."""
    member, actor = _member(request, member_id), _actor(request)

    def adjust(at: datetime, transfer_id: UUID) -> Posted:
        return services.adjust_points(
            transfer_id=transfer_id,
            member_id=member,
            amount=body.amount,
            reason_code=body.reason_code,
            at=at,
            expires_at=body.expires_at,
            actor_id=actor.id,
        )

    return _moved(request, member, body.id, adjust)


@router.post(
    "/members/{member_id}/points/hold",
    response={201: HoldOut},
    summary="Set points aside",
    description=f"Holds last until they are committed, voided, or {HOLD_DAYS_MAX} days at most.",
    operation_id="hold_points",
    openapi_extra=_example(_HELD, 201),
)
@requires("points.spend")
def hold_points(request: HttpRequest, member_id: UUID, body: HoldIn) -> Any:
    """Set points aside until they are committed, voided, or run out."""
    member = _member(request, member_id)

    def hold(at: datetime) -> Done:
        hold_id = body.id or _named_by_key(request)
        services.hold_points(
            hold_id=hold_id,
            member_id=member,
            amount=body.amount,
            expires_at=body.expires_at,
            at=at,
        )
        return Done(status=201, result={"hold_id": str(hold_id)})

    done = _once(request, hold)
    found = selectors.get_hold(hold_id=UUID(done.result["hold_id"]), at=clock.now())
    return Answer(done.status, _hold_out(found))


@router.post(
    "/holds/{hold_id}/commit",
    response={201: MovedOut},
    summary="Spend what is held",
    operation_id="commit_hold",
    openapi_extra=_example(_MOVED, 201),
)
@requires("points.spend")
def commit_hold(request: HttpRequest, hold_id: UUID, body: CommitIn) -> Any:
    """Spend a hold or a part of it, once; the rest is free again."""
    hold, store, actor = _hold(request, hold_id), _store(request, body.store), _actor(request)

    def commit(at: datetime, _: UUID) -> Posted:
        return services.commit_hold(
            hold_id=hold_id, at=at, amount=body.amount, store_id=store, actor_id=actor.id
        )

    return _moved(request, hold.member_id, None, commit)


@router.post(
    "/holds/{hold_id}/void",
    response=HoldOut,
    summary="Let go what is held",
    operation_id="void_hold",
    openapi_extra=_example(_HELD | {"state": "voided"}),
)
@requires("points.spend")
def void_hold(request: HttpRequest, hold_id: UUID) -> Any:
    """Let go a hold; said again it changes nothing."""
    _hold(request, hold_id)

    def void(at: datetime) -> Done:
        services.void_hold(hold_id=hold_id, at=at)
        return Done(status=200)

    _once(request, void)
    return _hold_out(selectors.get_hold(hold_id=hold_id, at=clock.now()))


@router.post(
    "/transfers/{transfer_id}/reverse",
    response={201: MovedOut},
    summary="Reverse a movement",
    operation_id="reverse_transfer",
    openapi_extra=_example(_MOVED | {"owed": 40}, 201),
)
@requires("points.reverse")
def reverse_transfer(request: HttpRequest, transfer_id: UUID, body: ReverseIn) -> Any:
    """Undo a grant or a spend, in whole or in part, never beyond it.

    What a grant can no longer give back is owed, forgiven or refused, as `policy` says. A spend
    returns to its own lots; an expired one continues with `grace_days`.
    """
    transfer = selectors.get_transfer(transfer_id=transfer_id)
    if transfer.member_id is None or not _sees(request, transfer.member_id):
        raise TransferMissing
    actor = _actor(request)

    def reverse(at: datetime, reversal_id: UUID) -> Posted:
        return services.reverse_transfer(
            transfer_id=transfer_id,
            reversal_id=reversal_id,
            at=at,
            amount=body.amount,
            policy=body.policy,
            grace_days=body.grace_days,
            reason_code=body.reason_code,
            actor_id=actor.id,
        )

    return _moved(request, transfer.member_id, body.id, reverse)


def _moved(
    request: HttpRequest,
    member_id: int,
    transfer_id: UUID | None,
    move: Callable[[datetime, UUID], Posted],
) -> Any:
    """Run one movement under its key and answer what it did, with the balance as it is now."""

    def effect(at: datetime) -> Done:
        posted = move(at, transfer_id or _named_by_key(request))
        return Done(
            status=201,
            result={
                "transfer_id": str(posted.id),
                "amount": posted.taken,
                "repaid": posted.repaid,
                "owed": posted.owed,
                "forgiven": posted.forgiven,
                "lapsed": posted.lapsed,
            },
        )

    done = _once(request, effect)
    home = members.survivors(member_ids=[member_id]).get(member_id, member_id)
    balance = selectors.get_balance(member_id=home, at=clock.now())
    return Answer(done.status, done.result | {"available": balance.available})


def _once(request: HttpRequest, effect: Callable[[datetime], Done]) -> Done:
    at = clock.now()
    return idempotency.once(
        caller=_actor(request).caller,
        route=f"{request.method} {request.path}",
        key=request.headers.get("Idempotency-Key", ""),
        body=request.body,
        at=at,
        effect=lambda: effect(at),
    )


def _named_by_key(request: HttpRequest) -> UUID:
    """Name a transfer after its caller, route and key: the same request, the same id."""
    key = request.headers.get("Idempotency-Key", "")
    return uuid_from("api", _actor(request).caller, request.path, key)


def _actor(request: HttpRequest) -> Actor:
    actor = getattr(request, "actor", None)
    assert isinstance(actor, Actor)  # the permission mark has checked it
    return actor


def _member(request: HttpRequest, public_id: UUID) -> int:
    return members.get_by_public(public_id=public_id, scope=_actor(request).scope).id


def _sees(request: HttpRequest, member_id: int) -> bool:
    scope = _actor(request).scope
    return member_id in members.visible(member_ids=[member_id], scope=scope)


def _hold(request: HttpRequest, hold_id: UUID) -> HeldPoints:
    hold = selectors.get_hold(hold_id=hold_id, at=clock.now())
    if not _sees(request, hold.member_id):
        raise HoldMissing
    return hold


def _store(request: HttpRequest, code: str | None) -> int | None:
    return None if code is None else access.get_store(code=code, scope=_actor(request).scope).id


def _hold_out(hold: HeldPoints) -> dict[str, Any]:
    return {
        "id": hold.id,
        "amount": hold.amount,
        "committed_amount": hold.committed_amount,
        "state": hold.state.name.lower(),
        "expires_at": hold.expires_at,
    }
