"""The form that the style page draws."""

from django.utils.translation import gettext

from regulars.console.forms.base import ConsoleForm
from regulars.console.forms.fields import DayField, MoneyField, PointsField, ReasonField
from regulars.kit.messages import message


class SampleForm(ConsoleForm):
    """One field of each kind, sent with mistakes so that errors show."""

    def __init__(self, *, panel: str) -> None:
        said = {"points": "1.5", "amount": "12 元 5", "on": "2026-11-21"}
        super().__init__({f"{panel}-{name}": value for name, value in said.items()}, prefix=panel)
        self.fields["points"] = PointsField(
            label=gettext("Points"), help_text=gettext("Whole points, at least 1.")
        )
        self.fields["amount"] = MoneyField(label=gettext("Amount"))
        self.fields["on"] = DayField(label=gettext("Day"), required=False)
        self.fields["reason"] = ReasonField({"goodwill": message("Goodwill")}, required=False)
        for field in self.fields.values():
            field.widget.attrs.setdefault("class", "input")

    def get_context(self) -> dict[str, object]:
        """Draw without taking the focus: this form is looked at, not filled in."""
        return super(ConsoleForm, self).get_context()
