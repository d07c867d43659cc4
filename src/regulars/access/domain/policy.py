"""The operating policy: how far a role acts alone, when two decide, how long sessions last.

A policy is a value; each change of it makes a new version. What is above a limit goes to a second
person, who holds the same permission and reaches as far.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from regulars.access.domain.roles import ROLES
from regulars.kit.errors import Kind, Refusal
from regulars.kit.messages import message


class FourEyes(StrEnum):
    """When a large act of one kind needs a second person."""

    AUTO = "auto"  # when there is somebody else who may decide
    ALWAYS = "always"
    NEVER = "never"


class PolicyOutOfBounds(Refusal):
    """A setting of the policy lies outside what is sensible."""

    kind = Kind.INVALID
    reason = message("“{setting}” lies between {lowest} and {highest}.")


class PolicyUnknown(Refusal):
    """A change names a setting that the policy does not have."""

    kind = Kind.INVALID
    reason = message("The policy has no setting “{setting}” with this value.")


class PolicyChanged(Refusal):
    """Somebody else changed the policy while this change was being written."""

    kind = Kind.CONFLICT
    reason = message("The settings were changed meanwhile. Look at them again.")


class SeparationNotReady(Refusal):
    """The three administrators cannot be separated before each is somebody of their own."""

    kind = Kind.CONFLICT
    reason = message(
        "Give the roles of system, security and audit administrator to three active people first. "
        "Missing: {missing}."
    )


class SeparationStays(Refusal):
    """Only the command line, which stands on the machine itself, joins the administrators again."""

    kind = Kind.DENIED
    reason = message("Separated administrators are joined again only from the command line.")


LIMITED_BY_ROLE = frozenset({"points.adjust"})
KEY_ROLE = "key"  # what an API key counts as among the limits
UNLISTED_MAX = 0  # a role that the limits do not name does nothing alone

_ADJUST_MAX = MappingProxyType(
    {
        "clerk": 0,
        "store_manager": 1_000,
        "regional_manager": 5_000,
        "operations": 10_000,
        "finance": 50_000,
        "owner": 100_000,
        KEY_ROLE: 1_000,
    }
)
_FOUR_EYES = MappingProxyType(
    {
        "points.adjust": FourEyes.AUTO,
        "role.grant": FourEyes.AUTO,
        "key.create": FourEyes.AUTO,
        "export": FourEyes.AUTO,
        "member.erase": FourEyes.AUTO,
        "policy.change": FourEyes.AUTO,
    }
)
# How long a profile value stays that nobody says again; 0: as long as the membership lasts.
_PROFILE_DAYS = MappingProxyType(
    dict.fromkeys(("name", "nickname", "gender", "birthday", "city", "language"), 0)
)
BOUNDS: Mapping[str, tuple[int, int]] = MappingProxyType(
    {
        "adjust_points_max": (0, 1_000_000_000),
        "export_rows_max": (0, 10_000_000),
        "erase_members_max": (0, 10_000),
        "idle_minutes": (5, 240),
        "absolute_hours": (1, 24),
        "approval_hours": (1, 336),
        "factor_grace_days": (0, 90),
        "body_days": (1, 365),
        "profile_days": (30, 3_650),  # or 0
    }
)


@dataclass(frozen=True, slots=True)
class Policy:
    """One version of the policy; version 0 is what a new installation begins with."""

    version: int = 0
    adjust_points_max: Mapping[str, int] = field(default_factory=lambda: dict(_ADJUST_MAX))
    export_rows_max: int = 10_000
    erase_members_max: int = 1
    four_eyes: Mapping[str, FourEyes] = field(default_factory=lambda: dict(_FOUR_EYES))
    idle_minutes: int = 30
    absolute_hours: int = 12
    approval_hours: int = 72
    factor_grace_days: int = 7
    body_days: int = 30
    profile_days: Mapping[str, int] = field(default_factory=lambda: dict(_PROFILE_DAYS))
    separated_administrators: bool = False

    def limit_of(self, kind: str, roles: Iterable[str] = ()) -> int:
        """Answer how large an act of this kind may be before it counts as large."""
        match kind:
            case "points.adjust":
                limits = [self.adjust_points_max.get(role, UNLISTED_MAX) for role in roles]
                return max(limits, default=UNLISTED_MAX)
            case "export":
                return self.export_rows_max
            case "member.erase":
                return self.erase_members_max
            case _:
                return 0

    def highest_limit(self, kind: str) -> int:
        """Answer the limit nobody's is above: who has it may decide about any size."""
        return self.limit_of(kind, self.adjust_points_max)

    def mode_of(self, kind: str) -> FourEyes:
        return self.four_eyes.get(kind, FourEyes.AUTO)


