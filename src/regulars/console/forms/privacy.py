"""What the privacy desk asks staff."""

from collections.abc import Mapping

from django import forms
from django.utils.translation import gettext_lazy

from regulars.console.forms.base import ConsoleForm
from regulars.console.forms.fields import ReasonField
from regulars.members.domain import requests as desk


def _choices(words: Mapping[str, str]) -> list[tuple[str, object]]:
    return [("", gettext_lazy("Choose one")), *((c, gettext_lazy(t)) for c, t in words.items())]


class OpenRequestForm(ConsoleForm):
    """Whose request, what for, how it came."""

    member = forms.CharField(
        label=gettext_lazy("Member"),
        max_length=120,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text=gettext_lazy("Phone, card or member number, exactly."),
    )
    kind = forms.ChoiceField(
        label=gettext_lazy("Asks for"),
        choices=_choices({kind.value: title for kind, title in desk.KIND_TITLES.items()}),
    )
    channel = forms.ChoiceField(label=gettext_lazy("How it came"), choices=_choices(desk.CHANNELS))
    note = forms.CharField(
        label=gettext_lazy("What was said"),
        required=False,
        max_length=desk.NOTE_LENGTH_MAX,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("Kept encrypted, and emptied when the person is erased."),
    )


class CheckForm(ConsoleForm):
    """How it was made sure who asks."""

    how = forms.ChoiceField(label=gettext_lazy("Checked how"), choices=_choices(desk.CHECKS))


class RefuseForm(ConsoleForm):
    """Why a request is refused."""

    because = ReasonField(
        desk.REFUSALS, help_text=gettext_lazy("The letter to the person names it.")
    )
