"""Privacy over HTTP: reveal with a reason, export, erase."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import Status as Answer

from regulars.members import services
from regulars.members.api import answers, bodies
from regulars.members.api.calling import (
    actor_of,
    guarded,
    member_of,
    member_out,
    once,
    router,
    scope_of,
)
from regulars.members.domain import REVEALS_PER_MINUTE_MAX
from regulars.web import clock, rates
from regulars.web.idempotency import Done
from regulars.web.permissions import requires

_REVEALED = answers.MEMBER_EXAMPLE | {
    "profile": {"name": "林小满", "birthday": "1990-05-01"},
    "revealed": True,
}
_EXPORT = {
    "id": answers.ID,
    "member_number": "0000000018",
    "exported_at": "2026-03-01T04:00:00Z",
    "data": {"profile": [{"name": "name", "value": "林小满", "since": "2026-03-01T04:00:00Z"}]},
}


@router.post(
    "/members/{member_id}/reveal",
    response=answers.MemberOut,
    summary="See a member unmasked",
    tags=["privacy"],
    operation_id="reveal_member",
    openapi_extra=answers.example(_REVEALED),
)
@requires("members.reveal")
@guarded
def reveal_member(request: HttpRequest, member_id: UUID, body: bodies.ReasonIn) -> Any:
    """See a member unmasked; who looked, when and why is in the audit log."""
    member = member_of(request, member_id)
    rates.admit(f"members.reveal:{actor_of(request).caller}", limit=REVEALS_PER_MINUTE_MAX)
    shown = services.reveal(
        member_id=member.id,
        scope=scope_of(request),
        reason_code=body.reason_code,
        at=clock.now(),
        actor=actor_of(request),
    )
    return member_out(shown)


@router.post(
    "/members/{member_id}/export",
    response=answers.ExportOut,
    summary="Export a member's data",
    tags=["privacy"],
    operation_id="export_member",
    openapi_extra=answers.example(_EXPORT),
)
@requires("members.export")
@guarded
def export_member(request: HttpRequest, member_id: UUID, body: bodies.ExportIn) -> Any:
    """Export everything personal we hold about a member, as JSON or CSV; audited."""
    member = member_of(request, member_id)
    export = services.export(
        member_id=member.id,
        scope=scope_of(request),
        reason_code=body.reason_code,
        at=clock.now(),
        actor=actor_of(request),
    )
    if body.format == "csv":
        name = f"member-{export.number}.csv"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return HttpResponse(
            export.as_csv(), content_type="text/csv; charset=utf-8", headers=headers
        )
    return export.as_dict()


@router.post(
    "/members/{member_id}/erase",
    response={200: answers.ErasedOut, 202: answers.ErasureProposedOut},
    summary="Erase a member",
    tags=["privacy"],
    operation_id="erase_member",
    openapi_extra=answers.example({"id": answers.ID, "status": "erased"}),
)
@requires("members.erase")
def erase_member(request: HttpRequest, member_id: UUID, body: bodies.ReasonIn) -> Any:
    """Erase the person behind a member for good; the record of money stays, naming nobody.

    Where the policy wants a second person nobody is erased yet: the answer is 202 with the
    approval that somebody else decides.
    """
    member = member_of(request, member_id)

    def erase(at: datetime) -> Done:
        proposed = services.erase_or_propose(
            member_id=member.id, at=at, actor=actor_of(request), reason_code=body.reason_code
        )
        if proposed is None:
            return Done(status=200, result={"id": str(member.public_id), "status": "erased"})
        return Done(status=202, result=answers.erasure_proposed(proposed))

    done = once(request, erase)
    return Answer(done.status, done.result)
