"""What every endpoint of the ledger shares: who calls, whose points, one effect per key."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Router
from ninja import Status as Answer

from regulars.access import selectors as access
from regulars.access.domain import Actor
from regulars.kit.ids import uuid_from
from regulars.ledger import selectors
from regulars.ledger.domain import HeldPoints, HoldMissing, Posted
from regulars.members import selectors as members
from regulars.web import clock, idempotency
from regulars.web.idempotency import Done

router = Router(tags=["points"])


def moved(
    request: HttpRequest,
    member_id: int,
    transfer_id: UUID | None,
    move: Callable[[datetime, UUID], Posted],
) -> Any:
    """Run one movement under its key and answer what it did, with the balance as it is now."""

    def effect(at: datetime) -> Done:
        return moved_done(move(at, transfer_id or named_by_key(request)))

    return with_balance(member_id, once(request, effect))


def moved_done(posted: Posted) -> Done:
    """Write down what a movement did, as it is kept for a retry."""
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


def with_balance(member_id: int, done: Done) -> Any:
    """Answer what a movement did, with the balance as it is now."""
    home = members.survivors(member_ids=[member_id]).get(member_id, member_id)
    balance = selectors.get_balance(member_id=home, at=clock.now())
    return Answer(done.status, done.result | {"available": balance.available})


def once(request: HttpRequest, effect: Callable[[datetime], Done]) -> Done:
    at = clock.now()
    return idempotency.once(
        caller=actor_of(request).caller,
        route=f"{request.method} {request.path}",
        key=request.headers.get("Idempotency-Key", ""),
        body=request.body,
        at=at,
        effect=lambda: effect(at),
    )


def named_by_key(request: HttpRequest) -> UUID:
    """Name a transfer after its caller, route and key: the same request, the same id."""
    key = request.headers.get("Idempotency-Key", "")
    return uuid_from("api", actor_of(request).caller, request.path, key)


def actor_of(request: HttpRequest) -> Actor:
    actor = getattr(request, "actor", None)
    assert isinstance(actor, Actor)  # the permission mark has checked it
    return actor


def member_of(request: HttpRequest, public_id: UUID) -> int:
    return members.get_by_public(public_id=public_id, scope=actor_of(request).scope).id


def sees(request: HttpRequest, member_id: int) -> bool:
    scope = actor_of(request).scope
    return member_id in members.visible(member_ids=[member_id], scope=scope)


def hold_of(request: HttpRequest, hold_id: UUID) -> HeldPoints:
    hold = selectors.get_hold(hold_id=hold_id, at=clock.now())
    if not sees(request, hold.member_id):
        raise HoldMissing
    return hold


def store_of(request: HttpRequest, code: str | None) -> int | None:
    return None if code is None else access.get_store(code=code, scope=actor_of(request).scope).id
