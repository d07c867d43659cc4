"""One's own account: name and language, password, second factors, sessions, recent sign-ins."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.middleware.csrf import rotate_token
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext, ngettext
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from regulars.access import domain as access_domain
from regulars.access import selectors as access
from regulars.access import services
from regulars.access.domain import PasswordWeak, Staff
from regulars.access.domain.factors import FactorRefused
from regulars.access.domain.sessions import Session, SessionNotFound
from regulars.console.domain.accounts import ways_of
from regulars.console.domain.navigation import Crumb
from regulars.console.forms.account import PasswordForm, ProfileForm
from regulars.console.pages.confirming import draw_form
from regulars.console.pages.drawing import actor_of, draw, house_zone
from regulars.console.pages.preferences import remember_language
from regulars.kit.errors import Refusal
from regulars.web import clock
from regulars.web.pages import fresh_proof, page

SIGN_INS_SHOWN = 10


@page("console.use")
@require_safe
def account(request: HttpRequest) -> HttpResponse:
    """Show one's own account, and what can be changed about it."""
    return _page(request, at=clock.met(request))


@page("console.use")
@require_POST
def change_profile(request: HttpRequest) -> HttpResponse:
    """Change the name colleagues see, and the language."""
    at, actor = clock.met(request), actor_of(request)
    form = ProfileForm(request.POST)
    if not form.is_valid():
        return _page(request, at=at, form=form)
    asked = form.cleaned_data
    try:
        services.change_profile(
            staff_id=actor.id, name=asked["name"], language=asked["language"], actor=actor, at=at
        )
    except Refusal as no:
        form.refuse(no, "name")
        return _page(request, at=at, form=form)
    messages.success(request, gettext("Your name and language are kept."))
    return remember_language(HttpResponseRedirect(_home()), asked["language"])


@page("console.use")
@sensitive_post_parameters("current", "password", "again")
@require_http_methods(["GET", "HEAD", "POST"])
def change_password(request: HttpRequest) -> HttpResponse:
    """Change the password; every other session ends. Whoever has a second factor shows it too."""
    at, actor = clock.met(request), actor_of(request)
    if access.get_factors(staff_id=actor.id).held and (asked := fresh_proof(request)):
        return asked
    has_password = services.has_password(staff_id=actor.id)
    if request.method != "POST":
        return _password_page(request, PasswordForm(has_password=has_password))
    form = PasswordForm(request.POST, has_password=has_password)
    if not form.is_valid():
        return _password_page(request, form)
    try:
        services.change_own_password(
            staff_id=actor.id,
            current=form.cleaned_data.get("current", ""),
            password=form.cleaned_data["password"],
            network=access_domain.network_of(services.address_of(request)),
            actor=actor,
            at=at,
        )
    except FactorRefused:
        form.add_error("current", gettext("This is not your password, or there were many tries."))
        return _password_page(request, form)
    except PasswordWeak as no:
        form.refuse(no, "password")
        return _password_page(request, form)
    _begin_anew(request, actor.id, how="password", at=at)
    messages.success(request, gettext("The password is changed. All other sessions have ended."))
    return HttpResponseRedirect(_home())


@page("console.use")
@require_POST
def end_sessions(request: HttpRequest) -> HttpResponse:
    """End one other session, or all of them."""
    at, actor = clock.met(request), actor_of(request)
    if chosen := request.POST.get("session", ""):
        services.end_session_of(public_id=_read_id(chosen), actor=actor, at=at, staff_id=actor.id)
        ended = 1
    else:
        keep = actor.session.id if actor.session else None
        ended = services.end_other_sessions(staff_id=actor.id, keep=keep, actor=actor, at=at)
    said = ngettext("%(count)s session ended", "%(count)s sessions ended", ended)
    messages.success(request, said % {"count": ended})
    return HttpResponseRedirect(_home())


def _page(request: HttpRequest, *, at: datetime, form: ProfileForm | None = None) -> HttpResponse:
    actor = actor_of(request)
    staff = access.get_staff(staff_id=actor.id)
    sign_ins = access.list_audit(
        about=("staff", str(staff.public_id)), action="staff.sign_in", limit=SIGN_INS_SHOWN
    )
    context = {
        "staff": staff,
        "roles": _roles(staff),
        "form": form or ProfileForm(initial={"name": staff.name, "language": staff.language}),
        "factors": access.get_factors(staff_id=staff.id),
        "has_password": services.has_password(staff_id=staff.id),
        "sessions": session_lines(access.list_sessions(staff_id=staff.id, at=at)),
        "current": actor.session.id if actor.session else 0,
        "sign_ins": [
            {
                "at": each.at,
                "network": each.network or "",
                "way": way_in(str(each.details.get("how", ""))),
                "refused": each.result != "ok",
            }
            for each in sign_ins
        ],
        "now": at,
        "back_to": _home(),
        "crumbs": [Crumb(gettext("My account"))],
    }
    status = 422 if form is not None else 200
    return draw(request, "console/account.html", context, zone=house_zone(), status=status)


def _password_page(request: HttpRequest, form: PasswordForm) -> HttpResponse:
    shortest = access_domain.PASSWORD_LENGTH_MIN
    rules = gettext("%(shortest)s characters or more, not a common password.")
    return draw_form(
        request,
        form,
        title=gettext("Change the password"),
        purpose=rules % {"shortest": shortest},
        verb=gettext("Change the password"),
        back_href=_home(),
        crumbs=[Crumb(gettext("My account"), _home()), Crumb(gettext("Change the password"))],
    )


def way_in(how: str) -> str:
    """Say how somebody came in, step by step."""
    return " + ".join(gettext(part) for part in ways_of(how))


def session_lines(sessions: Sequence[Session]) -> list[dict[str, object]]:
    """Write open sessions for a table."""
    return [
        {
            "id": each.id,
            "public_id": each.public_id,
            "device": each.device or gettext("Unknown device"),
            "network": each.network,
            "way": way_in(each.how),
            "started_at": each.started_at,
            "seen_at": each.seen_at,
        }
        for each in sessions
    ]


def _roles(staff: Staff) -> list[str]:
    return [
        gettext(access_domain.ROLES[grant.role].title)
        if grant.role in access_domain.ROLES
        else grant.role
        for grant in staff.grants
    ]


def _begin_anew(request: HttpRequest, staff_id: int, *, how: str, at: datetime) -> None:
    services.enter(request, staff_id=staff_id, how=how, at=at, proves=True)
    rotate_token(request)


def _read_id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise SessionNotFound from error


def _home() -> str:
    return reverse("console-account")


ROUTES: tuple[URLPattern, ...] = (
    path("console/account", account, name="console-account"),
    path("console/account/profile", change_profile, name="console-account-profile"),
    path("console/account/password", change_password, name="console-account-password"),
    path("console/account/sessions/end", end_sessions, name="console-account-sessions-end"),
)
