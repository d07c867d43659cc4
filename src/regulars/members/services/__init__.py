"""What members does: recognise, enrol, change, mark, merge, export, erase."""

from regulars.members.services.marks import (
    ConsentRow,
    TagRow,
    drop_expired_tags,
    freeze,
    record_consents,
    set_groups,
    tag,
    unfreeze,
    untag,
)
from regulars.members.services.merges import dismiss_suggestion, merge, unmerge
from regulars.members.services.privacy import erase, export, reveal, withdraw_members
from regulars.members.services.profiles import (
    Home,
    LinkOutcome,
    link_identity,
    set_policy,
    unlink_held,
    unlink_identity,
    update_profile,
)
from regulars.members.services.resolve import resolve_identities

__all__ = [
    "ConsentRow",
    "Home",
    "LinkOutcome",
    "TagRow",
    "dismiss_suggestion",
    "drop_expired_tags",
    "erase",
    "export",
    "freeze",
    "link_identity",
    "merge",
    "record_consents",
    "resolve_identities",
    "reveal",
    "set_groups",
    "set_policy",
    "tag",
    "unfreeze",
    "unlink_held",
    "unlink_identity",
    "unmerge",
    "untag",
    "update_profile",
    "withdraw_members",
]
