"""The way between the first step and the console: who waits for the second, and where to go on."""

from dataclasses import asdict, dataclass
from datetime import datetime
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.middleware.csrf import rotate_token
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from regulars.access import domain, selectors, services
from regulars.access.domain import (
    Actor,
)
from regulars.access.domain.factors import (
    CHALLENGE_LIFE,
    ChallengePurpose,
    NextStep,
)
from regulars.access.domain.sessions import (
    device_of,
)
from regulars.web import clock

_ENTERING = "entering"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entering:
    """Somebody who has taken the first step and is nobody yet."""

    staff_id: int
    step: str
    how: str
    next: str
    since: str
    challenge: int

    @property
    def is_for_second_step(self) -> bool:
        return self.step == NextStep.SECOND_STEP


def actor_of(request: HttpRequest) -> Actor | None:
    """Answer the member of staff who is signed in, or None."""
    found = getattr(request, "actor", None)
    return found if isinstance(found, Actor) and found.kind == "staff" else None


def network_of(request: HttpRequest) -> str:
    """Answer the network a request comes from, shortened."""
    return domain.network_of(services.address_of(request))


def site_of(request: HttpRequest) -> services.Site:
    """Answer where the browser must believe to be for a passkey to count."""
    if settings.PUBLIC_URL:
        parts = urlsplit(settings.PUBLIC_URL)
        return services.Site(f"{parts.scheme}://{parts.netloc}")
    return services.Site(f"{request.scheme}://{request.get_host()}")


def browser_of(request: HttpRequest) -> str:
    """Name browser and system, no finer."""
    return device_of(request.headers.get("User-Agent", ""))


def go_on(
    request: HttpRequest, *, staff_id: int, how: str, wanted: str = "", proves: bool = True
) -> HttpResponse:
    """Let in whoever needs no second step; send the others to theirs."""
    at = clock.now()
    step = selectors.get_factors(staff_id=staff_id).next_step(at)
    if step is NextStep.NOTHING:
        enter(request, staff_id=staff_id, how=how, proves=proves)
        return HttpResponseRedirect(safe_next(request, wanted))
    challenge = services.begin_challenge(
        purpose=ChallengePurpose.SECOND_STEP, staff_id=staff_id, at=at
    )
    entering = Entering(
        staff_id=staff_id,
        step=step.value,
        how=how,
        next=safe_next(request, wanted),
        since=at.isoformat(),
        challenge=challenge,
    )
    request.session.flush()
    request.session[_ENTERING] = asdict(entering)
    name = "access-second-step" if step is NextStep.SECOND_STEP else "access-enrol"
    return HttpResponseRedirect(reverse(name))


def entering_of(request: HttpRequest, *, at: datetime) -> Entering | None:
    """Answer who waits for the second step; after ten minutes nobody does."""
    held = request.session.get(_ENTERING)
    if not held:
        return None
    entering = Entering(**held)
    if at - datetime.fromisoformat(entering.since) >= CHALLENGE_LIFE:
        forget_entering(request)
        return None
    return entering


def forget_entering(request: HttpRequest) -> None:
    """Send whoever waited back to the first step."""
    request.session.flush()


def enter(request: HttpRequest, *, staff_id: int, how: str, proves: bool = True) -> None:
    """Begin a session under a new id, and new form tokens with it."""
    services.enter(request, staff_id=staff_id, how=how, at=clock.now(), proves=proves)
    rotate_token(request)


def home() -> str:
    """Answer where people go who wanted nothing else."""
    return reverse("console-home")


def safe_next(request: HttpRequest, wanted: str) -> str:
    """Answer where to go on: a page of this house, or home. Never somebody else's."""
    here = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if here and wanted.startswith("/") else home()
