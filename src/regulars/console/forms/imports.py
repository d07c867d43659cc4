"""What is asked of a file that is brought in: what its rows are, and what it does not say."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from regulars.console.domain import operations
from regulars.console.domain.imports import takes_awards
from regulars.console.forms.base import ConsoleForm
from regulars.console.forms.fields import DayField
from regulars.ingest.domain.files import FileKind


class UploadForm(ConsoleForm):
    """Which rows a file holds, and the file."""

    kind = forms.ChoiceField(
        label=gettext_lazy("What the rows are"),
        choices=[(code, gettext_lazy(title)) for code, title in operations.FILE_KINDS.items()],
        widget=forms.RadioSelect,
    )
    file = forms.FileField(
        label=gettext_lazy("File"),
        widget=forms.FileInput(attrs={"accept": ".csv,.xlsx,.gz", "class": "input"}),
        help_text=gettext_lazy(
            ".csv, .csv.gz or .xlsx, up to 200 MB. It is kept encrypted, for a day at the most."
        ),
    )


class OptionsForm(ConsoleForm):
    """What the file does not say itself."""

    source = forms.CharField(
        label=gettext_lazy("Data source"),
        max_length=80,
        help_text=gettext_lazy("The system it comes from. A new name makes a new source."),
    )
    zone = forms.CharField(
        label=gettext_lazy("Zone"),
        max_length=64,
        required=False,
        help_text=gettext_lazy("Of times without one; empty for the source's own."),
    )
    currency = forms.CharField(
        label=gettext_lazy("Currency"),
        max_length=3,
        required=False,
        help_text=gettext_lazy("Of amounts without one, such as CNY."),
    )
    date_order = forms.ChoiceField(
        label=gettext_lazy("Order of dates"),
        required=False,
        choices=[(code, gettext_lazy(title)) for code, title in operations.DATE_ORDERS.items()],
    )
    as_of = DayField(
        label=gettext_lazy("As of"),
        required=False,
        help_text=gettext_lazy("The day whose end the balances describe."),
    )
    award = forms.BooleanField(
        label=gettext_lazy("Award points for these orders"),
        required=False,
        help_text=gettext_lazy("Orders on or before a member's opening balance never award."),
    )

    def __init__(self, *args: Any, kind: FileKind, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if kind is not FileKind.BALANCES:
            del self.fields["as_of"]
        if not takes_awards(kind):
            del self.fields["award"]

    def options(self) -> dict[str, Any]:
        """Answer what was said as options of the upload."""
        said = self.cleaned_data
        as_of = said.get("as_of")
        return {
            "source": said["source"],
            "zone": said["zone"] or None,
            "currency": said["currency"] or None,
            "as_of": as_of.isoformat() if as_of else None,
            "award": bool(said.get("award", True)),
        }
