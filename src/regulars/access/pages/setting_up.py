"""The first set-up: the one-time link makes the owner's account."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from regulars.access import domain, forms, services
from regulars.access.pages.entering import enter, home, network_of
from regulars.kit.contacts import InvalidEmail
from regulars.kit.errors import Refusal
from regulars.web import clock
from regulars.web.pages import refused, render
from regulars.web.permissions import public
from regulars.web.problems import words


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
    services.note_sign_in(staff_id=staff.id, how="set_up", network=network_of(request), at=at)
    enter(request, staff_id=staff.id, how="set_up")
    return HttpResponseRedirect(home())


def _set_up_page(request: HttpRequest, form: forms.SetUpForm, status: int = 200) -> HttpResponse:
    form.focus_first_error()
    context = {"form": form, "password_help": forms.password_help()}
    return render(request, "access/set_up.html", context, status=status)
