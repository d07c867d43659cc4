"""What others may ask about members. Ids go in, frozen values come out, masked."""

from regulars.members.selectors.checks import try_lookups
from regulars.members.selectors.gates import lock_survivors
from regulars.members.selectors.identities import (
    find_by_identities,
    get_policy,
    identity_lookups,
    lookup_of,
)
from regulars.members.selectors.marks import (
    consent_history,
    consent_states_of,
    count_groups,
    current_groups,
    groups_of,
    list_groups,
    members_with_consent,
    tags_of,
)
from regulars.members.selectors.merges import get_merge, list_merges, list_suggestions
from regulars.members.selectors.people import (
    aliases,
    aliases_of,
    count_members,
    find_by_number,
    find_by_public,
    find_very_number,
    get_by_public,
    get_member,
    get_profile,
    ids_by_public,
    list_members,
    made_by_batch,
    public_ids,
    survivors,
    visible,
)

__all__ = [
    "aliases",
    "aliases_of",
    "consent_history",
    "consent_states_of",
    "count_groups",
    "count_members",
    "current_groups",
    "find_by_identities",
    "find_by_number",
    "find_by_public",
    "find_very_number",
    "get_by_public",
    "get_member",
    "get_merge",
    "get_policy",
    "get_profile",
    "groups_of",
    "identity_lookups",
    "ids_by_public",
    "list_groups",
    "list_members",
    "list_merges",
    "list_suggestions",
    "lock_survivors",
    "lookup_of",
    "made_by_batch",
    "members_with_consent",
    "public_ids",
    "survivors",
    "tags_of",
    "try_lookups",
    "visible",
]
