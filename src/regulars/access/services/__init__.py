"""What access does: stores, staff, keys, sessions, one-time links, the audit log."""

from regulars.access.services.audit import (
    audit,
    audit_batch,
    checkpoint_folder,
    read_note,
    seal_audit,
    verify_audit,
    write_checkpoint,
)
from regulars.access.services.keys import (
    NewKey,
    create_key,
    find_actor_of_key,
    forget_keys,
    revoke_key,
)
from regulars.access.services.links import (
    check_set_up_link,
    forget_old_links,
    issue_set_up_link,
    issue_sign_in_link,
    set_up,
    use_sign_in_link,
)
from regulars.access.services.sessions import (
    address_of,
    authenticate,
    end_session,
    find_actor,
    find_actor_of_session,
    forget_old_sessions,
    start_session,
)
from regulars.access.services.signing_in import forget_old_tries, note_sign_in, sign_in
from regulars.access.services.staff import (
    change_password,
    create_staff,
    deactivate_staff,
    end_sessions,
    grant_role,
    revoke_role,
)
from regulars.access.services.stores import record_stores, rename_brand

__all__ = [
    "NewKey",
    "address_of",
    "audit",
    "audit_batch",
    "authenticate",
    "change_password",
    "check_set_up_link",
    "checkpoint_folder",
    "create_key",
    "create_staff",
    "deactivate_staff",
    "end_session",
    "end_sessions",
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
    "note_sign_in",
    "read_note",
    "record_stores",
    "rename_brand",
    "revoke_key",
    "revoke_role",
    "seal_audit",
    "set_up",
    "sign_in",
    "start_session",
    "use_sign_in_link",
    "verify_audit",
    "write_checkpoint",
]
