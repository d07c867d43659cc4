"""What is done with API keys: make, fetch the secret once, exchange, revoke."""

from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from regulars.access import selectors as access
from regulars.access import services
from regulars.access.domain import KEY_OVERLAP, Actor, ApiKey
from regulars.console.domain import formatting
from regulars.console.forms.administration import AskForm, KeyForm
from regulars.console.pages.confirming import (
    Act,
    Impact,
    Question,
    ask,
    done,
    draw_confirm,
    draw_form,
    perform,
    proposed,
    step_of,
)
from regulars.console.pages.drawing import actor_of, draw, house_zone
from regulars.console.pages.keys import MANAGE, crumbs
from regulars.console.pages.sections import house_page
from regulars.kit.errors import Refusal
from regulars.web import clock
from regulars.web.permissions import PERMISSIONS
from regulars.web.sentences import listed


@house_page(MANAGE, step_up=True)
@require_http_methods(["GET", "HEAD", "POST"])
def new_key(request: HttpRequest) -> HttpResponse:
    """Make a key, or propose it where a second person is to look; its secret is shown once."""
    at, actor = clock.met(request), actor_of(request)
    form = _key_form(request, actor)
    step = step_of(request)
    if step == "form" or not form.is_valid():
        return _new_key_form(request, form)
    try:
        needs = services.approvals.needs_approval(
            "key.create", actor=actor, size=len(form.cleaned_data["permissions"]), at=at
        )
        if step == "do":
            return _made(request, form, actor, at, needs=needs)
        services.check_key(**_asked(form, actor, at))
    except Refusal as no:
        form.refuse(no)
        return _new_key_form(request, form)
    said = form.cleaned_data
    permissions = listed(gettext(PERMISSIONS[each]) for each in said["permissions"])
    return draw_confirm(
        request,
        act=Act(
            title=gettext("Make the key “%(name)s”") % {"name": said["title"]},
            verb=gettext("Propose the key") if needs else gettext("Make the key"),
        ),
        form=form,
        impacts=[
            Impact(gettext("Permissions"), after=permissions),
            Impact(gettext("Store"), after=said["store"] or gettext("all stores")),
            Impact(gettext("Networks"), after=", ".join(said["networks"]) or gettext("anywhere")),
            Impact(gettext("Lives for"), after=gettext("%(n)s days") % {"n": said["days"]}),
        ],
        back_href=reverse("console-key-new"),
        needs_approval=gettext("A second person looks at every new key.") if needs else None,
        crumbs=crumbs(),
    )


@house_page(MANAGE, step_up=True)
@require_http_methods(["GET", "HEAD", "POST"])
def collect_key(request: HttpRequest, name: str) -> HttpResponse:
    """Fetch the secret of an approved key, once, by whoever proposed it."""
    key, at, actor = access.get_key(name=name), clock.met(request), actor_of(request)
    if key.created_by != actor.id or not key.is_collectable(at):
        services.collect_key(name=name, actor=actor, at=at)  # refuses, and says why
    shown: dict[str, str] = {}

    def effect() -> dict[str, Any]:
        shown["text"] = services.collect_key(name=name, actor=actor, at=at).text
        return {"key": name}

    question = Question(
        act=Act(
            title=gettext("Fetch the secret of “%(name)s”") % {"name": key.title},
            verb=gettext("Show the secret once"),
            irreversible=True,
        ),
        impacts=[Impact(gettext("Secret"), after=gettext("made now, shown once, kept nowhere"))],
        effect=effect,
        after=lambda _: _once(request, access.get_key(name=name), shown.get("text", "")),
        back_href=reverse("console-key", args=[name]),
        crumbs=crumbs(),
        form=AskForm(),
    )
    return ask(request, question, at=at)


