"""What people change about their own account."""

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy

from regulars.access.domain import PASSWORD_LENGTH_MAX
from regulars.console.forms.base import ConsoleForm

_NAME_LENGTH_MAX = 100


class ProfileForm(ConsoleForm):
    """The name colleagues see, and the language of the pages."""

    name = forms.CharField(label=gettext_lazy("Your name"), max_length=_NAME_LENGTH_MAX)
    language = forms.ChoiceField(
        label=gettext_lazy("Language"),
        choices=settings.LANGUAGES,
        help_text=gettext_lazy("Pages are shown in it from the next one on."),
    )


class PasswordForm(ConsoleForm):
    """The password that holds, and the new one twice."""

    current = forms.CharField(
        label=gettext_lazy("Current password"),
        max_length=PASSWORD_LENGTH_MAX,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password", "class": "input"}),
    )
    password = forms.CharField(
        label=gettext_lazy("New password"),
        max_length=PASSWORD_LENGTH_MAX,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password", "class": "input"}),
    )
    again = forms.CharField(
        label=gettext_lazy("New password once more"),
        max_length=PASSWORD_LENGTH_MAX,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password", "class": "input"}),
    )

    def __init__(self, *args: object, has_password: bool, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        if not has_password:
            del self.fields["current"]

    def clean(self) -> dict[str, object]:
        """Compare the two passwords; whether the new one is good is judged by the service."""
        held: dict[str, object] = super().clean() or self.cleaned_data
        if "password" in held and "again" in held and held["password"] != held["again"]:
            self.add_error(
                "again", gettext_lazy("The two passwords differ. Type the second one again.")
            )
        return held
