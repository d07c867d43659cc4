"""The forms of acts on one member: points, marks, details, identities, consent, copy, erasure."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext, gettext_lazy

from regulars.console.domain import wording
from regulars.console.forms.base import ConsoleForm
from regulars.console.forms.fields import NOTE_LENGTH_MAX, DayField, PointsField, ReasonField
from regulars.console.forms.meeting import MeetingForm, Stand
from regulars.kit.errors import Refusal
from regulars.members.domain import (
    PROFILE_FIELDS,
    TAG_LENGTH_MAX,
    IdentityKind,
    clean_tag,
    clean_value,
)
from regulars.web.problems import words

TAGS_AT_ONCE_MAX = 10
ADJUST_MAX = 1_000_000_000
OTHER_REASON = "109"


class NoteField(forms.CharField):
    """A note in people's words; it is kept encrypted in the audit log."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("label", gettext_lazy("Note"))
        kwargs.setdefault(
            "help_text",
            gettext_lazy("Kept encrypted in the audit log, and gone when the member is erased."),
        )
        kwargs.setdefault("widget", forms.Textarea(attrs={"rows": 3}))
        super().__init__(required=False, max_length=NOTE_LENGTH_MAX, **kwargs)


class AdjustForm(ConsoleForm):
    """How many points, up or down, why, and until when points given hold."""

    amount = PointsField(
        label=gettext_lazy("Points, up or down"),
        help_text=gettext_lazy("For example 500 to give, −500 to take."),
        least=-ADJUST_MAX,
        most=ADJUST_MAX,
    )
    reason = ReasonField(wording.ADJUST_REASONS)
    note = NoteField()
    expires_on = DayField(
        label=gettext_lazy("Points given hold until"),
        help_text=gettext_lazy("The last day on which they can be used; empty: they never expire."),
        required=False,
    )

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["expires_on"].least = today  # type: ignore[attr-defined]

    def clean_amount(self) -> int:
        """Refuse nought: it changes nothing."""
        amount = int(self.cleaned_data["amount"])
        if amount == 0:
            raise ValidationError(gettext("Write a number other than 0."))
        return amount

    def clean(self) -> dict[str, Any]:
        """Ask for a note where the reason says nothing, and for no date where points are taken."""
        said = super().clean() or self.cleaned_data
        if said.get("reason") == OTHER_REASON and not said.get("note"):
            self.add_error("note", gettext("Write a note: this reason alone says nothing."))
        if said.get("expires_on") and said.get("amount", 0) < 0:
            self.add_error("expires_on", gettext("Leave the day empty: points that are taken end."))
        return said


class TagForm(ConsoleForm):
    """Words to put on a member, and until when they hold."""

    tags = forms.CharField(
        label=gettext_lazy("Tags"),
        help_text=gettext_lazy("Several are parted by commas."),
        max_length=TAGS_AT_ONCE_MAX * (TAG_LENGTH_MAX + 2),
    )
    until = DayField(
        label=gettext_lazy("Hold until"),
        help_text=gettext_lazy("The last day; empty: until they are taken off."),
        required=False,
    )

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["until"].least = today  # type: ignore[attr-defined]

    def clean_tags(self) -> tuple[str, ...]:
        """Read the words, each once."""
        text = str(self.cleaned_data["tags"]).replace("，", ",").replace("、", ",")
        parts = [part for part in (each.strip() for each in text.split(",")) if part]
        if not parts:
            raise ValidationError(gettext("Write at least one tag."))
        if len(parts) > TAGS_AT_ONCE_MAX:
            most = TAGS_AT_ONCE_MAX
            raise ValidationError(gettext("Write at most %(most)s tags.") % {"most": most})
        try:
            return tuple(dict.fromkeys(clean_tag(part) for part in parts))
        except Refusal as no:
            raise ValidationError(words(no)) from no


