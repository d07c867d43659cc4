"""The words for what the audit log says was done to a member, and how much of it to mind."""

from collections.abc import Mapping
from types import MappingProxyType

from regulars.console.domain.wording import IDENTITY_KINDS, PURPOSES, Worded
from regulars.kit.messages import message
from regulars.members.domain import PROFILE_FIELDS

MEMBER_ACTS: Mapping[str, Worded] = MappingProxyType(
    {
        "members.lookup": Worded(message("Looked up by an exact number"), "info"),
        "members.reveal": Worded(message("Personal data revealed"), "warn"),
        "members.copy": Worded(message("Data copy asked for"), "warn"),
        "members.export": Worded(message("Data copy made"), "warn"),
        "members.erase": Worded(message("Erased"), "bad"),
        "members.freeze": Worded(message("Frozen"), "bad"),
        "members.unfreeze": Worded(message("Unfrozen"), "ok"),
        "members.merge": Worded(message("Merged with another record"), "info"),
        "members.unmerge": Worded(message("Merge undone"), "warn"),
        "members.update": Worded(message("Profile changed")),
        "members.link": Worded(message("Identity linked"), "info"),
        "members.unlink": Worded(message("Identity removed"), "warn"),
        "members.tag": Worded(message("Tags added")),
        "members.untag": Worded(message("Tags taken off")),
        "members.consent": Worded(message("Consent recorded"), "info"),
        "members.seal_broken": Worded(message("A sealed value did not open"), "bad"),
        "points.adjust": Worded(message("Points adjusted"), "info"),
        "approval.proposed": Worded(message("Proposed to a second person"), "info"),
        "approval.approved": Worded(message("Approved by a second person"), "ok"),
        "approval.rejected": Worded(message("Rejected by a second person"), "warn"),
    }
)
RESULTS: Mapping[str, Worded] = MappingProxyType(
    {
        "refused": Worded(message("refused"), "warn"),
        "failed": Worded(message("failed"), "bad"),
    }
)
HOME = message("Home store and associate")
NOTE_GONE = message("The note can no longer be read: its key was destroyed.")
THE_HOUSE = message("Regulars itself")
A_KEY = message("API key {name}")
# Which details of an entry are figures that people read; ids and codes of ours stay in the log.
FIGURES: Mapping[str, str] = MappingProxyType(
    {
        "fields": message("fields: {value}"),
        "kind": message("kind: {value}"),
        "amount": message("amount: {value}"),
        "added": message("added: {value}"),
        "removed": message("removed: {value}"),
        "purpose": message("purpose: {value}"),
        "policy_version": message("policy version: {value}"),
    }
)
FIGURE_WORDS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "fields": {field.name: field.title for field in PROFILE_FIELDS} | {"home": HOME},
        "kind": {kind: title for kind, (title, _) in IDENTITY_KINDS.items()},
        "purpose": PURPOSES,
    }
)