def policy_from(version: int, values: Mapping[str, Any]) -> Policy:
    """Read a stored version; what it does not name is as in a new installation."""
    told = {name: value for name, value in values.items() if name in BOUNDS}
    told["separated_administrators"] = bool(values.get("separated_administrators", False))
    told["profile_days"] = dict(_PROFILE_DAYS) | values.get("profile_days", {})
    told["four_eyes"] = dict(_FOUR_EYES) | {
        kind: FourEyes(mode) for kind, mode in values.get("four_eyes", {}).items()
    }
    return Policy(version=version, **told)


def values_of(policy: Policy) -> dict[str, Any]:
    """Write a version as it is stored."""
    values = asdict(policy)
    del values["version"]
    values["four_eyes"] = {kind: mode.value for kind, mode in policy.four_eyes.items()}
    return values


def changed_policy(policy: Policy, changes: Mapping[str, Any]) -> Policy:
    """Answer the policy after these changes; limits and modes are named one by one.

    Raises PolicyUnknown and PolicyOutOfBounds.
    """
    clean: dict[str, Any] = {}
    for name, value in changes.items():
        match name:
            case "adjust_points_max":
                limits = {
                    _limited(role): _bounded(name, most) for role, most in _lines(name, value)
                }
                clean[name] = dict(policy.adjust_points_max) | limits
            case "four_eyes":
                modes = {_known_kind(kind): _mode(mode) for kind, mode in _lines(name, value)}
                clean[name] = dict(policy.four_eyes) | modes
            case "profile_days":
                days = {
                    _limited_field(each): _stay(name, most) for each, most in _lines(name, value)
                }
                clean[name] = dict(policy.profile_days) | days
            case "separated_administrators":
                if not isinstance(value, bool):
                    raise PolicyUnknown(setting=name)
                clean[name] = value
            case _:
                clean[name] = _bounded(name, value)
    return replace(policy, **clean)


def policy_lines(policy: Policy) -> dict[str, int | str | bool]:
    """Write a policy one value per line, as forms, audits and comparisons need it."""
    lines: dict[str, int | str | bool] = {}
    for name, value in values_of(policy).items():
        if isinstance(value, dict):
            lines |= {f"{name}.{inner}": each for inner, each in sorted(value.items())}
        else:
            lines[name] = value
    return lines


def differences(before: Policy, after: Policy) -> dict[str, tuple[Any, Any]]:
    """Answer what a change changes: setting → (before, after)."""
    was, becomes = policy_lines(before), policy_lines(after)
    names = sorted({*was, *becomes})
    return {
        name: (was.get(name), becomes.get(name))
        for name in names
        if was.get(name) != becomes.get(name)
    }


def loosened(before: Policy, after: Policy) -> list[str]:
    """List the settings that a change makes less strict; those need a second person."""
    strictness = {FourEyes.NEVER.value: 0, FourEyes.AUTO.value: 1, FourEyes.ALWAYS.value: 2}
    found = []
    for name, (was, becomes) in differences(before, after).items():
        if name.startswith("four_eyes."):
            looser = strictness[str(becomes)] < strictness[str(was)]
        elif name == "separated_administrators":
            looser = not becomes
        elif name.startswith("profile_days."):
            looser = not becomes or 0 < int(was or 0) < int(becomes)
        else:
            looser = int(becomes or 0) > int(was or 0)
        if looser:
            found.append(name)
    return found


def _bounded(name: str, value: Any) -> int:
    if name not in BOUNDS:
        raise PolicyUnknown(setting=name)
    lowest, highest = BOUNDS[name]
    if not isinstance(value, int) or isinstance(value, bool) or not lowest <= value <= highest:
        raise PolicyOutOfBounds(setting=name, lowest=lowest, highest=highest)
    return value


def _lines(name: str, value: Any) -> list[tuple[str, Any]]:
    """Read a setting that has a line for each role or kind."""
    if not isinstance(value, Mapping):
        raise PolicyUnknown(setting=name)
    return list(value.items())


def _limited(role: str) -> str:
    if role != KEY_ROLE and role not in ROLES:
        raise PolicyUnknown(setting=f"adjust_points_max.{role}")
    return role


def _limited_field(name: str) -> str:
    if name not in _PROFILE_DAYS:
        raise PolicyUnknown(setting=f"profile_days.{name}")
    return name


def _stay(name: str, days: Any) -> int:
    return 0 if days == 0 and not isinstance(days, bool) else _bounded(name, days)


def _known_kind(kind: str) -> str:
    if kind not in _FOUR_EYES:
        raise PolicyUnknown(setting=f"four_eyes.{kind}")
    return kind


def _mode(mode: Any) -> FourEyes:
    try:
        return FourEyes(mode)
    except ValueError as error:
        raise PolicyUnknown(setting="four_eyes") from error
