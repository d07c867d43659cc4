"""The words for approvals: states, kinds of acts in the log, modes of four eyes, settings."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from regulars.console.domain.cells import Tone
from regulars.kit.messages import message

STATES: Mapping[str, tuple[Tone, str]] = MappingProxyType(
    {
        "waiting": ("warn", message("Waiting")),
        "executed": ("ok", message("Approved and done")),
        "failed": ("bad", message("Approved, could not be done")),
        "rejected": ("bad", message("Rejected")),
        "withdrawn": ("mute", message("Withdrawn")),
        "expired": ("mute", message("Ran out")),
    }
)
STEPS: Mapping[str, str] = MappingProxyType(
    {
        "approval.proposed": message("Proposed"),
        "approval.approved": message("Approved"),
        "approval.rejected": message("Rejected"),
        "approval.withdrawn": message("Withdrawn"),
        "approval.expired": message("Ran out"),
        "approval.executed": message("Done"),
        "approval.decided": message("Tried to decide"),
    }
)
STEP_ICONS: Mapping[str, str] = MappingProxyType(
    {
        "approval.proposed": "stamp",
        "approval.approved": "check",
        "approval.rejected": "x",
        "approval.withdrawn": "undo-2",
        "approval.expired": "clock",
        "approval.executed": "check",
        "approval.decided": "ban",
    }
)
OBJECTS: Mapping[str, str] = MappingProxyType(
    {
        "member": message("Member"),
        "staff": message("Account"),
        "key": message("API key"),
        "role": message("Role"),
        "policy": message("Settings"),
        "export": message("Export"),
        "approval": message("Approval"),
        "page": message("Page"),
        "audit": message("Audit chain"),
        "programme": message("Programme"),
        "source": message("Data source"),
        "upload": message("Uploaded file"),
        "view": message("Saved view"),
        "dead_letter": message("Rejected row"),
        "list": message("List"),
        "ledger": message("Ledger"),
        "merge_suggestion": message("Merge suggestion"),
        "privacy_request": message("Privacy request"),
        "audit_entry": message("Audit entry"),
        "store": message("Store"),
        "import": message("Import"),
        "retention": message("Retention run"),
    }
)
MODES: Mapping[str, str] = MappingProxyType(
    {
        "auto": message("When somebody else may decide"),
        "always": message("Always"),
        "never": message("Never"),
    }
)
SETTINGS: Mapping[str, str] = MappingProxyType(
    {
        "idle_minutes": message("Sign out after minutes without a click"),
        "absolute_hours": message("Sign out after hours at most"),
        "approval_hours": message("Hours a proposal waits"),
        "factor_grace_days": message("Days until a second factor must be set up"),
        "export_rows_max": message("Rows of an export one person may make"),
        "erase_members_max": message("Members one person may erase at once"),
        "body_days": message("Days bodies of webhooks stay"),
        "profile_days": message("Days a profile value stays that nobody says again"),
        "separated_administrators": message("Separated administrators"),
        "adjust_points_max": message("Points one person may correct"),
        "four_eyes": message("Second person"),
    }
)


@dataclass(frozen=True, slots=True)
class Change:
    """One line of what a proposal does: from `before` to `after`, or only `after`."""

    label: str
    after: str
    before: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A proposal as its page tells it, in the reader's language."""

    title: str
    object_label: str
    object_href: str
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """One line of an approval's history."""

    label: str
    who: str
    at: datetime
    icon: str
    tone: str = ""
    note: str = ""
