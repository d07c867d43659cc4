"""What access knows: stores, regions, staff, keys, the audit log."""

from regulars.access.selectors.approvals import (
    get_approval,
    list_approvals,
    list_awaited,
    list_deciders,
)
from regulars.access.selectors.audit import (
    chain_end,
    count_audit,
    count_entries,
    get_entry,
    list_actions,
    list_audit,
    list_audit_about,
)
from regulars.access.selectors.factors import get_factors
from regulars.access.selectors.keys import get_key, list_keys, list_keys_newest
from regulars.access.selectors.names import list_newest_names, names_in_use
from regulars.access.selectors.policies import (
    PolicyVersion,
    list_policy_versions,
    newest_policy,
    policy,
)
from regulars.access.selectors.roles import all_roles, list_custom_roles, roles_for
from regulars.access.selectors.sessions import count_sessions, get_session, list_sessions
from regulars.access.selectors.staff import (
    count_holders,
    find_staff,
    get_staff,
    get_staff_by_public,
    has_owner,
    list_staff,
    list_staff_newest,
    names_of,
    staff_ids_by_code,
    staff_with,
)
from regulars.access.selectors.stores import (
    get_region,
    get_store,
    list_brands,
    list_regions,
    list_stores,
    region_codes,
    store_ids_by_code,
    store_ids_of_regions,
    stores_by_code,
    stores_by_id,
)

__all__ = [
    "PolicyVersion",
    "all_roles",
    "chain_end",
    "count_audit",
    "count_entries",
    "count_holders",
    "count_sessions",
    "find_staff",
    "get_approval",
    "get_entry",
    "get_factors",
    "get_key",
    "get_region",
    "get_session",
    "get_staff",
    "get_staff_by_public",
    "get_store",
    "has_owner",
    "list_actions",
    "list_approvals",
    "list_audit",
    "list_audit_about",
    "list_awaited",
    "list_brands",
    "list_custom_roles",
    "list_deciders",
    "list_keys",
    "list_keys_newest",
    "list_newest_names",
    "list_policy_versions",
    "list_regions",
    "list_sessions",
    "list_staff",
    "list_staff_newest",
    "list_stores",
    "names_in_use",
    "names_of",
    "newest_policy",
    "policy",
    "region_codes",
    "roles_for",
    "staff_ids_by_code",
    "staff_with",
    "store_ids_by_code",
    "store_ids_of_regions",
    "stores_by_code",
    "stores_by_id",
]
