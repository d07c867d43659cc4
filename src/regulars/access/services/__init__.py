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
from regulars.access.services.chain_checks import ask_chain_check, check_chain
from regulars.access.services.challenges import begin_challenge
from regulars.access.services.custom_roles import check_role, make_role, retire_role
from regulars.access.services.executing import EXECUTORS
from regulars.access.services.factors import (
    begin_totp,
    confirm_totp,
    make_recovery_codes,
    pending_totp,
    remove_factor,
    rename_passkey,
    reset_factors,
)
from regulars.access.services.key_making import (
    NewKey,
    check_key,
    collect_key,
    create_key,
    propose_key,
    rotate_key,
)
from regulars.access.services.keys import find_actor_of_key, forget_keys, revoke_key
from regulars.access.services.links import (
    check_set_up_link,
    issue_set_up_link,
    issue_sign_in_link,
    set_up,
    use_sign_in_link,
)
from regulars.access.services.passkeys import (
    Site,
    ask_for_passkey,
    begin_passkey,
    confirm_passkey,
    prove_by_passkey,
)
from regulars.access.services.policy import change_policy, check_policy, propose_policy
from regulars.access.services.profiles import change_own_password, change_profile
from regulars.access.services.proving import has_password, prove_by_code, prove_by_password
from regulars.access.services.roles import (
    check_grant,
    grant_role,
    may_give,
    propose_role,
    revoke_role,
)
from regulars.access.services.sessions import (
    address_of,
    authenticate,
    end_other_sessions,
    end_session,
    end_session_of,
    enter,
    find_actor,
    find_actor_of_session,
    find_actors,
    is_proved,
    note_denial,
    note_proof,
    start_session,
)
from regulars.access.services.signing_in import (
    note_first_step,
    note_sign_in,
    sign_in,
)
from regulars.access.services.staff import (
    activate_staff,
    change_password,
    create_staff,
    deactivate_staff,
    invite_staff,
    open_account,
    reset_sessions,
)
from regulars.access.services.stores import change_store, record_stores, rename_brand
from regulars.access.services.sweeping import SWEEPS
from regulars.access.services.viewing import begin_viewing, end_viewing

__all__ = [
    "EXECUTORS",
    "SWEEPS",
    "NewKey",
    "Site",
    "activate_staff",
    "address_of",
    "approvals",
    "ask_chain_check",
    "ask_for_passkey",
    "audit",
    "audit_again",
    "audit_batch",
    "authenticate",
    "begin_challenge",
    "begin_passkey",
    "begin_totp",
    "begin_viewing",
    "change_own_password",
    "change_password",
    "change_policy",
    "change_profile",
    "change_store",
    "check_chain",
    "check_grant",
    "check_key",
    "check_policy",
    "check_role",
    "check_set_up_link",
    "checkpoint_folder",
    "collect_key",
    "confirm_passkey",
    "confirm_totp",
    "create_key",
    "create_staff",
    "deactivate_staff",
    "end_other_sessions",
    "end_session",
    "end_session_of",
    "end_sessions",
    "end_viewing",
    "enter",
    "expire_approvals",
    "find_actor",
    "find_actor_of_key",
    "find_actor_of_session",
    "find_actors",
    "forget_keys",
    "grant_role",
    "has_password",
    "invite_staff",
    "is_proved",
    "issue_set_up_link",
    "issue_sign_in_link",
    "make_recovery_codes",
    "make_role",
    "may_give",
    "note_denial",
    "note_first_step",
    "note_proof",
    "note_sign_in",
    "open_account",
    "pending_totp",
    "propose_key",
    "propose_policy",
    "propose_role",
    "prove_by_code",
    "prove_by_passkey",
    "prove_by_password",
    "read_note",
    "record_stores",
    "refusals_audited",
    "remove_factor",
    "rename_brand",
    "rename_passkey",
    "reset_factors",
    "reset_sessions",
    "retire_role",
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
