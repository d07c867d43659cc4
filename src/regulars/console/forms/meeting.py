"""Two people at one form: what stood when it was opened, what stands now, what is written.

A form of what stands carries what stood when it was drawn. When it comes back, a field that
somebody else changed meanwhile and that the reader left alone takes the other's word. A field that
both changed is shown three times, before, theirs and yours, and the reader chooses.
"""

import hashlib
from dataclasses import dataclass
from typing import Any, cast

from django import forms
from django.core import signing
from django.http import QueryDict
from django.utils.translation import gettext, gettext_lazy

from regulars.console.forms.base import ConsoleForm

BASE, CHOICE, SALT = "base", "choose", "console.meeting"
MINE, THEIRS = "mine", "theirs"
NOTHING = gettext_lazy("nothing")


@dataclass(frozen=True, slots=True)
class Stand:
    """What stands in a field: `value` tells states apart, `shown` is how people read it."""

    value: Any
    shown: str


@dataclass(frozen=True, slots=True)
class Difference:
    """A field that two people changed: as it was, as the other left it, as the reader wrote it."""

    name: str
    label: str
    before: str
    theirs: str
    yours: str
    mark: str


class MeetingForm(ConsoleForm):
    """A form of what stands, drawn from `initial`, that tells when somebody was there first."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.differences: list[Difference] = []
        self.taken: list[str] = []
        self.fields[BASE] = forms.CharField(required=False, widget=forms.HiddenInput())
        self.remember()

    def remember(self) -> None:
        """Seal what stands into the form; to be said again by whoever adds fields."""
        said = {name: [stand.value, stand.shown] for name, stand in self.stands().items()}
        sealed = signing.dumps(said, salt=SALT, compress=True)
        self.initial = {**(self.initial or {}), BASE: sealed}

    def stands(self) -> dict[str, Stand]:
        """Answer what stands now, field by field."""
        return {
            name: Stand(self.initial[name], self._worded(name, self.initial[name]))
            for name in self.fields
            if name != BASE and name in (self.initial or {})
        }

    def yours(self, name: str) -> Stand | None:
        """Answer what the reader wrote in a field; nothing where the field says nothing."""
        if name not in self.cleaned_data:
            return None
        said = self.cleaned_data[name]
        return Stand(said, self._worded(name, said))

    def take_theirs(self, name: str, theirs: Stand) -> None:
        """Let the field say what the other left there."""
        self.cleaned_data[name] = theirs.value
        self._say(name, theirs.value)

    def clean(self) -> dict[str, Any]:
        """Join what two people changed; the form is invalid until each difference is chosen."""
        said: dict[str, Any] = super().clean() or self.cleaned_data
        before = self._base(said.pop(BASE, ""))
        for name, theirs in self.stands().items() if before else ():
            was = before.get(name)
            if was is not None and was[0] != theirs.value:
                self._meet(name, Stand(*was), theirs)
        if self.differences:
            self.add_error(
                None,
                gettext(
                    "Somebody changed this meanwhile. Look at both, choose for each field,"
                    " and send it again."
                ),
            )
        return said

    def said(self) -> list[tuple[str, str]]:
        """Answer what was sent, with what was chosen between two."""
        chosen = [
            (key, str(value)) for key, value in self.data.items() if key.startswith(f"{CHOICE}_")
        ]
        return [*super().said(), *chosen]

    def get_context(self) -> dict[str, Any]:
        """Answer what the template draws, with what two people changed above the fields."""
        joined = {"differences": self.differences, "taken": self.taken}
        return {**super().get_context(), **joined}

    def _meet(self, name: str, was: Stand, theirs: Stand) -> None:
        yours, mark = self.yours(name), _mark(theirs.value)
        if yours is None or yours.value == theirs.value:
            return
        choice = self.data.get(f"{CHOICE}_{name}", "")
        if yours.value == was.value or choice == f"{THEIRS}:{mark}":
            self.take_theirs(name, theirs)
            self.taken.append(str(self.fields[name].label))
        elif choice != f"{MINE}:{mark}":
            label = str(self.fields[name].label)
            self.differences.append(
                Difference(name, label, was.shown, theirs.shown, yours.shown, mark)
            )

    def _say(self, name: str, value: Any) -> None:
        data = cast("QueryDict", self.data).copy()
        data[self.add_prefix(name)] = "" if value in (None, False) else str(value)
        self.data = data

    def _base(self, sealed: str) -> dict[str, list[Any]]:
        try:
            return dict(signing.loads(sealed, salt=SALT))
        except signing.BadSignature:
            return {}

    def _worded(self, name: str, value: Any) -> str:
        if isinstance(value, bool):
            return gettext("yes") if value else gettext("no")
        choices = getattr(self.fields[name], "choices", None)
        return str(dict(choices).get(value, value) if choices else value) or str(NOTHING)


def _mark(value: Any) -> str:
    return hashlib.sha256(repr(value).encode()).hexdigest()[:12]