class UntagForm(ConsoleForm):
    """Which of the member's tags to take off."""

    tag = forms.ChoiceField(label=gettext_lazy("Tag"))

    def __init__(self, *args: Any, tags: Iterable[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["tag"].choices = [(tag, tag) for tag in tags]  # type: ignore[attr-defined]


class FreezeForm(ConsoleForm):
    """Why a member is frozen."""

    reason = ReasonField({code: wording.STATUS_REASONS[code] for code in wording.FREEZE_REASONS})


class UnfreezeForm(ConsoleForm):
    """Why a member is let go again."""

    reason = ReasonField({code: wording.STATUS_REASONS[code] for code in wording.UNFREEZE_REASONS})


class ProfileForm(MeetingForm):
    """New values of profile fields; what stands is covered, so what stays empty stays as it is.

    Whether somebody else was there first is told by when a field was said, since nobody sees what.
    """

    def __init__(
        self,
        *args: Any,
        shown: Mapping[str, str],
        said_at: Mapping[str, datetime],
        **kwargs: Any,
    ) -> None:
        self.shown, self.said_at = shown, said_at
        super().__init__(*args, **kwargs)
        for field in PROFILE_FIELDS:
            now = shown.get(field.name, "")
            label = gettext(field.title)
            self.fields[field.name] = forms.CharField(
                label=label,
                required=False,
                max_length=200,
                help_text=gettext("Now: %(value)s") % {"value": now} if now else "",
                widget=forms.TextInput(attrs={"autocomplete": "off", "class": "input"}),
            )
            if now:
                self.fields[f"drop_{field.name}"] = forms.BooleanField(
                    label=gettext("Take %(field)s away") % {"field": label}, required=False
                )

    def stands(self) -> dict[str, Stand]:
        """Answer since when each field is said, and what of it may be seen."""
        return {
            field.name: Stand(
                said.isoformat() if (said := self.said_at.get(field.name)) else "",
                self.shown.get(field.name) or gettext("nothing"),
            )
            for field in PROFILE_FIELDS
        }

    def yours(self, name: str) -> Stand | None:
        """Answer what is said anew; a field that says nothing changes nothing."""
        changes = self.changes()
        if name not in changes:
            return None
        said = changes[name]
        return Stand(["said", said], gettext("taken away") if said is None else said)

    def take_theirs(self, name: str, theirs: Stand) -> None:  # noqa: ARG002 it stands covered
        """Say nothing of the field, so that what the other wrote stays."""
        for each, nothing in ((name, ""), (f"drop_{name}", False)):
            if each in self.cleaned_data:
                self.cleaned_data[each] = nothing
                self._say(each, nothing)

    def changes(self) -> dict[str, str | None]:
        """Answer what is said anew, and None for what is taken away."""
        said: dict[str, str | None] = {}
        for field in PROFILE_FIELDS:
            if self.cleaned_data.get(f"drop_{field.name}"):
                said[field.name] = None
            elif text := self.cleaned_data.get(field.name):
                said[field.name] = text
        return said

    def clean(self) -> dict[str, Any]:
        """Refuse values that do not fit their field, and a form that says nothing."""
        said = super().clean() or self.cleaned_data
        for field in PROFILE_FIELDS:
            text = said.get(field.name)
            if not text:
                continue
            try:
                clean = clean_value(field.name, text)
            except Refusal as no:
                self.add_error(field.name, words(no))
                continue
            if clean is None:
                self.add_error(field.name, gettext("Write the value in full, without asterisks."))
        if not self.errors and not self.changes():
            raise ValidationError(gettext("Write at least one new value."))
        return said


class HomeForm(ConsoleForm):
    """Which store and associate a member belongs to."""

    store = forms.ChoiceField(label=gettext_lazy("Home store"), required=False)
    associate = forms.ChoiceField(label=gettext_lazy("Sales associate"), required=False)

    def __init__(
        self,
        *args: Any,
        stores: list[tuple[str, str]],
        staff: list[tuple[str, str]],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        keep = ("", gettext("leave as it is"))
        self.fields["store"].choices = [keep, *stores]  # type: ignore[attr-defined]
        self.fields["associate"].choices = [keep, *staff]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Refuse a form that changes nothing."""
        said = super().clean() or self.cleaned_data
        if not self.errors and not (said.get("store") or said.get("associate")):
            raise ValidationError(gettext("Choose a store or an associate."))
        return said


class LinkForm(ConsoleForm):
    """A new identity of the member."""

    kind = forms.ChoiceField(label=gettext_lazy("Kind"))
    value = forms.CharField(
        label=gettext_lazy("Value"),
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "off", "class": "input"}),
    )
    issuer = forms.CharField(
        label=gettext_lazy("Issued by"),
        help_text=gettext_lazy("For ids of an app or an outside system: which one."),
        max_length=64,
        required=False,
    )
    new_consent = forms.BooleanField(
        label=gettext_lazy("The person has agreed anew, if this identity was once erased"),
        required=False,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["kind"].choices = [  # type: ignore[attr-defined]
            (kind.value, gettext(wording.IDENTITY_KINDS[kind][0])) for kind in IdentityKind
        ]


class UnlinkForm(ConsoleForm):
    """Which of the member's identities to take off."""

    identity = forms.TypedChoiceField(label=gettext_lazy("Identity"), coerce=int)

    def __init__(self, *args: Any, held: list[tuple[int, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["identity"].choices = held  # type: ignore[attr-defined]


class ConsentForm(ConsoleForm):
    """A word on one purpose: given or withdrawn, on which channel, under which policy."""

    purpose = forms.ChoiceField(label=gettext_lazy("Purpose"))
    word = forms.ChoiceField(
        label=gettext_lazy("What the member says"),
        choices=(
            ("given", gettext_lazy("Agrees")),
            ("withdrawn", gettext_lazy("Withdraws")),
        ),
    )
    channel = forms.ChoiceField(label=gettext_lazy("Through"), required=False)
    policy_version = forms.CharField(
        label=gettext_lazy("Policy version"),
        help_text=gettext_lazy("Of the text the member was shown, for example 2026-01."),
        max_length=64,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["purpose"].choices = [  # type: ignore[attr-defined]
            (code, gettext(title)) for code, title in wording.PURPOSES.items()
        ]
        self.fields["channel"].choices = [  # type: ignore[attr-defined]
            ("", gettext("no channel in particular")),
            *((code, gettext(title)) for code, title in wording.CONSENT_CHANNELS.items()),
        ]


class CopyForm(ConsoleForm):
    """Why a copy of the member's data is made."""

    reason = ReasonField(wording.COPY_REASONS)


class EraseForm(ConsoleForm):
    """Why a member is erased."""

    reason = ReasonField(wording.ERASE_REASONS)


class FindForm(ConsoleForm):
    """The exact number of another record."""

    number = forms.CharField(
        label=gettext_lazy("Phone, card or member number"),
        help_text=gettext_lazy("In full. The look-up goes to the log."),
        max_length=120,
        widget=forms.TextInput(attrs={"autocomplete": "off", "class": "input"}),
    )


class MergeReasonForm(ConsoleForm):
    """Why two records become one."""

    reason = ReasonField(
        {code: title for code, title in wording.MERGE_REASONS.items() if code != "wrong_merge"}
    )


class UnmergeForm(ConsoleForm):
    """Why two records part again."""

    reason = ReasonField(
        {code: wording.MERGE_REASONS[code] for code in ("wrong_merge", "member_request")}
    )


class TagManyForm(ConsoleForm):
    """One tag, and until when it holds."""

    def __init__(self, *args: Any, lasts: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["tag"] = forms.CharField(
            label=gettext("Tag"),
            max_length=TAG_LENGTH_MAX,
            widget=forms.TextInput(attrs={"class": "input", "autocomplete": "off"}),
        )
        if lasts:
            self.fields["until"] = DayField(
                label=gettext("Until"),
                required=False,
                help_text=gettext("The last day it holds. Without a day it stays."),
            )

    def clean_tag(self) -> str:
        """Bring the tag to its stored form."""
        try:
            return clean_tag(self.cleaned_data["tag"])
        except Refusal as no:
            self.refuse(no, "tag")
            return ""
