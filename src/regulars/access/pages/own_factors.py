"""One's own second factors: set up, name, remove, and new recovery codes; each after a proof."""

from datetime import datetime
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from regulars.access import selectors, services
from regulars.access.domain import Actor
from regulars.access.domain.factors import Factor, FactorKind, FactorNotFound
from regulars.access.pages import passkeys
from regulars.access.pages.drawing import recovery_codes_page, totp_context
from regulars.access.pages.entering import actor_of, browser_of, enter
from regulars.kit.errors import Refusal
from regulars.web import clock
from regulars.web.idempotency import STATUS_OF
from regulars.web.pages import ReadOnly, page, render
from regulars.web.permissions import SignInNeeded
from regulars.web.problems import words

_TOTP = "totp_challenge"


@page("console.use", step_up=True)
@sensitive_post_parameters("code")
@require_http_methods(["GET", "HEAD", "POST"])
def add_totp(request: HttpRequest) -> HttpResponse:
    """Set one-time codes up: show the QR code, take the first code."""
    at, actor = clock.now(), _own(request)
    if request.method != "POST":
        return _totp_page(request, actor, at=at)
    try:
        codes = services.confirm_totp(
            staff_id=actor.id,
            challenge_id=int(request.session.get(_TOTP, 0)),
            code=request.POST.get("code", ""),
            name=gettext("Authenticator app"),
            actor=actor,
            at=at,
        )
    except Refusal as no:
        return _totp_page(request, actor, no, at=at)
    request.session.pop(_TOTP, None)
    return _added(request, codes)


@page("console.use", step_up=True)
@sensitive_post_parameters("credential")
@require_http_methods(["GET", "HEAD", "POST"])
def add_passkey(request: HttpRequest) -> HttpResponse:
    """Set a passkey up under a name of one's own."""
    at, actor = clock.now(), _own(request)
    if request.method != "POST":
        return _passkey_page(request, browser_of(request))
    name = request.POST.get("name", "")
    try:
        codes = passkeys.keep_made(
            request,
            request.POST.get("credential", ""),
            staff_id=actor.id,
            name=name,
            actor=actor,
            at=at,
        )
    except Refusal as no:
        return _passkey_page(request, name, no)
    return _added(request, codes)


@page("console.use", step_up=True)
@require_POST
def rename_passkey(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Give a passkey another name."""
    services.rename_passkey(
        staff_id=_own(request).id,
        public_id=public_id,
        name=request.POST.get("name", ""),
        actor=_own(request),
        at=clock.now(),
    )
    messages.success(request, gettext("The passkey has a new name."))
    return HttpResponseRedirect(_home())


@page("console.use", step_up=True)
@require_http_methods(["GET", "HEAD", "POST"])
def remove_factor(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Say what removing a factor means, then remove it; other sessions end."""
    at, actor = clock.now(), _own(request)
    factors = selectors.get_factors(staff_id=actor.id)
    factor = next((each for each in factors.held if each.public_id == public_id), None)
    if factor is None:
        raise FactorNotFound
    if request.method != "POST":
        context = {"name": _name_of(factor), "is_last": len(factors.held) == 1, "back_to": _home()}
        return render(request, "access/remove_factor.html", context)
    return _removed(request, actor, factor, at=at)


@page("console.use", step_up=True)
@require_POST
def make_recovery_codes(request: HttpRequest) -> HttpResponse:
    """Make ten new recovery codes and show them, this once."""
    actor = _own(request)
    codes = services.make_recovery_codes(staff_id=actor.id, actor=actor, at=clock.now())
    return recovery_codes_page(request, codes, next_href=_home())


def _removed(request: HttpRequest, actor: Actor, factor: Factor, *, at: datetime) -> HttpResponse:
    """Remove it; all sessions end with it, and this browser begins a new one."""
    services.remove_factor(staff_id=actor.id, public_id=factor.public_id, actor=actor, at=at)
    enter(request, staff_id=actor.id, how="factor_removed")
    messages.success(request, gettext("Removed: %(name)s") % {"name": _name_of(factor)})
    return HttpResponseRedirect(_home())


def _name_of(factor: Factor) -> str:
    """Name a factor in the reader's language; passkeys have names of their owner's."""
    return gettext("Authenticator app") if factor.kind is FactorKind.TOTP else factor.name


def _added(request: HttpRequest, codes: list[str]) -> HttpResponse:
    messages.success(request, gettext("The second factor is set up."))
    if codes:
        return recovery_codes_page(request, codes, next_href=_home())
    return HttpResponseRedirect(_home())


def _totp_page(
    request: HttpRequest, actor: Actor, no: Refusal | None = None, *, at: datetime
) -> HttpResponse:
    staff = selectors.get_staff(staff_id=actor.id)
    challenge, context = totp_context(
        staff_id=staff.id, email=staff.email, challenge_id=request.session.get(_TOTP), at=at
    )
    request.session[_TOTP] = challenge
    context |= {"refusal": words(no) if no else "", "back_to": _home()}
    status = STATUS_OF[no.kind] if no else 200
    return render(request, "access/add_totp.html", context, status=status)


def _passkey_page(request: HttpRequest, name: str, no: Refusal | None = None) -> HttpResponse:
    context = {"name": name, "refusal": words(no) if no else "", "back_to": _home()}
    status = STATUS_OF[no.kind] if no else 200
    return render(request, "access/add_passkey.html", context, status=status)


def _own(request: HttpRequest) -> Actor:
    actor = actor_of(request)
    if actor is None:
        raise SignInNeeded
    if actor.is_read_only:
        raise ReadOnly
    return actor


def _home() -> str:
    return reverse("console-account")
