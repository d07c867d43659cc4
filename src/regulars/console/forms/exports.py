"""What is asked before a list leaves the house."""

from collections.abc import Sequence

from django import forms
from django.utils.translation import gettext, gettext_lazy

from regulars.console.domain.exports import REASONS, ExportColumn
from regulars.console.forms.base import ConsoleForm
from regulars.console.forms.fields import ReasonField


class ExportForm(ConsoleForm):
    """Which columns, in which form, masked or not, and what for."""

    columns = forms.MultipleChoiceField(
        label=gettext_lazy("Columns"), widget=forms.CheckboxSelectMultiple
    )
    form = forms.ChoiceField(
        label=gettext_lazy("Form"),
        choices=[("csv", gettext_lazy("CSV (any length)")), ("xlsx", gettext_lazy("Excel"))],
        help_text=gettext_lazy("A worksheet holds up to 1,000,000 rows."),
    )
    reason = ReasonField(
        REASONS,
        label=gettext_lazy("What the file is for"),
        help_text=gettext_lazy("It stands in the audit log with the filters and the row count."),
    )
    unmasked = forms.BooleanField(
        label=gettext_lazy("Show personal data unmasked"),
        required=False,
        help_text=gettext_lazy("Only where the purpose cannot do without it."),
    )

    def __init__(
        self, *args: object, columns: Sequence[ExportColumn], may_reveal: bool, **kwargs: object
    ) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["columns"]
        assert isinstance(field, forms.MultipleChoiceField)
        field.choices = [(column.code, gettext(column.title)) for column in columns]
        field.initial = [column.code for column in columns]
        if not may_reveal:
            del self.fields["unmasked"]
