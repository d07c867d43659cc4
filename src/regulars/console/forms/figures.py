"""The form of the home page: from which day to which, both inclusive, in the shop's zone."""

from datetime import date
from typing import Any

from django.utils.translation import gettext, gettext_lazy

from regulars.console.domain.periods import CHOSEN_DAYS_MAX, EARLIEST, name_of
from regulars.console.forms.base import ConsoleForm
from regulars.console.forms.fields import DayField


class DaysForm(ConsoleForm):
    """A stretch of days that lie in the past, no longer than a year."""

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, auto_id="days-%s", **kwargs)
        self.fields["from"] = DayField(
            label=gettext_lazy("From"),
            least=EARLIEST,
            most=today,
            error_messages={"required": gettext_lazy("Choose the first day.")},
        )
        self.fields["to"] = DayField(
            label=gettext_lazy("To"),
            least=EARLIEST,
            most=today,
            error_messages={"required": gettext_lazy("Choose the last day.")},
        )
        for field in self.fields.values():
            field.widget.attrs["max"] = today.isoformat()

    def clean(self) -> dict[str, Any]:
        """Hold the days against each other; what is wrong is said at the last day."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        first, last = cleaned.get("from"), cleaned.get("to")
        if first is None or last is None:
            return cleaned
        if last < first:
            self.add_error("to", gettext("Choose a last day that is not before the first."))
        elif (last - first).days >= CHOSEN_DAYS_MAX:
            words = gettext("Choose at most %(count)s days.") % {"count": CHOSEN_DAYS_MAX}
            self.add_error("to", words)
        return cleaned

    @property
    def period(self) -> str:
        """Name the stretch of a form that is valid."""
        return name_of(self.cleaned_data["from"], self.cleaned_data["to"])
