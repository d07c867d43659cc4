"""The forms of administration: invite a colleague, give a role, make a key."""

from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from regulars.console.domain.roles import WIDTHS
from regulars.console.forms.base import ConsoleForm
from regulars.console.forms.fields import DayField, PointsField
from regulars.kit.contacts import InvalidEmail, normalise_email
from regulars.web.problems import words

Choices = list[tuple[str, str]]
NAME_LENGTH_MAX = 100
NETWORKS_MAX = 20


class _EmailField(forms.CharField):
    """An e-mail address, normalised."""

    def clean(self, value: Any) -> Any:
        """Read an address; the error says what is wrong with it."""
        text = super().clean(value)
        try:
            return normalise_email(text) if text else text
        except InvalidEmail as no:
            raise ValidationError(words(no)) from no


class GrantForm(ConsoleForm):
    """A role and where it holds."""

    role = forms.ChoiceField(label=_("Role"))
    scope = forms.ChoiceField(
        label=_("Scope"), help_text=_("Where the role holds: which members and stores it reaches.")
    )
    until = DayField(
        label=_("Ends"), required=False, help_text=_("The last day. Empty: until it is taken away.")
    )
    note = forms.CharField(
        label=_("Note"),
        required=False,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Why this person needs it. Kept encrypted in the audit log."),
    )

    def __init__(
        self, *args: Any, roles: Choices, scopes: Choices, today: date, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        first = [("", gettext("Choose a role"))]
        self.fields["role"].choices = [*first, *roles]  # type: ignore[attr-defined]
        self.fields["scope"].choices = scopes  # type: ignore[attr-defined]
        self.fields["until"].least = today  # type: ignore[attr-defined]


class InviteForm(GrantForm):
    """A new colleague: address, name, number, and their first role."""

    email = _EmailField(
        label=_("E-mail address"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
        help_text=_("They sign in with it."),
    )
    name = forms.CharField(label=_("Name"), max_length=NAME_LENGTH_MAX)
    code = forms.CharField(
        label=_("Associate number"),
        required=False,
        max_length=64,
        help_text=_("As orders and files call them. Leave empty for the office."),
    )
    language = forms.ChoiceField(
        label=_("Language"), choices=[("zh-hans", "简体中文"), ("en", "English")]
    )

    field_order = ("email", "name", "code", "language", "role", "scope", "until", "note")


class KeyForm(ConsoleForm):
    """An API key: what it is for, what it may do, where, and for how long."""

    title = forms.CharField(
        label=_("Used for"),
        max_length=100,
        help_text=_("What it is for, such as “till in Riverside”."),
    )
    permissions = forms.MultipleChoiceField(
        label=_("Permissions"),
        widget=forms.CheckboxSelectMultiple,
        help_text=_("As few as the program needs. You can only give what you hold yourself."),
    )
    store = forms.ChoiceField(label=_("Store"), required=False)
    networks = forms.CharField(
        label=_("Networks"),
        required=False,
        max_length=1_000,
        widget=forms.Textarea(attrs={"rows": 2, "placeholder": "203.0.113.0/24"}),
        help_text=_("Where it may be used from, one a line. Empty: anywhere."),
    )
    days = PointsField(
        label=_("Lives for"), least=1, most=365, unit=_("days"), initial="365", required=True
    )
    note = forms.CharField(
        label=_("Note"), required=False, max_length=500, widget=forms.Textarea(attrs={"rows": 2})
    )

    def __init__(self, *args: Any, permissions: Choices, stores: Choices, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["permissions"].choices = permissions  # type: ignore[attr-defined]
        self.fields["store"].choices = [("", gettext("All stores")), *stores]  # type: ignore[attr-defined]

    def clean_networks(self) -> list[str]:
        """Read the networks, one a line or joined by commas."""
        text = self.cleaned_data["networks"].replace(",", "\n")
        found = [line.strip() for line in text.splitlines() if line.strip()]
        if len(found) > NETWORKS_MAX:
            raise ValidationError(gettext("Name at most 20 networks."))
        return found


class RoleForm(ConsoleForm):
    """A role of the house's own: its name, what it may do, how wide it is given."""

    name = forms.CharField(
        label=_("Name of the role"), max_length=40, help_text=_("As people read it.")
    )
    permissions = forms.MultipleChoiceField(
        label=_("Permissions"), widget=forms.CheckboxSelectMultiple
    )
    scopes = forms.MultipleChoiceField(label=_("Given in"), widget=forms.CheckboxSelectMultiple)

    def __init__(self, *args: Any, permissions: Choices, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["permissions"].choices = permissions  # type: ignore[attr-defined]
        widths = [(code, gettext(title)) for code, title in WIDTHS.items()]
        self.fields["scopes"].choices = widths  # type: ignore[attr-defined]


class AskForm(ConsoleForm):
    """Nothing to say: only the act itself."""
