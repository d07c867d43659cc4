"""The form that decides about a proposal: a few words, yes or no."""

from django import forms
from django.utils.translation import gettext_lazy as _

from regulars.console.forms.base import ConsoleForm
from regulars.console.forms.fields import NOTE_LENGTH_MAX


class DecisionForm(ConsoleForm):
    """Yes or no, and why. A no without a word helps nobody, so it needs one."""

    verdict = forms.ChoiceField(
        choices=[("approve", _("Approve")), ("reject", _("Reject"))], widget=forms.HiddenInput
    )
    seen = forms.RegexField(r"^[0-9a-f]{64}$", widget=forms.HiddenInput)
    note = forms.CharField(
        label=_("Note"),
        required=False,
        max_length=NOTE_LENGTH_MAX,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Kept encrypted in the audit log. A rejection needs a reason."),
    )

    def clean(self) -> dict[str, object]:
        """Ask for a word where the answer is no."""
        said: dict[str, object] = super().clean() or {}
        if said.get("verdict") == "reject" and not said.get("note"):
            self.add_error("note", _("Say why, so that the maker can do better."))
        return said
