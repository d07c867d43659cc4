"""How staff act on a member: one way through form, preview and deed for every act.

The preview is computed again when the act is confirmed. If it reads otherwise by then, somebody
else changed the member meanwhile: nothing is done, and the page says which lines changed.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext

from regulars.access.domain import Actor
from regulars.console.domain.navigation import Crumb
from regulars.console.domain.stories import Teller
from regulars.console.forms import ConsoleForm
from regulars.console.pages.confirming import (
    Act,
    Impact,
    act_id_of,
    check_typed,
    done,
    draw_confirm,
    draw_form,
    perform,
    step_of,
)
from regulars.console.pages.drawing import actor_of, language_of, teller_of
from regulars.console.services import acting
from regulars.kit.errors import Kind, Refusal
from regulars.kit.messages import message
from regulars.loyalty import selectors as loyalty
from regulars.loyalty.domain import Programme
from regulars.members import selectors as members
from regulars.members.domain import Profile
from regulars.web import clock

SEEN = "seen"
SALT = "console.acting"
Said = dict[str, Any]


class ChangedMeanwhile(Refusal):
    """What was looked at is no longer so."""

    kind = Kind.CONFLICT
    reason = message("Somebody changed this meanwhile. Look at the marked lines and confirm again.")


@dataclass(frozen=True, slots=True)
class Scene:
    """One act on one member: who acts, when, on whom, in which words."""

    request: HttpRequest
    actor: Actor
    at: datetime
    profile: Profile
    programme: Programme
    teller: Teller

    @property
    def member_id(self) -> int:
        """The member acted on."""
        return self.profile.member.id

    @property
    def public_id(self) -> UUID:
        """The member's public id."""
        return self.profile.member.public_id

    @property
    def name(self) -> str:
        """The member's masked name, or the number."""
        said = self.profile.profile
        return said.get("name") or said.get("nickname") or self.profile.member.number

    def href(self, tab: str = "") -> str:
        """Answer the address of the record, or of a tab."""
        if tab:
            return reverse("console-member-tab", args=[self.public_id, tab])
        return reverse("console-member", args=[self.public_id])

    @property
    def crumbs(self) -> tuple[Crumb, ...]:
        """The way to this page."""
        return (
            Crumb(gettext("Members"), reverse("console-members")),
            Crumb(self.name, self.href()),
        )


@dataclass(frozen=True, slots=True)
class Plan:
    """What an act will do, in words and lines, and whether a second person is asked.

    `version` tells apart states that read the same in the lines.
    """

    act: Act
    impacts: tuple[Impact, ...]
    needs_approval: str | None = None
    version: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """One sort of act: its form, what it would do, how it is done, what is said afterwards.

    `do` answers plain ids and figures, from which `told` says what was done and `leads` where to
    go on. What cannot be taken back is confirmed by typing `confirm`; `called` is how the member is
    named afterwards where the name is gone. A form with something to look at beside it has a
    `template` of its own and `extra` to draw in it.
    """

    title: str
    purpose: str
    form: ConsoleForm
    plan: Callable[[Said], Plan]
    do: Callable[[Said, UUID, Plan], dict[str, Any]]
    told: Callable[[dict[str, Any]], str]
    to: str
    confirm: str = ""
    called: str = ""
    template: str = "console/form.html"
    extra: Callable[[], dict[str, Any]] | None = None
    leads: Callable[[dict[str, Any]], str] | None = None


def open_scene(request: HttpRequest, public_id: UUID, permission: str) -> Scene:
    """Find the member acted on within the reach of the permission; raises MemberNotFound."""
    at, actor = clock.met(request), actor_of(request)
    scope = actor.scope_for("members.read") & actor.scope_for(permission)
    profile = members.get_profile_by_public(public_id=public_id, scope=scope, at=at)
    programme = loyalty.get_programme()
    teller = teller_of(programme, language=language_of(), at=at)
    return Scene(request, actor, at, profile, programme, teller)