@house_page(MANAGE, step_up=True)
@require_http_methods(["GET", "HEAD", "POST"])
def rotate_key(request: HttpRequest, name: str) -> HttpResponse:
    """Exchange a key for a new one; the old one goes on for a day."""
    key, at, actor = access.get_key(name=name), clock.met(request), actor_of(request)
    hours = str(KEY_OVERLAP // timedelta(hours=1))
    made: dict[str, str] = {}

    def effect() -> dict[str, Any]:
        new = services.rotate_key(name=name, actor=actor, at=at)
        made["text"] = new.text
        return {"key": new.key.name}

    question = Question(
        act=Act(
            title=gettext("Exchange the key “%(name)s”") % {"name": key.title},
            verb=gettext("Make the new key"),
        ),
        impacts=[
            Impact(
                gettext("This key"),
                formatting.moment(key.expires_at, zone=house_zone()),
                gettext("ends in %(hours)s hours") % {"hours": hours},
            ),
            Impact(
                gettext("A new key"),
                after=gettext("the same permissions, store and networks"),
                tone="ok",
            ),
        ],
        effect=effect,
        after=lambda result: _once(
            request, access.get_key(name=result["key"]), made.get("text", "")
        ),
        back_href=reverse("console-key", args=[name]),
        crumbs=crumbs(),
        form=AskForm(),
    )
    return ask(request, question, at=at)


@house_page(MANAGE, step_up=True)
@require_http_methods(["GET", "HEAD", "POST"])
def revoke_key(request: HttpRequest, name: str) -> HttpResponse:
    """End a key at once."""
    key, at, actor = access.get_key(name=name), clock.met(request), actor_of(request)
    here, zone = reverse("console-key", args=[name]), house_zone()

    def effect() -> dict[str, Any]:
        services.revoke_key(name=name, actor=actor, at=at)
        return {"key": name}

    def after(_: dict[str, Any]) -> HttpResponse:
        services.forget_keys()
        back = reverse("console-keys")
        return done(request, gettext("Revoked."), href=here, title=key.title, to=back)

    question = Question(
        act=Act(
            title=gettext("Revoke the key “%(name)s”") % {"name": key.title},
            verb=gettext("Revoke the key"),
            danger=True,
            irreversible=True,
        ),
        impacts=[
            Impact(
                gettext("Calls with this key"),
                gettext("allowed"),
                gettext("refused within five seconds"),
                "bad",
            ),
            Impact(gettext("Last used"), after=formatting.moment(key.last_used_at, zone=zone)),
        ],
        effect=effect,
        after=after,
        back_href=here,
        crumbs=crumbs(),
        form=AskForm(),
    )
    return ask(request, question, at=at)


def _key_form(request: HttpRequest, actor: Actor) -> KeyForm:
    stores = [(each.code, each.name) for each in access.list_stores(actor.scope_for(MANAGE))]
    return KeyForm(
        request.POST if request.method == "POST" else None,
        permissions=[
            (code, gettext(title)) for code, title in PERMISSIONS.items() if actor.may(code)
        ],
        stores=stores,
    )


def _new_key_form(request: HttpRequest, form: KeyForm) -> HttpResponse:
    return draw_form(
        request,
        form,
        title=gettext("New API key"),
        purpose=gettext("One key for one program, so that one can be ended without the others."),
        verb=gettext("Look at it"),
        back_href=reverse("console-keys"),
        crumbs=crumbs(),
        next_step="preview",
    )


def _asked(form: KeyForm, actor: Actor, at: datetime) -> dict[str, Any]:
    said = form.cleaned_data
    return {
        "permissions": said["permissions"],
        "title": said["title"],
        "store": said["store"] or None,
        "networks": said["networks"],
        "expires_at": at + timedelta(days=said["days"]),
        "actor": actor,
        "at": at,
    }


def _made(
    request: HttpRequest, form: KeyForm, actor: Actor, at: datetime, *, needs: bool
) -> HttpResponse:
    made: dict[str, str] = {}

    def effect() -> dict[str, Any]:
        asked = _asked(form, actor, at)
        if needs:
            note = form.cleaned_data["note"] or None
            return {"approval": str(services.propose_key(**asked, note=note).public_id)}
        new = services.create_key(**asked)
        made["text"] = new.text
        return {"key": new.key.name}

    result = perform(request, at=at, effect=effect)
    if "approval" in result:
        text = gettext("Proposed. Fetch the secret there once a second person agrees.")
        return proposed(request, result["approval"], text=text)
    return _once(request, access.get_key(name=result["key"]), made.get("text", ""))


def _once(request: HttpRequest, key: ApiKey, text: str) -> HttpResponse:
    """Show a secret in this one answer; sent again, the page says that it was shown."""
    context = {
        "heading": key.title,
        "crumbs": crumbs(),
        "key": key,
        "text": text,
        "href": reverse("console-key", args=[key.name]),
    }
    return draw(request, "console/key_once.html", context, zone=house_zone())


ROUTES: tuple[URLPattern, ...] = (
    path("console/keys/new", new_key, name="console-key-new"),
    path("console/keys/<slug:name>/collect", collect_key, name="console-key-collect"),
    path("console/keys/<slug:name>/rotate", rotate_key, name="console-key-rotate"),
    path("console/keys/<slug:name>/revoke", revoke_key, name="console-key-revoke"),
)
