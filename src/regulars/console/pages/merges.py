"""Two records of one person become one, seen side by side first; and part again."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from regulars.access import selectors as access
from regulars.console import services as console
from regulars.console.domain import comparing, formatting, previews, wording
from regulars.console.domain.comparing import Compared
from regulars.console.domain.searching import plan_search
from regulars.console.forms.members import FindForm, MergeReasonForm, UnmergeForm
from regulars.console.pages.acting import Deed, Plan, Said, Scene, open_scene, run
from regulars.console.pages.confirming import Act, Impact, draw_form
from regulars.console.selectors import merging
from regulars.console.services import merging as trials
from regulars.members import selectors as members
from regulars.members import services
from regulars.members.domain import (
    MergeNotFound,
    Profile,
    SameMember,
)
from regulars.web import clock
from regulars.web.pages import page

METHODS = ["GET", "HEAD", "POST"]
PERMISSION = "members.merge"


@page(PERMISSION)
@require_http_methods(METHODS)
def find_other(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Find the other record by an exact number, or take one that is suggested."""
    scene = open_scene(request, public_id, PERMISSION)
    form = FindForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        other = _found(scene, form.cleaned_data["number"])
        if other is not None:
            return HttpResponseRedirect(_href(scene.public_id, other))
        form.add_error("number", gettext("Nobody within your reach has this exact number."))
    return draw_form(
        request,
        form,
        title=gettext("Merge %(name)s with another record") % {"name": scene.name},
        purpose=gettext("Find the other record of the same person. Nothing is merged yet."),
        verb=gettext("Compare the two"),
        back_href=scene.href(),
        crumbs=scene.crumbs,
        zone=scene.programme.tz,
    )


def _found(scene: Scene, number: str) -> UUID | None:
    """Look a record up by an exact number, on the record; only within the reach of merging."""
    found = console.look_up(search=plan_search(number), actor=scene.actor, at=scene.at)
    if found is None or found.id == scene.member_id:
        return None
    reach = scene.actor.scope_for(PERMISSION) & scene.actor.scope_for("members.read")
    visible = members.visible(member_ids=[found.id], scope=reach)
    return found.public_id if visible else None


@page(PERMISSION, step_up=True)
@require_http_methods(METHODS)
def merge(request: HttpRequest, winner: UUID, loser: UUID) -> HttpResponse:
    """Show two records side by side with what becomes of money, tier and marks; then merge."""
    scene = open_scene(request, winner, PERMISSION)
    scope = scene.actor.scope_for(PERMISSION) & scene.actor.scope_for("members.read")
    other = members.get_profile_by_public(public_id=loser, scope=scope, at=scene.at)
    if request.method != "POST" and other.member.id == scene.member_id:
        messages.info(request, gettext("These two records are one already."))
        return HttpResponseRedirect(scene.href("identities"))
    name = _name(other)
    deed = Deed(
        title=gettext("Merge %(loser)s into %(winner)s") % {"loser": name, "winner": scene.name},
        purpose=gettext("Both records of one person become one. It can be undone."),
        form=MergeReasonForm(request.POST or None),
        plan=lambda said: _merge_plan(scene, other, said),
        do=lambda said, *_: {
            "merge": services.merge(
                winner_id=scene.member_id,
                loser_id=other.member.id,
                at=scene.at,
                actor=scene.actor,
                reason_code=said["reason"],
            ).id
        },
        told=lambda _: gettext("Merged into:"),
        to=scene.href("identities"),
        template="console/merge.html",
        extra=lambda: _sides(scene, other),
    )
    return run(scene, deed)


def _lines(scene: Scene, other: Profile) -> list[Compared]:
    programme, sent = scene.programme, scene.request.method == "POST"
    at = clock.after_locks(scene.at) if sent else scene.at
    winner, loser = merging.read_sides(winner=scene.profile, loser=other, at=at)
    after = previews.merged(winner, loser, programme=programme, at=at)
    mine, theirs = (
        previews.stand_alone(each, programme=programme, at=at) for each in (winner, loser)
    )
    names = access.names_in_use(
        store_ids=[each.home_store_id for each in (mine, theirs)],
        staff_ids=[each.associate_id for each in (mine, theirs)],
    )
    return comparing.compare(mine, theirs, after, names=names, teller=scene.teller)


def _sides(scene: Scene, other: Profile) -> dict[str, Any]:
    return {
        "lines": _lines(scene, other),
        "winner": {"name": scene.name, "number": scene.profile.member.number, "href": scene.href()},
        "loser": {
            "name": _name(other),
            "number": other.member.number,
            "href": reverse("console-member", args=[other.member.public_id]),
        },
        "swap_href": _href(other.member.public_id, scene.public_id),
    }


