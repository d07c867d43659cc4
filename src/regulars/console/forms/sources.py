"""What is asked of a source: what it is called, how it sends, how long an old secret lives on."""

from django import forms
from django.utils.translation import gettext_lazy

from regulars.console.domain import operations
from regulars.console.forms.base import ConsoleForm
from regulars.console.forms.fields import PointsField

OVERLAP_DAYS_MAX = 90


class SourceForm(ConsoleForm):
    """A system that sends, and what it means when it leaves something out."""

    name = forms.CharField(
        label=gettext_lazy("Source name"),
        max_length=80,
        help_text=gettext_lazy("A short plain word, such as youzan. It stays."),
    )
    kind = forms.ChoiceField(
        label=gettext_lazy("How it sends"),
        choices=[(code, gettext_lazy(title)) for code, title in operations.SOURCE_KINDS.items()],
        initial="webhook",
    )
    zone = forms.CharField(
        label=gettext_lazy("Zone"),
        max_length=64,
        required=False,
        help_text=gettext_lazy("Of times without one; empty for the shop's."),
    )
    currency = forms.CharField(
        label=gettext_lazy("Currency"),
        max_length=3,
        required=False,
        help_text=gettext_lazy("Of amounts without one; empty for the shop's."),
    )
    completes = forms.BooleanField(
        label=gettext_lazy("It reports when an order is completed"),
        required=False,
        initial=True,
        help_text=gettext_lazy("Without it, points wait from payment."),
    )


class RotateForm(ConsoleForm):
    """How long the secret of before lives on."""

    days = PointsField(
        least=0,
        most=OVERLAP_DAYS_MAX,
        unit=gettext_lazy("days"),
        label=gettext_lazy("The old secret works on for"),
        initial="7",
        help_text=gettext_lazy("0 ends it at once: use it if the secret was seen by others."),
    )
