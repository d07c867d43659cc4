"""How every act is asked for: a form, then what it will do, then done once.

GET shows the form. POST `step=preview` shows the impact with everything said in hidden fields
and a one-time `act_id`. POST `step=do` is checked anew and executed; sent twice, it is done once.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext

from regulars.console.domain.navigation import Crumb
from regulars.console.forms import ConsoleForm
from regulars.console.pages.drawing import actor_of, draw, house_zone
from regulars.kit.errors import Kind, Refusal
from regulars.kit.messages import message
from regulars.web import idempotency

Step = Literal["form", "preview", "do"]
UNSAID = frozenset({"csrfmiddlewaretoken", "act_id", "step"})


class ActMalformed(Refusal):
    """An act carries the number its page was drawn with."""

    kind = Kind.INVALID
    reason = message("This page is too old. Open it again.")


class TypedOtherwise(Refusal):
    """What was typed to confirm is not what was asked for."""

    kind = Kind.INVALID
    reason = message("Type exactly: {text}")


@dataclass(frozen=True, slots=True)
class Act:
    """What is about to be done, in the reader's language; the verb stands in title and button.

    `title`: “Adjust points of L***”; `verb`: “Adjust by +500 points”, never OK.
    """

    title: str
    verb: str
    danger: bool = False
    irreversible: bool = False
    type_to_confirm: str = ""


@dataclass(frozen=True, slots=True)
class Impact:
    """One line of what will happen: from `before` to `after`, or only `after`."""

    label: str
    before: str = ""
    after: str = ""
    tone: str = ""
    note: str = ""


def step_of(request: HttpRequest) -> Step:
    """Tell where in the act the request stands."""
    if request.method != "POST":
        return "form"
    return "do" if request.POST.get("step") == "do" else "preview"


def act_id_of(request: HttpRequest) -> UUID:
    """Read the one-time number of the act; also fit as the id of a transfer or a batch."""
    try:
        return UUID(request.POST.get("act_id", ""))
    except ValueError as error:
        raise ActMalformed from error


def draw_form(
    request: HttpRequest,
    form: ConsoleForm,
    *,
    title: str,
    purpose: str,
    verb: str,
    back_href: str = "",
    crumbs: Sequence[Crumb] = (),
    next_step: Step | Literal[""] = "",
    zone: ZoneInfo | None = None,
    template: str = "console/form.html",
    extra: dict[str, Any] | None = None,
) -> HttpResponse:
    """Draw a page with one form; answers 422 where the form was sent and is wrong.

    `next_step="preview"` makes it the first step of an act.
    """
    wrong = form.is_bound and not form.is_valid()
    context = {
        "form": form,
        "heading": title,
        "purpose": purpose,
        "verb": verb,
        "back_href": back_href,
        "back_to": request.get_full_path(),
        "crumbs": crumbs,
        "next_step": next_step,
        **(extra or {}),
    }
    return draw(request, template, context, zone=zone or house_zone(), status=422 if wrong else 200)


def draw_confirm(
    request: HttpRequest,
    *,
    act: Act,
    form: ConsoleForm | None,
    impacts: Sequence[Impact],
    back_href: str,
    needs_approval: str | None = None,
    crumbs: Sequence[Crumb] = (),
    refusal: Refusal | None = None,
    zone: ZoneInfo | None = None,
    template: str = "console/confirm.html",
    extra: dict[str, Any] | None = None,
) -> HttpResponse:
    """Draw what an act will do. Without a form every field of the request is said again.

    `refusal` is shown above when the act was tried and refused; the page keeps its `act_id` on a
    wrong confirmation only, so that a corrected act is a new one.
    """
    typed = isinstance(refusal, TypedOtherwise)
    said = form.said() if form is not None else _all_said(request)
    context = {
        "act": act,
        "act_id": request.POST.get("act_id") if typed else uuid4(),
        "said": said,
        "impacts": impacts,
        "back_href": back_href,
        "back_to": back_href,
        "crumbs": crumbs,
        "needs_approval": needs_approval,
        "errors": [_words(refusal)] if refusal is not None and not typed else [],
        "typed_error": _words(refusal) if typed and refusal is not None else "",
        **(extra or {}),
    }
    status = 200 if refusal is None else idempotency.STATUS_OF[refusal.kind]
    return draw(request, template, context, zone=zone or house_zone(), status=status)


def check_typed(request: HttpRequest, act: Act) -> None:
    """Refuse an act whose confirmation was not typed; raises TypedOtherwise."""
    wanted = act.type_to_confirm
    if wanted and request.POST.get("typed", "").strip() != wanted:
        raise TypedOtherwise(text=wanted)


def perform(
    request: HttpRequest, *, at: datetime, effect: Callable[[], dict[str, Any] | None]
) -> dict[str, Any]:
    """Run the act once for its `act_id`, in one transaction; sent again, answer the same result.

    The result holds ids only. A refusal is raised, and raised again when the act is sent again.
    """
    act_id = act_id_of(request)
    match = request.resolver_match
    done = idempotency.once(
        caller=actor_of(request).caller,
        route=f"console:{match.view_name if match else ''}",
        key=str(act_id),
        body=_body(request),
        at=at,
        effect=lambda: idempotency.Done(status=200, result=effect() or {}),
    )
    return done.result


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """An act once it is filled in: its words, what changes, what does it, what comes after.

    `after` answers the page that follows, given the ids that `effect` answered.
    """

    act: Act
    impacts: Sequence[Impact]
    effect: Callable[[], dict[str, Any] | None]
    after: Callable[[dict[str, Any]], HttpResponse]
    back_href: str
    crumbs: Sequence[Crumb] = ()
    form: ConsoleForm | None = None


def ask(request: HttpRequest, question: Question, *, at: datetime) -> HttpResponse:
    """Show what an act will do, or do it once; a refusal is said where it was asked."""
    refusal: Refusal | None = None
    if step_of(request) == "do":
        try:
            check_typed(request, question.act)
            result = perform(request, at=at, effect=question.effect)
        except Refusal as no:
            refusal = no
        else:
            return question.after(result)
    return draw_confirm(
        request,
        act=question.act,
        form=question.form,
        impacts=question.impacts,
        back_href=question.back_href,
        crumbs=question.crumbs,
        refusal=refusal,
    )


def proposed(request: HttpRequest, approval: object, *, text: str = "") -> HttpResponse:
    """Say that a second person decides, and lead to the proposal."""
    href = reverse("console-approval", args=[approval])
    said = text or gettext("Proposed. A second person decides.")
    return done(request, said, href=href, title=gettext("See the proposal"), to=href)


def done(request: HttpRequest, text: str, *, href: str, title: str, to: str) -> HttpResponse:
    """Say what was done, naming the object with a link to it, and lead to a page."""
    said = format_html('{} <a href="{}">{}</a>', text, href, title)
    messages.success(request, said)
    return HttpResponseRedirect(to)


def _words(refusal: Refusal) -> str:
    return gettext(refusal.reason).format(**refusal.facts)


def _all_said(request: HttpRequest) -> list[tuple[str, str]]:
    return [
        (name, str(value))
        for name, values in request.POST.lists()
        if name not in UNSAID | {"typed"}
        for value in values
    ]


def _body(request: HttpRequest) -> bytes:
    """Write what was asked for in one form; tokens and the number itself are no part of it."""
    said = sorted((name, values) for name, values in request.POST.lists() if name not in UNSAID)
    place = request.path
    return json.dumps([place, said], ensure_ascii=False).encode()
