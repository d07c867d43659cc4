"""One request at the privacy desk: taken, checked, worked on, its copy, its letter, closed."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from regulars.access import selectors as access
from regulars.access.domain import Actor, Scope
from regulars.console import services
from regulars.console.domain import formatting, wording
from regulars.console.domain.lists import Cell, Fact
from regulars.console.domain.navigation import Crumb
from regulars.console.domain.searching import plan_search
from regulars.console.forms.privacy import CheckForm, OpenRequestForm, RefuseForm
from regulars.console.pages.confirming import done, draw_form
from regulars.console.pages.drawing import actor_of, draw, house_zone
from regulars.console.pages.privacy_list import STATES
from regulars.kit.errors import Refusal
from regulars.kit.messages import message
from regulars.members import selectors as people
from regulars.members import services as members
from regulars.members.domain import MemberNotFound, ReasonMissing
from regulars.members.domain import requests as desk
from regulars.members.domain.requests import PrivacyRequest, RequestKind, RequestState
from regulars.members.selectors import requests as selectors
from regulars.web import clock
from regulars.web.pages import page
from regulars.web.permissions import demand

STEPS = {
    "opened": message("Request taken"),
    "assigned": message("Given to somebody"),
    "verified": message("Identity checked"),
    "packaged": message("Copy made"),
    "fetched": message("Copy fetched"),
    "answered": message("Answered"),
    "refused": message("Refused"),
    "cancelled": message("Taken back"),
    "reminded": message("Reminder sent"),
}


@page("privacy.manage")
@require_http_methods(["GET", "HEAD", "POST"])
def new_request(request: HttpRequest) -> HttpResponse:
    """Take a request: of whom, what for, how it came."""
    at, actor = clock.met(request), actor_of(request)
    form = OpenRequestForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            return _opened(request, form, actor, at)
        except MemberNotFound as no:
            form.refuse(no, "member")
        except Refusal as no:
            form.refuse(no)
    return draw_form(
        request,
        form,
        title=gettext("Take a privacy request"),
        purpose=gettext("The answer is due within 15 working days; you are reminded in time."),
        verb=gettext("Take the request"),
        back_href=reverse("console-privacy"),
        crumbs=(_crumb(),),
    )


@page("privacy.manage")
@require_safe
def show_request(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Show one request: how much time is left, what was done, what comes next; not its note."""
    found = selectors.get_request(public_id=public_id, scope=_scope(request))
    return _draw(request, found, note=None)


