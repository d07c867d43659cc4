"""Change members over HTTP: enrol, profile, identities, marks, freezing."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Status as Answer

from regulars.access.domain import Scope
from regulars.members import selectors, services
from regulars.members.api import answers, bodies
from regulars.members.api.calling import (
    actor_of,
    associate_id,
    guarded,
    member_of,
    member_out,
    once,
    router,
    scope_of,
    store_id,
)
from regulars.members.domain import (
    Consent,
    Identity,
    IdentityErased,
    IdentityKind,
    IdentityTaken,
    NothingToRecognise,
    Outcome,
    Resolution,
    Sighting,
    TagSource,
    check_consent,
    clean_profile,
    clean_tag,
    normalise,
)
from regulars.web import clock
from regulars.web.idempotency import Done
from regulars.web.permissions import requires

API_ISSUER = "api"
PROFILE_FIELDS = ("name", "nickname", "birthday", "gender", "city", "language")
_ENROLLED = {"id": answers.ID, "number": "0000000018", "outcome": "created", "ignored": []}


@router.post(
    "/members",
    response={200: answers.EnrolledOut, 201: answers.EnrolledOut},
    summary="Enrol a member",
    operation_id="create_member",
    openapi_extra=answers.example(_ENROLLED, 201),
)
@requires("members.write")
def create_member(request: HttpRequest, body: bodies.MemberIn) -> Any:
    """Enrol whoever the identities name, or update who already holds them (200).

    An identity held by a member outside your scope is refused. Erased identities come back only
    with a consent given now.
    """
    scope = scope_of(request)
    identities = _identities(body)
    profile = clean_profile({name: getattr(body, name) or "" for name in PROFILE_FIELDS})
    home = store_id(body.home_store, scope)
    associate = associate_id(body.associate)
    tags = tuple(clean_tag(tag) for tag in body.tags)

    def enrol(at: datetime) -> Done:
        mine = _held_within(identities, scope)
        sighting = Sighting(
            row=0,
            identities=identities,
            profile=profile,
            occurred_at=at,
            home_store_id=home or _only_store(scope),
            joined_at=min(body.joined_at, at) if body.joined_at else None,
            associate=associate,
            updates_profile=True,
            tags=tags,
            consents=tuple(_consent(consent, at) for consent in body.consents),
        )
        (answer,) = services.resolve_identities([sighting], at=at)
        return _enrolled(answer, mine, identities)

    done = once(request, enrol)
    return Answer(done.status, done.result)


def _held_within(identities: tuple[Identity, ...], scope: Scope) -> set[int]:
    """Answer who holds these identities; refuse where somebody beyond the scope does."""
    found = selectors.find_by_identities(identities=identities)
    holders = {member_id for member_id in found if member_id is not None}
    if holders - selectors.visible(member_ids=holders, scope=scope):
        raise IdentityTaken(identity_kind=identities[0].kind.value)
    return holders


def _enrolled(answer: Resolution, mine: set[int], identities: tuple[Identity, ...]) -> Done:
    if answer.outcome is Outcome.BLOCKED:
        raise IdentityErased(identity_kind=identities[0].kind.value)
    if answer.member_id is None:
        raise NothingToRecognise
    new = answer.outcome is Outcome.CREATED
    if not new and answer.member_id not in mine:  # enrolled elsewhere since we looked
        raise IdentityTaken(identity_kind=identities[0].kind.value)
    member = selectors.get_member(member_id=answer.member_id, scope=Scope.all())
    result = {
        "id": str(member.public_id),
        "number": member.number,
        "outcome": answer.outcome.value,
        "ignored": list(answer.ignored),
    }
    return Done(status=201 if new else 200, result=result)


@router.patch(
    "/members/{member_id}",
    response=answers.MemberOut,
    summary="Change a member",
    operation_id="update_member",
    openapi_extra=answers.example(answers.MEMBER_EXAMPLE),
)
@requires("members.write")
@guarded
def update_member(request: HttpRequest, member_id: UUID, body: bodies.MemberPatch) -> Any:
    """Change profile, home store or associate; null takes a profile value away."""
    scope = scope_of(request)
    member = member_of(request, member_id)
    told = body.model_dump(exclude_unset=True)
    values = {name: told[name] for name in PROFILE_FIELDS if name in told}
    home = services.Home(
        store_id=store_id(told.get("home_store"), scope),
        associate_id=associate_id(told.get("associate")),
    )

    def update(at: datetime) -> Done:
        services.update_profile(
            member_id=member.id, values=values, home=home, at=at, actor=actor_of(request)
        )
        return Done(status=200)

    once(request, update)
    profile = selectors.get_profile(member_id=member.id, scope=Scope.all(), at=clock.now())
    return member_out(profile)


@router.post(
    "/members/{member_id}/identities",
    response={200: answers.LinkedOut, 201: answers.LinkedOut, 202: answers.LinkedOut},
    summary="Link an identity",
    operation_id="link_identity",
    openapi_extra=answers.example({"outcome": "linked"}, 201),
)
@requires("members.write")
def link_identity(request: HttpRequest, member_id: UUID, body: bodies.NewIdentityIn) -> Any:
    """Link an identity: 201 linked, 200 was linked before, 202 held by another, merge suggested."""
    member = member_of(request, member_id)
    identity = Identity(IdentityKind(body.kind), body.value, body.issuer)

    def link(at: datetime) -> Done:
        outcome = services.link_identity(
            member_id=member.id,
            identity=identity,
            at=at,
            actor=actor_of(request),
            with_new_consent=body.new_consent,
        )
        status = {"linked": 201, "exists": 200, "suggested": 202}[outcome.value]
        return Done(status=status, result={"outcome": outcome.value})

    done = once(request, link)
    return Answer(done.status, done.result)


@router.post(
    "/members/{member_id}/identities:remove",
    response=answers.ChangedOut,
    summary="Remove an identity",
    operation_id="unlink_identity",
    openapi_extra=answers.example({"changed": 1}),
)
@requires("members.write")
def unlink_identity(request: HttpRequest, member_id: UUID, body: bodies.IdentityIn) -> Any:
    """Take an identity off a member."""
    member = member_of(request, member_id)
    identity = Identity(IdentityKind(body.kind), body.value, body.issuer)

    def unlink(at: datetime) -> Done:
        services.unlink_identity(
            member_id=member.id, identity=identity, at=at, actor=actor_of(request)
        )
        return Done(status=200, result={"changed": 1})

    return once(request, unlink).result


@router.post(
    "/members/{member_id}/tags",
    response=answers.ChangedOut,
    summary="Tag a member",
    operation_id="tag_member",
    openapi_extra=answers.example({"changed": 1}),
)
@requires("tags.write")
def tag_member(request: HttpRequest, member_id: UUID, body: bodies.TagsIn) -> Any:
    """Put tags on a member and take tags off."""
    member = member_of(request, member_id)
    adding = [services.TagRow(member.id, one.tag, one.expires_at) for one in body.add]
    removing = [services.TagRow(member.id, one) for one in body.remove]

    def tag(at: datetime) -> Done:
        changed = services.untag(rows=removing, source=TagSource.MANUAL, at=at)
        changed += services.tag(rows=adding, source=TagSource.MANUAL, at=at)
        return Done(status=200, result={"changed": changed})

    return once(request, tag).result


@router.post(
    "/members/{member_id}/consents",
    response=answers.ChangedOut,
    summary="Record consents",
    operation_id="record_consents",
    openapi_extra=answers.example({"changed": 1}),
)
@requires("consents.write")
def record_consents(request: HttpRequest, member_id: UUID, body: bodies.ConsentsIn) -> Any:
    """Add to the consent ledger; a withdrawal is a consent with `granted` false."""
    member = member_of(request, member_id)

    def record(at: datetime) -> Done:
        rows = [services.ConsentRow(member.id, _consent(one, at)) for one in body.consents]
        changed = services.record_consents(rows=rows, at=at)
        return Done(status=200, result={"changed": changed})

    return once(request, record).result


@router.post(
    "/members/{member_id}/freeze",
    response=answers.ChangedOut,
    summary="Freeze a member",
    operation_id="freeze_member",
    openapi_extra=answers.example({"changed": 1}),
)
@requires("members.write")
def freeze_member(request: HttpRequest, member_id: UUID, body: bodies.ReasonIn) -> Any:
    """Freeze a member: nothing is spent until unfrozen."""
    member = member_of(request, member_id)

    def freeze(at: datetime) -> Done:
        changed = services.freeze(
            member_id=member.id, reason_code=body.reason_code, at=at, actor=actor_of(request)
        )
        return Done(status=200, result={"changed": int(changed)})

    return once(request, freeze).result


@router.post(
    "/members/{member_id}/unfreeze",
    response=answers.ChangedOut,
    summary="Unfreeze a member",
    operation_id="unfreeze_member",
    openapi_extra=answers.example({"changed": 1}),
)
@requires("members.write")
def unfreeze_member(request: HttpRequest, member_id: UUID, body: bodies.ReasonIn) -> Any:
    """Let a frozen member take part again."""
    member = member_of(request, member_id)

    def unfreeze(at: datetime) -> Done:
        changed = services.unfreeze(
            member_id=member.id, reason_code=body.reason_code, at=at, actor=actor_of(request)
        )
        return Done(status=200, result={"changed": int(changed)})

    return once(request, unfreeze).result


def _identities(body: bodies.MemberIn) -> tuple[Identity, ...]:
    """Read the identities strictly: over the API a bad one is refused, not left out."""
    named = [
        Identity(IdentityKind(kind), value)
        for kind in ("phone", "email", "card", "unionid")
        if (value := getattr(body, kind))
    ]
    if body.openid:
        named.append(Identity(IdentityKind.OPENID, body.openid.id, body.openid.app))
    if body.external_id:
        named.append(Identity(IdentityKind.EXTERNAL, body.external_id, API_ISSUER))
    if not named:
        raise NothingToRecognise
    for identity in named:
        normalise(identity.kind, identity.value)
    return tuple(named)


def _consent(one: bodies.ConsentIn, at: datetime) -> Consent:
    return check_consent(
        Consent(
            purpose=one.purpose,
            policy_version=one.policy_version,
            granted=one.granted,
            at=min(one.at, at) if one.at else at,
            channel=one.channel,
            text_hash=one.text_hash,
        )
    )


def _only_store(scope: Scope) -> int | None:
    return scope.store_ids[0] if len(scope.store_ids) == 1 else None