def _merge_plan(scene: Scene, other: Profile, said: Said) -> Plan:
    if other.member.id == scene.member_id:
        raise SameMember
    name = _name(other)
    lines = [
        Impact(gettext("Goes"), f"{name} · {other.member.number}", gettext("leads to the other")),
        Impact(gettext("Stays"), after=f"{scene.name} · {scene.profile.member.number}"),
        *(
            Impact(line.title, line.before, line.after, line.tone)
            for line in _lines(scene, other)
            if not line.is_idle
        ),
        Impact(gettext("Reason"), after=gettext(wording.MERGE_REASONS[said["reason"]])),
        Impact(
            gettext("Can it be taken back?"),
            after=gettext("yes; what is spent meanwhile stays spent"),
        ),
    ]
    act = Act(
        gettext("Merge %(loser)s into %(winner)s") % {"loser": name, "winner": scene.name},
        gettext("Merge 2 records"),
        danger=True,
    )
    return Plan(act, tuple(lines))


@page(PERMISSION, step_up=True)
@require_http_methods(METHODS)
def unmerge(request: HttpRequest, public_id: UUID, merge_id: int) -> HttpResponse:
    """Undo a merge: both records stand for themselves again."""
    scene = open_scene(request, public_id, PERMISSION)
    merged = members.get_merge(merge_id=merge_id)
    if merged.winner_id not in scene.profile.aliases:
        raise MergeNotFound
    loser_public = members.public_ids(member_ids=[merged.loser_id])[merged.loser_id]

    def plan(said: Said) -> Plan:
        tried = trials.try_unmerge(
            merge_id=merge_id,
            winner_id=merged.winner_id,
            loser_id=merged.loser_id,
            at=scene.at,
            actor=scene.actor,
        )
        return _unmerge_plan(scene, tried, said)

    deed = Deed(
        title=gettext("Undo a merge of %(name)s") % {"name": scene.name},
        purpose=gettext("The other record stands for itself again, with what came with it."),
        form=UnmergeForm(request.POST or None),
        plan=plan,
        do=lambda said, *_: {
            "merge": services.unmerge(
                merge_id=merge_id, at=scene.at, actor=scene.actor, reason_code=said["reason"]
            ).id
        },
        told=lambda _: gettext("Merge undone:"),
        to=scene.href("identities"),
        leads=lambda _: reverse("console-member", args=[loser_public]),
    )
    return run(scene, deed)


def _unmerge_plan(scene: Scene, tried: trials.Parting, said: Said) -> Plan:
    whole, language = formatting.whole, scene.teller.language
    before, winner, loser = tried.winner_before, tried.winner, tried.loser
    nothing = gettext("part of this one")
    here, there = gettext("%(what)s here"), gettext("%(what)s of the record that parts")

    def pair(title: str, now: str, mine: str, theirs: str) -> tuple[Impact, Impact]:
        return (
            Impact(here % {"what": title}, now, mine),
            Impact(there % {"what": title}, nothing, theirs),
        )

    lines = [
        *pair(
            gettext("Points available"),
            whole(before.points),
            whole(winner.points),
            whole(loser.points),
        ),
        *pair(
            gettext("Tier"),
            before.tier.name(language),
            winner.tier.name(language),
            loser.tier.name(language),
        ),
    ]
    if before.owed:
        lines += pair(
            gettext("Points owed"), whole(before.owed), whole(winner.owed), whole(loser.owed)
        )
    lines += [
        Impact(
            gettext("Identities, tags and orders"),
            after=gettext("go back with the record they came with"),
        ),
        Impact(gettext("Reason"), after=gettext(wording.MERGE_REASONS[said["reason"]])),
        Impact(gettext("Can it be taken back?"), after=gettext("yes, by merging again")),
    ]
    act = Act(
        gettext("Undo a merge of %(name)s") % {"name": scene.name},
        gettext("Undo 1 merge"),
        danger=True,
    )
    return Plan(act, tuple(lines))


def _name(profile: Profile) -> str:
    said = profile.profile
    return said.get("name") or said.get("nickname") or profile.member.number


def _href(winner: UUID, loser: UUID) -> str:
    return reverse("console-merge", args=[winner, loser])


ROUTES: tuple[URLPattern, ...] = (
    path("console/members/<uuid:public_id>/merge", find_other, name="console-member-merge"),
    path("console/merges/<uuid:winner>/<uuid:loser>", merge, name="console-merge"),
    path(
        "console/members/<uuid:public_id>/unmerge/<int:merge_id>", unmerge, name="console-unmerge"
    ),
)
