"""What every endpoint of members shares: who calls, one effect per key, codes for ids."""

from collections.abc import Callable, Iterable
from datetime import datetime
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar, cast
from uuid import UUID

from django.http import HttpRequest
from ninja import Router

from regulars.access import selectors as access
from regulars.access import services as audit
from regulars.access.domain import Actor, Scope
from regulars.members import selectors
from regulars.members.domain import Member, MemberPage, Profile
from regulars.web import clock, crypto, idempotency
from regulars.web.idempotency import Done

router = Router(tags=["members"])
P = ParamSpec("P")
R = TypeVar("R")


def actor_of(request: HttpRequest) -> Actor:
    """Answer the caller, whose scope is that of the endpoint's permission."""
    actor = getattr(request, "actor", None)
    assert isinstance(actor, Actor)  # the permission mark has checked it
    return actor


def scope_of(request: HttpRequest) -> Scope:
    """Answer how far the caller may see here."""
    return actor_of(request).scope


def member_of(request: HttpRequest, public_id: UUID) -> Member:
    """Answer the member behind an address; raises MemberNotFound, also out of scope."""
    return selectors.get_by_public(public_id=public_id, scope=scope_of(request))


def once(request: HttpRequest, effect: Callable[[datetime], Done]) -> Done:
    """Run a write under the caller's Idempotency-Key; answer ids to render the reply from."""
    at = clock.now()
    return idempotency.once(
        caller=actor_of(request).caller,
        route=f"{request.method} {request.path}",
        key=request.headers.get("Idempotency-Key", ""),
        body=request.body,
        at=at,
        effect=lambda: effect(at),
    )


def guarded(
    view: Callable[Concatenate[HttpRequest, P], R],
) -> Callable[Concatenate[HttpRequest, P], R]:
    """Write to the audit log where a sealed value does not open: somebody moved or altered it."""

    @wraps(view)
    def watched(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return view(request, *args, **kwargs)
        except crypto.SealBroken:
            audit.audit(
                actor=actor_of(request),
                action="members.seal_broken",
                object_kind="member",
                object_id=str(kwargs.get("member_id", "")),
                at=clock.now(),
                result="failed",
            )
            raise

    return cast("Callable[Concatenate[HttpRequest, P], R]", watched)


def store_id(code: str | None, scope: Scope) -> int | None:
    """Answer the store of a code within the scope; raises StoreNotFound."""
    return None if code is None else access.get_store(code=code, scope=scope).id


def associate_id(code: str | None) -> int | None:
    """Answer the member of staff of an associate code, or None where nobody has it."""
    return None if code is None else access.staff_ids_by_code([code]).get(code)


def member_out(profile: Profile) -> dict[str, Any]:
    """Write a member for the wire, stores and associates by code."""
    member = profile.member
    stores = _store_codes([member.home_store_id])
    return {
        "id": member.public_id,
        "number": member.number,
        "status": member.status,
        "joined_at": member.joined_at,
        "home_store": stores.get(member.home_store_id),
        "associate": _associate(member.associate_id),
        "profile": profile.profile,
        "identities": profile.identities,
        "tags": profile.tags,
        "consents": profile.consents,
        "groups": {kind: list(groups) for kind, groups in profile.groups.items()},
        "revealed": profile.revealed,
    }


def page_out(page: MemberPage) -> dict[str, Any]:
    """Write a page of members for the wire."""
    stores = _store_codes(row.home_store_id for row in page.items)
    items = [
        {
            "id": row.public_id,
            "number": row.number,
            "status": row.status,
            "joined_at": row.joined_at,
            "home_store": stores.get(row.home_store_id),
            "name": row.name,
            "phone": row.phone,
            "tier": row.tier,
        }
        for row in page.items
    ]
    return {"items": items, "next_cursor": page.next_cursor}


def _store_codes(ids: Iterable[int | None]) -> dict[int | None, str]:
    wanted = {each for each in ids if each is not None}
    if not wanted:
        return {}
    return {each: store.code for each, store in access.stores_by_id(wanted).items()}


def _associate(staff_id: int | None) -> str | None:
    return None if staff_id is None else access.names_of([staff_id]).get(staff_id)
