"""Making a source and exchanging its secret: the secret is shown once and kept by nobody."""

from datetime import datetime
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext, ngettext
from django.views.decorators.http import require_http_methods

from regulars.access.domain import Actor
from regulars.console.domain import operations
from regulars.console.domain.navigation import Crumb
from regulars.console.forms.sources import RotateForm, SourceForm
from regulars.console.pages.confirming import (
    Act,
    Impact,
    Question,
    ask,
    draw_confirm,
    draw_form,
    perform,
    step_of,
)
from regulars.console.pages.drawing import actor_of, draw, house_zone
from regulars.console.pages.sections import demand_whole_house
from regulars.console.pages.sources import MANAGE, address_of
from regulars.ingest import selectors as ingest
from regulars.ingest import services
from regulars.ingest.domain import NotAWebhook, SourceKind
from regulars.kit.errors import Refusal
from regulars.web import clock
from regulars.web.pages import page


@page(MANAGE, step_up=True)
@require_http_methods(["GET", "HEAD", "POST"])
def new_source(request: HttpRequest) -> HttpResponse:
    """Make a source; a webhook's address and secret are shown, the secret this once."""
    at, actor = clock.met(request), actor_of(request)
    demand_whole_house(actor, MANAGE)
    step = step_of(request)
    form = SourceForm(request.POST) if step != "form" else SourceForm()
    if step == "form" or not form.is_valid():
        return _draw_new(request, form)
    said = form.cleaned_data
    title = gettext("Create source %(name)s") % {"name": said["name"]}
    kind = operations.SOURCE_KINDS[said["kind"]]
    impacts = [
        Impact(gettext("Source name"), after=said["name"]),
        Impact(gettext("How it sends"), after=gettext(kind)),
    ]
    back = reverse("console-sources")
    if step == "preview":
        act = Act(title, title)
        return draw_confirm(request, act=act, form=form, impacts=impacts, back_href=back)
    shown: dict[str, str] = {}
    try:
        result = perform(request, at=at, effect=lambda: _create(said, shown, actor=actor, at=at))
    except Refusal as no:
        form.refuse(no)
        return _draw_new(request, form)
    return _draw_secret(request, UUID(result["source"]), shown.get("secret"), at=at)


@page(MANAGE, step_up=True)
@require_http_methods(["GET", "HEAD", "POST"])
def rotate_secret(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Give a webhook source a new secret, shown this once."""
    at, actor = clock.met(request), actor_of(request)
    demand_whole_house(actor, MANAGE)
    source = ingest.get_source_state(public_id=public_id, at=at).source
    if source.kind is not SourceKind.WEBHOOK:
        raise NotAWebhook(source=source.name)
    back = reverse("console-source", args=[public_id])
    title = gettext("Exchange the secret of %(name)s") % {"name": source.name}
    step = step_of(request)
    form = RotateForm(request.POST) if step != "form" else RotateForm()
    if step == "form" or not form.is_valid():
        return draw_form(
            request,
            form,
            title=title,
            purpose=gettext(
                "The new secret is shown once. The sender needs it before the old one ends."
            ),
            verb=gettext("Show what happens"),
            back_href=back,
            crumbs=[
                Crumb(gettext("Sources"), reverse("console-sources")),
                Crumb(source.name, back),
            ],
            next_step="preview",
        )
    days = form.cleaned_data["days"]
    shown: dict[str, str] = {}

    def rotate() -> dict[str, str]:
        shown["secret"] = services.rotate_secret(
            name=source.name, at=at, actor=actor, overlap_days=days
        )
        return {"source": str(public_id)}

    question = Question(
        act=Act(title, gettext("Exchange the secret"), danger=days == 0),
        impacts=_rotation(days),
        effect=rotate,
        after=lambda _: _draw_secret(request, public_id, shown.get("secret"), at=at),
        back_href=back,
        form=form,
    )
    return ask(request, question, at=at)


def _create(
    said: dict[str, str], shown: dict[str, str], *, actor: Actor, at: datetime
) -> dict[str, str]:
    made = services.create_source(
        name=said["name"],
        kind=SourceKind(said["kind"]),
        zone=said["zone"] or None,
        currency=said["currency"].upper() or None,
        reports_completion=bool(said["completes"]),
        actor=actor,
        at=at,
    )
    if made.secret:
        shown["secret"] = made.secret
    return {"source": str(made.source.public_id)}


def _rotation(days: int) -> list[Impact]:
    old = ngettext("works for %(n)s more day", "works for %(n)s more days", days) % {"n": days}
    return [
        Impact(gettext("New secret"), after=gettext("signs at once")),
        Impact(
            gettext("Old secret"),
            after=old if days else gettext("ends at once"),
            tone="" if days else "warn",
        ),
    ]


def _draw_new(request: HttpRequest, form: SourceForm) -> HttpResponse:
    return draw_form(
        request,
        form,
        title=gettext("Create a source"),
        purpose=gettext("A system that sends facts: a shop, a till, a list of files."),
        verb=gettext("Show what is made"),
        back_href=reverse("console-sources"),
        crumbs=[
            Crumb(gettext("Sources"), reverse("console-sources")),
            Crumb(gettext("Create a source")),
        ],
        next_step="preview",
    )


def _draw_secret(
    request: HttpRequest, public_id: UUID, secret: str | None, *, at: datetime
) -> HttpResponse:
    """Show the address and, this once, the secret; asked again, say that it was shown."""
    found = ingest.get_source_state(public_id=public_id, at=at)
    source = found.source
    context = {
        "heading": source.name,
        "source": source,
        "is_webhook": source.kind is SourceKind.WEBHOOK,
        "address": address_of(request, public_id),
        "secret": secret,
        "source_href": reverse("console-source", args=[public_id]),
        "back_to": reverse("console-source", args=[public_id]),
        "crumbs": [Crumb(gettext("Sources"), reverse("console-sources")), Crumb(source.name)],
        "now": at,
    }
    return draw(request, "console/source_secret.html", context, zone=house_zone())


ROUTES: tuple[URLPattern, ...] = (
    path("console/sources/new", new_source, name="console-source-new"),
    path("console/sources/<uuid:public_id>/rotate", rotate_secret, name="console-source-rotate"),
)
