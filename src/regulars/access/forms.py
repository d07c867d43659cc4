"""The forms of getting in: sign in, and make the first owner's account."""

from django import forms
from django.forms.widgets import Input
from django.utils.translation import gettext_lazy as _

from regulars.access.domain import PASSWORD_LENGTH_MAX, PASSWORD_LENGTH_MIN

_EMAIL_LENGTH_MAX = 254
_NAME_LENGTH_MAX = 100


def _input(kind: type[Input], autocomplete: str, **more: bool) -> Input:
    return kind(attrs={"autocomplete": autocomplete, "class": "input", **more})


class SignInForm(forms.Form):
    """E-mail and password.

    The address is taken as text: what is no address is refused with the same words as any.
    """

    email = forms.CharField(
        label=_("E-mail"),
        max_length=_EMAIL_LENGTH_MAX,
        widget=_input(forms.EmailInput, "username", autofocus=True),
    )
    password = forms.CharField(
        label=_("Password"),
        max_length=PASSWORD_LENGTH_MAX,
        strip=False,
        widget=_input(forms.PasswordInput, "current-password"),
    )
    next = forms.CharField(required=False, max_length=2_000, widget=forms.HiddenInput)


class SetUpForm(forms.Form):
    """Who the first owner is, and what the brand is called."""

    brand = forms.CharField(
        label=_("Name of the brand"),
        max_length=_NAME_LENGTH_MAX,
        widget=_input(forms.TextInput, "organization", autofocus=True),
    )
    name = forms.CharField(
        label=_("Your name"),
        max_length=_NAME_LENGTH_MAX,
        widget=_input(forms.TextInput, "name"),
    )
    email = forms.EmailField(
        label=_("E-mail"),
        max_length=_EMAIL_LENGTH_MAX,
        widget=_input(forms.EmailInput, "username"),
    )
    password = forms.CharField(
        label=_("Password"),
        max_length=PASSWORD_LENGTH_MAX,
        strip=False,
        widget=_input(forms.PasswordInput, "new-password"),
    )
    again = forms.CharField(
        label=_("Password once more"),
        max_length=PASSWORD_LENGTH_MAX,
        strip=False,
        widget=_input(forms.PasswordInput, "new-password"),
    )

    def clean(self) -> dict[str, object]:
        """Compare the two passwords; whether the password is good is judged by the service."""
        held: dict[str, object] = super().clean() or self.cleaned_data
        if "password" in held and "again" in held and held["password"] != held["again"]:
            self.add_error("again", _("The two passwords differ. Type the second one again."))
        return held

    def focus_first_error(self) -> None:
        """Let the cursor stand where something is to be mended."""
        for name in list(self.errors)[:1]:
            self.fields["brand"].widget.attrs.pop("autofocus", None)
            self.fields[name].widget.attrs["autofocus"] = True


def password_help() -> str:
    """Say what a good password is."""
    return _("%(shortest)s characters or more, not a common password.") % {
        "shortest": PASSWORD_LENGTH_MIN
    }
