"""Change a member's profile, home and identities, without uncovering what stands."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from regulars.access import selectors as access
from regulars.console.domain import formatting, wording
from regulars.console.forms.members import HomeForm, LinkForm, ProfileForm, UnlinkForm
from regulars.console.pages.acting import Deed, Plan, Said, Scene, open_scene, run
from regulars.console.pages.confirming import Act, Impact
from regulars.console.selectors import records
from regulars.members import selectors as members
from regulars.members import services
from regulars.members.domain import (
    PROFILE_FIELDS,
    Identity,
    IdentityKind,
    MemberErased,
    Status,
    mask_identity,
    normalise,
)
from regulars.web.pages import page

METHODS = ["GET", "HEAD", "POST"]
STAFF_MAX = 500
PERMISSION = "members.write"


@page(PERMISSION)
@require_http_methods(METHODS)
def profile(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Say profile fields anew or take them away; what is not named stays as it is."""
    scene = open_scene(request, public_id, PERMISSION)
    shown = {line.code: line.value for line in records.list_profile(scene.profile, scene.teller)}
    form = ProfileForm(request.POST or None, shown=shown, said_at=scene.profile.said_at)
    deed = Deed(
        title=gettext("Edit profile of %(name)s") % {"name": scene.name},
        purpose=gettext("What stands is covered. Write only what changes; the rest stays."),
        form=form,
        plan=lambda _: _profile_plan(scene, form, shown),
        do=lambda *_: {
            "fields": len(
                services.update_profile(
                    member_id=scene.member_id,
                    values=form.changes(),
                    at=scene.at,
                    actor=scene.actor,
                    seen=scene.profile.said_at,
                )
            )
        },
        told=lambda _: gettext("Profile changed:"),
        to=scene.href("identities"),
    )
    return run(scene, deed)


def _profile_plan(scene: Scene, form: ProfileForm, shown: dict[str, str]) -> Plan:
    _check_living(scene)
    changes = form.changes()
    gone = gettext("taken away")
    none = gettext("nothing")
    lines = []
    for field in PROFILE_FIELDS:
        if field.name not in changes:
            continue
        said = scene.profile.said_at.get(field.name)
        when = formatting.moment(said, zone=scene.programme.tz)
        note = gettext("said %(moment)s") % {"moment": when} if said else ""
        lines.append(
            Impact(
                gettext(field.title),
                shown.get(field.name) or none,
                changes[field.name] or gone,
                "" if changes[field.name] else "bad",
                note,
            )
        )
    undo = gettext("only by writing the old value again; it is not kept")
    act = Act(
        gettext("Edit profile of %(name)s") % {"name": scene.name},
        gettext("Save %(count)s fields") % {"count": len(lines)},
    )
    said_at = {field: scene.profile.said_at.get(field) for field in changes}
    version = " ".join(f"{field}={moment}" for field, moment in said_at.items())
    return Plan(act, (*lines, _undo(undo)), version=version)


