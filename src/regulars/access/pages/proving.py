"""Step-up: before something that matters, whoever sits there proves once more who they are.

A page that is looked at sends to the step-up page and comes back. A form that was sent is held:
the step-up page carries its fields along and sends them again, together with the proof, to where
they were going. Passwords and files are never carried.
"""

from dataclasses import replace
from datetime import datetime
from urllib.parse import urlencode, urlsplit

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from regulars.access import selectors, services
from regulars.access.domain import (
    Actor,
    SessionMark,
)
from regulars.access.domain.factors import (
    ChallengeLate,
    ChallengeOver,
    ChallengePurpose,
    Proof,
)
from regulars.access.pages import passkeys
from regulars.access.pages.entering import actor_of, network_of, safe_next
from regulars.kit.errors import Refusal
from regulars.web import clock
from regulars.web.idempotency import STATUS_OF
from regulars.web.pages import page, render
from regulars.web.permissions import SignInNeeded
from regulars.web.problems import words

_PROVING = "proving"
_CODE, _PASSWORD, _PASSKEY = "proof_code", "proof_password", "proof_passkey"
_PROOFS = (_CODE, _PASSWORD, _PASSKEY)
_NEVER_CARRIED = ("csrfmiddlewaretoken", "again", *_PROOFS)


def ask_for_proof(request: HttpRequest) -> HttpResponse | None:
    """Answer None where the proof is fresh or comes with this form; else what to show instead."""
    at, actor = clock.now(), actor_of(request)
    if actor is None or actor.session is None:
        raise SignInNeeded
    if services.is_proved(actor=actor, at=at):
        return None
    if request.method != "POST" or request.FILES:
        return _go_and_come_back(request)
    if not any(request.POST.get(name) for name in _PROOFS):
        return _page(request, actor, at=at, carried=_carried(request))
    return _take_proof(request, actor, at=at, carried=_carried(request))


@page("console.use")
@sensitive_post_parameters(*_PROOFS)
@require_http_methods(["GET", "HEAD", "POST"])
def step_up(request: HttpRequest) -> HttpResponse:
    """Ask for a proof and go on to the page that wanted it."""
    at, actor = clock.now(), actor_of(request)
    if actor is None or actor.session is None:
        raise SignInNeeded
    wanted = request.POST.get("next", "") or request.GET.get("next", "")
    there = safe_next(request, wanted)
    carried = [("next", there)]
    if request.method != "POST":
        if services.is_proved(actor=actor, at=at):
            return HttpResponseRedirect(there)
        return _page(request, actor, at=at, carried=carried)
    return _take_proof(request, actor, at=at, carried=carried) or HttpResponseRedirect(there)


def _take_proof(
    request: HttpRequest, actor: Actor, *, at: datetime, carried: list[tuple[str, str]]
) -> HttpResponse | None:
    """Check the proof that came with the form; answers None when it holds."""
    try:
        how = _prove(request, actor, at=at)
    except ChallengeLate as no:
        request.session.pop(_PROVING, None)
        return _page(request, actor, at=at, carried=carried, no=no)
    except ChallengeOver:
        services.end_session(session=request.session, actor=actor, at=at)
        return HttpResponseRedirect(reverse("access-sign-in"))
    except Refusal as no:
        return _page(request, actor, at=at, carried=carried, no=no)
    request.session.pop(_PROVING, None)
    request.POST = _without_proof(request)  # type: ignore[assignment]
    services.note_proof(actor=actor, how=how, at=at)
    assert actor.session is not None
    mark = SessionMark(actor.session.id, at)
    request.actor = replace(actor, session=mark)  # type: ignore[attr-defined]
    return None


def _prove(request: HttpRequest, actor: Actor, *, at: datetime) -> Proof:
    credential = request.POST.get(_PASSKEY, "")
    purpose, challenge = ChallengePurpose.STEP_UP, int(request.session.get(_PROVING, 0))
    if credential:
        return passkeys.check_shown(request, credential, staff_id=actor.id, purpose=purpose, at=at)
    network = network_of(request)
    if code := request.POST.get(_CODE, ""):
        return services.prove_by_code(
            staff_id=actor.id,
            challenge_id=challenge,
            purpose=purpose,
            code=code,
            network=network,
            at=at,
        )
    return services.prove_by_password(
        staff_id=actor.id,
        challenge_id=challenge,
        password=request.POST.get(_PASSWORD, ""),
        network=network,
        at=at,
    )


def _page(
    request: HttpRequest,
    actor: Actor,
    *,
    at: datetime,
    carried: list[tuple[str, str]],
    no: Refusal | None = None,
) -> HttpResponse:
    if not request.session.get(_PROVING):
        request.session[_PROVING] = services.begin_challenge(
            purpose=ChallengePurpose.STEP_UP, staff_id=actor.id, at=at
        )
    factors = selectors.get_factors(staff_id=actor.id)
    context = {
        "has_totp": factors.totp is not None,
        "has_passkeys": bool(factors.passkeys),
        "has_factors": bool(factors.held),
        "has_password": services.has_password(staff_id=actor.id),
        "carried": carried,
        "action": request.get_full_path(),
        "refusal": words(no) if no else "",
        "back_to": _back(request),
    }
    status = STATUS_OF[no.kind] if no else 200
    response = render(request, "access/step_up.html", context, status=status)
    if request.headers.get("HX-Request"):
        response["HX-Retarget"], response["HX-Reswap"] = "body", "innerHTML"
        response.status_code = 200
    return response


def _go_and_come_back(request: HttpRequest) -> HttpResponse:
    there = request.get_full_path() if request.method != "POST" else _back(request)
    address = f"{reverse('access-step-up')}?{urlencode({'next': there})}"
    if request.headers.get("HX-Request"):
        return HttpResponse(status=204, headers={"HX-Redirect": address})
    return HttpResponseRedirect(address)


def _back(request: HttpRequest) -> str:
    """Answer the page the form stands on, as far as the browser says it and it is ours."""
    parts = urlsplit(request.headers.get("Referer", ""))
    if parts.netloc != request.get_host() or parts.path == reverse("access-step-up"):
        return reverse("console-home")
    return safe_next(request, f"{parts.path}?{parts.query}" if parts.query else parts.path)


def _without_proof(request: HttpRequest) -> QueryDict:
    """Answer the form as its page drew it: the proof is used and says nothing further on."""
    told = request.POST.copy()
    for name in _PROOFS:
        told.pop(name, None)
    return told


def _carried(request: HttpRequest) -> list[tuple[str, str]]:
    """List the fields of the form that was sent, but no password and no proof."""
    return [
        (name, str(value))
        for name, values in request.POST.lists()
        if name not in _NEVER_CARRIED and "password" not in name
        for value in values
    ]
