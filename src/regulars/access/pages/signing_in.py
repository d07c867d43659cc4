"""The first step in, by password or one-time link, and the way out."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from regulars.access import domain, forms, services
from regulars.access.pages.entering import actor_of, go_on, network_of, safe_next
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
        if actor_of(request) is not None:
            return HttpResponseRedirect(safe_next(request, request.GET.get("next", "")))
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
    except Refusal as no:
        return _sign_in_again(request, form, no)
    return go_on(request, staff_id=staff_id, how="password", wanted=form.cleaned_data["next"])


@public
@never_cache
@csrf_protect
@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End this session; somebody who is not signed in is simply shown the way in."""
    services.end_session(session=request.session, actor=actor_of(request), at=clock.now())
    return HttpResponseRedirect(reverse("access-sign-in"))


@public
@never_cache
@require_http_methods(["GET"])
def sign_in_by_link(request: HttpRequest, token: str) -> HttpResponse:
    """Use a one-time link up and let its owner in."""
    try:
        staff_id = services.use_sign_in_link(
            token=token, network=network_of(request), at=clock.now()
        )
    except Refusal as no:
        return refused(request, no)
    return go_on(request, staff_id=staff_id, how="link", proves=False)


def _sign_in_again(request: HttpRequest, form: forms.SignInForm, no: Refusal) -> HttpResponse:
    """Show the form once more with what was typed but the password."""
    is_busy = no.kind in {Kind.TRY_LATER, Kind.LIMITED}
    status = STATUS_OF[no.kind if is_busy else Kind.INVALID]
    kept = {"email": form.data.get("email", ""), "next": form.data.get("next", "")}
    context = {"form": forms.SignInForm(initial=kept), "refusal": words(no)}
    return render(request, "access/sign_in.html", context, status=status)