@page(PERMISSION)
@require_http_methods(METHODS)
def home(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Change the home store or the associate of a member."""
    scene = open_scene(request, public_id, PERMISSION)
    stores = {store.code: store for store in access.list_stores(scene.actor.scope_for(PERMISSION))}
    staff = {str(one.id): one.name for one in access.list_staff(limit=STAFF_MAX) if one.is_active}
    form = HomeForm(
        request.POST or None,
        stores=[(code, store.name) for code, store in stores.items()],
        staff=sorted(staff.items(), key=lambda each: each[1]),
    )

    def do(said: Said, *_: object) -> dict[str, Any]:
        moved = services.Home(
            store_id=stores[said["store"]].id if said["store"] else None,
            associate_id=int(said["associate"]) if said["associate"] else None,
        )
        services.update_profile(
            member_id=scene.member_id, values={}, home=moved, at=scene.at, actor=scene.actor
        )
        return {}

    def plan(said: Said) -> Plan:
        _check_living(scene)
        named = stores[said["store"]].name if said["store"] else ""
        return _home_plan(scene, store=named, associate=staff.get(said["associate"], ""))

    deed = Deed(
        title=gettext("Change home store or associate of %(name)s") % {"name": scene.name},
        purpose=gettext("The home store decides who sees this member."),
        form=form,
        plan=plan,
        do=do,
        told=lambda _: gettext("Home store or associate changed:"),
        to=scene.href(),
    )
    return run(scene, deed)


def _home_plan(scene: Scene, *, store: str, associate: str) -> Plan:
    member = scene.profile.member
    names = access.names_in_use(store_ids=[member.home_store_id], staff_ids=[member.associate_id])
    none = gettext("none")
    lines = []
    if store:
        now = names.store(member.home_store_id) or none
        lines.append(Impact(gettext("Home store"), now, store))
    if associate:
        now = names.staff.get(member.associate_id or 0, none)
        lines.append(Impact(gettext("Sales associate"), now, associate))
    act = Act(
        gettext("Change home store or associate of %(name)s") % {"name": scene.name},
        gettext("Move this member"),
    )
    undo = gettext("yes, by choosing the old one again")
    return Plan(act, (*lines, _undo(undo)))


@page(PERMISSION, step_up=True)
@require_http_methods(METHODS)
def link(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Link an identity to a member; if another holds it, a merge is suggested instead."""
    scene = open_scene(request, public_id, PERMISSION)
    deed = Deed(
        title=gettext("Link an identity to %(name)s") % {"name": scene.name},
        purpose=gettext("Purchases under this identity then count for this member."),
        form=LinkForm(request.POST or None),
        plan=lambda said: _link_plan(scene, _identity(said)),
        do=lambda said, *_: {
            "outcome": services.link_identity(
                member_id=scene.member_id,
                identity=_identity(said),
                at=scene.at,
                actor=scene.actor,
                with_new_consent=said["new_consent"],
            ).value
        },
        told=lambda result: {
            "linked": gettext("Identity linked:"),
            "exists": gettext("This identity was linked before:"),
            "suggested": gettext("Another member holds it; a merge is suggested:"),
        }[result["outcome"]],
        to=scene.href("identities"),
    )
    return run(scene, deed)


def _identity(said: Said) -> Identity:
    return Identity(IdentityKind(said["kind"]), said["value"], said["issuer"])


def _link_plan(scene: Scene, identity: Identity) -> Plan:
    _check_living(scene)
    value = normalise(identity.kind, identity.value)
    holder = members.find_by_identities(identities=[identity])[0]
    kind = gettext(wording.IDENTITY_KINDS[identity.kind][0])
    after = gettext("linked to %(name)s") % {"name": scene.name}
    before, tone = gettext("nobody's"), ""
    if holder == scene.member_id:
        before = after
    elif holder is not None:
        before, tone = gettext("another member's"), "warn"
        after = gettext("stays there; a merge is suggested")
    label = f"{kind} {mask_identity(identity.kind, value)}"
    act = Act(
        gettext("Link an identity to %(name)s") % {"name": scene.name},
        gettext("Link %(kind)s") % {"kind": kind},
    )
    undo = gettext("yes, by taking the identity off again")
    lines = (Impact(label, before, after, tone), _undo(undo))
    return Plan(act, lines)


@page(PERMISSION, step_up=True)
@require_http_methods(METHODS)
def unlink(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Take an identity off a member."""
    scene = open_scene(request, public_id, PERMISSION)
    held = {
        line.id: f"{gettext(line.kind)} {line.value}"
        for line in records.list_identities(scene.profile)
    }
    form = UnlinkForm(request.POST or None, held=list(held.items()))
    deed = Deed(
        title=gettext("Take an identity off %(name)s") % {"name": scene.name},
        purpose=gettext("The member is no longer recognised by it."),
        form=form,
        plan=lambda said: _unlink_plan(scene, held[said["identity"]], left=len(held) - 1),
        do=lambda said, *_: {
            "kind": services.unlink_held(
                member_id=scene.member_id,
                identity_id=said["identity"],
                at=scene.at,
                actor=scene.actor,
            ).value
        },
        told=lambda _: gettext("Identity taken off:"),
        to=scene.href("identities"),
    )
    return run(scene, deed)


def _unlink_plan(scene: Scene, shown: str, *, left: int) -> Plan:
    lines = [Impact(shown, gettext("linked"), gettext("taken off"), "bad")]
    stays = gettext("%(count)s identities stay") % {"count": left}
    note = gettext("Without any, the member is found by number only.") if left == 0 else ""
    lines.append(
        Impact(gettext("Recognised by"), after=stays, tone="" if left else "warn", note=note)
    )
    act = Act(
        gettext("Take an identity off %(name)s") % {"name": scene.name},
        gettext("Take off 1 identity"),
        danger=True,
    )
    return Plan(act, (*lines, _undo(gettext("only by linking the same value again"))))


def _check_living(scene: Scene) -> None:
    if scene.profile.member.status is Status.ERASED:
        raise MemberErased(member_id=scene.member_id)


def _undo(answer: str) -> Impact:
    return Impact(gettext("Can it be taken back?"), after=answer)


ROUTES: tuple[URLPattern, ...] = (
    path("console/members/<uuid:public_id>/profile", profile, name="console-member-profile"),
    path("console/members/<uuid:public_id>/home", home, name="console-member-home"),
    path("console/members/<uuid:public_id>/link", link, name="console-member-link"),
    path("console/members/<uuid:public_id>/unlink", unlink, name="console-member-unlink"),
)
