"""Passkeys in the browser: what it is asked, and what it answers."""

from datetime import datetime

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from regulars.access import domain, forms, services
from regulars.access.domain import (
    Actor,
)
from regulars.access.domain.factors import (
    ChallengePurpose,
    NextStep,
    Proof,
)
from regulars.access.pages.entering import (
    actor_of,
    enter,
    entering_of,
    network_of,
    safe_next,
    site_of,
)
from regulars.kit.errors import Refusal
from regulars.web import clock, rates
from regulars.web.idempotency import STATUS_OF
from regulars.web.pages import render
from regulars.web.permissions import SignInNeeded, public
from regulars.web.problems import words

_PASSKEY = "passkey_challenge"


@public
@never_cache
@csrf_protect
@require_POST
def passkey_options(request: HttpRequest) -> HttpResponse:
    """Answer what the browser needs to show or to make a passkey, for one purpose."""
    at = clock.now()
    try:
        bucket = f"passkey:{network_of(request)}"
        rates.admit(bucket, limit=domain.PASSWORDS_PER_MINUTE_MAX, seconds=at.timestamp())
        challenge, options = _asked(request, request.POST.get("purpose", ""), at=at)
    except Refusal as no:
        return JsonResponse({"title": words(no)}, status=STATUS_OF[no.kind])
    request.session[_PASSKEY] = challenge
    return JsonResponse(options)


@public
@never_cache
@csrf_protect
@sensitive_post_parameters("credential")
@require_POST
def sign_in_by_passkey(request: HttpRequest) -> HttpResponse:
    """Let in whoever shows a passkey: it is something they have and something they are or know."""
    at = clock.now()
    try:
        staff_id = _shown(
            request,
            request.POST.get("credential", ""),
            staff_id=None,
            purpose=ChallengePurpose.SIGN_IN,
            at=at,
        )
    except Refusal as no:
        context = {"form": forms.SignInForm(), "refusal": words(no)}
        return render(request, "access/sign_in.html", context, status=STATUS_OF[no.kind])
    wanted = safe_next(request, request.POST.get("next", ""))
    services.note_sign_in(staff_id=staff_id, how="passkey", network=network_of(request), at=at)
    enter(request, staff_id=staff_id, how="passkey")
    return HttpResponse(status=302, headers={"Location": wanted})


def check_shown(
    request: HttpRequest,
    credential: str,
    *,
    staff_id: int,
    purpose: ChallengePurpose,
    at: datetime,
) -> Proof:
    """Check a passkey of one account. Raises FactorRefused, ChallengeOver."""
    _shown(request, credential, staff_id=staff_id, purpose=purpose, at=at)
    return Proof.PASSKEY


def keep_made(
    request: HttpRequest,
    credential: str,
    *,
    staff_id: int,
    name: str,
    actor: Actor,
    at: datetime,
) -> list[str]:
    """Keep the passkey a browser has made; answers recovery codes if it is the first factor."""
    return services.confirm_passkey(
        staff_id=staff_id,
        challenge_id=int(request.session.pop(_PASSKEY, 0)),
        answer=credential,
        name=name,
        site=site_of(request),
        actor=actor,
        at=at,
    )


def _shown(
    request: HttpRequest,
    credential: str,
    *,
    staff_id: int | None,
    purpose: ChallengePurpose,
    at: datetime,
) -> int:
    return services.prove_by_passkey(
        staff_id=staff_id,
        challenge_id=int(request.session.pop(_PASSKEY, 0)),
        purpose=purpose,
        answer=credential,
        site=site_of(request),
        network=network_of(request),
        at=at,
    )


def _asked(request: HttpRequest, purpose: str, *, at: datetime) -> tuple[int, dict[str, object]]:
    """Ask on behalf of whoever may be asked: a stranger, someone half in, someone signed in."""
    site, entering, actor = site_of(request), entering_of(request, at=at), actor_of(request)
    match purpose:
        case ChallengePurpose.SIGN_IN:
            return services.ask_for_passkey(
                staff_id=None, purpose=ChallengePurpose.SIGN_IN, site=site, at=at
            )
        case ChallengePurpose.SECOND_STEP if entering and entering.is_for_second_step:
            return services.ask_for_passkey(
                staff_id=entering.staff_id,
                purpose=ChallengePurpose.SECOND_STEP,
                site=site,
                at=at,
            )
        case ChallengePurpose.STEP_UP if actor:
            return services.ask_for_passkey(
                staff_id=actor.id, purpose=ChallengePurpose.STEP_UP, site=site, at=at
            )
        case ChallengePurpose.ENROL if entering and entering.step == NextStep.ENROL:
            return services.begin_passkey(staff_id=entering.staff_id, site=site, at=at)
        case ChallengePurpose.ENROL if actor and not actor.is_read_only:
            if not services.is_proved(actor=actor, at=at):
                raise SignInNeeded
            return services.begin_passkey(staff_id=actor.id, site=site, at=at)
        case _:
            raise SignInNeeded
