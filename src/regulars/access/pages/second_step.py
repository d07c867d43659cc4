"""The second step of a sign-in, and setting up a second factor where the role asks for one."""

from datetime import datetime

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from regulars.access import domain, forms, selectors, services
from regulars.access.domain.factors import (
    ChallengeLate,
    ChallengeOver,
    ChallengePurpose,
    NextStep,
    Proof,
)
from regulars.access.pages import passkeys
from regulars.access.pages.drawing import recovery_codes_page, totp_context
from regulars.access.pages.entering import (
    Entering,
    browser_of,
    enter,
    entering_of,
    forget_entering,
    network_of,
)
from regulars.kit.errors import Refusal
from regulars.web import clock
from regulars.web.idempotency import STATUS_OF
from regulars.web.pages import render
from regulars.web.permissions import public
from regulars.web.problems import words

_TOTP = "totp_challenge"


@public
@never_cache
@csrf_protect
@sensitive_post_parameters("code", "credential")
@require_http_methods(["GET", "HEAD", "POST"])
def second_step(request: HttpRequest) -> HttpResponse:
    """Ask whoever knew the password for the second factor, and let them in."""
    at = clock.now()
    entering = entering_of(request, at=at)
    if entering is None or not entering.is_for_second_step:
        return HttpResponseRedirect(reverse("access-sign-in"))
    if request.method != "POST":
        return _second_step_page(request, entering)
    try:
        proof = _proved(request, entering, at=at)
    except ChallengeOver as no:
        if not isinstance(no, ChallengeLate):
            forget_entering(request)
            return _first_step_again(request, no)
        return _second_step_page(request, entering, no)
    except Refusal as no:
        return _second_step_page(request, entering, no)
    return _let_in(request, entering, how=f"{entering.how}+{proof.value}", at=at)


@public
@never_cache
@csrf_protect
@sensitive_post_parameters("code", "credential")
@require_http_methods(["GET", "HEAD", "POST"])
def enrol(request: HttpRequest) -> HttpResponse:
    """Let whoever must have a second factor set one up; then they are in."""
    at = clock.now()
    entering = entering_of(request, at=at)
    if entering is None or not _must_enrol(entering, at=at):
        forget_entering(request)
        return HttpResponseRedirect(reverse("access-sign-in"))
    if request.method != "POST":
        return _enrol_page(request, entering, at=at)
    try:
        codes = _enrolled(request, entering, at=at)
    except Refusal as no:
        return _enrol_page(request, entering, no, at=at)
    _let_in(request, entering, how=f"{entering.how}+enrolled", at=at)
    return recovery_codes_page(request, codes, next_href=entering.next)


def _must_enrol(entering: Entering, *, at: datetime) -> bool:
    """Tell whether there is no factor still: one set up meanwhile is to be shown instead."""
    factors = selectors.get_factors(staff_id=entering.staff_id)
    return entering.step == NextStep.ENROL and factors.next_step(at) is NextStep.ENROL


def _proved(request: HttpRequest, entering: Entering, *, at: datetime) -> Proof:
    credential = request.POST.get("credential", "")
    if credential:
        return passkeys.check_shown(
            request,
            credential,
            staff_id=entering.staff_id,
            purpose=ChallengePurpose.SECOND_STEP,
            at=at,
        )
    return services.prove_by_code(
        staff_id=entering.staff_id,
        challenge_id=entering.challenge,
        purpose=ChallengePurpose.SECOND_STEP,
        code=request.POST.get("code", ""),
        network=network_of(request),
        at=at,
    )


def _enrolled(request: HttpRequest, entering: Entering, *, at: datetime) -> list[str]:
    actor = services.find_actor(staff_id=entering.staff_id, at=at)
    if actor is None:
        raise domain.StaffNotFound
    credential = request.POST.get("credential", "")
    if credential:
        name = request.POST.get("name", "") or browser_of(request) or gettext("Passkey")
        return passkeys.keep_made(
            request, credential, staff_id=entering.staff_id, name=name, actor=actor, at=at
        )
    return services.confirm_totp(
        staff_id=entering.staff_id,
        challenge_id=int(request.session.get(_TOTP, 0)),
        code=request.POST.get("code", ""),
        name=gettext("Authenticator app"),
        actor=actor,
        at=at,
    )


def _let_in(request: HttpRequest, entering: Entering, *, how: str, at: datetime) -> HttpResponse:
    services.note_sign_in(staff_id=entering.staff_id, how=how, network=network_of(request), at=at)
    enter(request, staff_id=entering.staff_id, how=how)
    return HttpResponseRedirect(entering.next)


def _second_step_page(
    request: HttpRequest, entering: Entering, no: Refusal | None = None
) -> HttpResponse:
    factors = selectors.get_factors(staff_id=entering.staff_id)
    context = {
        "has_totp": factors.totp is not None,
        "has_passkeys": bool(factors.passkeys),
        "refusal": words(no) if no else "",
    }
    status = STATUS_OF[no.kind] if no else 200
    return render(request, "access/second_step.html", context, status=status)


def _enrol_page(
    request: HttpRequest, entering: Entering, no: Refusal | None = None, *, at: datetime
) -> HttpResponse:
    staff = selectors.get_staff(staff_id=entering.staff_id)
    challenge, context = totp_context(
        staff_id=staff.id, email=staff.email, challenge_id=request.session.get(_TOTP), at=at
    )
    request.session[_TOTP] = challenge
    context |= {"refusal": words(no) if no else "", "passkey_name": browser_of(request)}
    status = STATUS_OF[no.kind] if no else 200
    return render(request, "access/enrol.html", context, status=status)


def _first_step_again(request: HttpRequest, no: Refusal) -> HttpResponse:
    context = {"form": forms.SignInForm(), "refusal": words(no)}
    return render(request, "access/sign_in.html", context, status=STATUS_OF[no.kind])