@page("members.reveal", step_up=True)
@require_POST
def open_note(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Show what was noted of a request, for a moment; who looked and why is logged first."""
    actor = actor_of(request)
    scope = actor.scope_for("members.reveal") & actor.scope_for("privacy.manage")
    demand(request, "privacy.manage")
    reason = request.POST.get("reason", "")
    if reason not in wording.REVEAL_REASONS:
        raise ReasonMissing
    found = selectors.get_request(public_id=public_id, scope=scope)
    if not selectors.has_note(request=found):
        return HttpResponseRedirect(_href(found))
    note = members.open_request_note(
        public_id=public_id, reason_code=reason, scope=scope, actor=actor, at=clock.met(request)
    )
    return _draw(request, found, note=note)


def _draw(request: HttpRequest, found: PrivacyRequest, *, note: str | None) -> HttpResponse:
    at, may_reveal = clock.met(request), actor_of(request).may("members.reveal")
    public = people.public_ids(member_ids=[found.member_id])[found.member_id]
    tone, title = STATES[found.state]
    steps = selectors.list_steps(request_id=found.id)
    names = access.names_of({each.actor_id for each in steps if each.actor_kind == "staff"})
    return draw(
        request,
        "console/privacy_request.html",
        {
            "heading": f"{gettext(desk.KIND_TITLES[found.kind])} · {found.mark}",
            "purpose": gettext(desk.CHANNELS[found.channel]),
            "crumbs": (_crumb(), Crumb(found.mark)),
            "status": Cell.status(tone, gettext(title)),  # type: ignore[arg-type]
            "facts": _facts(found, at),
            "found": found,
            "now": at,
            "personal": True,
            "has_note": selectors.has_note(request=found),
            "note": note,
            "note_href": reverse("console-privacy-note", args=[found.public_id])
            if may_reveal
            else "",
            "here": _href(found),
            "why": wording.REVEAL_REASONS.items(),
            "reveal_seconds": wording.REVEAL_SECONDS,
            "is_late": found.is_late(at),
            "has_package": found.has_package(at),
            "needs_check": desk.needs_check(found.kind) and found.state is RequestState.OPEN,
            "is_copy": found.kind in {RequestKind.ACCESS, RequestKind.COPY, RequestKind.PORT},
            "member_href": reverse("console-member", args=[public]),
            "act_href": _act_href(found.kind, public),
            "steps": [_step(each, names) for each in steps],
            "check_form": CheckForm(),
            "refuse_form": RefuseForm(),
        },
        zone=house_zone(),
    )


@page("privacy.manage")
@require_POST
def check_request(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Note how it was made sure who asks."""
    found = members.check_requester(
        public_id=public_id,
        how=request.POST.get("how", ""),
        scope=_scope(request),
        actor=actor_of(request),
        at=clock.met(request),
    )
    return _back(request, found, gettext("The identity check is on record."))


@page("privacy.manage")
@require_POST
def take_request(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Say that the reader works on it."""
    actor = actor_of(request)
    found = members.assign_request(
        public_id=public_id,
        staff_id=actor.id,
        scope=_scope(request),
        actor=actor,
        at=clock.met(request),
    )
    return _back(request, found, gettext("You work on this request now."))


@page("privacy.manage", step_up=True)
@require_POST
def package_request(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Make the copy of the person's data."""
    found = services.make_package(
        public_id=public_id, scope=_scope(request), actor=actor_of(request), at=clock.met(request)
    )
    return _back(request, found, gettext("The copy is ready and stays for 7 days."))


@page("privacy.manage", step_up=True)
@require_safe
def fetch_package(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Hand over the copy as an attachment, on the record."""
    at = clock.met(request)
    found = selectors.get_request(public_id=public_id, scope=_scope(request))
    data = services.read_package(request=found, actor=actor_of(request), at=at)
    if data is None:
        raise Http404
    response = HttpResponse(data, content_type="application/zip")
    response["Content-Disposition"] = f'attachment; filename="{found.mark}.zip"'
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "no-store, private"
    return response


@page("privacy.manage")
@require_safe
def show_letter(request: HttpRequest, public_id: UUID, language: str) -> HttpResponse:
    """Show the letter in one of the two languages, as plain text to copy or print."""
    if language not in {"zh-hans", "en"}:
        raise Http404
    found = selectors.get_request(public_id=public_id, scope=_scope(request))
    text = services.letter_of(found, language=language, at=clock.met(request))
    return HttpResponse(text, content_type="text/plain; charset=utf-8")


@page("privacy.manage")
@require_POST
def close_request(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Answer, refuse with a reason, or note that the person took the request back."""
    kept: dict[str, Any] = {
        "public_id": public_id,
        "scope": _scope(request),
        "actor": actor_of(request),
        "at": clock.met(request),
    }
    match request.POST.get("how", ""):
        case "answer":
            found = members.answer_request(**kept)
            text = gettext("The request is answered.")
        case "refuse":
            found = members.refuse_request(**kept, because=request.POST.get("because", ""))
            text = gettext("The request is refused; the letter names the reason.")
        case "cancel":
            found = members.cancel_request(**kept)
            text = gettext("The request was taken back.")
        case _:
            raise Http404
    return _back(request, found, text)


def _scope(request: HttpRequest) -> Scope:
    return actor_of(request).scope_for("privacy.manage")


def _opened(
    request: HttpRequest, form: OpenRequestForm, actor: Actor, at: datetime
) -> HttpResponse:
    said = form.cleaned_data
    asked = plan_search(said["member"])
    member = services.look_up(search=asked, actor=actor, at=at)
    if member is None:
        raise MemberNotFound
    found = members.open_request(
        member_id=member.id,
        kind=RequestKind(said["kind"]),
        channel=said["channel"],
        note=said["note"],
        scope=_scope(request),
        actor=actor,
        at=at,
        tz=house_zone(),
    )
    return _back(request, found, gettext("The request is taken."))


def _back(request: HttpRequest, found: PrivacyRequest, text: str) -> HttpResponse:
    href = _href(found)
    return done(request, text, href=href, title=found.mark, to=href)


def _href(found: PrivacyRequest) -> str:
    return reverse("console-privacy-request", args=[found.public_id])


def _crumb() -> Crumb:
    return Crumb(gettext("Privacy desk"), reverse("console-privacy"))


def _facts(found: PrivacyRequest, at: datetime) -> tuple[Fact, ...]:
    zone = house_zone()
    return (
        Fact(gettext("Taken at"), formatting.moment(found.opened_at, zone=zone)),
        Fact(
            gettext("Due"),
            formatting.moment(found.due_at, zone=zone),
            gettext("%(percent)s of the time is used")
            % {"percent": f"{min(found.used(at), 999)}%"},
        ),
        Fact(
            gettext("Checked how"),
            gettext(desk.CHECKS[found.checked_how]) if found.checked_how else "—",
        ),
    )


def _step(step: desk.Step, names: dict[int, str]) -> dict[str, Any]:
    words = {**desk.CHANNELS, **desk.CHECKS, **desk.REFUSALS}
    word = gettext(words[step.word]) if step.word in words else ""
    return {
        "at": step.at,
        "title": gettext(STEPS[step.step.value]),
        "who": names.get(step.actor_id, "") if step.actor_kind == "staff" else "",
        "word": f"{step.word}%" if step.step is desk.RequestStep.REMINDED else word,
    }


def _act_href(kind: RequestKind, public: UUID) -> str:
    """Answer where what was asked for is done: the member's record and its tabs."""
    match kind:
        case RequestKind.CORRECT:
            return reverse("console-member-tab", args=[public, "profile"])
        case RequestKind.WITHDRAW:
            return reverse("console-member-tab", args=[public, "consents"])
        case _:
            return reverse("console-member", args=[public])


ROUTES: tuple[URLPattern, ...] = (
    path("console/privacy/new", new_request, name="console-privacy-new"),
    path("console/privacy/<uuid:public_id>", show_request, name="console-privacy-request"),
    path("console/privacy/<uuid:public_id>/note", open_note, name="console-privacy-note"),
    path("console/privacy/<uuid:public_id>/check", check_request, name="console-privacy-check"),
    path("console/privacy/<uuid:public_id>/take", take_request, name="console-privacy-take"),
    path(
        "console/privacy/<uuid:public_id>/package", package_request, name="console-privacy-package"
    ),
    path("console/privacy/<uuid:public_id>/copy", fetch_package, name="console-privacy-copy"),
    path(
        "console/privacy/<uuid:public_id>/letter/<slug:language>",
        show_letter,
        name="console-privacy-letter",
    ),
    path("console/privacy/<uuid:public_id>/close", close_request, name="console-privacy-close"),
)
