"""The forms of settings: the operating policy, and the basics of the programme."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from regulars.access.domain import APPROVAL_KINDS, BOUNDS, KEY_ROLE, ROLES, Policy
from regulars.console.domain.approving import MODES, SETTINGS
from regulars.console.forms.fields import PointsField
from regulars.console.forms.meeting import MeetingForm
from regulars.ledger.domain import OwedPolicy
from regulars.members.domain import PROFILE_FIELDS

WHOLE = {
    "idle_minutes": _("minutes"),
    "absolute_hours": _("hours"),
    "approval_hours": _("hours"),
    "factor_grace_days": _("days"),
    "export_rows_max": _("rows"),
    "erase_members_max": _("members"),
    "body_days": _("days"),
}
REFUND_POLICIES = {
    OwedPolicy.OWE.value: _("The member owes them"),
    OwedPolicy.FORGIVE.value: _("They are forgiven"),
    OwedPolicy.BLOCK.value: _("The refund of points is refused"),
}
PENDING_DAYS_MAX = 3_650


class PolicyForm(MeetingForm):
    """Every line of the operating policy."""

    note = forms.CharField(
        label=_("Why"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Kept encrypted in the audit log."),
    )

    def __init__(self, *args: Any, policy: Policy, **kwargs: Any) -> None:
        kwargs["initial"] = initial_of(policy)
        super().__init__(*args, **kwargs)
        note = self.fields.pop("note")
        for name, unit in WHOLE.items():
            self.fields[name] = _whole(name, _title(name), unit)
        for role in _limited(policy):
            title = gettext("API key") if role == KEY_ROLE else _role(role)
            label = f"{_title('adjust_points_max')}: {title}"
            self.fields[f"limit_{role}"] = _whole("adjust_points_max", label, _("points"))
        for field in PROFILE_FIELDS:
            self.fields[f"days_{field.name}"] = PointsField(
                label=f"{_title('profile_days')}: {gettext(field.title)}",
                least=0,
                most=BOUNDS["profile_days"][1],
                unit=_("days"),
                help_text=_("0: as long as the membership lasts; otherwise 30 days or more."),
            )
        for kind in APPROVAL_KINDS.values():
            self.fields[_mode_name(kind.name)] = forms.ChoiceField(
                label=f"{_title('four_eyes')}: {gettext(kind.title)}",
                choices=[(code, gettext(title)) for code, title in MODES.items()],
                widget=forms.Select(attrs={"class": "input"}),
            )
        self.fields["separated_administrators"] = forms.BooleanField(
            label=_title("separated_administrators"),
            required=False,
            help_text=_(
                "System, security and audit administrator are three people; owner and "
                "administrator give nothing. Ended only from the command line."
            ),
        )
        self.fields["note"] = note
        self.remember()

    def changes(self, policy: Policy) -> dict[str, Any]:
        """Answer what was set otherwise than it is."""
        said, before = self.cleaned_data, initial_of(policy)
        differs = {name for name, value in said.items() if before.get(name) != value} - {"note"}
        found: dict[str, Any] = {name: said[name] for name in differs & set(WHOLE)}
        limits = {
            role: said[f"limit_{role}"] for role in _limited(policy) if f"limit_{role}" in differs
        }
        modes = {
            kind: said[_mode_name(kind)] for kind in APPROVAL_KINDS if _mode_name(kind) in differs
        }
        days = {
            field.name: said[f"days_{field.name}"]
            for field in PROFILE_FIELDS
            if f"days_{field.name}" in differs
        }
        if days:
            found["profile_days"] = days
        if limits:
            found["adjust_points_max"] = limits
        if modes:
            found["four_eyes"] = modes
        if "separated_administrators" in differs:
            found["separated_administrators"] = said["separated_administrators"]
        return found


class ProgrammeForm(MeetingForm):
    """How points wait, and what a refund does with points already spent."""

    pending_days = PointsField(
        label=_("Days points wait before they can be spent"),
        least=0,
        most=PENDING_DAYS_MAX,
        unit=_("days"),
    )
    refund_policy = forms.ChoiceField(
        label=_("Refund of points already spent"), choices=list(REFUND_POLICIES.items())
    )
    zone = forms.CharField(
        label=_("Time zone"), max_length=64, help_text=_("Such as Asia/Shanghai.")
    )
    currency = forms.CharField(label=_("Currency"), max_length=3, help_text=_("Such as CNY."))


def initial_of(policy: Policy) -> dict[str, Any]:
    """Write a policy as the form's first values."""
    values: dict[str, Any] = {name: getattr(policy, name) for name in WHOLE}
    values |= {
        f"limit_{role}": policy.limit_of("points.adjust", [role]) for role in _limited(policy)
    }
    values |= {f"days_{field.name}": policy.profile_days[field.name] for field in PROFILE_FIELDS}
    values |= {_mode_name(kind): policy.mode_of(kind).value for kind in APPROVAL_KINDS}
    return values | {"separated_administrators": policy.separated_administrators}


def _limited(policy: Policy) -> list[str]:
    """List whose corrections are limited: roles that may correct at all, and keys."""
    able = [
        role.name
        for role in ROLES.values()
        if role.everything or "points.adjust" in role.permissions
    ]
    known: Mapping[str, int] = policy.adjust_points_max
    return [*able, *(role for role in known if role in ROLES and role not in able), KEY_ROLE]


def _whole(setting: str, label: str, unit: Any) -> PointsField:
    least, most = BOUNDS[setting]
    return PointsField(label=label, least=least, most=most, unit=unit)


def _mode_name(kind: str) -> str:
    return f"mode_{kind.replace('.', '_')}"


def _title(setting: str) -> str:
    return gettext(SETTINGS[setting])


def _role(name: str) -> str:
    return gettext(ROLES[name].title)
