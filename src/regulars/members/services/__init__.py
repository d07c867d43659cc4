"""What members does: recognise, enrol, change, mark, merge, export, erase."""

from regulars.members.services.erasing import (
    ERASURES,
    erase_or_propose,
    erasure_needs_second_person,
)
from regulars.members.services.marks import (
    ConsentRow,
    TagRow,
    freeze,
    record_consents,
    set_groups,
    tag,
    unfreeze,
    untag,
)
from regulars.members.services.merges import (
    dismiss_suggestion,
    dismiss_suggestions,
    merge,
    postpone_suggestions,
    unmerge,
)
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
from regulars.members.services.requests import (
    answer_request,
    assign_request,
    cancel_request,
    check_requester,
    forget_packages,
    note_fetched,
    note_package,
    open_request,
    open_request_note,
    refuse_request,
    remind_of_requests,
)
from regulars.members.services.resolve import resolve_identities
from regulars.members.services.sweeping import TAGS, drop_expired_tags, profile_sweeps

__all__ = [
    "ERASURES",
    "TAGS",
    "ConsentRow",
    "Home",
    "LinkOutcome",
    "TagRow",
    "answer_request",
    "assign_request",
    "cancel_request",
    "check_requester",
    "dismiss_suggestion",
    "dismiss_suggestions",
    "drop_expired_tags",
    "erase",
    "erase_or_propose",
    "erasure_needs_second_person",
    "export",
    "forget_packages",
    "freeze",
    "link_identity",
    "merge",
    "note_fetched",
    "note_package",
    "open_request",
    "open_request_note",
    "postpone_suggestions",
    "profile_sweeps",
    "record_consents",
    "refuse_request",
    "remind_of_requests",
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
