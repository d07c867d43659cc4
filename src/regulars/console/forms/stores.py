"""What may be changed of a store."""

from zoneinfo import available_timezones

from django import forms
from django.utils.translation import gettext, gettext_lazy

from regulars.console.domain import operations
from regulars.console.forms.meeting import MeetingForm


class StoreForm(MeetingForm):
    """What may be changed of a store; its code is what tills and files call it, and stays."""

    name = forms.CharField(label=gettext_lazy("Store name"), max_length=200)
    kind = forms.ChoiceField(
        label=gettext_lazy("Kind"),
        choices=[(code, gettext_lazy(title)) for code, title in operations.STORE_KINDS.items()],
    )
    region = forms.CharField(
        label=gettext_lazy("Region"),
        max_length=200,
        help_text=gettext_lazy("The code of a region. One that is not there yet is made."),
    )
    zone = forms.CharField(
        label=gettext_lazy("Zone"),
        max_length=64,
        help_text=gettext_lazy("For example Asia/Shanghai. Days of this store begin there."),
    )

    def clean_zone(self) -> str:
        """Take the name of a zone that there is."""
        zone = str(self.cleaned_data["zone"]).strip()
        if zone not in available_timezones():
            raise forms.ValidationError(gettext("Write a zone such as Asia/Shanghai."))
        return zone
