"""The base of every form: labels above, help under, the first error focused, refusals mapped."""

from typing import Any

from django import forms

from regulars.kit.errors import Refusal
from regulars.web.problems import words

ENTRIES = (forms.TextInput, forms.Textarea, forms.Select, forms.DateInput, forms.NumberInput)


class ConsoleForm(forms.Form):
    """A form that draws itself by `console/_form.html`.

    A field may carry `unit` (drawn inside, after the input) and `unit_before`.
    """

    template_name = "console/_form.html"
    required_css_class = "is-required"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            if isinstance(field.widget, ENTRIES) and not field.widget.is_hidden:
                field.widget.attrs.setdefault("class", "input")

    def refuse(self, refusal: Refusal, field: str | None = None) -> None:
        """Say a refusal at its field, or above the form; the form is invalid from then on."""
        self.add_error(field if field in self.fields else None, words(refusal))

    def get_context(self) -> dict[str, Any]:
        """Answer what the template draws; the first field with an error gets the focus."""
        wrong = next((name for name in self.fields if name in self.errors), None)
        if self.is_bound and wrong is not None:
            self.fields[wrong].widget.attrs["autofocus"] = True
        context: dict[str, Any] = super().get_context()
        return context

    def said(self) -> list[tuple[str, str]]:
        """Answer what was sent, field by field, for hidden inputs of a confirming page.

        Passwords and files are never said again.
        """
        secret = (forms.PasswordInput, forms.FileInput)
        pairs: list[tuple[str, str]] = []
        for name, field in self.fields.items():
            if isinstance(field.widget, secret):
                continue
            key = self.add_prefix(name)
            values = (
                self.data.getlist(key) if hasattr(self.data, "getlist") else [self.data.get(key)]
            )
            pairs += [(key, str(value)) for value in values if value not in (None, "")]
        return pairs