def approval_href(approval_id: str, *, otherwise: str) -> str:
    """Answer the page of an approval, or another where the reader has none."""
    try:
        return reverse("console-approval", args=[approval_id])
    except NoReverseMatch:
        return otherwise


def run(scene: Scene, deed: Deed) -> HttpResponse:
    """Lead through the act: the form, then what it will do, then done once."""
    step = step_of(scene.request)
    if step == "form" or not deed.form.is_valid():
        return _form(scene, deed)
    if step == "do":
        return _do(scene, deed)
    return _preview(scene, deed)


def _form(scene: Scene, deed: Deed) -> HttpResponse:
    return draw_form(
        scene.request,
        deed.form,
        title=deed.title,
        purpose=deed.purpose,
        verb=gettext("See what will happen"),
        back_href=deed.to,
        crumbs=scene.crumbs,
        next_step="preview",
        zone=scene.programme.tz,
        template=deed.template,
        extra={"personal": True, **(deed.extra() if deed.extra else {})},
    )


def _preview(scene: Scene, deed: Deed, refusal: Refusal | None = None) -> HttpResponse:
    try:
        plan = deed.plan(deed.form.cleaned_data)
    except Refusal as no:
        deed.form.refuse(no)
        return _form(scene, deed)
    impacts = plan.impacts
    if isinstance(refusal, ChangedMeanwhile):
        impacts = marked(impacts, seen_of(scene.request))
    said = [*deed.form.said(), (SEEN, sealed(plan))]
    return draw_confirm(
        scene.request,
        act=plan.act,
        form=deed.form,
        impacts=impacts,
        back_href=deed.to,
        needs_approval=plan.needs_approval,
        crumbs=scene.crumbs,
        refusal=refusal,
        zone=scene.programme.tz,
        extra={"said": said, "personal": True},
    )


def _do(scene: Scene, deed: Deed) -> HttpResponse:
    said, request = deed.form.cleaned_data, scene.request
    try:
        act_id = act_id_of(request)
        check_typed(request, Act(deed.title, "", type_to_confirm=deed.confirm))

        def effect() -> dict[str, Any]:
            acting.hold_member(member_id=scene.member_id)
            plan = deed.plan(said)
            check_seen(request, plan)
            return deed.do(said, act_id, plan)

        result = perform(request, at=scene.at, effect=effect)
    except Refusal as no:
        return _preview(scene, deed, no)
    to = deed.leads(result) if deed.leads else deed.to
    called = deed.called or scene.name
    return done(request, deed.told(result), href=scene.href(), title=called, to=to)


def sealed(plan: Plan) -> str:
    """Write what a preview showed, so that it comes back unaltered with the confirmation."""
    return signing.dumps(_lines(plan), salt=SALT, compress=True)


def seen_of(request: HttpRequest) -> list[list[str]]:
    """Read what the confirmed preview had shown; nothing where it was altered."""
    try:
        return list(signing.loads(request.POST.get(SEEN, ""), salt=SALT))
    except signing.BadSignature:
        return []


def check_seen(request: HttpRequest, plan: Plan) -> None:
    """Refuse what now reads otherwise than it was shown; raises ChangedMeanwhile."""
    if seen_of(request) != _lines(plan):
        raise ChangedMeanwhile


def marked(impacts: Sequence[Impact], seen: list[list[str]]) -> tuple[Impact, ...]:
    """Mark the lines that changed since they were looked at, each with what it had said."""
    before = {line[0]: line[1:] for line in seen}
    return tuple(_marked(each, before.get(each.label)) for each in impacts)


def _marked(impact: Impact, before: list[str] | None) -> Impact:
    if before == [impact.before, impact.after, impact.note]:
        return impact
    if before is None:
        return replace(impact, tone="warn", note=gettext("new since you looked"))
    shown = " → ".join(part for part in before[:2] if part)
    note = gettext("you saw: %(shown)s") % {"shown": shown}
    return replace(impact, tone="warn", note=note)


def _lines(plan: Plan) -> list[list[str]]:
    shown = [[each.label, each.before, each.after, each.note] for each in plan.impacts]
    return [*shown, ["", plan.version, "", ""]]
