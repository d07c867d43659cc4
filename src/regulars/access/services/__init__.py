"""What access does: stores, staff, keys, sessions, one-time links, the audit log."""

from regulars.access.services import approvals
from regulars.access.services.accounts import end_sessions
from regulars.access.services.approvals import expire_approvals
from regulars.access.services.audit import (
    audit,
    audit_again,
    audit_batch,
    checkpoint_folder,
    read_note,
    refusals_audited,
    seal_audit,
    verify_audit,
    write_checkpoint,
)
from regulars.access.services.executing import EXECUTORS
from regulars.access.services.key_making import (
    NewKey,
    collect_key,
    create_key,
    propose_key,
    rotate_key,
)
from regulars.access.services.keys import find_actor_of_key, forget_keys, revoke_key
from regulars.access.services.links import (
    check_set_up_link,
    forget_old_links,
    issue_set_up_link,
    issue_sign_in_link,
    set_up,
    use_sign_in_link,
)
from regulars.access.services.policy import change_policy, propose_policy
from regulars.access.services.roles import grant_role, propose_role, revoke_role
from regulars.access.services.sessions import (
    address_of,
    authenticate,
    end_session,
    find_actor,
    find_actor_of_session,
    forget_old_sessions,
    note_denial,
    start_session,
)
from regulars.access.services.signing_in import forget_old_tries, note_sign_in, sign_in
from regulars.access.services.staff import (
    activate_staff,
    change_password,
    create_staff,
    deactivate_staff,
    open_account,
    reset_sessions,
)
from regulars.access.services.stores import record_stores, rename_brand

__all__ = [
    "EXECUTORS",
    "NewKey",
    "activate_staff",
    "address_of",
    "approvals",
    "audit",
    "audit_again",
    "audit_batch",
    "authenticate",
    "change_password",
    "change_policy",
    "check_set_up_link",
    "checkpoint_folder",
    "collect_key",
    "create_key",
    "create_staff",
    "deactivate_staff",
    "end_session",
    "end_sessions",
    "expire_approvals",
    "find_actor",
    "find_actor_of_key",
    "find_actor_of_session",
    "forget_keys",
    "forget_old_links",
    "forget_old_sessions",
    "forget_old_tries",
    "grant_role",
    "issue_set_up_link",
    "issue_sign_in_link",
    "note_denial",
    "note_sign_in",
    "open_account",
    "propose_key",
    "propose_policy",
    "propose_role",
    "read_note",
    "record_stores",
    "refusals_audited",
    "rename_brand",
    "reset_sessions",
    "revoke_key",
    "revoke_role",
    "rotate_key",
    "seal_audit",
    "set_up",
    "sign_in",
    "start_session",
    "use_sign_in_link",
    "verify_audit",
    "write_checkpoint",
]
