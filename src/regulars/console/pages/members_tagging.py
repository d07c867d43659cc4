"""Tag many members of the list at once: which ones, with what, what it will do, what came of it."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext, ngettext
from django.views.decorators.http import require_POST

from regulars.access import selectors as access
from regulars.access.domain import Actor
from regulars.console import services
from regulars.console.domain import formatting
from regulars.console.domain.lists import Choice
from regulars.console.domain.member_list import MEMBERS, criteria_of
from regulars.console.domain.navigation import Crumb
from regulars.console.domain.outcomes import Outcome, Skipped
from regulars.console.forms.members import TagManyForm
from regulars.console.pages.confirming import (
    Act,
    Impact,
    draw_confirm,
    draw_form,
    perform,
    step_of,
)
from regulars.console.pages.drawing import actor_of, language_of
from regulars.console.pages.selecting import draw_outcome, read_selection
from regulars.console.selectors import selecting, tiers
from regulars.console.selectors.selecting import Chosen
from regulars.loyalty import selectors as loyalty
from regulars.web import clock
from regulars.web.pages import page

WRITE = "tags.write"


@dataclass(frozen=True, slots=True)
class Many:
    """Who was chosen, by whom, when."""

    request: HttpRequest
    actor: Actor
    at: datetime
    zone: ZoneInfo
    chosen: Chosen
    back_href: str

    @property
    def count(self) -> str:
        """Write how many members there are."""
        n = len(self.chosen.who)
        return ngettext("%(count)s member", "%(count)s members", n) % {"count": formatting.whole(n)}

    @property
    def said(self) -> list[tuple[str, str]]:
        """Answer the choice again, for the next step."""
        post = self.request.POST
        kept = [("ids", one) for one in post.getlist("ids")] if post.get("all") != "1" else []
        return [*kept, *((name, post[name]) for name in ("all", "query") if post.get(name))]


@page(WRITE)
@require_POST
def tag_members(request: HttpRequest) -> HttpResponse:
    """Put a tag on the chosen members."""
    many = _open(request)
    title = gettext("Tag %(who)s") % {"who": many.count}
    form = TagManyForm(_filled(request), lasts=True)
    if not form.is_valid():
        return _draw_form(many, form, title, gettext("Show what it does"))
    tag, until = form.cleaned_data["tag"], form.cleaned_data["until"]
    if step_of(request) != "do":
        lasts = formatting.day(until, zone=many.zone) if until else gettext("for ever")
        impact = Impact(gettext("Tag"), after=tag, note=lasts)
        return _draw_confirm(many, form, Act(title, title), impact)
    end = None if until is None else _end_of_day(until, many.zone)
    result = perform(
        request,
        at=many.at,
        effect=lambda: {
            "changed": services.tag_many(
                who=many.chosen.who, tag=tag, until=end, at=many.at, actor=many.actor
            )
        },
    )
    return _draw_outcome(many, title, result["changed"])


@page(WRITE)
@require_POST
def untag_members(request: HttpRequest) -> HttpResponse:
    """Take a tag off the chosen members, whoever put it on."""
    many = _open(request)
    title = gettext("Take a tag off %(who)s") % {"who": many.count}
    form = TagManyForm(_filled(request), lasts=False)
    if not form.is_valid():
        return _draw_form(many, form, title, gettext("Show what it does"))
    tag = form.cleaned_data["tag"]
    if step_of(request) != "do":
        impact = Impact(gettext("Tag"), tag, gettext("not there"))
        return _draw_confirm(many, form, Act(title, title, danger=True), impact)
    result = perform(
        request,
        at=many.at,
        effect=lambda: {
            "changed": services.untag_many(
                who=many.chosen.who, tag=tag, at=many.at, actor=many.actor
            )
        },
    )
    return _draw_outcome(many, title, result["changed"])


def _open(request: HttpRequest) -> Many:
    """Find who was chosen, within the reach of the reader's right to tag."""
    at, actor = clock.met(request), actor_of(request)
    scope = actor.scope_for(WRITE) & actor.scope_for("members.read")
    programme = loyalty.get_programme()
    stores = access.list_stores(scope)
    rungs = tiers.list_rungs(programme, at=at, language=language_of())
    spec = MEMBERS.with_choices(
        tier=[Choice(rung.code, rung.mark.name, is_data=True) for rung in rungs[1:]],
        store=[Choice(each.code, each.name, is_data=True) for each in stores],
    )
    selection = read_selection(request, spec)
    if selection.everything:
        store_ids = {each.code: each.id for each in stores}
        criteria = criteria_of(selection.state, store_ids=store_ids, at=at, zone=programme.tz)
        chosen = selecting.members_matching(scope=scope, criteria=criteria, at=at)
    else:
        chosen = selecting.members_named(scope=scope, public_ids=selection.ids)
    back = f"{reverse('console-members')}?{selection.state.query() or 'view=all'}"
    return Many(request, actor, at, programme.tz, chosen, back)


def _filled(request: HttpRequest) -> Any:
    """Answer what was written, or None while the list has only just sent its choice."""
    return request.POST if "tag" in request.POST else None


def _crumbs(title: str) -> tuple[Crumb, ...]:
    return (Crumb(gettext("Members"), reverse("console-members")), Crumb(title))


def _draw_form(many: Many, form: TagManyForm, title: str, verb: str) -> HttpResponse:
    return draw_form(
        many.request,
        form,
        title=title,
        purpose=gettext("Tags describe a member for service and offers."),
        verb=verb,
        back_href=many.back_href,
        crumbs=_crumbs(title),
        next_step="preview",
        zone=many.zone,
        extra={"said": many.said, "back_to": many.back_href},
    )


def _draw_confirm(many: Many, form: TagManyForm, act: Act, impact: Impact) -> HttpResponse:
    impacts = [
        Impact(gettext("Members"), after=many.count),
        impact,
        Impact(gettext("Can be taken back"), after=gettext("yes, tags can be taken off")),
    ]
    if many.chosen.missing:
        missing = formatting.whole(len(many.chosen.missing))
        impacts.append(
            Impact(gettext("Left out: not within your reach"), after=missing, tone="warn")
        )
    return draw_confirm(
        many.request,
        act=act,
        form=form,
        impacts=impacts,
        back_href=many.back_href,
        crumbs=_crumbs(act.title),
        zone=many.zone,
        extra={"said": [*many.said, *form.said()]},
    )


def _draw_outcome(many: Many, title: str, changed: int) -> HttpResponse:
    reason = gettext("There is no such member within your reach.")
    outcome = Outcome(
        done=changed,
        unchanged=max(0, len(many.chosen.who) - changed),
        skipped=tuple(Skipped(one[:40], reason) for one in many.chosen.missing),
    )
    return draw_outcome(
        many.request,
        outcome,
        title=title,
        back_href=many.back_href,
        crumbs=_crumbs(title),
        zone=many.zone,
    )


def _end_of_day(on: Any, zone: ZoneInfo) -> datetime:
    return datetime.combine(on + timedelta(days=1), time(), tzinfo=zone)


ROUTES: tuple[URLPattern, ...] = (
    path("console/members/tag", tag_members, name="console-members-tag"),
    path("console/members/untag", untag_members, name="console-members-untag"),
)
