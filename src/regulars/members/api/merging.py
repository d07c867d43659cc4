"""Merge and unmerge members over HTTP."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest

from regulars.members import selectors, services
from regulars.members.api import answers, bodies
from regulars.members.api.calling import actor_of, member_of, once, router, scope_of
from regulars.members.domain import MergeNotFound, SuggestionNotFound
from regulars.web.idempotency import Done
from regulars.web.permissions import requires

_MERGED = {"winner": answers.ID, "loser": answers.OTHER_ID}


@router.post(
    "/members/{member_id}/merge",
    response=answers.MergedOut,
    summary="Merge another member into this one",
    operation_id="merge_members",
    openapi_extra=answers.example(_MERGED),
)
@requires("members.merge")
def merge_members(request: HttpRequest, member_id: UUID, body: bodies.MergeIn) -> Any:
    """Let this member stand for the loser, with identities, points, tier and orders."""
    winner = member_of(request, member_id)
    loser = member_of(request, body.loser)

    def merge(at: datetime) -> Done:
        services.merge(
            winner_id=winner.id,
            loser_id=loser.id,
            at=at,
            actor=actor_of(request),
            reason_code=body.reason_code,
        )
        return Done(status=200)

    once(request, merge)
    return {"winner": member_id, "loser": body.loser}


@router.post(
    "/members/{member_id}/unmerge",
    response=answers.MergedOut,
    summary="Undo a merge",
    operation_id="unmerge_members",
    openapi_extra=answers.example(_MERGED),
)
@requires("members.merge")
def unmerge_members(request: HttpRequest, member_id: UUID, body: bodies.MergeIn) -> Any:
    """Give the loser back what it came with; the later merge is undone first."""
    winner = member_of(request, member_id)
    loser_id = selectors.find_by_public(public_id=body.loser)

    def unmerge(at: datetime) -> Done:
        standing = [
            one
            for one in selectors.list_merges(member_id=loser_id or 0)
            if one.loser_id == loser_id and one.undone_at is None and winner.id == one.winner_id
        ]
        if not standing:
            raise MergeNotFound
        services.unmerge(
            merge_id=standing[0].id,
            at=at,
            actor=actor_of(request),
            reason_code=body.reason_code,
        )
        return Done(status=200)

    once(request, unmerge)
    return {"winner": member_id, "loser": body.loser}


@router.post(
    "/merge-suggestions:dismiss",
    response=answers.ChangedOut,
    summary="Dismiss a merge suggestion",
    operation_id="dismiss_merge_suggestion",
    openapi_extra=answers.example({"changed": 1}),
)
@requires("members.merge")
def dismiss_merge_suggestion(request: HttpRequest, body: bodies.PairIn) -> Any:
    """Say that two members are two people; the pair is not suggested again."""
    pair = {member_of(request, body.member).id, member_of(request, body.other).id}
    scope = scope_of(request)

    def dismiss(at: datetime) -> Done:
        found = selectors.list_suggestions(scope=scope, member_id=min(pair))
        open_ones = [one for one in found if {one.member_id, one.other_id} == pair]
        if not open_ones:
            raise SuggestionNotFound
        services.dismiss_suggestion(suggestion_id=open_ones[0].id, at=at, actor=actor_of(request))
        return Done(status=200, result={"changed": 1})

    return once(request, dismiss).result
