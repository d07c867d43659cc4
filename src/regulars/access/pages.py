"""The pages of getting in and out: sign-in, sign-out, a one-time link, the first set-up."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.middleware.csrf import rotate_token
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from regulars.access import domain, forms, services
from regulars.access.domain import Actor
from regulars.kit.contacts import InvalidEmail
from regulars.kit.errors import Kind, Refusal
from regulars.web import clock, rates
from regulars.web.idempotency import STATUS_OF
from regulars.web.pages import refused, render
from regulars.web.permissions import public
from regulars.web.problems import words


@public
@never_cache
@csrf_protect
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """Ask for e-mail and password; let in, or say the one sentence that every refusal gets."""
    if request.method != "POST":
        if _actor(request) is not None:
            return HttpResponseRedirect(_next(request, request.GET.get("next", "")))
        form = forms.SignInForm(initial={"next": request.GET.get("next", "")})
        return render(request, "access/sign_in.html", {"form": form})
    form = forms.SignInForm(request.POST)
    if not form.is_valid():
        return _sign_in_again(request, form, domain.SignInRefused())
    at, address = clock.now(), services.address_of(request)
    try:
        bucket = f"sign-in:{domain.network_of(address)}"
        rates.admit(bucket, limit=domain.PASSWORDS_PER_MINUTE_MAX, seconds=at.timestamp())
        staff_id = services.sign_in(
            email=form.cleaned_data["email"],
            password=form.cleaned_data["password"],
            address=address,
            at=at,
        )
        _enter(request, staff_id)
    except Refusal as no:
        return _sign_in_again(request, form, no)
    return HttpResponseRedirect(_next(request, form.cleaned_data["next"]))


@public
@never_cache
@csrf_protect
@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End this session; somebody who is not signed in is simply shown the way in."""
    services.end_session(session=request.session, actor=_actor(request), at=clock.now())
    return HttpResponseRedirect(reverse("access-sign-in"))


@public
@never_cache
@require_http_methods(["GET"])
def sign_in_by_link(request: HttpRequest, token: str) -> HttpResponse:
    """Use a one-time link up and let its owner in."""
    network = domain.network_of(services.address_of(request))
    try:
        staff_id = services.use_sign_in_link(token=token, network=network, at=clock.now())
    except Refusal as no:
        return refused(request, no)
    _enter(request, staff_id)
    return HttpResponseRedirect(_home())


@public
@never_cache
@csrf_protect
@sensitive_post_parameters("password", "again")
@require_http_methods(["GET", "HEAD", "POST"])
def set_up(request: HttpRequest, token: str) -> HttpResponse:
    """Make the first owner's account with the one-time link, and sign them in."""
    at = clock.now()
    try:
        services.check_set_up_link(token=token, at=at)
        if request.method != "POST":
            return _set_up_page(request, forms.SetUpForm())
        form = forms.SetUpForm(request.POST)
        if not form.is_valid():
            return _set_up_page(request, form, status=422)
        return _made_owner(request, form, token)
    except Refusal as no:
        return refused(request, no)


def _made_owner(request: HttpRequest, form: forms.SetUpForm, token: str) -> HttpResponse:
    at, asked = clock.now(), form.cleaned_data
    try:
        staff = services.set_up(
            token=token,
            email=asked["email"],
            password=asked["password"],
            name=asked["name"],
            brand=asked["brand"],
            at=at,
        )
    except (domain.PasswordWeak, InvalidEmail) as no:
        form.add_error("password" if isinstance(no, domain.PasswordWeak) else "email", words(no))
        return _set_up_page(request, form, status=422)
    services.note_sign_in(
        staff_id=staff.id,
        how="set_up",
        network=domain.network_of(services.address_of(request)),
        at=at,
    )
    _enter(request, staff.id)
    return HttpResponseRedirect(_home())


def _set_up_page(request: HttpRequest, form: forms.SetUpForm, status: int = 200) -> HttpResponse:
    form.focus_first_error()
    context = {"form": form, "password_help": forms.password_help()}
    return render(request, "access/set_up.html", context, status=status)


def _sign_in_again(request: HttpRequest, form: forms.SignInForm, no: Refusal) -> HttpResponse:
    """Show the form once more with what was typed but the password."""
    is_busy = no.kind in {Kind.TRY_LATER, Kind.LIMITED}
    status = STATUS_OF[no.kind if is_busy else Kind.INVALID]
    kept = {"email": form.data.get("email", ""), "next": form.data.get("next", "")}
    context = {"form": forms.SignInForm(initial=kept), "refusal": words(no)}
    return render(request, "access/sign_in.html", context, status=status)


def _enter(request: HttpRequest, staff_id: int) -> None:
    """Begin a session under a new id, and new form tokens with it."""
    services.start_session(session=request.session, staff_id=staff_id, at=clock.now())
    rotate_token(request)


def _actor(request: HttpRequest) -> Actor | None:
    found = getattr(request, "actor", None)
    return found if isinstance(found, Actor) and found.kind == "staff" else None


def _home() -> str:
    return reverse("console-home")


def _next(request: HttpRequest, wanted: str) -> str:
    """Answer where to go on: a page of this house, or home. Never somebody else's."""
    here = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if here and wanted.startswith("/") else _home()
