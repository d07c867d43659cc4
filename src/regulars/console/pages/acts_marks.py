"""Put tags on a member and take them off, freeze a member and let go again."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext, ngettext
from django.views.decorators.http import require_http_methods

from regulars.console.domain import formatting, wording
from regulars.console.forms.members import FreezeForm, TagForm, UnfreezeForm, UntagForm
from regulars.console.pages.acting import Deed, Plan, Said, Scene, open_scene, run
from regulars.console.pages.acts_points import end_of_day
from regulars.console.pages.confirming import Act, Impact
from regulars.console.services import acting
from regulars.ledger import selectors as ledger
from regulars.members import services as members
from regulars.members.domain import MemberErased, Status
from regulars.web.pages import page

METHODS = ["GET", "HEAD", "POST"]


@page("tags.write")
@require_http_methods(METHODS)
def tag(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Put words on a member, until a day or until they are taken off."""
    scene = open_scene(request, public_id, "tags.write")
    today = scene.at.astimezone(scene.programme.tz).date()
    deed = Deed(
        title=gettext("Tag %(name)s") % {"name": scene.name},
        purpose=gettext("Tags describe a member for service and offers."),
        form=TagForm(request.POST or None, today=today),
        plan=lambda said: _tag_plan(scene, said),
        do=lambda said, *_: {
            "tags": acting.tag_member(
                member_id=scene.member_id,
                public_id=scene.public_id,
                tags=said["tags"],
                until=end_of_day(said["until"], scene.programme.tz),
                at=scene.at,
                actor=scene.actor,
            )
        },
        told=lambda result: (
            ngettext("%(count)s tag put on", "%(count)s tags put on", result["tags"])
            % {"count": result["tags"]}
        ),
        to=scene.href("tags"),
    )
    return run(scene, deed)


def _tag_plan(scene: Scene, said: Said) -> Plan:
    _check_living(scene)
    held = {each.tag: each for each in scene.profile.tags}
    zone = scene.programme.tz
    until = formatting.day(said["until"], zone=zone) if said["until"] else _for_ever()
    lines = []
    for word in said["tags"]:
        known = held.get(word)
        before = gettext("not there")
        if known is not None:
            last = formatting.last_day(known.expires_at, zone=zone)
            before = last if known.expires_at else _for_ever()
        lines.append(Impact(word, before, until))
    count = len(said["tags"])
    verb = ngettext("Put on %(count)s tag", "Put on %(count)s tags", count) % {"count": count}
    act = Act(gettext("Tag %(name)s") % {"name": scene.name}, verb)
    return Plan(act, (*lines, _reversible(gettext("yes, tags can be taken off"))))


@page("tags.write")
@require_http_methods(METHODS)
def untag(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Take a tag off a member, whoever put it on."""
    scene = open_scene(request, public_id, "tags.write")
    deed = Deed(
        title=gettext("Take a tag off %(name)s") % {"name": scene.name},
        purpose=gettext("A rule or a model may put the same tag on again."),
        form=UntagForm(request.POST or None, tags=[each.tag for each in scene.profile.tags]),
        plan=lambda said: _untag_plan(scene, said),
        do=lambda said, *_: {
            "tags": acting.untag_member(
                member_id=scene.member_id,
                public_id=scene.public_id,
                tag=said["tag"],
                at=scene.at,
                actor=scene.actor,
            )
        },
        told=lambda _: gettext("Tag taken off"),
        to=scene.href("tags"),
    )
    return run(scene, deed)


def _untag_plan(scene: Scene, said: Said) -> Plan:
    held = next(each for each in scene.profile.tags if each.tag == said["tag"])
    source = gettext(wording.TAG_SOURCES[held.source])
    act = Act(gettext("Take a tag off %(name)s") % {"name": scene.name}, gettext("Take off 1 tag"))
    line = Impact(held.tag, source, gettext("not there"))
    return Plan(act, (line, _reversible(gettext("yes, it can be put on again"))))


@page("members.write")
@require_http_methods(METHODS)
def freeze(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Freeze a member: nothing is spent, held, given or merged until unfrozen."""
    scene = open_scene(request, public_id, "members.write")
    deed = Deed(
        title=gettext("Freeze %(name)s") % {"name": scene.name},
        purpose=gettext("A frozen member spends nothing until unfrozen. Points stay."),
        form=FreezeForm(request.POST or None),
        plan=lambda said: _standing_plan(scene, said, frozen=True),
        do=lambda said, *_: {
            "changed": members.freeze(
                member_id=scene.member_id,
                reason_code=said["reason"],
                at=scene.at,
                actor=scene.actor,
            )
        },
        told=lambda _: gettext("Frozen:"),
        to=scene.href(),
    )
    return run(scene, deed)


@page("members.write")
@require_http_methods(METHODS)
def unfreeze(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Let a frozen member take part again."""
    scene = open_scene(request, public_id, "members.write")
    deed = Deed(
        title=gettext("Unfreeze %(name)s") % {"name": scene.name},
        purpose=gettext("The member may spend again at once."),
        form=UnfreezeForm(request.POST or None),
        plan=lambda said: _standing_plan(scene, said, frozen=False),
        do=lambda said, *_: {
            "changed": members.unfreeze(
                member_id=scene.member_id,
                reason_code=said["reason"],
                at=scene.at,
                actor=scene.actor,
            )
        },
        told=lambda _: gettext("Unfrozen:"),
        to=scene.href(),
    )
    return run(scene, deed)


def _standing_plan(scene: Scene, said: Said, *, frozen: bool) -> Plan:
    _check_living(scene)
    now = scene.profile.member.status
    words: dict[Any, str] = {
        Status.ACTIVE: gettext("Active"),
        Status.FROZEN: gettext(wording.MEMBER_STATUSES["frozen"]),
    }
    after = Status.FROZEN if frozen else Status.ACTIVE
    points = ledger.get_balance(member_id=scene.member_id, at=scene.at)
    spendable = formatting.whole(points.available)
    none = formatting.whole(0)
    stuck, free = (spendable, none), (none, spendable)
    pair = stuck if frozen else free
    if now == after:
        pair = (none, none) if frozen else (spendable, spendable)
    name = {"name": scene.name}
    act = Act(
        title=(gettext("Freeze %(name)s") if frozen else gettext("Unfreeze %(name)s")) % name,
        verb=gettext("Freeze this member") if frozen else gettext("Unfreeze this member"),
        danger=frozen,
    )
    lines = (
        Impact(gettext("Standing"), words[now], words[after], "bad" if frozen else ""),
        Impact(gettext("Points that can be spent"), *pair),
        Impact(gettext("Points kept"), spendable, spendable),
        Impact(gettext("Reason"), after=gettext(wording.STATUS_REASONS[said["reason"]])),
        _reversible(gettext("yes, at any time")),
    )
    return Plan(act, lines)


def _check_living(scene: Scene) -> None:
    if scene.profile.member.status is Status.ERASED:
        raise MemberErased(member_id=scene.member_id)


def _reversible(answer: str) -> Impact:
    return Impact(gettext("Can it be taken back?"), after=answer)


def _for_ever() -> str:
    return gettext("until it is taken off")


ROUTES: tuple[URLPattern, ...] = (
    path("console/members/<uuid:public_id>/tag", tag, name="console-member-tag"),
    path("console/members/<uuid:public_id>/untag", untag, name="console-member-untag"),
    path("console/members/<uuid:public_id>/freeze", freeze, name="console-member-freeze"),
    path("console/members/<uuid:public_id>/unfreeze", unfreeze, name="console-member-unfreeze"),
)
