"""Work on privacy requests: take, check who asks, hand over, answer, refuse; remind in time."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction

from regulars.access import services as access
from regulars.access.domain import Actor, Scope
from regulars.kit.ids import time_ordered_uuid
from regulars.members.domain import MemberErased, Status
from regulars.members.domain import requests as desk
from regulars.members.domain.requests import (
    PrivacyRequest,
    RequestKind,
    RequestState,
    RequestStep,
)
from regulars.members.selectors import people
from regulars.members.selectors import requests as selectors
from regulars.web import crypto, sql


@transaction.atomic
def open_request(
    *,
    member_id: int,
    kind: RequestKind,
    channel: str,
    note: str,
    scope: Scope,
    actor: Actor,
    at: datetime,
    tz: ZoneInfo,
    working_days: int = desk.WORKING_DAYS_DEFAULT,
) -> PrivacyRequest:
    """Take a request; its answer is due after so many working days.

    Raises MemberNotFound (also out of scope), MemberErased, RequestAlreadyOpen,
    RequestWordUnknown.
    """
    desk.known(channel, desk.CHANNELS)
    member = people.get_member(member_id=member_id, scope=scope)
    if member.status is Status.ERASED:
        raise MemberErased(member_id=member.id)
    public_id = time_ordered_uuid(at)
    due_at = desk.due_after(at, days=working_days, tz=tz)
    sealed = _sealed(note, public_id)
    found = sql.row(
        "INSERT INTO members_privacyrequest (public_id, member_id, kind, channel, state, opened_at,"
        " due_at, checked_how, refused_because, reminded, note) VALUES (%s::uuid, %s::bigint,"
        " %s::text, %s::text, 'open', %s::timestamptz, %s::timestamptz, '', '', 0, %s::bytea)"
        " ON CONFLICT (member_id, kind) WHERE closed_at IS NULL DO NOTHING RETURNING id",
        [public_id, member.id, kind.value, channel, at, due_at, sealed],
    )
    if found is None:
        raise desk.RequestAlreadyOpen
    request = selectors.get_request(public_id=public_id, scope=scope)
    _note_step(request, RequestStep.OPENED, actor, at, word=channel)
    _audit("privacy.open", request, actor, at)
    return request


@transaction.atomic
def check_requester(
    *, public_id: UUID, how: str, scope: Scope, actor: Actor, at: datetime
) -> PrivacyRequest:
    """Note how it was made sure who asks; raises RequestNotFound, RequestClosed."""
    desk.known(how, desk.CHECKS)
    request = _lock(public_id, scope)
    sql.run(
        "UPDATE members_privacyrequest SET state = 'verified', checked_how = %s::text"
        " WHERE id = %s::bigint",
        [how, request.id],
    )
    _note_step(request, RequestStep.VERIFIED, actor, at, word=how)
    _audit("privacy.verify", request, actor, at, reason_code=how)
    return selectors.get_request(public_id=public_id, scope=scope)


@transaction.atomic
def assign_request(
    *, public_id: UUID, staff_id: int | None, scope: Scope, actor: Actor, at: datetime
) -> PrivacyRequest:
    """Say who works on a request; raises RequestNotFound, RequestClosed."""
    request = _lock(public_id, scope)
    sql.run(
        "UPDATE members_privacyrequest SET assigned_to = %s::bigint WHERE id = %s::bigint",
        [staff_id, request.id],
    )
    _note_step(request, RequestStep.ASSIGNED, actor, at, word=str(staff_id or ""))
    _audit("privacy.assign", request, actor, at)
    return selectors.get_request(public_id=public_id, scope=scope)


@transaction.atomic
def note_package(*, public_id: UUID, scope: Scope, actor: Actor, at: datetime) -> PrivacyRequest:
    """Note that the copy of the data was made; it can be fetched for some days.

    Raises RequestNotFound, RequestClosed, RequestNotVerified.
    """
    request = _lock(public_id, scope)
    _demand_check(request)
    until = at + timedelta(days=desk.PACKAGE_DAYS)
    sql.run(
        "UPDATE members_privacyrequest SET packaged_at = %s::timestamptz,"
        " package_until = %s::timestamptz WHERE id = %s::bigint",
        [at, until, request.id],
    )
    _note_step(request, RequestStep.PACKAGED, actor, at)
    _audit("privacy.package", request, actor, at)
    return selectors.get_request(public_id=public_id, scope=scope)


@transaction.atomic
def forget_packages(*, public_ids: Sequence[UUID]) -> None:
    """Note that these copies are no longer there."""
    sql.run(
        "UPDATE members_privacyrequest SET package_until = NULL WHERE public_id = ANY(%s::uuid[])",
        [list(public_ids)],
    )


@transaction.atomic
def note_fetched(*, request: PrivacyRequest, actor: Actor, at: datetime) -> None:
    """Note that somebody fetched the copy."""
    _note_step(request, RequestStep.FETCHED, actor, at)
    _audit("privacy.fetch", request, actor, at)


@transaction.atomic
def answer_request(*, public_id: UUID, scope: Scope, actor: Actor, at: datetime) -> PrivacyRequest:
    """Close a request as done.

    Whoever asked to be deleted must have been; whoever asked for a copy must have been given one.
    Raises RequestNotFound, RequestClosed, RequestNotVerified, RequestNotDone.
    """
    request = _lock(public_id, scope)
    _demand_check(request)
    if not _is_done(request):
        raise desk.RequestNotDone
    return _close(request, RequestState.DONE, RequestStep.ANSWERED, scope, actor, at)


@transaction.atomic
def refuse_request(
    *, public_id: UUID, because: str, scope: Scope, actor: Actor, at: datetime
) -> PrivacyRequest:
    """Refuse a request for a reason the letter names; raises RequestNotFound, RequestClosed."""
    desk.known(because, desk.REFUSALS)
    request = _lock(public_id, scope)
    sql.run(
        "UPDATE members_privacyrequest SET refused_because = %s::text WHERE id = %s::bigint",
        [because, request.id],
    )
    return _close(
        request, RequestState.REFUSED, RequestStep.REFUSED, scope, actor, at, word=because
    )


@transaction.atomic
def cancel_request(*, public_id: UUID, scope: Scope, actor: Actor, at: datetime) -> PrivacyRequest:
    """Close a request the person took back; raises RequestNotFound, RequestClosed."""
    request = _lock(public_id, scope)
    return _close(request, RequestState.CANCELLED, RequestStep.CANCELLED, scope, actor, at)


@transaction.atomic
def remind_of_requests(*, at: datetime) -> list[PrivacyRequest]:
    """Note the warnings at half and at four fifths of the time; answers whom they are about."""
    due = [each for each in selectors.list_unwarned(at=at) if each.reminder(at)]
    if not due:
        return []
    ids, shares = [each.id for each in due], [each.reminder(at) for each in due]
    sql.run(
        "UPDATE members_privacyrequest r SET reminded = d.share"
        " FROM unnest(%s::bigint[], %s::smallint[]) AS d(id, share) WHERE r.id = d.id",
        [ids, shares],
    )
    _note_steps(
        dict(zip(ids, map(str, shares), strict=True)),
        RequestStep.REMINDED,
        Actor.system("clock"),
        at,
    )
    return due


@transaction.atomic
def open_request_note(
    *, public_id: UUID, reason_code: str, scope: Scope, actor: Actor, at: datetime
) -> str:
    """Answer what was noted when a request was taken; who looked and why is on record first.

    Raises RequestNotFound, also out of scope.
    """
    request = selectors.get_request(public_id=public_id, scope=scope)
    _audit("privacy.note_opened", request, actor, at, reason_code=reason_code)
    return selectors.read_note(request=request)


def _lock(public_id: UUID, scope: Scope) -> PrivacyRequest:
    """Answer an open request, held to the end of the transaction."""
    sql.run(
        "SELECT 1 FROM members_privacyrequest WHERE public_id = %s::uuid FOR UPDATE", [public_id]
    )
    request = selectors.get_request(public_id=public_id, scope=scope)
    if request.is_closed:
        raise desk.RequestClosed
    return request


def _demand_check(request: PrivacyRequest) -> None:
    if desk.needs_check(request.kind) and request.state is not RequestState.VERIFIED:
        raise desk.RequestNotVerified


def _is_done(request: PrivacyRequest) -> bool:
    """Tell whether what was asked for has happened, where that can be known."""
    if request.kind in {RequestKind.ACCESS, RequestKind.COPY, RequestKind.PORT}:
        return request.packaged_at is not None
    if request.kind is RequestKind.DELETE:
        return bool(people.erased_of(member_ids=[request.member_id]))
    return True


def _close(
    request: PrivacyRequest,
    state: RequestState,
    step: RequestStep,
    scope: Scope,
    actor: Actor,
    at: datetime,
    *,
    word: str = "",
) -> PrivacyRequest:
    sql.run(
        "UPDATE members_privacyrequest SET state = %s::text, closed_at = %s::timestamptz"
        " WHERE id = %s::bigint",
        [state.value, at, request.id],
    )
    _note_step(request, step, actor, at, word=word)
    _audit(f"privacy.{step.value}", request, actor, at, reason_code=word or None)
    return selectors.get_request(public_id=request.public_id, scope=scope)


def _sealed(note: str, public_id: UUID) -> bytes | None:
    text = note.strip()[: desk.NOTE_LENGTH_MAX]
    if not text:
        return None
    return crypto.seal_house(text.encode(), context=selectors.note_context(public_id))


def _note_step(
    request: PrivacyRequest, step: RequestStep, actor: Actor, at: datetime, *, word: str = ""
) -> None:
    _note_steps({request.id: word}, step, actor, at)


def _note_steps(words: Mapping[int, str], step: RequestStep, actor: Actor, at: datetime) -> None:
    """Note the same step of many requests: which, with a word each."""
    sql.run(
        "INSERT INTO members_privacystep (request_id, at, actor_kind, actor_id, step, word)"
        " SELECT id, %s::timestamptz, %s::text, %s::bigint, %s::text, word"
        " FROM unnest(%s::bigint[], %s::text[]) AS d(id, word)",
        [at, actor.kind, actor.id, step.value, list(words), list(words.values())],
    )


def _audit(
    action: str,
    request: PrivacyRequest,
    actor: Actor,
    at: datetime,
    *,
    reason_code: str | None = None,
) -> None:
    access.audit(
        actor=actor,
        action=action,
        object_kind="privacy_request",
        object_id=str(request.public_id),
        at=at,
        reason_code=reason_code,
        details={"kind": request.kind.value, "channel": request.channel},
    )
