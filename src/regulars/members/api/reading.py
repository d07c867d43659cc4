"""Read members over HTTP: lists and searches within the scope, exact look-ups, timelines."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.utils.translation import gettext
from ninja import Query

from regulars.access import services as access
from regulars.access.domain import Scope
from regulars.events import selectors as log
from regulars.events import services as events
from regulars.events.domain import Event, TimelineCursor
from regulars.members import selectors
from regulars.members.api import answers, bodies
from regulars.members.api.calling import (
    actor_of,
    guarded,
    member_of,
    member_out,
    page_out,
    router,
    scope_of,
    store_id,
)
from regulars.members.domain import (
    LOOKUPS_PER_MINUTE_MAX,
    Identity,
    IdentityKind,
    MemberNotFound,
    MemberQuery,
    NothingToFind,
    Status,
)
from regulars.web import clock, paging, rates
from regulars.web.permissions import requires


@router.get(
    "/members",
    response=answers.MemberPageOut,
    summary="List members",
    operation_id="list_members",
    openapi_extra=answers.example({"items": [answers.ROW_EXAMPLE], "next_cursor": None}),
)
@requires("members.read")
@guarded
def list_members(request: HttpRequest, query: Query[bodies.MemberFilter]) -> Any:
    """List the members within your scope, newest first, masked."""
    scope = scope_of(request)
    store = store_id(query.store, scope)
    wanted = MemberQuery(
        tag=query.tag,
        tier=query.tier,
        segment=query.segment,
        status=Status(query.status) if query.status else None,
        store_ids=(store,) if store else (),
    )
    page = selectors.list_members(scope=scope, query=wanted, cursor=query.cursor, limit=query.limit)
    return page_out(page)


@router.post(
    "/members:search",
    response=answers.MemberPageOut,
    summary="Search members",
    operation_id="search_members",
    openapi_extra=answers.example({"items": [answers.ROW_EXAMPLE], "next_cursor": None}),
)
@requires("members.read")
@guarded
def search_members(request: HttpRequest, body: bodies.SearchIn) -> Any:
    """Search within your scope by exact name, surname, last four or member number."""
    wanted = MemberQuery(name=body.name, surname=body.surname, tail=body.tail, number=body.number)
    page = selectors.list_members(
        scope=scope_of(request), query=wanted, cursor=body.cursor, limit=body.limit
    )
    return page_out(page)


@router.post(
    "/members:lookup",
    response=answers.MemberOut,
    summary="Look a member up",
    operation_id="lookup_member",
    openapi_extra=answers.example(answers.MEMBER_EXAMPLE),
)
@requires("members.lookup")
@guarded
def lookup_member(request: HttpRequest, body: bodies.LookupIn) -> Any:
    """Find one member by exact phone, e-mail, card or member number, whatever their store.

    Every look-up is written to the audit log: by which kind, whether somebody was found, never
    the value.
    """
    kind, value = _one_of(body)
    rates.admit(f"members.lookup:{actor_of(request).caller}", limit=LOOKUPS_PER_MINUTE_MAX)
    at = clock.now()
    if kind == "number":
        member_id = selectors.find_by_number(number=value)
    else:
        identity = Identity(IdentityKind(kind), value)
        (member_id,) = selectors.find_by_identities(identities=[identity])
    found = None if member_id is None else selectors.public_ids(member_ids=[member_id])[member_id]
    access.audit(
        actor=actor_of(request),
        action="members.lookup",
        object_kind="member",
        object_id=str(found or ""),
        at=at,
        result="ok" if found else "refused",
        details={"by": kind},
    )
    if member_id is None:
        raise MemberNotFound
    return member_out(selectors.get_profile(member_id=member_id, scope=Scope.all(), at=at))


@router.get(
    "/members/{member_id}",
    response=answers.MemberOut,
    summary="Read a member",
    operation_id="get_member",
    openapi_extra=answers.example(answers.MEMBER_EXAMPLE),
)
@requires("members.read")
@guarded
def get_member(request: HttpRequest, member_id: UUID) -> Any:
    """Read one member, masked; the id of a merged member leads to its survivor."""
    member = member_of(request, member_id)
    profile = selectors.get_profile(member_id=member.id, scope=scope_of(request), at=clock.now())
    return member_out(profile)


@router.get(
    "/members/{member_id}/timeline",
    response=answers.TimelineOut,
    summary="Read a timeline",
    operation_id="list_timeline",
    openapi_extra=answers.example({"items": [answers.EVENT_EXAMPLE], "next_cursor": None}),
)
@requires("timeline.read")
def list_timeline(
    request: HttpRequest, member_id: UUID, query: Query[bodies.TimelineFilter]
) -> Any:
    """List what happened with a member, newest first, merged records included."""
    member = member_of(request, member_id)
    found = log.list_timeline(
        member_ids=selectors.aliases(member_id=member.id),
        types=[query.type] if query.type else None,
        before=_before(query.cursor),
        limit=query.limit + 1,
    )
    page = found[: query.limit]
    more = paging.encode(page[-1].occurred_at.isoformat(), page[-1].id)
    return {
        "items": [_event_out(event) for event in page],
        "next_cursor": more if len(found) > query.limit else None,
    }


@router.get(
    "/merge-suggestions",
    response=answers.SuggestionsOut,
    summary="List merge suggestions",
    operation_id="list_merge_suggestions",
    openapi_extra=answers.example(
        {
            "items": [
                {
                    "member": answers.ID,
                    "other": answers.OTHER_ID,
                    "reason": "shared_email",
                    "suggested_at": "2026-03-01T04:00:00Z",
                }
            ]
        }
    ),
)
@requires("members.merge")
def list_merge_suggestions(request: HttpRequest) -> Any:
    """List pairs within your scope that may be one person, oldest first."""
    found = selectors.list_suggestions(scope=scope_of(request), limit=paging.LIMIT_MAX)
    public = selectors.public_ids(
        member_ids={each for one in found for each in (one.member_id, one.other_id)}
    )
    items = [
        {
            "member": public[one.member_id],
            "other": public[one.other_id],
            "reason": one.reason,
            "suggested_at": one.suggested_at,
        }
        for one in found
    ]
    return {"items": items}


def _one_of(body: bodies.LookupIn) -> tuple[str, str]:
    named = [(kind, value) for kind, value in body.model_dump().items() if value]
    if len(named) != 1:
        raise NothingToFind
    return named[0]


def _before(cursor: str | None) -> TimelineCursor | None:
    if cursor is None:
        return None
    moment, event_id = paging.decode(cursor, parts=2)
    try:
        occurred_at = datetime.fromisoformat(str(moment))
    except ValueError as error:
        raise paging.CursorMalformed from error
    if occurred_at.tzinfo is None or not isinstance(event_id, int) or not 0 < event_id < 2**63:
        raise paging.CursorMalformed
    return TimelineCursor(occurred_at, event_id)


def _event_out(event: Event) -> dict[str, Any]:
    kind = events.catalogue().types.get(event.type)
    public = {key: event.facts[key] for key in kind.public if key in event.facts} if kind else {}
    return {
        "type": event.type,
        "title": _title(kind.title, public) if kind else event.type,
        "occurred_at": event.occurred_at,
        "recorded_at": event.recorded_at,
        "facts": public,
    }


def _title(sentence: str, facts: dict[str, Any]) -> str:
    try:
        return gettext(sentence).format(**facts)
    except (KeyError, IndexError):  # a sentence that needs a fact which may not leave the house
        return gettext(sentence)
