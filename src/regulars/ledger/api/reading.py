"""See what a member holds."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest

from regulars.ledger import selectors
from regulars.ledger.api import answers
from regulars.ledger.api.calling import member_of, router
from regulars.web import clock
from regulars.web.permissions import requires


@router.get(
    "/members/{member_id}/points",
    response=answers.PointsOut,
    summary="See a member's points",
    operation_id="get_points",
    openapi_extra=answers.example(answers.POINTS),
)
@requires("points.read")
def get_points(request: HttpRequest, member_id: UUID) -> Any:
    """Answer balance and lots, soonest to expire first. Never from a replica."""
    member = member_of(request, member_id)
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
